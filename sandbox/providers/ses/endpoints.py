"""The programs of the user's that the settings name: checked once, when a sandbox starts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

NAMED = ("topics", "event_targets", "functions")
"""Settings whose rows have an endpoint."""


def check(section: Any) -> None:
    """Raise `ValueError`, which names the setting, for an endpoint that is no http or https URL."""
    for setting in NAMED:
        for row in getattr(section, setting):
            endpoint = str(row["endpoint"])
            try:
                parts = urlsplit(endpoint)
                fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            except ValueError:
                fine = False
            if not fine:
                raise ValueError(f"ses.{setting}: endpoint {endpoint!r} is not an http or https URL")
