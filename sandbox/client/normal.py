"""The normal form of a message for snapshots: what was written stays, what differs with each run is replaced."""

from __future__ import annotations

import re
from email.message import EmailMessage

CHANGING = {"date": "<date>", "received": None, "dkim-signature": None}
"""Fields whose value differs with each run: what stands in their place, None where the field is left out."""
_ID = re.compile(r"<[^<>\s]+@[^<>\s]+>")
_IDS = frozenset({"message-id", "references", "in-reply-to", "content-id"})
_BOUNDARY = re.compile(r';\s*boundary="?[^";]*"?', re.IGNORECASE)


def normal_form(message: EmailMessage) -> str:
    """Header fields and decoded parts as text, with dates, ids and boundaries replaced by their names."""
    seen: dict[str, str] = {}
    for part in message.walk():  # the text names embedded images that come after it
        for name, value in part.items():
            if name.lower() in _IDS:
                _written(name, str(value), seen)
    return "\n".join(_part(message, seen, "")).rstrip() + "\n"


def _part(part: EmailMessage, seen: dict[str, str], indent: str) -> list[str]:
    lines = [f"{indent}{line}".rstrip() for line in [*_fields(part, seen), "", *_content(part, seen)]]
    if part.is_multipart():
        for inner in part.iter_parts():
            assert isinstance(inner, EmailMessage)
            lines += [f"{indent}--", *_part(inner, seen, indent + "  ")]
    return lines


def _fields(part: EmailMessage, seen: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for name, value in part.items():
        replaced = CHANGING.get(name.lower(), _written(name, str(value), seen))
        if replaced is not None:
            lines.append(f"{name}: {replaced}")
    return lines


def _written(name: str, value: str, seen: dict[str, str]) -> str:
    if name.lower() == "content-type":
        return _BOUNDARY.sub("", value)
    return _ID.sub(lambda match: _named(match[0], seen), value) if name.lower() in _IDS else value


def _named(found: str, seen: dict[str, str]) -> str:
    return seen.setdefault(found, f"<id-{len(seen) + 1}>")


def _content(part: EmailMessage, seen: dict[str, str]) -> list[str]:
    if part.is_multipart():
        return []
    if part.get_content_maintype() != "text":
        return [f"({len(part.get_payload(decode=True) or b'')} octets)"]
    text = str(part.get_content())
    for found, name in seen.items():  # HTML names embedded images by their ids
        text = text.replace("cid:" + found.strip("<>"), "cid:" + name.strip("<>"))
    return text.splitlines()
