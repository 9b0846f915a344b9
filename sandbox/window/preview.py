"""A message's HTML as a page of its own that can do nothing: no script, no request, no way out of its frame.

The wall is the Content-Security-Policy of the response. Its `sandbox` gives the page an opaque origin without scripts,
forms and automatic navigation, however it is opened; `default-src 'none'` stops every load, also those of a preload
scanner. Connections that a browser opens in advance are not loads: elements that cause them lose their name. The other
changes to the text serve the reader: links open beside the viewer and embedded images are shown.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from html import unescape

from sandbox.core.mime import Attachment, Content

PREVIEW_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:;"
        " style-src 'unsafe-inline'; font-src 'none'; media-src 'none'; form-action 'none'; base-uri 'none';"
        " frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-DNS-Prefetch-Control": "off",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif"})
EMBEDDED = 10_000_000
"""Octets of images that are put into one page."""
_CONNECTING = re.compile(r"(?i)<(link|i?frame|frameset|object|embed|fencedframe|portal)(?=[\s/>])")
"""Elements that may open a connection before a policy is asked, and that can't show anything under this one."""
SCHEMES = ("light", "dark")
_HOLDS, _FAILS = "(min-width: 0px)", "(max-width: 0px)"
_PREFERS = re.compile(r"(?i)\(\s{0,20}prefers-color-scheme\s{0,20}:\s{0,20}(light|dark)\s{0,20}\)")
_CID = re.compile(r"""(?i)\b(src|background)(\s{0,20}=\s{0,20})(["']?)cid:([^"'\s>]{1,998})""")
REMOTE = 200
"""Addresses of remote content that are told."""
SEARCHED = 1_000_000
"""Characters of HTML that are searched for remote content."""
_REMOTE = re.compile(
    r"""(?i)(?:\b(?:src|srcset|background|poster|data|xlink:href)\s{0,20}=\s{0,20}["']?"""
    r"""|<(?:link|image)\b[^>]{0,500}?\bhref\s{0,20}=\s{0,20}["']?"""
    r"""|\burl\(\s{0,20}["']?|@import\s{1,20}["'])\s{0,20}((?:https?:)?//[^\s"'<>()]{1,2000})"""
)
_DOCTYPE = re.compile(r"(?i)\s{0,1000}<!doctype[^>]{0,1000}>")


def preview(content: Content, scheme: str | None = None) -> bytes:
    """The page, in UTF-8 whatever charset the message had; `scheme` is what a reader prefers, None: as the browser."""
    doctype = _DOCTYPE.match(content.html)
    start = doctype.end() if doctype else 0  # a tag before the doctype would change how the page is laid out
    body = _with_images(_in_scheme(_CONNECTING.sub(r"<x-\1", content.html[start:]), scheme), content)
    page = f'{content.html[:start]}<base target="_blank">{body}'
    return page.encode("utf-8", "replace")


def _in_scheme(html: str, scheme: str | None) -> str:
    """Media queries about the scheme answered, since a page can't be told another preference than the browser's.

    A message that says nothing about schemes stays as it is, as in mail programs that don't invert colours.
    """
    if scheme is None or "color-scheme" not in html.lower():
        return html
    answered = _PREFERS.sub(lambda match: _HOLDS if match[1].lower() == scheme else _FAILS, html)
    return f"<style>:root {{ color-scheme: {scheme} !important }}</style>{answered}"


def remote_content(html: str) -> list[str]:
    """Addresses that the HTML would load by itself (images, style sheets, fonts, media), each once, in order."""
    found = dict.fromkeys(unescape(match[1]) for match in _REMOTE.finditer(html[:SEARCHED]))
    return list(found)[:REMOTE]


def _with_images(html: str, content: Content) -> str:
    """`cid:` references (RFC 2392) replaced by the images that they name, by exact Content-ID."""
    images = {one.content_id: one for one in content.attachments if one.content_id and one.content_type in IMAGES}
    left = EMBEDDED

    def embed(match: re.Match[str]) -> str:
        nonlocal left
        image = images.get(match[4])
        if image is None or image.size > left:
            return match[0]
        left -= image.size
        return f"{match[1]}{match[2]}{match[3]}{_data_url(image)}"

    return _CID.sub(embed, html) if images else html


def _data_url(image: Attachment) -> str:
    return f"data:{image.content_type};base64,{b64encode(image.octets).decode()}"
