"""Finds the links of a message: where its HTML points, and what its plain text writes out."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BARE = re.compile(r"https?://[^\s<>\"'`]+", re.IGNORECASE)
_CLOSING = {")": "(", "]": "[", "}": "{"}


class _Anchors(HTMLParser):
    """Collects the targets of `a` and `area` elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the target of a link."""
        target = dict(attrs).get("href") if tag in ("a", "area") else None
        if target:
            self.found.append(target.strip())


def links_of(text: str, html: str) -> list[str]:
    """Every link once, those of the HTML first, in order of appearance."""
    anchors = _Anchors()
    anchors.feed(html)
    anchors.close()
    return list(dict.fromkeys([*anchors.found, *map(_trim, _BARE.finditer(text))]))


def _trim(found: re.Match[str]) -> str:
    """A link without the punctuation of the sentence around it.

    Brackets stay when the link opened them, and a `*` or `_` unless it ends an emphasis that began before the link:
    tokens may end in either.
    """
    link = found[0]
    emphasis = found.string[max(0, found.start() - 1) : found.start()]
    while link and _closes(link, emphasis):
        link = link[:-1]
    return link


def _closes(link: str, emphasis: str) -> bool:
    """Whether the last character belongs to the sentence around the link."""
    last = link[-1]
    if last in _CLOSING:
        return link.count(last) > link.count(_CLOSING[last])
    return last in ".,;:!?" or (last in "*_" and last == emphasis)
