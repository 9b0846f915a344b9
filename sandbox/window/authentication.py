"""What a recipient got and what its server found out: the delivered copy, and the verdicts on it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from sandbox.core.errors import NotFoundError
from sandbox.core.late import Late
from sandbox.core.model import MessageRecord, Outcome
from sandbox.window.call import Call
from sandbox.window.downloads import download
from sandbox.window.operation import Operation, Parameter
from sandbox.window.problems import Problem

if TYPE_CHECKING:
    from sandbox.core.delivered_copy import DeliveredCopy

_judge = Late("sandbox.core.verdicts:judge")
NEVER_SENT = frozenset({Outcome.SUPPRESSED, Outcome.REJECTED})
"""Outcomes of recipients that nothing is sent to."""
_NONE: dict[str, Any] = {"dkim": None, "spf": None, "dmarc": None}


async def copy(call: Call) -> Response:
    """GET /messages/{id}/copy: the octets as one recipient gets them."""
    found = await call.services.store.messages.get(call.account.id, call.path("id"))
    if found is None:
        raise NotFoundError(f"there is no message {call.path('id')[:80]!r}")
    wanted = call.text("recipient")
    sent = [one for one in found.recipients if one.outcome not in NEVER_SENT]
    chosen = [one for one in sent if not wanted or one.address.lower() == wanted.lower()]
    if not chosen:
        who = (
            f"{wanted[:320]!r} is no recipient of this message that" if wanted else "this message has no recipient that"
        )
        raise Problem(404, "no-copy", f"{who} anything is sent to")
    made = await _copy(call, found, chosen[0].address)
    octets = made.octets if made else await call.services.store.messages.raw(call.account.id, found.id) or b""
    return download(octets, "message/rfc822", f"{found.id}-{chosen[0].position}.eml")


async def verdicts(call: Call, message: MessageRecord) -> dict[str, Any]:
    """DKIM, SPF and DMARC of the first recipient's copy that was delivered; null for each before that."""
    delivered = [one for one in message.recipients if one.outcome is Outcome.DELIVERED]
    made = await _copy(call, message, delivered[0].address) if delivered else None
    if made is None:
        return dict(_NONE)
    return asdict(await _judge(call.services.dns.lookup, call.account, made))


async def _copy(call: Call, message: MessageRecord, recipient: str) -> DeliveredCopy | None:
    state = call.services.providers.get(message.provider)
    raw = await call.services.store.messages.raw(call.account.id, message.id)
    if state is None or state.copies is None or raw is None:
        return None
    return await state.copies.get(call.account, message, raw, recipient)


OPERATIONS = (
    Operation(
        method="GET",
        path="/messages/{id}/copy",
        handler=copy,
        summary="The octets as one recipient gets them: signed, without Bcc, with what the provider adds",
        answer="message/rfc822",
        parameters=(Parameter(name="recipient", about="address of the recipient; without it, the first one"),),
        also={404: "there is no such message, or nothing is sent to such a recipient"},
    ),
)
