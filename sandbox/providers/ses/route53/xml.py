"""REST-XML as Route 53 speaks it: bodies read safely, answers and errors written."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import Response

from sandbox.core.errors import Refusal
from sandbox.providers.ses.write_xml import xml_text

NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
Content = str | Mapping[str, Any] | list["Content"]
"""Text, elements by name (several of a name as a list), or several contents."""


def read(body: bytes) -> ET.Element:
    """The document of a request without its namespace; raises `Refusal` for what is none, or has a document type."""
    if b"<!" in body:  # entities could grow without bound, and no client sends any
        raise Refusal("api.InvalidInput.xml")
    try:
        root = ET.fromstring(body)  # noqa: S314 - see above
    except (ET.ParseError, RecursionError, ValueError) as error:
        raise Refusal("api.InvalidInput.xml") from error
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    return root


def text(element: ET.Element, path: str) -> str:
    """The text of an element below another; empty when there is none."""
    return (element.findtext(path) or "").strip()


def answer(name: str, content: Content, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A document in the service's namespace."""
    inner = "".join(_elements(content))
    body = f'<?xml version="1.0"?>\n<{name} xmlns="{NAMESPACE}">{inner}</{name}>'
    return Response(body.encode(), status, dict(headers or {}), "text/xml")


def _elements(content: Content) -> Iterator[str]:
    if isinstance(content, str):
        yield xml_text(content)
    elif isinstance(content, Mapping):
        for name, value in content.items():
            for one in value if isinstance(value, list) else [value]:
                yield f"<{name}>{''.join(_elements(one))}</{name}>"
    else:
        for one in content:
            yield from _elements(one)
