"""Reads the settings: flags before environment before file before defaults, all from the one table."""

from __future__ import annotations

from sandbox.options.layers import find_file, load
from sandbox.options.rows import ALIASES, ROWS, Alias, Row
from sandbox.options.values import SettingsError

__all__ = ["ALIASES", "ROWS", "Alias", "Row", "SettingsError", "find_file", "load"]
