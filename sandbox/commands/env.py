"""`env`: client settings to paste or `eval`, filled with the running sandbox's listeners and credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sandbox import recipes
from sandbox.commands.connected import connected
from sandbox.commands.terminal import Failure
from sandbox.options.layers import known_providers

if TYPE_CHECKING:
    from sandbox.client import Client


@click.command()
@click.option("--provider", help="The provider to point at; else the first that runs.")
@click.option("--for", "tool", default="shell", show_default=True, help="The program or library; `list` names them.")
@connected
def env(client: Client, provider: str | None, tool: str) -> None:
    """Print client settings: shell exports by default, or a recipe for a program or library.

    For a shell: eval "$(email-sandbox env)"
    """
    if provider is not None and provider not in known_providers():
        raise Failure(f"there is no provider {provider!r}; known: {', '.join(known_providers())}", 2)
    connection = client.connection()
    provider = provider or next(name for name in connection if name in known_providers())
    if tool == "list":
        click.echo("\n".join(recipes.names(provider)))
        return
    try:
        text = recipes.template(provider, tool)
    except KeyError:
        known = ", ".join(recipes.names(provider))
        raise Failure(f"there is no recipe for {tool!r}; known: {known}", 2) from None
    if provider not in connection:
        raise Failure(f"the sandbox does not run the provider {provider!r}", 2)
    click.echo(recipes.fill(text, recipes.values(connection, provider)), nl=False)
