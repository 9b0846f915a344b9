"""Reads what stands within one mustache into words: paths, texts, numbers, brackets and the end."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.providers.ses.handlebars.syntax import Call, Expression, Literal, Path

NESTING = 50
"""How deep subexpressions may be nested."""
_WORD = re.compile(
    r"""\s*(?:
      (?P<end>~?\}\}\}?)
    | (?P<open>\() | (?P<close>\)) | (?P<bar>\|)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<number>-?\d+(?:\.\d+)?)(?=[=~}\s)|])
    | (?P<key>[^\s!"\#%-,./;->@\[-^`{-~|]+)=
    | (?P<path>@?(?:\.\.?(?=[/}\s~)|])|\[[^\]]*\]|[^\s!"\#%-,./;->@\[-^`{-~|]+)
               (?:[./](?:\.\.?(?=[/}\s~)|])|\[[^\]]*\]|[^\s!"\#%-,./;->@\[-^`{-~|]+))*/?)
    )""",
    re.VERBOSE | re.DOTALL,
)
_AS = re.compile(r"\s*as\s+\|")
_PART = re.compile(r"\[[^\]]*\]|\.\.|[^./\[\]]+|\.(?=/|$)")
_CONSTANTS = {"true": True, "false": False, "null": None, "undefined": None}


class TemplateError(ValueError):
    """A template that can't be read; the message says where and why."""


@dataclass(slots=True)
class Words:
    """A place in a template, within a mustache."""

    template: str
    at: int

    def next(self) -> re.Match[str]:
        """The next word; `TemplateError` when there is none."""
        match = _WORD.match(self.template, self.at)
        if match is None:
            shown = self.template[self.at : self.at + 20].strip()
            raise TemplateError(f"unexpected {shown!r} at {place(self.template, self.at)}")
        self.at = match.end()
        return match

    def peek(self) -> str:
        """The kind of the next word; empty when there is none."""
        match = _WORD.match(self.template, self.at)
        return (match.lastgroup or "") if match else ""

    def call(self, depth: int = 0) -> Call:
        """A head with its arguments, up to the end, a bar or a closing bracket, which stay unread."""
        head = self._value(depth)
        if isinstance(head, Call):
            raise TemplateError(f"a helper's name is missing at {place(self.template, self.at)}")
        args: list[Expression] = []
        named: dict[str, Expression] = {}
        while (kind := self.peek()) not in ("end", "bar", "close"):
            if kind == "key":
                name = self.next()["key"]
                named[name] = self._value(depth)
            elif kind == "path" and _is_as(self.template, self.at):
                break
            else:
                args.append(self._value(depth))
        return Call(head, tuple(args), named)

    def _value(self, depth: int) -> Expression:
        match = self.next()
        kind = match.lastgroup
        if kind == "text":
            return Literal(re.sub(r"\\(.)", r"\1", match["text"][1:-1]))
        if kind == "number":
            return Literal(float(match["number"]) if "." in match["number"] else int(match["number"][:40]))
        if kind == "path":
            return path(match["path"])
        if kind == "open" and depth < NESTING:
            inner = self.call(depth + 1)
            if self.next().lastgroup != "close":
                raise TemplateError(f"')' is missing at {place(self.template, self.at)}")
            return inner
        raise TemplateError(f"unexpected {match[0].strip()!r} at {place(self.template, match.start())}")

    def block_names(self) -> tuple[str, ...]:
        """The names of `as |a b|`, when it comes next."""
        if not _is_as(self.template, self.at):
            return ()
        self.next()
        self.next()
        names: list[str] = []
        while (match := self.next()).lastgroup == "path":
            names.append(match["path"])
        if match.lastgroup != "bar":
            raise TemplateError(f"'|' is missing at {place(self.template, self.at)}")
        return tuple(names)


def path(text: str) -> Path | Literal:
    """A path as written, or the constant that it is."""
    if text in _CONSTANTS:
        return Literal(_CONSTANTS[text])
    data = text.startswith("@")
    parts = [part.strip("[]") if part.startswith("[") else part for part in _PART.findall(text.removeprefix("@"))]
    up = 0
    while parts and parts[0] == "..":
        up += 1
        parts.pop(0)
    here = bool(parts) and parts[0] in ("this", ".") and not text.startswith("[")
    if here:
        parts.pop(0)
    return Path(text, tuple(parts), up=up, data=data, here=here)


def place(template: str, at: int) -> str:
    """Where a character stands, for errors."""
    line = template.count("\n", 0, at) + 1
    return f"line {line}, column {at - (template.rfind(chr(10), 0, at) + 1) + 1}"


def _is_as(template: str, at: int) -> bool:
    return _AS.match(template, at) is not None
