"""What a message contains, read lazily and off the accept path; hostile structure ends in a note, never in an error."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from html.parser import HTMLParser

from sandbox.core import headers
from sandbox.core.errors import Refusal

PARTS = 1_000
"""Parts that are looked at; what comes after them is noted, not shown."""
BOUNDARIES = 10_000
"""Boundary-like lines above which the structure is not parsed at all: the source can still be read."""
DEPTH = 100
"""Levels of nesting that are followed (Postfix's limit too)."""
HEADER_BLOCK = 1_048_576
PLAIN = 1_000_000
"""Characters of HTML from which words are taken."""


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A part that is not the message's own text."""

    n: int
    """The part's number in document order, from 1; names it in the inspection API."""
    filename: str
    """As the sender wrote it: hostile until made safe."""
    content_type: str
    size: int
    """Octets after transfer decoding."""
    content_id: str
    disposition: str
    octets: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Node:
    """A part in the tree of a message."""

    depth: int
    """0 for the message itself."""
    content_type: str
    charset: str
    encoding: str
    """Content-Transfer-Encoding as written, in lower case."""
    leaf: Attachment | None
    """The part's content, whatever it is; None for a multipart."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """A message taken apart."""

    headers: tuple[tuple[str, str], ...]
    """Every field in order, name as written, encoded words decoded."""
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    structure: tuple[Node, ...]
    """Every part in document order, each after the one that holds it."""
    problems: tuple[str, ...]
    """What could not be read and why, for the viewers."""


def read(raw: bytes) -> Content:
    """Take a message apart; never raises, whatever the octets are.

    May take seconds for hostile input: call it off the event loop.
    """
    problems: list[str] = []
    fields = _fields(raw, problems)
    tree = list(_tree(raw, problems))
    parts = [part for part, _, leaf in tree if leaf]
    texts = [_text(part) for part in parts if _is_body(part, "text/plain")]
    htmls = [_text(part) for part in parts if _is_body(part, "text/html")]
    leaves = {id(part): _attachment(number, part) for number, part in enumerate(parts, start=1)}
    attachments = [
        leaves[id(part)] for part in parts if not (_is_body(part, "text/plain") or _is_body(part, "text/html"))
    ]
    return Content(
        headers=fields,
        text="\n".join(texts),
        html="\n".join(htmls),
        attachments=tuple(attachments),
        structure=tuple(_node(part, depth, leaves.get(id(part))) for part, depth, _ in tree),
        problems=tuple(problems),
    )


def _fields(raw: bytes, problems: list[str]) -> tuple[tuple[str, str], ...]:
    try:
        block = headers.split(raw, HEADER_BLOCK)
    except Refusal:
        problems.append("the header block can't be read")
        return ()
    return tuple((one.name, headers.decode_words(one.value)) for one in block)


def _tree(raw: bytes, problems: list[str]) -> Iterator[tuple[Message, int, bool]]:
    """(part, depth, whether it is a leaf) in document order; an attached message is one leaf."""
    if raw.count(b"\n--") > BOUNDARIES:
        problems.append(f"more than {BOUNDARIES} boundary lines: the structure is not shown")
        return
    try:
        root = message_from_bytes(raw, policy=compat32)
    except Exception as error:  # noqa: BLE001 - the parser's failures are of many kinds, RecursionError among them
        problems.append(f"the structure can't be parsed ({type(error).__name__})")
        return
    waiting: list[tuple[Message, int]] = [(root, 0)]
    seen = 0
    while waiting:
        part, depth = waiting.pop()
        seen += 1
        if seen > PARTS or depth > DEPTH:
            problems.append(f"only {PARTS} parts and {DEPTH} levels are shown")
            return
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            yield part, depth, False
            waiting.extend((child, depth + 1) for child in reversed(_children(part)))
        else:
            yield part, depth, True


def _node(part: Message, depth: int, leaf: Attachment | None) -> Node:
    return Node(
        depth=depth,
        content_type=part.get_content_type(),
        charset=_safely(part.get_content_charset) or "",
        encoding=str(part.get("Content-Transfer-Encoding", "")).strip().lower()[:40],
        leaf=leaf,
    )


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _is_body(part: Message, content_type: str) -> bool:
    return part.get_content_type() == content_type and part.get_content_disposition() != "attachment"


def _octets(part: Message) -> bytes:
    if part.is_multipart():  # message/rfc822: the attached message as its own octets
        return b"".join(child.as_bytes() for child in _children(part))
    decoded = part.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""


def _text(part: Message) -> str:
    octets = _octets(part)
    charset = _safely(part.get_content_charset) or "utf-8"
    try:
        found = codecs.lookup(charset)
        # no public name says which are text: rot13, zlib and their like are not
        if not found._is_text_encoding or found.name.replace("-", "_") in headers.NO_CHARSET:  # noqa: SLF001
            charset = "utf-8"
        return octets.decode(charset, "replace")
    except (LookupError, UnicodeError, ValueError):
        return octets.decode("utf-8", "replace")


def _attachment(number: int, part: Message) -> Attachment:
    octets = _octets(part)
    return Attachment(
        n=number,
        filename=headers.decode_words(_safely(part.get_filename) or ""),
        content_type=part.get_content_type(),
        size=len(octets),
        content_id=str(part.get("Content-ID", "")).strip().strip("<>"),
        disposition=part.get_content_disposition() or "",
        octets=octets,
    )


def _safely(read_value: Callable[[], object]) -> str | None:
    """A parameter value, or None where Python's parser gives up on it."""
    try:
        value = read_value()
    except Exception:  # noqa: BLE001 - malformed RFC 2231 values raise whatever they happen to trip over
        return None
    return value if isinstance(value, str) else None


class _Words(HTMLParser):
    """Collects what a reader of the page would see as words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._hidden += tag in ("script", "style", "head", "title")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= self._hidden > 0 and tag in ("script", "style", "head", "title")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def plain(html: str) -> str:
    """The words of an HTML text, for search and snippets; never raises."""
    words = _Words()
    try:
        words.feed(html[:PLAIN])
        words.close()
    except (AssertionError, RecursionError, ValueError):
        pass
    return " ".join(" ".join(words.words).split())
