"""`clock`: show, move and reset the account's clock, which quotas, retries and expiry follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from sandbox.commands.connected import connected

if TYPE_CHECKING:
    from sandbox.client import Client


class ShowingGroup(click.Group):
    """A group that shows when no subcommand is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `show` in front of nothing, or of options that are its own."""
        bare = not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        return super().parse_args(ctx, ["show", *args] if bare else args)


@click.group(cls=ShowingGroup)
def clock() -> None:
    """Show or move the account's clock; without a subcommand, show it."""


@clock.command()
@connected
def show(client: Client) -> None:
    """Print the account's present time."""
    _print(client.clock())


@clock.command()
@click.argument("duration")
@connected
def advance(client: Client, duration: str) -> None:
    """Move forward by DURATION: 90s, 15m, 24h, 1d12h. What becomes due on the way is done."""
    _print(client.advance(duration))


@clock.command("set")
@click.argument("moment")
@connected
def set_(client: Client, moment: str) -> None:
    """Make MOMENT the present, such as 2026-01-31T12:00:00Z."""
    _print(client.set_clock(moment))


@clock.command()
@connected
def reset(client: Client) -> None:
    """Return to real time."""
    _print(client.reset_clock())


def _print(state: Mapping[str, Any]) -> None:
    offset = float(state.get("offset", 0))
    moved = f"  ({offset:+g} s from real time)" if abs(offset) >= 0.001 else "  (real time)"
    click.echo(f"{state['now']}{moved}")
