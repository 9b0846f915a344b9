"""What each tab of a message says, as lines: from the API's object or from octets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandbox_ui.tui import words
from sandbox_ui.tui.html_text import html_lines
from sandbox_ui.tui.messages import Item
from sandbox_ui.tui.painted import Cell
from sandbox_ui.tui.reader import Line

SHOWN = 300_000
"""Characters of one text that are shown; all of it can be saved and opened in the editor."""


def text(message: Item) -> Sequence[Line]:
    """The plain text, as sent."""
    found = str(message.get("text") or "")
    if not found:
        return [[Cell("no text part" + (": the html tab has what was sent" if message.get("html") else ""), "faint")]]
    return plain(found)


def plain(found: str) -> Sequence[Line]:
    """Text as lines, with a note where it was cut."""
    lines: list[Line] = [[Cell(line)] for line in found[:SHOWN].replace("\r\n", "\n").split("\n")]
    if len(found) > SHOWN:
        rest = words.size(len(found) - SHOWN)
        lines.append([Cell(f"… {rest} more: w saves all of it, e opens it in the editor", "warn")])
    return lines


def html(message: Item) -> Sequence[Line]:
    """The HTML as text."""
    found = str(message.get("html") or "")
    if not found:
        return [[Cell("no HTML part", "faint")]]
    remote = message.get("remote_content") or []
    note: list[Line] = [[Cell(f"loads {len(remote)} remote addresses; nothing is loaded here", "warn")], []]
    return [*(note if remote else []), *html_lines(found[:SHOWN])]


def headers(message: Item) -> Sequence[Line]:
    """Every header field in order, decoded."""
    return [[Cell(f"{name}: ", "accent"), Cell(str(value))] for name, value in message["headers"]]


def compatibility(found: Item) -> Sequence[Line]:
    """What its HTML uses that some mail programs lack."""
    lines: list[Line] = []
    for note in found["items"]:
        often = f"  {note['uses']} times" if note["uses"] > 1 else "  once"
        lines.append([Cell(note["title"], "accent"), Cell(often, "faint")])
        for word, kind, names in (("lacking", "bad", note["lacking"]), ("partly", "warn", note["partly"])):
            if names:
                lines.append([Cell(f"  {word}: ", "faint"), Cell(", ".join(names), kind)])
    said = [] if lines else [[Cell("nothing in it that one of the known mail programs lacks", "good")]]
    return [*lines, *said, [], [Cell(f"by the data of Can I email of {found['as_of']}", "faint")]]


def structure(message: Item) -> Sequence[Line]:
    """The MIME tree."""
    return [_part(one) for one in message["structure"]] + [
        [Cell(f"! {problem}", "warn")] for problem in message["problems"]
    ]


def _part(one: Mapping[str, Any]) -> Line:
    details = [one["charset"], one["encoding"], words.size(one["size"]) if one["n"] is not None else ""]
    number = f"{one['n']}  " if one["n"] is not None else ""
    return [
        Cell("  " * min(int(one["depth"]), 40) + ("└ " if one["depth"] else "")),
        Cell(number, "faint"),
        Cell(str(one["content_type"]), "strong"),
        Cell("  " + "  ".join(str(detail) for detail in details if detail), "faint"),
        Cell(f"  {one['filename']}" if one["filename"] else "", "accent"),
    ]


def octets(raw: bytes) -> Sequence[Line]:
    """The source: octets as UTF-8, what isn't is marked."""
    return plain(raw.decode("utf-8", "replace"))


def recipients(message: Item) -> Sequence[Line]:
    """What became of each recipient, and the events on the way."""
    return [line for one in message["recipients"] for line in _recipient(one)]


def _recipient(one: Item) -> Iterator[Line]:
    due = f"  next attempt {words.day_time(one['due'])}" if one["due"] else ""
    yield [Cell(f"{one['address']}  ", "strong"), words.outcome(one["outcome"]), Cell(due, "warn")]
    if one["detail"]:
        yield [Cell(f"  {one['detail']}")]
    for event in one.get("events", ()):
        reply = event["data"].get("reply") or event["data"].get("detail") or ""
        yield [Cell(f"  {words.clock_time(event['at'])}  ", "faint"), Cell(event["type"]), Cell(f"  {reply}", "faint")]
    yield []


