"""The files of import jobs, read: lines of CSV or JSON become the input of the operation that each one stands for.

Sources: the developer guide, "Bulk adding email addresses to your account-level suppression list" and "Create a
contact list and add contacts in bulk".
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

TOPIC = "topicPreferences."
"""Beginning of the columns that have a topic's subscription."""
_NAMES: Mapping[str, str] = {
    "emailaddress": "EmailAddress",
    "reason": "Reason",
    "unsubscribeall": "UnsubscribeAll",
    "attributesdata": "AttributesData",
}


class RecordError(ValueError):
    """A record that can't be read; says what is wrong."""


def read(octets: bytes, data_format: str, *, contacts: bool) -> Iterator[dict[str, Any] | RecordError]:
    """Each record as the input of an operation, or why it is none; `RecordError` when the file is no text."""
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordError("the file is not UTF-8") from error
    if data_format == "JSON":
        return map(_json_record, _json_lines(text))
    return _contact_rows(text) if contacts else _suppression_rows(text)


def _json_lines(text: str) -> Iterator[str]:
    """One object a line, as the service wants it."""
    return (line for line in text.splitlines() if line.strip())


def _json_record(line: str) -> dict[str, Any] | RecordError:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return RecordError(f"not a JSON object: {line[:80]}")
    if not isinstance(found, dict):
        return RecordError(f"not a JSON object: {line[:80]}")
    record: dict[str, Any] = {
        _NAMES[key.lower()]: value for key, value in found.items() if key.lower() in _NAMES and value is not None
    }
    preferences = found.get("topicPreferences") or found.get("TopicPreferences")
    if isinstance(preferences, list):
        record["TopicPreferences"] = [
            {"TopicName": str(_either(one, "topicName")), "SubscriptionStatus": str(_either(one, "subscriptionStatus"))}
            for one in preferences
            if isinstance(one, dict)
        ]
    return _checked(record)


def _either(one: Mapping[str, Any], name: str) -> Any:
    return one.get(name, one.get(name[:1].upper() + name[1:], ""))


def _suppression_rows(text: str) -> Iterator[dict[str, Any] | RecordError]:
    """`address,reason` a line, the reason only for additions; a line with the names of the columns is passed over."""
    for row in csv.reader(io.StringIO(text)):
        cells = [cell.strip() for cell in row]
        if any(cells) and cells[0].lower() != "emailaddress":
            record = {"EmailAddress": cells[0]}
            if len(cells) > 1 and cells[1]:
                record["Reason"] = cells[1].upper()
            yield _checked(record)


def _contact_rows(text: str) -> Iterator[dict[str, Any] | RecordError]:
    """A line with the names of the columns, then the contacts."""
    for row in csv.DictReader(io.StringIO(text)):
        record: dict[str, Any] = {}
        preferences = []
        for column, cell in row.items():
            if not isinstance(column, str) or not isinstance(cell, str) or not cell.strip():
                continue
            name = _NAMES.get(column.strip().lower())
            if name:
                record[name] = cell.strip()
            elif column.startswith(TOPIC):
                preferences.append({"TopicName": column.removeprefix(TOPIC), "SubscriptionStatus": cell.strip()})
        yield _checked({**record, **({"TopicPreferences": preferences} if preferences else {})})


def _checked(record: dict[str, Any]) -> dict[str, Any] | RecordError:
    """The record with values of the right types."""
    if not isinstance(record.get("EmailAddress"), str) or "@" not in record["EmailAddress"]:
        return RecordError(f"no email address: {str(record.get('EmailAddress'))[:80]}")
    if "UnsubscribeAll" in record:
        record["UnsubscribeAll"] = str(record["UnsubscribeAll"]).lower() == "true"
    if "AttributesData" in record and not isinstance(record["AttributesData"], str):
        record["AttributesData"] = json.dumps(record["AttributesData"])
    if record.get("Reason", "BOUNCE") not in ("BOUNCE", "COMPLAINT"):
        return RecordError(f"reason is BOUNCE or COMPLAINT; not {str(record['Reason'])[:40]}")
    for one in record.get("TopicPreferences", ()):
        if one["SubscriptionStatus"] not in ("OPT_IN", "OPT_OUT"):
            return RecordError(f"a subscription is OPT_IN or OPT_OUT; not {one['SubscriptionStatus'][:40]}")
    return record
