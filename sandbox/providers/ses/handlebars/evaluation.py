"""Writes a template out with the data of one message; what hostile templates can cost is bounded.

As the Java engine does: a name that the current context has not is looked for in the contexts around it, the white
space around blocks stays, and nothing is escaped. As the service does: a name that is nowhere is an error, where a
condition only finds it to be false.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.providers.ses.handlebars.syntax import (
    Block,
    Call,
    Expression,
    Inline,
    Literal,
    Node,
    Output,
    Partial,
    Path,
    Text,
)
from sandbox.providers.ses.handlebars.values import NOTHING, Scope, items_of, member, resolve, shown, truth

OUTPUT = 10_485_760
"""Characters that a template may come to."""
STEPS = 200_000
"""Blocks and nodes that may be visited."""
DEPTH = 60
"""How deep blocks and partials may be nested while they are written out."""


class RenderingError(ValueError):
    """The template can't be written out with this data; the message says why."""


class MissingAttributeError(RenderingError):
    """The template asks for something that the data has not."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Attribute '{name}' is not present in the rendering data.")
        self.name = name


def evaluate(nodes: Sequence[Node], data: Mapping[str, Any], kept: frozenset[str] = frozenset()) -> str:
    """The template as text; the names in `kept` stay as they are written, unless the data has them.

    Raises `MissingAttributeError`, or `RenderingError` for what else can't be done.
    """
    writer = _Writer(kept)
    try:
        writer.write(nodes, Scope(data))
    except RecursionError as error:
        raise RenderingError("the template is nested too deeply") from error
    return "".join(writer.parts)


class _Writer:
    def __init__(self, kept: frozenset[str]) -> None:
        self.parts: list[str] = []
        self._kept = kept
        self._room = OUTPUT
        self._steps = STEPS
        self._depth = 0

    def write(self, nodes: Sequence[Node], scope: Scope) -> None:
        self._depth += 1
        if self._depth > DEPTH:
            raise RenderingError(f"blocks and partials are nested more than {DEPTH} deep")
        self._steps -= 1 + len(nodes)
        if self._steps < 0:
            raise RenderingError(f"the template takes more than {STEPS} steps")
        for node in nodes:
            _WRITERS[type(node)](self, node, scope)
        self._depth -= 1

    def _say(self, text: str) -> None:
        self._room -= len(text)
        if self._room < 0:
            raise RenderingError(f"the template comes to more than {OUTPUT} characters")
        self.parts.append(text)

    def text(self, node: Text, _: Scope) -> None:
        self._say(node.text)

    def inline(self, node: Inline, scope: Scope) -> None:
        scope.partials[node.name] = (node.body, None)

    def output(self, node: Output, scope: Scope) -> None:
        value = self.value(node.call, scope)
        if value is NOTHING or value is None:
            name = _name(node.call)
            if name not in self._kept:
                raise MissingAttributeError(name)
            value = node.source
        self._say(shown(value))

    def partial(self, node: Partial, scope: Scope) -> None:
        name = self._partial_name(node.call, scope)
        found = self._find_partial(name, scope)
        if found is None and node.body is None:
            raise RenderingError(f"The partial {name} is not defined.")
        value = self._needed(node.call.args[0], scope) if node.call.args else scope.value
        if node.call.named:
            own = dict(value) if isinstance(value, dict) else {}
            value = own | {key: self._needed(given, scope) for key, given in node.call.named.items()}
        inner = Scope(value, scope, scope.data)
        if found is None:
            self.write(node.body or (), inner)
            return
        body, home = found
        if node.body is not None:
            inner.partials["@partial-block"] = (node.body, scope)
        self.write(body, home or inner)

    def _partial_name(self, call: Call, scope: Scope) -> str:
        if isinstance(call.head, Path) and call.head.text == "lookup" and call.args:
            return str(self.value(call, scope))
        return _name(call)

    def _find_partial(self, name: str, scope: Scope) -> tuple[Sequence[Node], Scope | None] | None:
        around: Scope | None = scope
        while around is not None:
            if name in around.partials:
                return around.partials[name]
            around = around.parent
        return None

    def block(self, node: Block, scope: Scope) -> None:
        name = _name(node.call)
        helper = None if node.inverted else _BLOCKS.get(name)
        if helper is not None:
            helper(self, node, scope)
            return
        value = self.value(node.call, scope)
        if node.inverted:
            self.write(node.inverse if truth(value) else node.body, scope)
        elif value is NOTHING or value is None:
            raise MissingAttributeError(name)
        elif isinstance(value, list):
            self._each(node, scope, value)
        elif isinstance(value, bool) or not truth(value):
            self.write(node.body if value else node.inverse, scope)
        else:
            self.write(node.body, Scope(value, scope, scope.data))

    def _argument(self, node: Block, scope: Scope) -> Any:
        if not node.call.args:
            raise RenderingError(f"#{_name(node.call)} needs an argument")
        return self.value(node.call.args[0], scope)

    def when(self, node: Block, scope: Scope) -> None:
        self._choose(node, scope, yes=node.body, no=node.inverse)

    def unless(self, node: Block, scope: Scope) -> None:
        self._choose(node, scope, yes=node.inverse, no=node.body)

    def _choose(self, node: Block, scope: Scope, *, yes: Sequence[Node], no: Sequence[Node]) -> None:
        value = self._argument(node, scope)
        zero = "includeZero" in node.call.named and truth(self.value(node.call.named["includeZero"], scope))
        holds = truth(value) or (zero and value == 0 and not isinstance(value, bool))
        self.write(yes if holds else no, scope)

    def within(self, node: Block, scope: Scope) -> None:
        value = self._argument(node, scope)
        if not truth(value):
            self.write(node.inverse, scope)
        else:
            self.write(node.body, Scope(value, scope, scope.data, dict(zip(node.names, [value], strict=False))))

    def every(self, node: Block, scope: Scope) -> None:
        self._each(node, scope, self._argument(node, scope))

    def _each(self, node: Block, scope: Scope, value: Any) -> None:
        items = list(items_of(value))
        for index, (key, item) in enumerate(items):
            data = {
                "index": index, "key": key, "first": index == 0, "last": index == len(items) - 1,
                "index_1": index + 1, "odd": index % 2 == 1, "even": index % 2 == 0,
            }  # fmt: skip
            names = dict(zip(node.names, (item, key), strict=False))
            self.write(node.body, Scope(item, scope, {**scope.data, **data}, names))
        if not items:
            self.write(node.inverse, scope)

    def log(self, node: Block, scope: Scope) -> None:
        """There is nobody who could read a log."""

    def value(self, expression: Expression, scope: Scope) -> Any:
        """What an expression stands for; `NOTHING` when there is no such thing."""
        if isinstance(expression, Literal):
            return expression.value
        if isinstance(expression, Path):
            return resolve(expression, scope)
        helper = _HELPERS.get(_name(expression))
        if helper is not None and (expression.args or expression.named):
            return helper(self, expression, scope)
        if isinstance(expression.head, Literal):
            return resolve(Path(str(expression.head.value), (str(expression.head.value),)), scope)
        return NOTHING if expression.args or expression.named else resolve(expression.head, scope)

    def _needed(self, expression: Expression, scope: Scope) -> Any:
        value = self.value(expression, scope)
        return None if value is NOTHING else value

    def lookup(self, call: Call, scope: Scope) -> Any:
        values = [self.value(one, scope) for one in call.args[:2]]
        return member(values[0], shown(values[1])) if len(values) == 2 else NOTHING

    def conditional(self, call: Call, scope: Scope) -> Any:
        """`{{if condition yes no}}`, as the Java engine allows it."""
        values = [self._needed(one, scope) for one in call.args[:3]]
        values += [""] * (3 - len(values))
        return values[1] if truth(values[0]) != (_name(call) == "unless") else values[2]

    def silent(self, call: Call, scope: Scope) -> Any:  # noqa: ARG002
        return ""


_WRITERS: Mapping[type[Node], Callable[[_Writer, Any, Scope], None]] = {
    Text: _Writer.text,
    Output: _Writer.output,
    Block: _Writer.block,
    Inline: _Writer.inline,
    Partial: _Writer.partial,
}
_BLOCKS: Mapping[str, Callable[[_Writer, Block, Scope], None]] = {
    "if": _Writer.when,
    "unless": _Writer.unless,
    "each": _Writer.every,
    "with": _Writer.within,
    "log": _Writer.log,
}
_HELPERS: Mapping[str, Callable[[_Writer, Call, Scope], Any]] = {
    "lookup": _Writer.lookup,
    "if": _Writer.conditional,
    "unless": _Writer.conditional,
    "log": _Writer.silent,
}


def _name(call: Call) -> str:
    return call.head.text if isinstance(call.head, Path) else str(call.head.value)
