"""What the inspector remembers between two runs: the theme, the filter, follow mode."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

FILE = "tui.json"


class Remembered:
    """A small file of settings; without a path nothing is kept. A file that can't be used is as good as none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._values = _read(path)

    def text(self, name: str, default: str = "") -> str:
        """A text; the default when there is none."""
        found = self._values.get(name)
        return found if isinstance(found, str) else default

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        found = self._values.get(name)
        return found if isinstance(found, bool) else default

    def keep(self, **values: Any) -> None:
        """Remember values; that the file can't be written is no reason to fail."""
        if {**self._values, **values} == self._values:
            return
        self._values |= values
        if self._path is not None:
            with suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                fresh = self._path.with_suffix(f".{os.getpid()}")
                fresh.write_text(json.dumps(self._values, indent=1, sort_keys=True) + "\n", "utf-8")
                fresh.replace(self._path)


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def settings_file() -> Path:
    """Where the settings of a user's programs are on this system."""
    named = os.environ.get("APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME")
    folder = Path(named) if named and Path(named).is_absolute() else Path.home() / ".config"
    return folder / "email-sandbox" / FILE
