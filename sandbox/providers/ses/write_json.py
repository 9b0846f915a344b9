"""Encodes the output of a REST-JSON call: times as seconds of the epoch, octets as base64."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from sandbox.providers.ses.model import LIST, MAP, STRUCTURE, ServiceModel, Shape


def write(model: ServiceModel, shape: Shape, output: Mapping[str, Any]) -> bytes:
    """The body of an answer; members that the shape does not have are an error of the handler, `ValueError`."""
    text = json.dumps(_value(model, shape, output), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _value(model: ServiceModel, kind: Shape, given: Any) -> Any:
    if kind.type == STRUCTURE:
        if unknown := set(given) - set(kind.members):
            raise ValueError(f"{kind.name} has no {', '.join(sorted(unknown))}")
        return {
            name: _value(model, model.shape(member.shape), given[name])
            for name, member in kind.members.items()
            if given.get(name) is not None
        }
    if kind.type == LIST:
        inner = model.shape(kind.member)
        return [_value(model, inner, one) for one in given]
    if kind.type == MAP:
        inner = model.shape(kind.value)
        return {name: _value(model, inner, one) for name, one in given.items()}
    return _scalar(kind, given)


def _scalar(kind: Shape, given: Any) -> Any:
    match kind.type:
        case "timestamp":
            return round(float(given), 3)
        case "blob":
            return base64.b64encode(given).decode("ascii")
        case "integer" | "long":
            return int(given)
        case "double":
            return float(given)
        case _:
            return given
