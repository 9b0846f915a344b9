"""Reads a template into its tree, in one pass and in linear time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from sandbox.providers.ses.handlebars.syntax import Block, Call, Inline, Literal, Node, Output, Partial, Path, Text
from sandbox.providers.ses.handlebars.words import TemplateError, Words, place

__all__ = ["TemplateError", "parse"]

DEPTH = 100
"""How deep blocks may be nested."""
_OPEN = re.compile(r"\{\{(~?)(\{(?!\{)|!--|!|#\s*\*|#\s*>|#|/|\^|>|&|)")
_END = re.compile(r"\s*~?\}\}")
_ELSE = re.compile(r"\s*else(?=[\s~}])")


@dataclass(slots=True)
class _Frame:
    """A block that is not closed yet."""

    kind: str
    """`block`, `inline` or `partial`; `` for the template itself."""
    name: str = ""
    call: Call | None = None
    names: tuple[str, ...] = ()
    inverted: bool = False
    body: list[Node] = field(default_factory=list)
    inverse: list[Node] | None = None
    chained: bool = False
    """Whether it is the `if` of an `{{else if}}`, closed together with the block around it."""

    @property
    def nodes(self) -> list[Node]:
        return self.body if self.inverse is None else self.inverse


@lru_cache(maxsize=256)
def parse(template: str) -> Sequence[Node]:
    """The tree of a template; `TemplateError` says what is wrong and where."""
    return _Parser(template).run()


class _Parser:
    def __init__(self, template: str) -> None:
        self._template = template
        self._at = 0
        self._frames = [_Frame("")]
        self._trim = False

    def run(self) -> Sequence[Node]:
        while (start := self._template.find("{{", self._at)) >= 0:
            self._mustache(start)
        self._text(self._template[self._at :])
        if len(self._frames) > 1:
            raise TemplateError(f"'{self._frames[-1].name}' is not closed: {{{{/{self._frames[-1].name}}}}} is missing")
        return tuple(self._frames[0].body)

    def _text(self, text: str, *, trim: bool = False) -> None:
        text = text.lstrip() if self._trim else text
        text = text.rstrip() if trim else text
        self._trim = False
        if text:
            self._frames[-1].nodes.append(Text(text))

    def _mustache(self, start: int) -> None:
        before = self._template[self._at : start]
        if before.endswith("\\") and not before.endswith("\\\\"):
            self._escaped(before[:-1], start)
            return
        opened = _OPEN.match(self._template, start)
        assert opened is not None
        self._text(before[:-1] if before.endswith("\\\\") else before, trim=bool(opened[1]))
        if opened[2].startswith("!"):
            self._comment(opened.end(), long=opened[2] == "!--")
            return
        self._words = Words(self._template, opened.end())
        _READERS["".join(opened[2].split())](self, start)

    def _escaped(self, before: str, start: int) -> None:
        r"""`\{{name}}`: the mustache itself is written out."""
        end = self._template.find("}}", start)
        self._at = len(self._template) if end < 0 else end + 2
        self._text(before + self._template[start : self._at])

    def _comment(self, at: int, *, long: bool) -> None:
        closing = re.compile(r"--(~?)\}\}" if long else r"(~?)\}\}").search(self._template, at)
        if closing is None:
            raise TemplateError(f"a comment is not closed: {place(self._template, at)}")
        self._trim, self._at = bool(closing[1]), closing.end()

    def _close(self, braces: str = "}}") -> None:
        """Read the end of a mustache."""
        match = self._words.next()
        found = match["end"] or ""
        if found.lstrip("~") != braces:
            if braces == "}}" and found.lstrip("~") == "}}}":  # }} and a brace of the text behind it
                self._trim, self._at = found.startswith("~"), self._words.at - 1
                return
            raise TemplateError(f"{braces!r} is missing at {place(self._template, match.start())}")
        self._trim, self._at = found.startswith("~"), self._words.at

    def output(self, start: int) -> None:
        if _ELSE.match(self._template, self._words.at):
            self._otherwise()
        else:
            self._write(start, "}}")

    def raw(self, start: int) -> None:
        """`{{{name}}}`: the same as `{{name}}`, since nothing is escaped."""
        self._write(start, "}}}")

    def _write(self, start: int, braces: str) -> None:
        call = self._words.call()
        self._close(braces)
        self._frames[-1].nodes.append(Output(call, self._template[start : self._at]))

    def _otherwise(self) -> None:
        """`{{else}}`, or `{{else if …}}`, which is a block within the inverse of the one before."""
        found = _ELSE.match(self._template, self._words.at)
        assert found is not None
        self._words.at = found.end()
        chained = None if self._words.peek() == "end" else self._words.call()
        names = self._words.block_names() if chained else ()
        self._inverse()
        if chained:
            self._push(_Frame("block", _named(chained), chained, names, chained=True))
        self._close()

    def _inverse(self) -> None:
        frame = self._frames[-1]
        if frame.kind != "block" or frame.inverse is not None:
            raise TemplateError(f"an {{{{else}}}} that belongs to no block: {place(self._template, self._words.at)}")
        frame.inverse = []

    def block(self, _: int) -> None:
        call = self._words.call()
        self._push(_Frame("block", _named(call), call, self._words.block_names()))
        self._close()

    def inverted(self, _: int) -> None:
        if _END.match(self._template, self._words.at):
            self._inverse()
        else:
            call = self._words.call()
            self._push(_Frame("block", _named(call), call, self._words.block_names(), inverted=True))
        self._close()

    def decorator(self, start: int) -> None:
        call = self._words.call()
        name = call.args[0] if len(call.args) == 1 else None
        if _named(call) != "inline" or not isinstance(name, Literal | Path):
            raise TemplateError(f'only {{{{#* inline "name"}}}} is known: {place(self._template, start)}')
        self._push(_Frame("inline", "inline", Call(name)))
        self._close()

    def partial_block(self, _: int) -> None:
        call = self._words.call()
        self._push(_Frame("partial", _named(call), call))
        self._close()

    def partial(self, _: int) -> None:
        self._frames[-1].nodes.append(Partial(self._words.call()))
        self._close()

    def _push(self, frame: _Frame) -> None:
        if len(self._frames) > DEPTH:
            raise TemplateError(f"blocks are nested more than {DEPTH} deep")
        self._frames.append(frame)

    def end(self, _: int) -> None:
        name = _named(self._words.call())
        while self._frames[-1].chained:
            self._pop()
        if len(self._frames) == 1 or self._frames[-1].name != name:
            expected = f"{{{{/{self._frames[-1].name}}}}}" if len(self._frames) > 1 else "no end of a block"
            raise TemplateError(f"{{{{/{name}}}}} where {expected} belongs: {place(self._template, self._words.at)}")
        self._pop()
        self._close()

    def _pop(self) -> None:
        frame = self._frames.pop()
        assert frame.call is not None
        node: Node
        if frame.kind == "inline":
            node = Inline(_named(frame.call), tuple(frame.body))
        elif frame.kind == "partial":
            node = Partial(frame.call, tuple(frame.body))
        else:
            node = Block(frame.call, frame.names, tuple(frame.body), tuple(frame.inverse or ()), frame.inverted)
        self._frames[-1].nodes.append(node)


_READERS = {
    "": _Parser.output,
    "&": _Parser.output,
    "{": _Parser.raw,
    "#": _Parser.block,
    "#*": _Parser.decorator,
    "#>": _Parser.partial_block,
    "/": _Parser.end,
    "^": _Parser.inverted,
    ">": _Parser.partial,
}


def _named(call: Call) -> str:
    """What the head of a mustache is called."""
    return call.head.text if isinstance(call.head, Path) else str(call.head.value)
