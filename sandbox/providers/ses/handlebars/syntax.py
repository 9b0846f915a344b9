"""The tree of a template: what stands between the mustaches and within them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the template: text, number, true, false or null."""

    value: object


@dataclass(frozen=True, slots=True)
class Path:
    """A way to a value: `name`, `a.b`, `../a`, `this`, `@index`."""

    text: str
    """As written, for errors."""
    parts: tuple[str, ...]
    up: int = 0
    """How many `../` it begins with."""
    data: bool = False
    """Whether it names what a block helper provides, `@index` and its like."""
    here: bool = False
    """Whether it begins with `this` or `./`: the surrounding contexts are not searched."""


@dataclass(frozen=True, slots=True)
class Call:
    """A helper or a path, with what it is given."""

    head: Path | Literal
    args: tuple[Expression, ...] = ()
    named: Mapping[str, Expression] = field(default_factory=dict)


Expression = Literal | Path | Call


@dataclass(frozen=True, slots=True)
class Text:
    """What is copied as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Output:
    """`{{…}}`: a value that is written out."""

    call: Call
    source: str
    """The whole mustache as written, for placeholders that the service fills in later."""


@dataclass(frozen=True, slots=True)
class Block:
    """`{{#…}}…{{else}}…{{/…}}`."""

    call: Call
    names: tuple[str, ...]
    """Names of `as |item index|`."""
    body: Sequence[Node]
    inverse: Sequence[Node]
    inverted: bool = False
    """Whether it was opened with `{{^…}}`."""


@dataclass(frozen=True, slots=True)
class Inline:
    """`{{#* inline "name"}}…{{/inline}}`: a partial defined within the template."""

    name: str
    body: Sequence[Node]


@dataclass(frozen=True, slots=True)
class Partial:
    """`{{> name}}`, or `{{#> name}}…{{/name}}` with what stands in when there is none of this name."""

    call: Call
    body: Sequence[Node] | None = None


Node = Text | Output | Block | Inline | Partial
