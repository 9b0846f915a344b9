"""Finds out whether the terminal is dark or light, by asking it."""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections.abc import Mapping

QUESTION = b"\x1b]11;?\x1b\\\x1b[c"
"""The background colour (xterm, OSC 11), then the kind of terminal (DA1), which every terminal answers."""
PATIENCE = 0.3
"""Seconds that the answer may take; over ssh it comes from the other end."""
_COLOUR = re.compile(rb"\x1b\]11;rgb:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")
_LIGHT = frozenset({"7", "15"})
"""Colours of `COLORFGBG` that are light."""


def is_dark(environ: Mapping[str, str]) -> bool:
    """Whether the background is dark; True when nothing tells."""
    answer = _ask() if sys.platform != "win32" and sys.__stdin__ and sys.__stdin__.isatty() else b""
    found = brightness(answer)
    if found is not None:
        return found < 0.5
    return environ.get("COLORFGBG", "").rpartition(";")[2] not in _LIGHT


def brightness(answer: bytes) -> float | None:
    """The brightness of the colour in a terminal's answer, from 0 to 1; None when there is no colour in it."""
    match = _COLOUR.search(answer)
    if match is None:
        return None
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in match.groups())
    return float(0.299 * red + 0.587 * green + 0.114 * blue)


def _ask() -> bytes:
    import termios  # noqa: PLC0415 - not there on Windows
    import tty  # noqa: PLC0415 - see above

    assert sys.__stdin__ is not None
    keyboard = sys.__stdin__.fileno()
    try:
        before = termios.tcgetattr(keyboard)
        tty.setcbreak(keyboard, termios.TCSANOW)
        try:
            os.write(keyboard, QUESTION)
            return _read(keyboard)
        finally:
            termios.tcsetattr(keyboard, termios.TCSANOW, before)
    except (OSError, termios.error):
        return b""


def _read(keyboard: int) -> bytes:
    """What the terminal answers, until its kind is told or the time is over."""
    answer, end = b"", time.monotonic() + PATIENCE
    while not re.search(rb"\x1b\[\?[\d;]*c", answer):
        left = end - time.monotonic()
        if left <= 0 or not select.select([keyboard], [], [], left)[0]:
            break
        answer += os.read(keyboard, 1024)
    return answer
