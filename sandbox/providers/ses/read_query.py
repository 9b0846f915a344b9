"""Decodes the input of an AWS Query call: `Destination.ToAddresses.member.1=…` into a dict of AWS member names."""

from __future__ import annotations

from collections.abc import Iterable
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

Tree = dict[str, Any]
"""Parameter names split at their dots; the text of a name that ends somewhere stands under the empty key."""


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


def _tree(pairs: Iterable[tuple[str, str]]) -> Tree:
    root: Tree = {}
    for name, text in pairs:
        node = root
        for part in name.split(".", DEEP)[:DEEP]:
            node = node.setdefault(part, {})
        node[""] = text
    return root


def _value(model: ServiceModel, kind: Shape, node: Tree) -> Any:
    if kind.type == STRUCTURE:
        return {
            name: _value(model, model.shape(member.shape), node[name])
            for name, member in kind.members.items()
            if name in node
        }
    if kind.type == LIST:
        inner = model.shape(kind.member)
        return [_value(model, inner, one) for one in _numbered(node.get("member", {}))]
    if kind.type == MAP:
        inner = model.shape(kind.value)
        entries = _numbered(node.get("entry", {}))
        return {entry["key"].get("", ""): _value(model, inner, entry.get("value", {})) for entry in entries
                if "key" in entry}  # fmt: skip
    return from_text(kind, node.get("", ""))


def _numbered(node: Tree) -> list[Tree]:
    """The members of a list in the order of their numbers."""
    numbers = sorted(int(name) for name in node if name.isascii() and name.isdecimal() and len(name) < 9)
    return [node[str(number)] for number in numbers if str(number) in node]
