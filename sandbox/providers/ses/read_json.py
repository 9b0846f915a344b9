"""Decodes the input of a REST-JSON call: path, query string and JSON body into one dict of AWS member names."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import QueryParams

from sandbox.core.clock import parse_instant
from sandbox.core.errors import Refusal
from sandbox.providers.ses.model import LIST, MAP, STRUCTURE, Member, ServiceModel, Shape

SERIALIZATION = "api.SerializationException.form"
LAST = 253_402_300_799.0
"""The end of the year 9999: no time of day is later."""
DEEP = 40
"""Levels that a body may be nested; no shape has more."""


def read(
    model: ServiceModel, shape: Shape, parameters: Mapping[str, str], query: QueryParams, body: bytes
) -> dict[str, Any]:
    """The input of a call; unknown members are left out, as the service ignores them.

    Raises `Refusal` for a body that is no JSON object, or a value of the wrong type.
    """
    fields = _object(body)
    found: dict[str, Any] = {}
    for member in shape.members.values():
        kind = model.shape(member.shape)
        if member.place == "uri":
            given: Any = parameters.get(member.wire)
        elif member.place == "querystring" or not body:
            given = _from_query(model, kind, member, query)
        else:
            given = fields.get(member.name)
            if given is not None:
                given = _value(model, kind, given, DEEP)
        if given is not None:
            found[member.name] = given
    return found


def _object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(SERIALIZATION, parameter="the body is not JSON") from error
    if not isinstance(found, dict):
        raise Refusal(SERIALIZATION, parameter="Start of structure or map found where not expected.")
    return found


def _from_query(model: ServiceModel, kind: Shape, member: Member, query: QueryParams) -> Any:
    name = member.wire or member.name
    given = query.getlist(name)
    if not given:
        return None
    if kind.type == LIST:
        inner = model.shape(kind.member)
        return [from_text(inner, one) for one in given]
    return None if kind.type in (STRUCTURE, MAP) else from_text(kind, given[0])


def from_text(kind: Shape, text: str) -> Any:
    """A scalar from its text, as in query strings and form bodies; raises `Refusal` when it can't be read."""
    reader = _TEXTS.get(kind.type)
    if reader is None:
        return text
    try:
        return reader(text)
    except (ValueError, OverflowError, binascii.Error) as error:
        raise Refusal(SERIALIZATION, parameter=f"{text[:100]!r} can not be converted to {_article(kind)}") from error


def _boolean(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in ("true", "false"):
        raise ValueError(text)
    return lowered == "true"


def _number(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(text)
    return found


def _moment(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        return parse_instant(text).timestamp()
    if not 0 <= found <= LAST:
        raise ValueError(text)
    return found


def _octets(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


_TEXTS: Mapping[str, Callable[[str], Any]] = {
    "integer": int,
    "long": int,
    "double": _number,
    "boolean": _boolean,
    "timestamp": _moment,
    "blob": lambda text: _octets("".join(text.split())),
}


def _value(model: ServiceModel, kind: Shape, given: Any, depth: int) -> Any:
    if given is None or depth == 0:
        return None
    if kind.type == STRUCTURE:
        fields = _expect(kind, given, dict)
        made = {
            name: _value(model, model.shape(member.shape), fields[name], depth - 1)
            for name, member in kind.members.items()
            if fields.get(name) is not None
        }
        return {name: value for name, value in made.items() if value is not None}
    if kind.type == LIST:
        inner = model.shape(kind.member)
        return [_value(model, inner, one, depth - 1) for one in _expect(kind, given, list)]
    if kind.type == MAP:
        inner = model.shape(kind.value)
        return {name: _value(model, inner, one, depth - 1) for name, one in _expect(kind, given, dict).items()}
    return _scalar(kind, given)


def _scalar(kind: Shape, given: Any) -> Any:
    match kind.type:
        case "string":
            return _expect(kind, given, str)
        case "boolean":
            return _expect(kind, given, bool)
        case "integer" | "long":
            return int(given) if isinstance(given, float) and given.is_integer() else _expect(kind, given, int)
        case "double" | "timestamp" if not isinstance(given, str):
            return from_text(kind, str(_expect(kind, given, int, float)))
        case _:
            return from_text(kind, _expect(kind, given, str))


def _expect(kind: Shape, given: Any, *types: type) -> Any:
    if not isinstance(given, types) or (isinstance(given, bool) and bool not in types):
        raise Refusal(SERIALIZATION, parameter=f"{_found(given)} can not be converted to {_article(kind)}")
    return given


_FOUND = {str: "STRING_VALUE", bool: "TRUE_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE"}
_NAMES = {"integer": "an Integer", "blob": "a Blob", "structure": "a structure", "list": "a collection"}


def _found(given: Any) -> str:
    if given is False:
        return "FALSE_VALUE"
    return _FOUND.get(type(given), "START_OBJECT" if isinstance(given, dict) else "START_ARRAY")


def _article(kind: Shape) -> str:
    return _NAMES.get(kind.type, f"a {kind.type.capitalize()}")
