"""Lists: filtered by their operation, then sorted and cut into pages here.

A page token is opaque to clients. It names the first item of its page by sort value and id, so that items that come
or go between two requests neither repeat nor hide others.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, TypeVar

from starlette.responses import Response

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange

DEFAULT_LIMIT = 100
"""Items of a page when the request doesn't say; the service doesn't publish its own."""
MOST = 1000

T = TypeVar("T")
Key = tuple[Any, str]
Sorts = Mapping[str, tuple[Callable[[T], Key], str]]
"""`sortBy` → what is compared, and the order when the request doesn't say; the first is that of a request without."""


def _by_time(item: Resource) -> Key:
    return (item.created, item.id)


def _by_address(item: Resource) -> Key:
    return (item.key, item.id)


def _by_name(item: Resource) -> Key:
    return (item.data["name"], item.id)


def _by_id(item: Resource) -> Key:
    return (item.id, item.id)


def _by_ip(item: Resource) -> Key:
    address = ip_address(item.data["outboundIp"])
    return (f"{address.version}/{int(address):039d}", item.id)


SORTS: Sorts[Resource] = {
    "TIMECREATED": (_by_time, "DESC"),
    "NAME": (_by_name, "ASC"),
    "ID": (_by_id, "ASC"),
    "OUTBOUNDIP": (_by_ip, "ASC"),
    "TIMEACCEPTED": (_by_time, "DESC"),
    "EMAILADDRESS": (_by_address, "ASC"),
}
"""Every order that some list of resources has."""


def sorted_by(*words: str) -> Sorts[Resource]:
    """The orders that a list offers, its default first."""
    return {word: SORTS[word] for word in words}


_SORTS: Sorts[Resource] = {
    "TIMECREATED": (_by_time, "DESC"),
    "EMAILADDRESS": (_by_address, "ASC"),
}


def page(
    exchange: Exchange,
    items: Sequence[T],
    shape: Callable[[T], Mapping[str, Any]],
    *,
    total: bool = False,
    sorts: Sorts[T] = _SORTS,  # type: ignore[assignment]  # of resources, which items are unless they say otherwise
    wrapped: bool = False,
) -> Response:
    """One page of the items, with the tokens of the pages around it; `total` adds their number.

    It is a bare array, or when `wrapped` an object whose field `items` has the array; those name no page before.
    """
    key, descending = _order(exchange, sorts)
    ordered = sorted(items, key=key, reverse=descending)
    limit = whole(exchange, "limit", DEFAULT_LIMIT, MOST)
    start = _start(exchange, ordered, key, descending)
    end = start + limit
    headers: dict[str, str] = {}
    if end < len(ordered):
        headers["opc-next-page"] = _token(key(ordered[end]))
    if start > 0 and not wrapped:
        headers["opc-prev-page"] = _token(key(ordered[max(0, start - limit)]))
    if total and (ordered or wrapped):  # without the header, the command line prints nothing for an empty list
        headers["opc-total-items"] = str(len(ordered))
    shown = [shape(item) for item in ordered[start:end]]
    return answer({"items": shown} if wrapped else shown, headers=headers)


def choice(exchange: Exchange, name: str, allowed: Sequence[str]) -> str | None:
    """A query parameter that is one of some words, in any case; None when absent, 400 InvalidParameter otherwise."""
    value = exchange.query.get(name)
    if value is None:
        return None
    if value.upper() not in allowed:
        raise Refusal("https.400.invalid-parameter", parameter=name)
    return value.upper()


def _order(exchange: Exchange, sorts: Sorts[T]) -> tuple[Callable[[T], Key], bool]:
    key, order = sorts[choice(exchange, "sortBy", tuple(sorts)) or next(iter(sorts))]
    return key, (choice(exchange, "sortOrder", ("ASC", "DESC")) or order) == "DESC"


def whole(exchange: Exchange, name: str, otherwise: int, most: int) -> int:
    """A query parameter that is a whole number from 1 to `most`; 400 InvalidParameter for anything else."""
    text = exchange.query.get(name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and 1 <= int(text) <= most):
        raise Refusal("https.400.invalid-parameter", parameter=name)
    return int(text)


def _start(exchange: Exchange, ordered: Sequence[T], key: Callable[[T], Key], descending: bool) -> int:
    """Where the page begins: at the item that the token names, or the one that took its place."""
    text = exchange.query.get("page")
    if text is None:
        return 0
    first = _read(text)
    try:
        behind = (key(item) <= first if descending else key(item) >= first for item in ordered)
        return next((at for at, reached in enumerate(behind) if reached), len(ordered))
    except TypeError as error:  # the token of a list in another order
        raise Refusal("https.400.invalid-parameter", parameter="page") from error


def _token(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read(token: str) -> Key:
    try:
        value = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise Refusal("https.400.invalid-parameter", parameter="page") from error
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], str):
        raise Refusal("https.400.invalid-parameter", parameter="page")
    return (value[0], value[1])
