"""Explains a wait that ended without the message: what arrived instead, and what was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.client.matching import differences
from sandbox.client.messages import Message
from sandbox.client.objects import Refused

SHOWN = 10
"""Messages and refusals that an explanation lists at most."""


def explain(
    query: str, matchers: Mapping[str, str], timeout: float, arrived: Sequence[Message], refused: Sequence[Refused]
) -> str:
    """Text for the person whose test just failed; the messages nearest to what was wanted come first."""
    wanted = ", ".join([*([repr(query)] if query else []), *(f"{name}={value!r}" for name, value in matchers.items())])
    first = f"no message {'matched ' + wanted if wanted else 'arrived'} within {timeout:g} s"
    return "\n".join([first, *_arrived(arrived, matchers), *_refused(refused)])


def _arrived(messages: Sequence[Message], matchers: Mapping[str, str]) -> list[str]:
    if not messages:
        return ["nothing else arrived"]
    ranked = sorted(((differences(message, matchers), message) for message in messages), key=lambda pair: len(pair[0]))
    lines = [f"arrived ({len(messages)}), nearest first:"]
    for missed, message in ranked[:SHOWN]:
        to = ", ".join(message.recipients[:3]) + (", …" if len(message.recipients) > 3 else "")
        lines.append(f"  {message.sender or '<>'} -> {to}  {message.subject!r}")
        lines += [f"      {difference}" for difference in missed]
    return lines


def _refused(refusals: Sequence[Refused]) -> list[str]:
    if not refusals:
        return ["nothing was refused"]
    lines = [f"refused ({len(refusals)}):"]
    for refusal in refusals[:SHOWN]:
        lines.append(f"  {refusal}")
        lines += [f"      {refusal.remedy}"] if refusal.remedy else []
    return lines
