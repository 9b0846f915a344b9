"""Explains what a test waited for and did not get: what arrived instead, what is deferred, what was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.client.matching import differences
from sandbox.client.messages import Message

if TYPE_CHECKING:
    from sandbox.client.objects import Refused, Session

SHOWN = 10
"""Messages and refusals that an explanation lists at most."""
LAST_LINES = 12
"""Lines of a transcript that it shows."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What there was when a wait ended."""

    count: int
    """Messages that were wanted."""
    messages: Sequence[Message]
    matched: Mapping[str, AbstractSet[str]]
    """For each term of the query, the ids of the messages that it finds."""
    refused: Sequence[Refused]
    transcripts: Mapping[str, str]
    """What was said in the latest refused conversations, by their ids."""


def explain(query: str, matchers: Mapping[str, str], timeout: float, found: Found) -> str:
    """Text for the person whose test just failed; the messages nearest to what was wanted come first."""
    wanted = ", ".join([*([repr(query)] if query else []), *(f"{name}={value!r}" for name, value in matchers.items())])
    many = f"{found.count} messages" if found.count > 1 else "message"
    first = f"no {many} {'matched ' + wanted if wanted else 'arrived'} within {timeout:g} s"
    return "\n".join([first, *_arrived(found, matchers), *_deferred(found.messages), *_refused(found)])


def _arrived(found: Found, matchers: Mapping[str, str]) -> list[str]:
    if not found.messages:
        return ["nothing else arrived" if found.count == 1 else "nothing arrived"]
    missed = {message: [*differences(message, matchers), *_terms(message, found.matched)] for message in found.messages}
    ranked = sorted(missed.items(), key=lambda pair: len(pair[1]))
    lines = [f"arrived ({len(ranked)}), nearest first:"]
    for message, reasons in ranked[:SHOWN]:
        lines.append(f"  {line_of(message)}")
        lines += [f"      {reason}" for reason in reasons]
    return lines


def _terms(message: Message, matched: Mapping[str, AbstractSet[str]]) -> list[str]:
    return [f"the query's {term} does not match it" for term, ids in matched.items() if message.id not in ids]


def line_of(message: Message) -> str:
    """A message in one line: sender, recipients, subject."""
    to = ", ".join(message.recipients[:3]) + (", …" if len(message.recipients) > 3 else "")
    return f"{message.sender or '<>'} -> {to}  {message.subject!r}"


def _deferred(messages: Sequence[Message]) -> list[str]:
    waiting = [
        f"  {one['address']}  {message.subject!r} until {one['due']}" + (f": {one['detail']}" if one["detail"] else "")
        for message in messages
        for one in message.listed["recipients"]
        if one["outcome"] == "deferred"
    ]
    return [f"deferred ({len(waiting)}):", *waiting[:SHOWN]] if waiting else []


def _refused(found: Found) -> list[str]:
    if not found.refused:
        return ["nothing was refused"]
    lines = [f"refused ({len(found.refused)}):"]
    left = dict(found.transcripts)
    for refusal in found.refused[:SHOWN]:
        lines.append(f"  {refusal}")
        lines += [f"      {refusal.remedy}"] if refusal.remedy else []
        lines += last_lines(left.pop(refusal.session, ""))
    return lines


def last_lines(transcript: str) -> list[str]:
    """The end of what was said, indented."""
    said = transcript.splitlines()
    cut = [f"      … {len(said) - LAST_LINES} lines before"] if len(said) > LAST_LINES else []
    return [*cut, *(f"      {line}" for line in said[-LAST_LINES:])]


def explain_unexpected(wanted: Mapping[str, str], found: Sequence[Message]) -> str:
    """Text for messages that were not to be there."""
    asked = ", ".join(f"{name}={value!r}" for name, value in wanted.items() if value)
    first = f"expected no message{' with ' + asked if asked else ''}, found {len(found)}:"
    return "\n".join([first, *(f"  {line_of(message)}" for message in found[:SHOWN])])


def explain_busy(timeout: float, sessions: Sequence[Session]) -> str:
    """Text for conversations that were still in the middle of sending."""
    lines = [f"can't tell that no message comes: after {timeout:g} s these are still sending ({len(sessions)}):"]
    for session in sessions[:SHOWN]:
        lines.append(f"  {session.provider} {session.channel} from {session.client}")
        lines += last_lines(session.transcript)
    return "\n".join(lines)
