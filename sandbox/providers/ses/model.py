"""The operations and shapes of the APIs, as tables; what is decoded, validated and encoded follows them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

Name = Literal["v1", "v2", "sns"]
STRUCTURE, LIST, MAP = "structure", "list", "map"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a structure."""

    name: str
    shape: str
    place: str = ""
    """`uri`, `querystring`, or empty for the body."""
    wire: str = ""
    """Its name at that place."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A type with its constraints."""

    name: str
    type: str
    """structure, list, map, string, integer, long, double, boolean, timestamp, blob."""
    members: Mapping[str, Member]
    required: Sequence[str]
    member: str
    """Shape of a list's members."""
    value: str
    """Shape of a map's values."""
    key: str
    enum: Sequence[str]
    min: int | None
    max: int | None
    pattern: str
    error: Mapping[str, Any]
    """Of an exception: `code`, `httpStatusCode`, `senderFault`."""


@dataclass(frozen=True, slots=True)
class OperationModel:
    """An operation by its name, and where it is called."""

    name: str
    method: str
    path: str
    input: str
    """Shape of the input; empty when it takes none."""
    output: str
    wrapper: str
    """Element around an XML result; empty when there is no result."""
    errors: Sequence[str]


class ServiceModel:
    """One API; its parts are made when they are first asked for."""

    def __init__(self, name: Name, table: Mapping[str, Any]) -> None:
        self.name = name
        self.version: str = table["version"]
        self.namespace: str = table["namespace"]
        self._operations: Mapping[str, Any] = table["operations"]
        self._rows: Mapping[str, Any] = table["shapes"]
        self._shapes: dict[str, Shape] = {}

    @property
    def names(self) -> Sequence[str]:
        """Every operation, by name."""
        return tuple(self._operations)

    def operation(self, name: str) -> OperationModel:
        """The operation of this name; `KeyError` when there is none."""
        row = self._operations[name]
        return OperationModel(
            name=name,
            method=row["method"],
            path=row["path"],
            input=row.get("input", ""),
            output=row.get("output", ""),
            wrapper=row.get("wrapper", ""),
            errors=tuple(row.get("errors", ())),
        )

    def shape(self, name: str) -> Shape:
        """The shape of this name; `KeyError` when there is none."""
        found = self._shapes.get(name)
        if found is None:
            found = self._shapes[name] = _shape(name, self._rows[name])
        return found


def _shape(name: str, row: Mapping[str, Any]) -> Shape:
    return Shape(
        name=name,
        type=row["type"],
        members={key: _member(key, member) for key, member in row.get("members", {}).items()},
        required=tuple(row.get("required", ())),
        member=row.get("member", ""),
        value=row.get("value", ""),
        key=row.get("key", ""),
        enum=tuple(row.get("enum", ())),
        min=row.get("min"),
        max=row.get("max"),
        pattern=row.get("pattern", ""),
        error=row.get("error", {}),
    )


def _member(name: str, row: str | Mapping[str, str]) -> Member:
    if isinstance(row, str):
        return Member(name, row)
    return Member(name, row["shape"], row["in"], row["as"])


@cache
def load(name: Name) -> ServiceModel:
    """An API's model; read once."""
    text = resources.files(__package__).joinpath("models", f"{name}.json").read_text(encoding="utf-8")
    return ServiceModel(name, json.loads(text))
