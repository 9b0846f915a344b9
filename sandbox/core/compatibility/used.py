"""What elements, attributes and CSS an HTML part uses: found in one linear look, whatever the HTML is like.

No parser: a mail program's own repairs are not asked for, only which names occur. Comments are left out, and with them
what conditional comments keep for single programs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from html import unescape

Use = tuple[str, str]
"""Kind and name. The kinds: element, attribute, property, value, function, unit, rule, media, pseudo, word, image."""
LONGEST = 1_000_000
"""Characters that are looked at."""
_TAG = re.compile(r"<([a-z][a-z0-9]{0,30})([^<>]{0,8000})")
_ATTRIBUTE = re.compile(
    r"""([a-z][a-z:-]{0,40})(?:\s{0,20}=\s{0,20}(?:"([^"]{0,8000})"|'([^']{0,8000})'|([^\s"'>]{0,8000})))?"""
)
_DECLARATION = re.compile(r"(?<![\w-])(-?[a-z][a-z-]{1,40})\s{0,20}:\s{0,20}([^;{}]{1,8000})")
_PSEUDO = re.compile(r"::?([a-z-]{2,30})")
_RULE = re.compile(r"@([a-z-]{2,30})([^{;]{0,1000})")
_MEDIA = re.compile(r"\(\s{0,20}(?:any-)?([a-z-]{2,40})\s{0,20}[):]")
_FUNCTION = re.compile(r"([a-z][a-z-]{1,30}\()")
_UNIT = re.compile(r"(?<![\w#.-])-?\d{0,10}\.?\d{1,10}([a-z]{2,4})(?![\w-])")
_ADDRESS = re.compile(r"url\(\s{0,20}[\"']?([^\"')\s]{1,8000})")
_PICTURE = re.compile(r"(\.[a-z]{3,4})(?:[?#]|$)")
_COMMENTS = (("<!--", "-->"), ("/*", "*/"))


def used(html: str) -> Mapping[Use, int]:
    """How often each thing occurs, its name in lower case."""
    found: Counter[Use] = Counter()
    text = _without(html[:LONGEST].lower(), *_COMMENTS[0])
    sheets, rest = _sheets(text)
    for tag in _TAG.finditer(rest):
        found["element", tag[1]] += 1
        for name, value in _attributes(tag[2]):
            found["attribute", name] += 1
            if name == "style":
                found.update(_declarations(value))
            elif name in ("src", "srcset", "background", "href") and tag[1] != "a":
                found.update(_image(value))
    for sheet in sheets:
        found.update(_sheet(_without(sheet, *_COMMENTS[1])))
    return found


def _without(text: str, begin: str, end: str) -> str:
    """The text without what stands between these; what is never closed goes to its end."""
    parts, at = [], 0
    while (start := text.find(begin, at)) >= 0:
        parts.append(text[at:start])
        stop = text.find(end, start + len(begin))
        at = len(text) if stop < 0 else stop + len(end)
    return "".join([*parts, text[at:]])


def _sheets(text: str) -> tuple[list[str], str]:
    """The contents of the style elements, and the text without them (their tags stay)."""
    sheets, rest, at = [], [], 0
    while (start := text.find("<style", at)) >= 0:
        opened = text.find(">", start)
        stop = text.find("</style", opened) if opened >= 0 else -1
        if stop < 0:
            break
        rest.append(text[at : opened + 1])
        sheets.append(text[opened + 1 : stop])
        at = stop
    return sheets, "".join([*rest, text[at:]])


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    for match in _ATTRIBUTE.finditer(text):
        yield match[1], unescape(match[2] or match[3] or match[4] or "")


def _sheet(css: str) -> Iterator[Use]:
    """What a style sheet uses."""
    for rule in _RULE.finditer(css):
        yield "rule", "@" + rule[1]
        if rule[1] == "media":
            yield from (("media", match[1]) for match in _MEDIA.finditer(rule[2]))
    for before in css.split("{")[:-1]:
        selector = before[max(before.rfind("}"), before.rfind(";")) + 1 :].strip()
        if not selector.startswith("@"):
            yield from (("pseudo", ":" + name) for name in _PSEUDO.findall(selector))
    for block in css.replace("{", "}").split("}"):
        if ";" in block or ":" in block:
            yield from _declarations(block)


def _declarations(css: str) -> Iterator[Use]:
    """What declarations use: `color: red; width: calc(…)`."""
    for name, value in _DECLARATION.findall(css):
        yield "property", name
        yield "value", f"{name}: {value.split('!')[0].strip()}"
        if "!important" in value:
            yield "word", "!important"
        yield from (("function", one) for one in _FUNCTION.findall(value))
        yield from (("unit", one) for one in _UNIT.findall(value))
        for address in _ADDRESS.findall(value):
            yield from _image(address)


def _image(address: str) -> Iterator[Use]:
    """The format of an image, by the end of its address."""
    if address.lstrip().startswith("data:"):
        yield "image", "data:"
    elif match := _PICTURE.search(address):
        yield "image", match[1]
