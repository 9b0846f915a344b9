"""Reading what requests say: bodies, texts with their lengths and patterns, pages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.wire.http import Exchange

TEXT = re.compile(r"""[a-zA-Z 0-9\-_/.?:'";,+=!#@$%^&*()]*""")
"""Names and descriptions, from the reference of the service's command line."""
SEARCH = re.compile(r"[a-zA-Z0-9]+")
DOMAIN = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})+")
"""The reference takes any text of up to 512 characters; a name that DNS can't have could never be verified."""
USERNAME = re.compile(r"[a-z0-9]{18}\d{2}")
LIMIT, MOST = 10, 100


def body(exchange: Exchange) -> Mapping[str, Any]:
    """The JSON object of a request."""
    kind = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    if exchange.body and kind != "application/json":
        raise Refusal("https.415.media-type")
    try:
        value = json.loads(exchange.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Refusal("https.400.bad-json") from error
    if not isinstance(value, dict):
        raise Refusal("https.400.bad-json")
    return value


def text(
    given: Mapping[str, Any], name: str, *, least: int = 1, most: int = 250, pattern: re.Pattern[str] = TEXT
) -> str:
    """A text that must be there."""
    found = optional_text(given, name, least=least, most=most, pattern=pattern)
    if found is None:
        raise Refusal("https.400.missing", parameter=name)
    return found


def optional_text(
    given: Mapping[str, Any], name: str, *, least: int = 1, most: int = 250, pattern: re.Pattern[str] = TEXT
) -> str | None:
    """A text, or None when it is absent or null."""
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not least <= len(value) <= most or not pattern.fullmatch(value):
        raise Refusal("https.400.invalid", parameter=name)
    return value


def whole(exchange: Exchange, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query."""
    value = exchange.query.get(name)
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise Refusal("https.400.invalid", parameter=name)
    return int(value)
