"""Hands octets to the world outside: files, the editor, the pager."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sandbox.client.inert import inert_text

_UNSAFE = re.compile(r"[^\w.+=@ -]")
NAME_LENGTH = 120


class OutsideError(Exception):
    """Something could not be written or started; the text says why."""


def safe_name(given: str, otherwise: str) -> str:
    """A file name out of a foreign one: no folder, no control or direction characters, not hidden, not long."""
    last = given.replace("\\", "/").rpartition("/")[2]
    return _UNSAFE.sub("_", last).strip(" .")[-NAME_LENGTH:] or otherwise


def save(path: str, octets: bytes) -> Path:
    """Write a new file; raises `OutsideError`, also when there is one already."""
    target = Path(path).expanduser()
    try:
        with target.open("xb") as file:
            file.write(octets)
    except FileExistsError:
        raise OutsideError(f"{target} is there already; choose another name") from None
    except (OSError, ValueError) as error:
        raise OutsideError(f"{target} can't be written: {getattr(error, 'strerror', error)}") from error
    return target


def editor(environ: Mapping[str, str]) -> list[str]:
    """The user's editor as a command."""
    return _command(environ.get("VISUAL") or environ.get("EDITOR") or "vi")


def pager(environ: Mapping[str, str]) -> list[str]:
    """The user's pager as a command."""
    return _command(environ.get("PAGER") or "less")


def _command(text: str) -> list[str]:
    try:
        return shlex.split(text) or [text]
    except ValueError:
        return [text]


def view(command: list[str], octets: bytes, *, exactly: bool) -> None:
    """Let a program show octets from a file that is gone afterwards; made inert unless they are to be `exactly` so.

    Raises `OutsideError` when it can't be started.
    """
    shown = octets if exactly else inert_text(octets.decode("utf-8", "replace")).encode("utf-8", "replace")
    with tempfile.TemporaryDirectory(prefix="email-sandbox-") as folder:
        path = Path(folder) / "message.eml"
        path.write_bytes(shown)
        try:
            subprocess.run([*command, os.fspath(path)], check=False)  # noqa: S603 - the user's own program
        except OSError as error:
            raise OutsideError(f"{command[0]} can't be started: {error.strerror}") from error
