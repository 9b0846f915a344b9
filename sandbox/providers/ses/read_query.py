"""Decodes the input of an AWS Query call: `Destination.ToAddresses.member.1=…` into a dict of AWS member names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from sandbox.core.errors import Refusal
from sandbox.providers.ses.model import LIST, MAP, STRUCTURE, ServiceModel, Shape
from sandbox.providers.ses.read_json import from_text

FIELDS = 20_000
"""Parameters of one call."""
DEEP = 20
"""Levels of a parameter's name that are looked at; no shape has more."""
MALFORMED = "api.MalformedInput.form"


@dataclass(slots=True)
class _Node:
    """What stands at one place of the names, once they are split at their dots."""

    text: str = ""
    parts: dict[str, _Node] = field(default_factory=dict)


_NOTHING = _Node()


def parameters(body: bytes) -> dict[str, str]:
    """The form's fields, the first of each name; raises `Refusal` for too many or what is no UTF-8 form."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
    except ValueError as error:
        raise Refusal(MALFORMED) from error
    return dict(reversed(pairs))


def read(model: ServiceModel, shape: Shape, given: dict[str, str]) -> dict[str, Any]:
    """The input of a call; unknown parameters are left out, as the service ignores them."""
    found = _value(model, shape, _tree(given.items()))
    return found if isinstance(found, dict) else {}


def _tree(pairs: Iterable[tuple[str, str]]) -> _Node:
    root = _Node()
    for name, text in pairs:
        node = root
        for part in name.split(".", DEEP)[:DEEP]:
            node = node.parts.setdefault(part, _Node())
        node.text = text
    return root


def _value(model: ServiceModel, kind: Shape, node: _Node) -> Any:
    if kind.type == STRUCTURE:
        return {
            name: _value(model, model.shape(member.shape), node.parts[name])
            for name, member in kind.members.items()
            if name in node.parts
        }
    if kind.type == LIST:
        inner = model.shape(kind.member)
        return [_value(model, inner, one) for one in _numbered(node.parts.get("member", _NOTHING))]
    if kind.type == MAP:
        inner = model.shape(kind.value)
        entries = [one.parts for one in _numbered(node.parts.get("entry", _NOTHING)) if "key" in one.parts]
        return {one["key"].text: _value(model, inner, one.get("value", _NOTHING)) for one in entries}
    return from_text(kind, node.text)


def _numbered(node: _Node) -> list[_Node]:
    """The members of a list in the order of their numbers."""
    numbers = sorted(int(name) for name in node.parts if name.isascii() and name.isdecimal() and len(name) < 9)
    return [node.parts[str(number)] for number in numbers if str(number) in node.parts]
