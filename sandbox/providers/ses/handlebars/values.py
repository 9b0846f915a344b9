"""Values of a template's data: found by paths through the contexts, asked whether they hold, shown as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.providers.ses.handlebars.syntax import Node, Path

NOTHING: Any = object()
"""What a path leads to when there is nothing."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A context with those around it."""

    value: Any
    parent: Scope | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    """`@index`, `@key` and their like."""
    names: Mapping[str, Any] = field(default_factory=dict)
    """Block parameters."""
    partials: dict[str, tuple[Sequence[Node], Scope | None]] = field(default_factory=dict)


def resolve(path: Path, scope: Scope) -> Any:
    """Follow a path from the context it begins in."""
    if path.data:
        return _data(path, scope)
    start: Scope | None = scope
    for _ in range(path.up):
        start = start.parent if start else None
    if start is None:
        return NOTHING
    if not path.parts:
        return start.value
    value = NOTHING
    around: Scope | None = start
    while around is not None and value is NOTHING:
        value = around.names[path.parts[0]] if path.parts[0] in around.names else member(around.value, path.parts[0])
        around = None if path.here else around.parent
    for part in path.parts[1:]:
        value = member(value, part)
    return value


def _data(path: Path, scope: Scope) -> Any:
    start: Scope = scope
    for _ in range(path.up):
        start = start.parent or start
    if path.parts[:1] == ("root",):
        while start.parent is not None:
            start = start.parent
        value = start.value
    else:
        value = start.data.get(path.parts[0], NOTHING) if path.parts else NOTHING
    for part in path.parts[1:]:
        value = member(value, part)
    return value


def member(value: Any, name: str) -> Any:
    """What a value has under a name, or at a place of a list; `NOTHING` when there is no such."""
    if isinstance(value, dict):
        return value.get(name, NOTHING)
    if isinstance(value, list):
        if name in ("length", "size"):
            return len(value)
        if name.isdecimal() and len(name) < 10 and int(name) < len(value):
            return value[int(name)]
    return NOTHING


def items_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Place and item of a list, name and value of an object; nothing of any other value."""
    if isinstance(value, list):
        yield from enumerate(value)
    elif isinstance(value, dict):
        yield from value.items()


def truth(value: Any) -> bool:
    """Whether a condition on the value holds."""
    return value is not NOTHING and bool(value)


def shown(value: Any) -> str:
    """A value as the Java engine writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or value is NOTHING:
        return "null"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(shown(item) for item in value) + "]"
    return str(value)
