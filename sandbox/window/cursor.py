"""Opaque cursors: where a list goes on, in a form that nobody is tempted to count with."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

from sandbox.window.problems import Problem

LONGEST = 200


def make_cursor(*place: Any) -> str:
    """A cursor that `read_cursor` turns back into `place`."""
    return urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(text: str, types: Sequence[type]) -> tuple[Any, ...] | None:
    """The place that a cursor names, None for an empty one; `Problem` for one that this list never gave out."""
    if not text:
        return None
    try:
        place = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4))) if len(text) <= LONGEST else None
    except (binascii.Error, ValueError, RecursionError):
        place = None
    if not isinstance(place, list) or [type(value) for value in place] != list(types) or not _sane(place):
        raise Problem(400, "bad-cursor", "cursor is to be the `next` of the page before")
    return tuple(place)


def _sane(place: Sequence[Any]) -> bool:
    """Numbers that SQLite can hold."""
    return all(abs(value) < 2**62 for value in place if isinstance(value, int | float))
