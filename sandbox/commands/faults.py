"""`fault`: arm errors of the catalog, list them, disarm them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sandbox.commands.connected import connected
from sandbox.commands.terminal import columns

if TYPE_CHECKING:
    from sandbox.client import Client, Fault


@click.group()
def fault() -> None:
    """Force errors: any row of `email-sandbox errors`, for whom and how often you like."""


@fault.command()
@click.argument("error", metavar="ID")
@click.option("--sender", help="Only for this envelope sender; * and ? stand for anything.")
@click.option("--recipient", help="Only for this recipient.")
@click.option("--subject", help="Only for this subject.")
@click.option("--client", "peer", help="Only for this client, address:port.")
@click.option("--user", help="Only for this user.")
@click.option("--times", type=click.IntRange(1), help="How often; else until it is cleared.")
@click.option("--after", type=click.IntRange(0), help="Let this many occasions pass first.")
@click.option("--probability", type=click.FloatRange(0, 1), help="How surely, from 0 to 1.")
@click.option("--seed", help="Makes the chances of --probability the same every time.")
@click.option("--follows", metavar="FAULT", help="Only once this fault is used up.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="How long a delay lasts.")
@click.option("--bytes-per-second", type=click.IntRange(1), help="What a throttled connection carries.")
@click.option("--stage", help="Where it strikes; else the first stage of the row that fits.")
@connected
def add(client: Client, error: str, peer: str | None, **wish: Any) -> None:
    """Arm the error ID, such as oci.smtp.455.per-minute.

    In place of an error, ID may be something that is done to the connection: delay, throttle, drop-before, drop-after,
    tls-handshake.
    """
    given = {name: value for name, value in {**wish, "client": peer}.items() if value is not None}
    armed = client.add_fault(error, **given)
    click.echo(columns([_row(armed)]))


@fault.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@connected
def list_(client: Client, *, as_json: bool) -> None:
    """List the armed errors."""
    found = client.faults()
    if as_json:
        click.echo(json.dumps([asdict(item) for item in found], indent=2))
    elif found:
        click.echo(columns([_row(item) for item in found]))
    else:
        click.echo("no faults", err=True)


@fault.command()
@click.argument("fault_id", metavar="[FAULT]", required=False)
@connected
def clear(client: Client, fault_id: str | None) -> None:
    """Disarm one error by the id of its fault, or all."""
    if fault_id is None:
        client.clear_faults()
    else:
        client.remove_fault(fault_id)


def _row(item: Fault) -> tuple[str, ...]:
    match = " ".join(f"{name}={value}" for name, value in item.match.items()) or "everyone"
    often = "always" if item.times is None else f"{item.times} times"
    surely = "" if item.probability == 1 else f"probability {item.probability:g}"
    later = f"after {item.after}" if item.after else ""
    detail = " ".join(part for part in (often, later, surely) if part)
    return item.id, item.error, item.stage, match, detail, f"fired {item.fired}"
