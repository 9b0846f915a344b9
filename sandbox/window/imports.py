"""Mail from elsewhere: a message with what is known about it, in the form in which lists show messages."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from starlette.responses import Response

from sandbox.core.clock import parse_instant
from sandbox.core.importing import Import, ImportedBeforeError, import_message
from sandbox.core.model import Channel, Envelope, Outcome, RecipientRecord
from sandbox.window import shapes
from sandbox.window.call import Call
from sandbox.window.messages import read_tags
from sandbox.window.operation import Operation
from sandbox.window.problems import Problem, json_answer
from sandbox.window.schemas import FLAG, TABLE, TEXT, TEXTS, many, maybe, record

LARGEST = 64 * 1024 * 1024
"""Octets of an imported message."""
BODY = LARGEST * 4 // 3 + 1024 * 1024
"""Octets of the JSON that brings it."""
RECIPIENTS = 10_000
_LONGEST = 1000
"""Characters of any text about a message."""
T = TypeVar("T")


async def add(call: Call) -> Response:
    """POST /messages."""
    wish = await call.json(BODY)
    try:
        found = await import_message(call.services.store, call.account, _import(call, wish))
    except ImportedBeforeError as error:
        raise Problem(409, "imported-before", f"there is a message {str(error)!r} already") from error
    await call.settle()
    stored = await call.services.store.messages.get(call.account.id, found.id)
    return json_answer(shapes.message_summary(stored or found), 201)


def _import(call: Call, wish: Mapping[str, Any]) -> Import:
    times, attributes = _field(wish, "times", dict, {}), _field(wish, "attributes", dict, {})
    read = _field(wish, "read", bool, False)  # noqa: FBT003 - a default among defaults
    return Import(
        provider=_provider(call, wish),
        raw=_octets(wish),
        id=_text(wish, "id"),
        channel=_word(_text(wish, "channel", "smtp"), "channel", Channel),
        envelope=_envelope(_field(wish, "envelope", dict, None)),
        recipients=[_recipient(one) for one in _several(wish, "recipients", dict)],
        accepted=_moment(times.get("accepted")),
        read=read,
        tags=read_tags(_field(wish, "tags", list, [])),
        attributes=_texts(attributes, "attributes"),
    )


def _provider(call: Call, wish: Mapping[str, Any]) -> str:
    known = call.services.providers
    name = _text(wish, "provider") or next(iter(known))
    if name not in known:
        raise Problem(400, "bad-provider", f"provider is one of {', '.join(known)}")
    return name


def _octets(wish: Mapping[str, Any]) -> bytes:
    given = _field(wish, "raw", str, None)
    try:
        raw = b64decode(given or "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise _problem("raw", "the octets of the message in base64") from error
    if not raw or len(raw) > LARGEST:
        raise _problem("raw", f"the octets of the message in base64, from 1 to {LARGEST} of them")
    return raw


def _envelope(given: Mapping[str, Any] | None) -> Envelope | None:
    if given is None:
        return None
    unknown = set(given) - {"mail_from", "rcpt_to", "helo", "client", "user", "mail_params"}
    if unknown:
        raise _problem("envelope", f"without {min(unknown)[:80]!r}")
    mail_from, helo, client, user = (_text(given, name) for name in ("mail_from", "helo", "client", "user"))
    return Envelope(
        mail_from=mail_from,
        rcpt_to=tuple(_several(given, "rcpt_to", str)),
        helo=helo,
        client=client,
        user=user,
        mail_params=_texts(_field(given, "mail_params", dict, {}), "mail_params"),
    )


def _recipient(given: Mapping[str, Any]) -> RecipientRecord:
    attempts = _field(given, "attempts", int, 0)
    return RecipientRecord(
        address=_text(given, "address"),
        outcome=_word(_text(given, "outcome", "delivered"), "outcome", Outcome),
        detail=_text(given, "detail"),
        attempts=min(max(0, attempts), 1_000_000),
    )


def _moment(given: object) -> float | None:
    if given is None:
        return None
    try:
        return parse_instant(str(given)[:_LONGEST]).timestamp()
    except (ValueError, OverflowError) as error:
        raise _problem("times.accepted", "a time like 2026-01-31T12:00:00Z") from error


def _field(wish: Mapping[str, Any], name: str, kind: type, otherwise: Any) -> Any:
    value = wish.get(name)
    if value is None:
        return otherwise
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _problem(name, "of the form in which messages are listed")
    return value


def _text(wish: Mapping[str, Any], name: str, otherwise: str = "") -> str:
    return _checked(_field(wish, name, str, otherwise), name)


def _checked(value: object, name: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise _problem(name, f"text of at most {_LONGEST} characters")
    return value


def _texts(given: Mapping[str, Any], name: str) -> dict[str, str]:
    if len(given) > _LONGEST:
        raise _problem(name, "an object with less in it")
    return {_checked(key, name): _checked(value, name) for key, value in given.items()}


def _several(wish: Mapping[str, Any], name: str, kind: type[T]) -> list[T]:
    found = _field(wish, name, list, [])
    if len(found) > RECIPIENTS or not all(isinstance(one, kind) and len(str(one)) <= _LONGEST * 4 for one in found):
        raise _problem(name, f"a list of at most {RECIPIENTS}, of the form in which messages are listed")
    return list(found)


def _word(value: str, name: str, kind: Callable[[str], T]) -> T:
    try:
        return kind(value)
    except ValueError as error:
        raise _problem(name, "one of the words that lists show") from error


def _problem(name: str, wanted: str) -> Problem:
    return Problem(400, "bad-message", f"{name} is to be {wanted}")


OPERATIONS = (
    Operation(
        method="POST",
        path="/messages",
        handler=add,
        summary="Import a message: its octets in base64, and what is known about it as lists show it",
        answer="MessageSummary",
        body={
            "type": "object",
            "required": ["raw"],
            "properties": {
                "raw": TEXT,
                "id": maybe(TEXT),
                "provider": maybe(TEXT),
                "channel": maybe(TEXT),
                "envelope": maybe(
                    {
                        **record(mail_from=TEXT, rcpt_to=TEXTS, helo=TEXT, client=TEXT, user=TEXT, mail_params=TABLE),
                        "required": [],
                    }
                ),
                "recipients": maybe(many(TABLE)),
                "times": maybe(record(accepted=TEXT)),
                "read": maybe(FLAG),
                "tags": maybe(TEXTS),
                "attributes": maybe(TABLE),
            },
        },
        status=201,
        also={400: "a field is wrong", 409: "the account has a message with this id"},
    ),
)
"""What the table of the inspection API has on mail from elsewhere."""
