"""`simulate` and `rule`: what happens to mail after it was accepted."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sandbox.commands.connected import connected
from sandbox.commands.terminal import columns, inert

if TYPE_CHECKING:
    from sandbox.client import Client
    from sandbox.client.objects import Rule

EVENTS = ("complaint", "unsubscribe", "bounce", "soft-bounce", "open", "click")
OUTCOMES = ("delivered", "blackholed", "hard_bounced", "deferred")


@click.command()
@click.argument("event", type=click.Choice(EVENTS))
@click.argument("message", metavar="MESSAGE")
@click.argument("recipient", metavar="RECIPIENT")
@connected
def simulate(client: Client, event: str, message: str, recipient: str) -> None:
    """Let EVENT happen to RECIPIENT of the message with the id MESSAGE, after its delivery.

    What follows from it happens too: the suppression, the bounce or complaint report, the callbacks.
    """
    done = client.simulate(event, message, recipient)
    suppressed = ", now suppressed" if done.suppressed else ""
    click.echo(inert(f"{done.recipient}: {done.detail} ({done.outcome}{suppressed})"))


@click.group()
def rule() -> None:
    """Decide what becomes of mail after it was accepted."""


@rule.command()
@click.option("--recipient", help="Only for this recipient; * and ? stand for anything.")
@click.option("--sender", help="Only for this envelope sender.")
@click.option("--subject", help="Only for this subject.")
@click.option("--header", "headers", multiple=True, metavar="NAME=PATTERN", help="Only with this header; repeatable.")
@click.option("--outcome", type=click.Choice(OUTCOMES), help="What becomes of it; follows from --reply.")
@click.option("--reply", help='The remote reply, such as "452 4.2.2 Mailbox full".')
@click.option("--delay", help="For a deferral: when to try again, such as 10m.")
@click.option("--attempts", type=click.IntRange(1), help="For how many attempts; else for all.")
@click.option("--then", type=click.Choice(EVENTS), help="What happens after delivery.")
@click.option("--after", help="How long after delivery, such as 1h.")
@connected
def add(client: Client, headers: tuple[str, ...], **wish: Any) -> None:
    """Add a rule; it is tried before those added earlier."""
    given = {name: value for name, value in wish.items() if value is not None}
    if headers:
        given["headers"] = dict(header.partition("=")[::2] for header in headers)
    click.echo(columns([_row(client.rules.add(**given))]))


@rule.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@connected
def list_(client: Client, *, as_json: bool) -> None:
    """List the rules in the order in which they are tried."""
    found = client.rules.all()
    if as_json:
        click.echo(json.dumps([asdict(item) for item in found], indent=2))
    elif found:
        click.echo(columns([_row(item) for item in found]))
    else:
        click.echo("no rules", err=True)


@rule.command()
@click.argument("rule_id", metavar="[RULE]", required=False)
@connected
def clear(client: Client, rule_id: str | None) -> None:
    """Remove one rule by its id, or all."""
    if rule_id is None:
        client.rules.clear()
    else:
        client.rules.remove(rule_id)


def _row(item: Rule) -> tuple[str, ...]:
    patterns = {"recipient": item.recipient, "sender": item.sender, "subject": item.subject, **item.headers}
    match = " ".join(f"{name}={pattern}" for name, pattern in patterns.items() if pattern != "*") or "everything"
    often = "always" if item.attempts is None else f"{item.attempts} attempts"
    then = f"then {item.then} after {item.after:g} s" if item.then else ""
    return item.id, match, item.reply, often, then
