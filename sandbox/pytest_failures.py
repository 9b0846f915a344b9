"""What a failed test is shown of its sandbox: messages, refusals, transcripts; and the same as files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sandbox.client import Client, ClientError, Message, Session

SHOWN = 20
"""Messages and conversations in a report."""
LINES = 40
"""Lines of each transcript in a report."""
_COLUMN = 40


def describe(box: Client) -> str:
    """The section of pytest's report; never raises, since the test failed already."""
    try:
        messages = box.messages(limit=SHOWN)
        sessions = [box.session(session.id) for session in box.sessions(limit=SHOWN)]
        faults = [fault for fault in box.faults() if fault.fired]
    except ClientError as error:
        return f"the sandbox can't be asked: {error}"
    lines = [*_messages(messages), *_refusals(sessions)]
    lines += [f"forced: {fault}, {fault.fired} times" for fault in faults]
    return "\n".join([*lines, *_transcripts(sessions)])


def _messages(messages: Sequence[Message]) -> list[str]:
    if not messages:
        return ["no messages arrived"]
    rows = [("outcome", "from", "to", "subject")]
    for message in messages:
        outcome = str(message.listed.get("outcome", ""))
        rows.append((outcome, message.sender or "<>", ", ".join(message.recipients), message.subject))
    return [f"messages ({len(messages)}), newest first:", *table(rows), *_unlucky(messages)]


def _unlucky(messages: Sequence[Message]) -> list[str]:
    """What became of the recipients that did not get their message, and until when it is tried."""
    return [
        f"  {one['address']}, {message.subject!r}: {one['outcome']}"
        + (f" until {one['due']}" if one["due"] else "")
        + (f": {one['detail']}" if one["detail"] else "")
        for message in messages
        for one in message.listed["recipients"]
        if one["outcome"] != "delivered"
    ][:SHOWN]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with aligned columns; long values are cut."""
    cut = [[value if len(value) <= _COLUMN else value[: _COLUMN - 1] + "…" for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cut, strict=True)]
    return [
        "  " + "  ".join(f"{value:<{width}}" for value, width in zip(row, widths, strict=True)).rstrip() for row in cut
    ]


def _refusals(sessions: Sequence[Session]) -> list[str]:
    refusals = [refusal for session in sessions for refusal in reversed(session.refusals)]
    if not refusals:
        return ["nothing was refused"]
    lines = [f"refused ({len(refusals)}), newest first:"]
    for refusal in refusals:
        lines.append(f"  {refusal}")
        lines += [f"      {refusal.remedy}"] if refusal.remedy else []
    return lines


def _transcripts(sessions: Sequence[Session]) -> list[str]:
    lines: list[str] = []
    for session in sessions:
        lines.append(f"{session.provider} {session.channel} from {session.client}: {session.summary or 'still open'}")
        said = session.transcript.splitlines()
        lines += [f"  {line}" for line in said[:LINES]]
        lines += [f"  … {len(said) - LINES} more lines"] if len(said) > LINES else []
    return lines


def keep(box: Client, folder: str, test: str) -> str:
    """Write every message as `.eml` and every transcript as text into a folder for the test; says where."""
    target = Path(folder) / _name(test, 120)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for number, message in enumerate(reversed(box.messages()), start=1):
            (target / f"{number:03}-{_name(message.subject or 'message', 60)}.eml").write_bytes(message.raw)
        for number, session in enumerate(reversed(box.sessions()), start=1):
            whole = box.session(session.id)
            text = f"{whole.provider} {whole.channel} from {whole.client}: {whole.summary}\n{whole.transcript}\n"
            (target / f"session-{number:03}.txt").write_text(text, "utf-8")
        (target / "report.txt").write_text(describe(box) + "\n", "utf-8")
    except (ClientError, OSError) as error:
        return f"not everything could be kept in {target}: {error}"
    return f"messages and transcripts are in {target}"


def _name(text: str, longest: int) -> str:
    """A text as the name of a file on any system."""
    return re.sub(r"[^\w.=-]+", "-", text, flags=re.ASCII).strip(".-")[-longest:] or "message"
