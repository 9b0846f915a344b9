"""A local emulator of cloud email delivery services."""

from __future__ import annotations
