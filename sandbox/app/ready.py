"""The ready file: what a script needs to know of a running sandbox, written once everything accepts connections."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.wire.whole_files import write_private


def write_ready_file(path: Path, ready: Mapping[str, Any]) -> None:
    """Write the JSON in one step, readable by its owner only: it names passwords."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, json.dumps(ready, indent=2).encode() + b"\n")


def remove_ready_file(path: Path) -> None:
    """Take the file away at exit; that it is gone already is no error."""
    path.unlink(missing_ok=True)
