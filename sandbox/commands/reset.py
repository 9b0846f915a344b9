"""`reset`: start over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sandbox.commands.connected import connected

if TYPE_CHECKING:
    from sandbox.client import Client


@click.command()
@connected
def reset(client: Client) -> None:
    """Remove messages, events, sessions and faults; real time, and what the settings provision."""
    client.reset()
