"""Finds the links of an HTML text that clicks are counted for, and puts others in their place."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

MOST = 250
"""Links of a message that are tracked."""
TRIED = 2_000
"""Anchors that are looked at."""
TAG = 8_192
"""Characters that an anchor's tag may have."""
_ANCHOR = re.compile(r"<a(?=\s)", re.IGNORECASE)
_REST = re.compile(r"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_ATTRIBUTE = re.compile(r"""(?<=\s)([^\s"'<>/=]++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'=<>`]++))?""")
_OWN = ("ses:no-track", "ses:tags")
"""Attributes for the service alone; recipients don't get them."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link that is tracked."""

    number: int
    """From 1 on, in the message."""
    url: str
    tags: Mapping[str, list[str]] = field(default_factory=dict)


def rewritten(text: str, replace: Callable[[Link], str], first: int = 1) -> tuple[str, int]:
    """The HTML with `replace(link)` in place of each link, and the number of the next link."""
    found: list[str] = []
    at, number = 0, first
    for start, tag in _anchors(text):
        attributes = _attributes(tag)
        url = html.unescape(attributes.get("href", "")).strip()
        changed = tag
        if url.lower().startswith(("http://", "https://")) and "ses:no-track" not in attributes and number <= MOST:
            link = Link(number=number, url=url, tags=_tags(attributes.get("ses:tags", "")))
            changed = _with_href(tag, replace(link))
            number += 1
        changed = _without_own(changed)
        found += [text[at:start], changed]
        at = start + len(tag)
    return "".join([*found, text[at:]]), number


def listed(text: str, first: int = 1) -> list[Link]:
    """The links of an HTML text."""
    found: list[Link] = []

    def note(link: Link) -> str:
        found.append(link)
        return link.url

    rewritten(text, note, first)
    return found


def _anchors(text: str) -> Iterator[tuple[int, str]]:
    """Where each anchor's tag begins, and the tag."""
    end = 0
    for tried, match in enumerate(_ANCHOR.finditer(text)):
        if tried >= TRIED:
            return
        rest = _REST.match(text, match.end(), match.end() + TAG) if match.start() >= end else None
        if rest is not None:
            end = rest.end()
            yield match.start(), text[match.start() : end]


def _attributes(tag: str) -> dict[str, str]:
    """The attributes of a tag, names in lower case, the first of each."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(tag, 2):
        found.setdefault(match[1].lower(), (match[2] or "").strip("\"'"))
    return found


def _with_href(tag: str, url: str) -> str:
    for match in _ATTRIBUTE.finditer(tag, 2):
        if match[1].lower() == "href" and match[2]:
            return f'{tag[: match.start(2)]}"{html.escape(url)}"{tag[match.end(2) :]}'
    return tag


def _without_own(tag: str) -> str:
    for match in reversed(list(_ATTRIBUTE.finditer(tag, 2))):
        if match[1].lower() in _OWN:
            tag = tag[: match.start() - 1] + tag[match.end() :]
    return tag


def _tags(text: str) -> dict[str, list[str]]:
    """`name:value;name:value` as events tell it."""
    found: dict[str, list[str]] = {}
    for part in html.unescape(text).split(";"):
        name, colon, value = part.partition(":")
        if colon and name.strip():
            found.setdefault(name.strip(), []).append(value.strip())
    return found
