"""The header block, split once and linearly; the body is not looked at here.

Python's own header parsers are quadratic or raise on hostile input, so nothing on the accept path uses them: fields and
addresses are found by expressions that never go back, encoded words by the position of their ends.
"""

from __future__ import annotations

import codecs
import re
from binascii import Error, a2b_base64, a2b_qp
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain, groupby, islice
from typing import NamedTuple

from sandbox.core.errors import Condition, Refusal

ADDRESSES = 1000
"""Addresses read from one field, and fields of one name in which they are looked for; the rest is not looked at."""
PARTS = 12 * ADDRESSES
"""Words, marks and comments of an address field that are looked at to find them."""
_FIELD = re.compile(r"^([!-9;-~]++)[ \t]*+:[ \t]*+(.*)", re.MULTILINE)
_FOLD = re.compile(rb"\n(?=[ \t])")
_WORD = r'[^\s<>@,;:()"\\]++'
_ADDR_SPEC = re.compile(rf'(?:{_WORD}|"(?:[^"\\]|\\.)*+")++@(?:\[[^\[\]\s]*+\]|{_WORD})', re.DOTALL)
_USUAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]++@[A-Za-z0-9.-]++"
_PLAIN = re.compile(rf" *+(?:[A-Za-z0-9 ]*+<({_USUAL})>|({_USUAL})) *+")
"""What nearly all address fields are: one address, or words and one in angle brackets. The rest is taken apart."""
_TOKEN = re.compile(
    r"""\s*+("(?:[^"\\]|\\.)*+"?|\[[^\[\]<>,;]*+\]|[<>,;:()]|[^\s"<>,;:()\[]++|\[)""",
    re.DOTALL,
)
"""A part of an address field and the blanks before it; one of the alternatives fits at every position but the end."""
_PARENTHESIS = re.compile(r"\\.|[()]", re.DOTALL)
_ENCODED = re.compile(r"=\?([^?\s]{1,64})\?([bBqQ])\?")
"""The beginning of an encoded word, RFC 2047 section 2."""
NO_CHARSET = frozenset({"idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined"})
"""Encodings of Python that no mail program means; some of them take quadratic time."""


class Field(NamedTuple):
    """One header field: its name as written, and its value with folding removed."""

    name: str
    value: str


class HeaderBlock:
    """The fields of one message, in order."""

    def __init__(self, pairs: list[tuple[str, str]], length: int) -> None:
        self._pairs = pairs
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), []).append(value)
        self.length = length
        """Octets of the block, without the empty line that ends it."""

    @cached_property
    def fields(self) -> list[Field]:
        """Every field, in order."""
        return list(map(Field._make, self._pairs))

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def all(self, name: str) -> list[str]:
        """Every value of a field, matched without regard to case."""
        return list(self._values.get(name.lower(), ()))

    def first(self, name: str) -> str:
        """The first value of a field, empty when there is none."""
        values = self._values.get(name.lower())
        return values[0] if values else ""

    def addresses(self, name: str) -> list[str]:
        """The addresses of every such field, each once, as far as they are looked at."""
        found = chain.from_iterable(map(addresses, self.all(name)[:ADDRESSES]))
        return list(dict.fromkeys(islice(found, ADDRESSES)))

    def decoded(self, name: str) -> str:
        """The first value with encoded words (RFC 2047) decoded."""
        return decode_words(self.first(name))


def split(raw: bytes, limit: int) -> HeaderBlock:
    """Read the header block of a message.

    Raises `Refusal(UNPARSABLE)` when there is no field at all, a line that is none, or a block over `limit` octets.
    """
    if raw.startswith((b"\r\n", b"\n")):
        raise Refusal(Condition.UNPARSABLE)
    end, ended = _end_of_headers(raw, limit)
    if end > limit:
        raise Refusal(Condition.UNPARSABLE)
    text = _FOLD.sub(b"", raw[:end].replace(b"\r\n", b"\n")).decode("utf-8", "replace").removesuffix("\n")
    if text.startswith("From ") and not _FIELD.match(text):  # an mbox line in front, as sendmail programs leave it
        text = text.partition("\n")[2]
    pairs = _FIELD.findall(text)
    if not pairs or len(pairs) != text.count("\n") + 1 or not (ended or end == len(raw)):
        raise Refusal(Condition.UNPARSABLE)
    return HeaderBlock(pairs, end)


