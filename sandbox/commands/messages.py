"""`messages`, `show` and `wait`: look at mail and wait for it, for people and for shell scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sandbox.commands.connected import connected
from sandbox.commands.terminal import columns, inert, inert_text

if TYPE_CHECKING:
    from sandbox.client import Client, Message


@click.command()
@click.argument("query", default="")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Messages at most.")
@click.option("--json", "as_json", is_flag=True, help="Print the inspection API's objects.")
@connected
def messages(client: Client, query: str, limit: int, *, as_json: bool) -> None:
    """List messages that match QUERY, newest first.

    A query is words, and fields such as from:noreply@example.com, rcpt:ann@example.net, subject:"Reset password".
    """
    _print_list(client.messages(query, limit=limit), as_json=as_json)


@click.command()
@click.argument("query", default="")
@click.option("--timeout", type=click.FloatRange(0), default=30.0, show_default=True, help="Seconds.")
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="Messages to wait for.")
@click.option("--json", "as_json", is_flag=True, help="Print the inspection API's objects.")
@connected
def wait(client: Client, query: str, timeout: float, count: int, *, as_json: bool) -> None:
    """Wait until messages match QUERY; those already there count.

    Exit status 1 at the time-out, with what did arrive and what was refused on standard error.
    """
    _print_list(client.wait(query, timeout=timeout, count=count), as_json=as_json)


@click.command()
@click.argument("message_id", metavar="ID")
@click.option("--raw", is_flag=True, help="Print the octets as accepted.")
@click.option("--json", "as_json", is_flag=True, help="Print the inspection API's object.")
@connected
def show(client: Client, message_id: str, *, raw: bool, as_json: bool) -> None:
    """Show the message ID: envelope, what became of it, headers, text."""
    message = client.message(message_id)
    if raw:
        _print_octets(message.raw)
    elif as_json:
        click.echo(json.dumps(message.data, indent=2))
    else:
        click.echo(_describe(message))


def _print_list(found: Sequence[Message], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([message.listed for message in found], indent=2))
    elif found:
        click.echo(columns([_row(message) for message in found]))
    else:
        click.echo("no messages", err=True)


def _row(message: Message) -> tuple[str, ...]:
    to = message.recipients
    more = f" +{len(to) - 1}" if len(to) > 1 else ""
    data = message.listed
    return (
        message.id,
        str(data.get("outcome", "")),
        message.sender or "<>",
        (to[0] if to else "") + more,
        message.subject,
    )


def _print_octets(octets: bytes) -> None:
    """Exactly as accepted to a file or pipe; made inert on a terminal."""
    if sys.stdout.isatty():
        click.echo(inert_text(octets.decode("utf-8", "replace")), nl=False)
    else:
        click.echo(octets, nl=False)


def _describe(message: Message) -> str:
    data = message.data
    envelope: list[tuple[str, str]] = [
        ("message", f"{message.id}  {message.size} bytes  {message.provider} {message.channel}"),
        ("from", message.sender or "<>"),
        *(("to", _recipient(item)) for item in data["recipients"]),
        *(("attached", f"{part.filename or '(no name)'}  {part.content_type}") for part in message.attachments),
    ]
    headers = [f"{inert(name)}: {inert(value)}" for name, value in message.headers]
    body = message.text or message.html or "(no text)"
    return "\n".join([columns(envelope), "", *headers, "", inert_text(body).rstrip("\n")])


def _recipient(item: dict[str, Any]) -> str:
    detail = f": {item['detail']}" if item.get("detail") else ""
    return f"{item['address']}  {item['outcome']}{detail}"
