"""Lists in pages: a token says where the next page begins, and means nothing to the client."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from sandbox.core.errors import Refusal

T = TypeVar("T")


def page(
    items: Sequence[T], *, size: int | None, token: str | None, default: int = 1000
) -> tuple[Sequence[T], str | None]:
    """One page of `items`, and the token of the next one, None after the last.

    Raises `Refusal` for a token that was never given out.
    """
    start = _start(token) if token else 0
    if start > len(items):
        raise Refusal("api.InvalidNextTokenException.token")
    end = start + max(1, size or default)
    return items[start:end], _token(end) if end < len(items) else None


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(f"page-{start:08d}".encode()).decode("ascii")


def _start(token: str) -> int:
    try:
        text = base64.urlsafe_b64decode(token.encode("ascii")).decode("ascii")
    except (binascii.Error, UnicodeError) as error:
        raise Refusal("api.InvalidNextTokenException.token") from error
    word, _, number = text.partition("-")
    if word != "page" or not number.isdecimal():
        raise Refusal("api.InvalidNextTokenException.token")
    return int(number)