def _end_of_headers(raw: bytes, limit: int) -> tuple[int, bool]:
    """Where the block ends, and whether an empty line ended it; searches just past the limit at most."""
    within = limit + 4
    strict = raw.find(b"\r\n\r\n", 0, within)
    bare = raw.find(b"\n\n", 0, within if strict < 0 else strict)
    end = strict if bare < 0 else bare
    return (end, True) if end >= 0 else (len(raw), False)


def addresses(value: str) -> list[str]:
    """The addr-specs of an address field, in order; empty when there is none that can be read."""
    plain = _PLAIN.fullmatch(value)
    if plain is not None:
        return [plain[1] or plain[2]]
    return list(islice(filter(_ADDR_SPEC.fullmatch, _mailboxes(_tokens(value))), ADDRESSES))


def _tokens(value: str) -> Iterator[str]:
    """The parts of an address field, without comments and white space."""
    at = 0
    for _ in range(PARTS):
        match = _TOKEN.match(value, at)
        if match is None:
            break
        at = match.end()
        if match[1] == "(":
            at = _behind_comment(value, at)
        else:
            yield match[1]


def _behind_comment(value: str, at: int) -> int:
    """Where a comment ends, with those inside it; one that is never closed ends with the field."""
    depth = 1
    for match in islice(_PARENTHESIS.finditer(value, at), PARTS):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return len(value)


def _mailboxes(tokens: Iterable[str]) -> Iterator[str]:
    """What stands in angle brackets, else all the words of each mailbox; names of groups and routes are left out."""
    words: list[str] = []
    named = False
    for part in tokens:
        in_route = bool(words) and words[0].startswith("@")
        if part == ">" or (part in ",;" and not in_route):
            if not named:
                yield "".join(words)
            words, named = [], part == ">"
        elif part == "<":
            words, named = [], False
        elif part == ":":
            words = []
        elif part != ")":
            words.append(part)
    if not named:
        yield "".join(words)


class _Part(NamedTuple):
    """Some of a field: octets in a charset, or plain text."""

    charset: str = ""
    octets: bytes = b""
    text: str = ""


def decode_words(value: str) -> str:
    """Text with RFC 2047 encoded words decoded; what can't be decoded stays as it is."""
    if "=?" not in value:
        return value
    groups = groupby(_parts(value), lambda part: part.charset)
    return "".join(_text(charset, list(parts)) for charset, parts in groups)


def _parts(value: str) -> Iterator[_Part]:
    """Encoded words and what is between them; blanks between two are none (RFC 2047 section 6.2)."""
    at, first = 0, True
    while match := _ENCODED.search(value, at):
        end = value.find("?=", match.end())
        if end < 0:
            break
        between = value[at : match.start()]
        if first or not between.isspace():
            yield _Part(text=between)
        at, first = end + 2, False
        octets = _octets(match[2], value[match.end() : end])
        charset = match[1].partition("*")[0].lower()
        yield _Part(text=value[match.start() : at]) if octets is None else _Part(charset=charset, octets=octets)
    yield _Part(text=value[at:])


def _octets(encoding: str, encoded: str) -> bytes | None:
    """What an encoded word stands for; None when it can't be read."""
    raw = encoded.encode("utf-8", "surrogatepass")
    if encoding in "qQ":
        return a2b_qp(raw, header=True)
    try:
        return a2b_base64(raw + b"=" * (-len(raw) % 4))
    except Error:
        return None


def _text(charset: str, parts: list[_Part]) -> str:
    """Adjacent parts as text; a character may have been divided between two words."""
    if not charset:
        return "".join(part.text for part in parts)
    octets = b"".join(part.octets for part in parts)
    try:
        if codecs.lookup(charset).name.replace("-", "_") in NO_CHARSET:
            return octets.decode("latin-1")
        return octets.decode(charset, "replace")
    except (LookupError, ValueError):
        return octets.decode("latin-1")
