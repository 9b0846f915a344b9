"""What Postfix mends in a message before it queues it: a header block that no empty line ends."""

from __future__ import annotations

import re

_NOT_A_HEADER = re.compile(rb"\r\n(?![!-9;-~]+[ \t]*:)(?![ \t\r])")
"""The end of a line that is followed by one which neither begins nor continues a field, nor is empty."""


def mended(octets: bytes) -> bytes:
    """The message with an empty line before the first line that is no header field, as `cleanup` puts it there.

    A message that begins with such a line stays as it is: it has no header block.
    """
    end = octets.find(b"\r\n\r\n")
    block = octets if end < 0 else octets[: end + 2]
    wrong = _NOT_A_HEADER.search(block, 0, max(0, len(block) - 2))
    if wrong is None or not _FIELD.match(octets):
        return octets
    return octets[: wrong.end()] + b"\r\n" + octets[wrong.end() :]


_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:|From ")
