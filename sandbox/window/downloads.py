"""Octets of mail as downloads: named safely, and never interpreted by a browser."""

from __future__ import annotations

import re
from urllib.parse import quote

from starlette.responses import Response

from sandbox.window.problems import GUARDED

_NAME_LENGTH = 120
_EXTENSION = 10
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f"*/:<>?\\|%\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]')
"""Characters that a file name loses: controls, separators, quotes, and what reorders or hides text."""


def download(octets: bytes, media_type: str, filename: str) -> Response:
    """A file to be saved under `filename`, which is safe already."""
    headers = {**data_headers(), "Content-Disposition": disposition(filename), "Content-Type": media_type}
    return Response(octets, headers=headers)


def data_headers() -> dict[str, str]:
    """Headers of every answer that carries what a sender wrote."""
    return {**GUARDED, "Cache-Control": "no-store"}


def safe_filename(name: str, otherwise: str) -> str:
    """The sender's file name without path, controls, quotes and tricks; `otherwise` when nothing is left of it."""
    last = re.split(r"[/\\]", name)[-1]
    safe = _UNSAFE.sub("", last).strip(" .")
    if len(safe) > _NAME_LENGTH:
        _, dot, extension = safe[-_EXTENSION:].rpartition(".")
        safe = safe[: _NAME_LENGTH - _EXTENSION] + dot + (extension if dot else "")
    return safe or otherwise


def disposition(filename: str) -> str:
    """Content-Disposition of a download (RFC 6266), the name in ASCII and, where it needs more, as in RFC 8187."""
    plain = "".join(char if char.isascii() and char.isprintable() else "_" for char in filename)
    extended = "" if plain == filename else f"; filename*=UTF-8''{quote(filename, safe='')}"
    return f'attachment; filename="{plain}"{extended}'
