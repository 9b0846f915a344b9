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
    return list(dict.fromkeys([*anchors.found, *(_trim(match[0]) for match in _BARE.finditer(text))]))


def _trim(link: str) -> str:
    """A link without the punctuation of the sentence around it; brackets stay when the link opened them."""
    while link:
        last = link[-1]
        if last in ".,;:!?*_" or (last in _CLOSING and link.count(last) > link.count(_CLOSING[last])):
            link = link[:-1]
        else:
            break
    return link
