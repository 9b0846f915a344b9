"""Templates filled in with the data of one message: subject, text and HTML, or why it can't be done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.providers.ses.handlebars import MissingAttributeError, RenderingError, TemplateError, evaluate, parse
from sandbox.providers.ses.model import Name
from sandbox.providers.ses.troubles import refusal

LATER = frozenset({"amazonSESUnsubscribeUrl", "ses:openTracker"})
"""Placeholders that are no attributes: they are filled in when the message goes out."""
PARTS = ("Subject", "Text", "Html")
_TRACKER = "{{ses:openTracker}}"


@dataclass(frozen=True, kw_only=True)
class RenderedParts:
    """What a template came to; None for a part that the template has not."""

    subject: str
    text: str | None
    html: str | None


class RenderingFailure(Exception):  # noqa: N818 - the service's own word for it
    """The data does not fit the template; the message is the service's."""

    def __init__(self, text: str, attribute: str = "") -> None:
        super().__init__(text)
        self.attribute = attribute
        """What the data has not; empty for any other failure."""


def data_of(api: Name, text: str) -> Mapping[str, Any]:
    """Template data as JSON text; `Refusal` when it is no JSON object."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise refusal(api, "rendering-data") from error
    if not isinstance(found, dict):
        raise refusal(api, "rendering-data")
    return found


def check(api: Name, template: Mapping[str, Any]) -> None:
    """Refuse a template that can't be read, or that has nothing to send."""
    if not any(template.get(part) for part in PARTS):
        raise refusal(api, "template-empty")
    for part in PARTS:
        text = template.get(part) or ""
        try:
            parse(text)
        except TemplateError as error:
            raise refusal(api, "template-syntax", parameter=f"{part}: {error}") from error
        if text.count(_TRACKER) > 1:
            raise refusal(api, "template-open-tracker")


async def render(template: Mapping[str, Any], data: Mapping[str, Any]) -> RenderedParts:
    """The parts of a template (`Subject`, `Text`, `Html`), filled in; raises `RenderingFailure`."""
    return await asyncio.to_thread(_render, template, data)


def _render(template: Mapping[str, Any], data: Mapping[str, Any]) -> RenderedParts:
    try:
        parts = {part: evaluate(parse(template[part]), data, LATER) for part in PARTS if template.get(part)}
    except MissingAttributeError as error:
        raise RenderingFailure(str(error), error.name) from error
    except (RenderingError, TemplateError) as error:
        raise RenderingFailure(str(error)) from error
    return RenderedParts(
        subject=" ".join(parts.get("Subject", "").split("\n")).replace("\r", ""),
        text=parts.get("Text"),
        html=parts.get("Html"),
    )
