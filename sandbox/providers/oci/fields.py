"""Reading the JSON of requests: every wrong type ends in the service's own error, never in an exception of ours."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.wire.http import Exchange

JSON = "application/json"
DESCRIPTION = 255
"""Characters of a description."""
TAG_FIELDS = ("freeformTags", "definedTags")
TAGS = 64
"""Tags of one resource."""
TAG_LENGTH = 256


def json_object(exchange: Exchange, known: Collection[str] | None = None) -> dict[str, Any]:
    """The body as a JSON object; 400 CannotParseRequest for anything else, or for a field that is not `known`.

    415 when the body is announced as something other than JSON.
    """
    media = exchange.headers.get("content-type", JSON)
    if media != JSON and media.partition(";")[0].strip().lower() != JSON:
        raise Refusal("https.415.media-type", parameter="content-type")
    try:
        value = document(exchange)
    except (ValueError, RecursionError) as error:  # RecursionError: brackets nested thousands deep
        raise Refusal("https.400.cannot-parse") from error
    if not isinstance(value, dict) or (known is not None and not set(known) >= set(value)):
        raise Refusal("https.400.cannot-parse")
    return value


def document(exchange: Exchange) -> Any:
    """The body's JSON, read once and not to be changed; `ValueError` or `RecursionError` when it is none."""
    if exchange.document is None:
        text = exchange.body.decode(json.detect_encoding(exchange.body), "surrogatepass")
        exchange.document = _JSON.decode(text)
    return exchange.document


def text(fields: Mapping[str, Any], name: str, most: int) -> str | None:
    """A string of at most `most` characters, or None; 400 InvalidParameter otherwise."""
    value = optional_text(fields, name)
    if value is not None and len(value) > most:
        raise Refusal("https.400.invalid-parameter", parameter=name)
    return value


def whole_number(fields: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    """A whole number within bounds, or None; 400 InvalidParameter otherwise."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Refusal("https.400.invalid-parameter", parameter=name)
    return value


def _finite(text: str) -> float:
    """A number that JSON can say again; `ValueError` for NaN, Infinity and what is too large for a float."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a JSON number")
    return value


_JSON = json.JSONDecoder(parse_constant=_finite, parse_float=_finite)


def optional_text(fields: Mapping[str, Any], name: str) -> str | None:
    """A string, or None when it is absent or null; 400 InvalidParameter for another type."""
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise Refusal("https.400.invalid-parameter", parameter=name)
    return value


def required_text(fields: Mapping[str, Any], name: str) -> str:
    """A string that is not empty; 400 MissingParameter without it."""
    value = optional_text(fields, name)
    if not value or not value.strip():
        raise Refusal("https.400.missing-parameter", parameter=name)
    return value.strip()


def object_of(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object, empty when it is absent or null; 400 InvalidParameter for another type."""
    value = fields.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refusal("https.400.invalid-parameter", parameter=name)
    return value or {}


def list_of(fields: Mapping[str, Any], name: str) -> list[Any]:
    """A list, empty when it is absent or null; 400 InvalidParameter for another type."""
    value = fields.get(name)
    if value is not None and not isinstance(value, list):
        raise Refusal("https.400.invalid-parameter", parameter=name)
    return value or []


def tags(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The tag sets that are given: a set that is absent does not appear, so that it stays as it was."""
    found: dict[str, Any] = {}
    if fields.get("freeformTags") is not None:
        found["freeformTags"] = _tag_set("freeformTags", object_of(fields, "freeformTags"))
    if fields.get("definedTags") is not None:
        spaces = object_of(fields, "definedTags")
        found["definedTags"] = {space: _defined(space, spaces) for space in spaces}
    return found


def _tag_set(name: str, values: dict[str, Any]) -> dict[str, Any]:
    sound = all(
        isinstance(value, str) and len(value) <= TAG_LENGTH and len(key) <= 100 for key, value in values.items()
    )
    if len(values) > TAGS or not sound:
        raise Refusal("https.400.invalid-parameter", parameter=name)
    return values


def _defined(space: str, spaces: dict[str, Any]) -> dict[str, Any]:
    values = spaces[space]
    if not isinstance(values, dict) or len(values) > TAGS:
        raise Refusal("https.400.invalid-parameter", parameter="definedTags")
    return values
