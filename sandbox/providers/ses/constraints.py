"""Checks decoded input against its shape and says what is wrong in the service's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.providers.ses.model import LIST, MAP, STRUCTURE, ServiceModel, Shape

SHOWN = 10
"""Violations that one answer names."""
PATTERNED = 32_768
"""Characters that a pattern is tried on; every shape that has one and no maximum means far shorter text."""


def check(model: ServiceModel, shape: Shape, given: Mapping[str, Any]) -> None:
    """Raise `Refusal` with everything that violates a constraint."""
    found = list(_structure(model, shape, given, ""))
    if not found:
        return
    count = f"{len(found)} validation error{'' if len(found) == 1 else 's'} detected: "
    reason = "api.ValidationError.constraint" if model.name == "v1" else "api.BadRequestException.constraint"
    raise Refusal(reason, parameter=count + "; ".join(found[:SHOWN]))


def _structure(model: ServiceModel, shape: Shape, given: Mapping[str, Any], at: str) -> Iterator[str]:
    for name, member in shape.members.items():
        here = f"{at}.{_lower(name)}" if at else _lower(name)
        if given.get(name) is None:
            if name in shape.required:
                yield f"Value null at '{here}' failed to satisfy constraint: Member must not be null"
        else:
            yield from _value(model, model.shape(member.shape), given[name], here)


def _value(model: ServiceModel, kind: Shape, given: Any, at: str) -> Iterator[str]:
    if kind.type == STRUCTURE and given is not None:
        yield from _structure(model, kind, given, at)
        return
    for problem in _problems(kind, given):
        shown = f"Value '{given}' at" if model.name == "v1" and isinstance(given, str | int | float) else "Value at"
        yield f"{shown} '{at}' failed to satisfy constraint: {problem}"
    if given is None:
        return
    if kind.type == LIST:
        inner = model.shape(kind.member)
        for number, one in enumerate(given, 1):
            yield from _value(model, inner, one, f"{at}.{number}.member")
    elif kind.type == MAP:
        inner = model.shape(kind.value)
        keys = model.shape(kind.key)
        for problem in (problem for name in given for problem in _problems(keys, name)):
            yield f"Value at '{at}' failed to satisfy constraint: Map keys must satisfy constraint: [{problem}]"
        for name, one in given.items():
            yield from _value(model, inner, one, f"{at}.{name}.member")


def _problems(kind: Shape, given: Any) -> Iterator[str]:
    if given is None:
        yield "Member must not be null"
        return
    if kind.enum and given not in kind.enum:
        yield f"Member must satisfy enum value set: [{', '.join(kind.enum)}]"
    numeric = kind.type in ("integer", "long", "double")
    size = given if numeric else len(given) if isinstance(given, str | bytes | list | dict) else None
    if size is None:
        return
    noun = "value" if numeric else "length"
    if kind.min is not None and size < kind.min:
        yield f"Member must have {noun} greater than or equal to {kind.min}"
    if kind.max is not None and size > kind.max:
        yield f"Member must have {noun} less than or equal to {kind.max}"
    elif kind.pattern and not _fits(kind.pattern, given):
        yield f"Member must satisfy regular expression pattern: {kind.pattern}"


def _fits(pattern: str, given: str) -> bool:
    return len(given) <= PATTERNED and _compiled(pattern).fullmatch(given) is not None


@lru_cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
