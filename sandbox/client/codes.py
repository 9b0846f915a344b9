"""Finds the one-time passwords of a message: short runs of digits or capitals that its words call a code."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_WORDS = re.compile(
    r"\b(?:code|codes|otp|pin|passcode|password|token|verification|verify|one-time|2fa)\b", re.IGNORECASE
)
_CODE = re.compile(
    r"(?<![\w#/@.:$€£%+-])"
    r"(?:(?P<grouped>\d{3}[ -]\d{3}(?:[ -]\d{3})?)|(?P<digits>\d{4,10})"
    r"|(?P<mixed>(?=[A-Z-]*\d)[A-Z0-9]{2,6}(?:-?[A-Z0-9]{2,6}){1,2}))"
    r"(?![\w/@%€£]|[.,:-]\w)"
)
_LINK = re.compile(r"\S+://\S+|\S+@\S+")
_NEAR = 160
"""Characters between a code and the word that calls it one."""


class _Words(HTMLParser):
    """Collects what an HTML page shows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - of the parser
        """Leave out what is not shown."""
        self._hidden += tag in ("style", "script", "title")
        self.shown.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """Come back to what is shown."""
        self._hidden -= tag in ("style", "script", "title") and self._hidden > 0
        self.shown.append(" ")

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        if not self._hidden:
            self.shown.append(data)


def codes_of(text: str, html: str, subject: str = "") -> list[str]:
    """Every code once, without its spaces and hyphens between digits; nearest to a word like "code" first.

    Numbers that no such word is near to are none: years, prices, house numbers.
    """
    ranked: dict[str, tuple[int, int]] = {}
    for part, source in enumerate((subject, text, shown(html))):
        for code, distance in _codes(source):
            ranked[code] = min(ranked.get(code, (distance, part)), (distance, part))
    return sorted(ranked, key=lambda code: ranked[code])


def shown(html: str) -> str:
    """The words that a page shows."""
    words = _Words()
    words.feed(html)
    words.close()
    return re.sub(r"\s+", " ", "".join(words.shown))


def _codes(source: str) -> list[tuple[str, int]]:
    bare = _LINK.sub(lambda match: " " * len(match[0]), source)
    named = [(match.start(), match.end()) for match in _WORDS.finditer(bare)]
    found: list[tuple[str, int]] = []
    for match in _CODE.finditer(bare):
        distance = min((_distance(match.start(), match.end(), word) for word in named), default=_NEAR + 1)
        if distance <= _NEAR:
            found.append((_plain(match), distance))
    return found


def _distance(start: int, end: int, word: tuple[int, int]) -> int:
    """Characters between a code and a word; codes mostly follow what announces them."""
    return start - word[1] if word[1] <= start else (word[0] - end) * 2


def _plain(match: re.Match[str]) -> str:
    return re.sub(r"[ -]", "", match[0]) if match["grouped"] else match[0]