def verdicts(message: Item) -> Sequence[Line]:
    """DKIM, SPF and DMARC with their reasons, and the records that would mend them."""
    found = message["authentication"]
    if not any(found.values()):
        return [[Cell("no verdict: nothing was delivered so far", "faint")]]
    return [line for name, verdict in found.items() if verdict for line in _verdict(name, verdict)]


_TOLD = ("domain", "selector", "address", "record", "policy", "disposition", "aligned", "aligned_by")


def _verdict(name: str, verdict: Item, indent: str = "") -> Iterator[Line]:
    heading = Cell(f"{indent}{name}  ", "" if indent else "strong")
    yield [heading, words.result(str(verdict["result"])), Cell(f"  {verdict['reason']}")]
    told = [
        f"{key.replace('_', ' ')}: {_said(verdict[key])}" for key in _TOLD if verdict.get(key) not in (None, "", [])
    ]
    if told:
        yield [Cell(f"{indent}  {'   '.join(told)}", "faint")]
    for signature in verdict.get("signatures", ()):
        yield from _verdict("signature", signature, indent + "  ")
    for record in verdict.get("publish", ()):
        yield [Cell(f"{indent}  publish  ", "accent"), Cell(f"{record['name']}  {record['type']}  {record['value']}")]
    if not indent:
        yield []


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def transcript(attempt: Item) -> Sequence[Line]:
    """A conversation: what was refused and why, then everything that was said."""
    refused = [line for refusal in attempt["refusals"] for line in refusal_lines(refusal)]
    said = [_said_line(line) for line in attempt.get("lines", ())]
    return [*refused, *said]


_SIDES = {"client": ("C: ", ""), "server": ("S: ", "accent"), "sandbox": ("#  ", "faint")}


def _said_line(line: Item) -> Line:
    mark, kind = _SIDES.get(line["side"], ("#  ", "faint"))
    return [Cell(f"{words.clock_time(line['at'])} ", "faint"), Cell(mark, kind), Cell(str(line["text"]), kind)]


def answer(refusal: Item) -> str:
    """What a refused client was sent; over SMTP the text begins with the status already."""
    status, said = str(refusal["status"]), str(refusal["text"])
    return said if said.startswith(status) else f"{status} {said}"


def refusal_lines(refusal: Item) -> Iterator[Line]:
    """A refusal: what was sent, the catalog's row, what triggers it and what would have passed."""
    how = "forced: " if refusal["forced"] else ""
    yield [Cell("✗ ", "bad"), Cell(answer(refusal), "bad")]
    yield [Cell(f"  {how}{refusal['error']}", "strong"), Cell(f"  at {refusal['stage']}", "faint")]
    for label, name in (("why", "trigger"), ("to pass", "remedy")):
        if refusal.get(name):
            yield [Cell(f"  {label}: ", "faint"), Cell(str(refusal[name]))]
    yield []


def reply(row: Item) -> str:
    """What a row of the catalog says; a code that its text has already is not said twice."""
    code, said = str(row["code"]), str(row["text"])
    return said if said.startswith(code) else f"{code} {said}"


def entry(row: Item) -> Sequence[Line]:
    """A row of the error catalog."""
    told = (
        ("reply", f"{row['status']} {reply(row)}"),
        ("means", row["description"] or row["title"]),
        ("trigger", row["trigger"]),
        ("to pass", row["remedy"]),
        ("only forced", row["unprovoked"]),
        ("at", ", ".join(row["stages"])),
        ("recipient", row["magic_recipient"] or ""),
        ("evidence", f"{row['evidence']}, {row['source']}"),
    )
    head: list[Line] = [[Cell(str(row["id"]), "accent")]]
    return head + [[Cell(f"{name:>11}  ", "faint"), Cell(str(value))] for name, value in told if value]
