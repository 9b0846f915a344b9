"""`tui`: the inspector in the terminal, attached to a running sandbox."""

from __future__ import annotations

from importlib import import_module

import click

from sandbox.client import DEFAULT_URL

INSPECTOR = "sandbox_ui.tui.app"
"""Imported when it is to be shown, and by name: only this program needs what draws it."""


@click.command()
@click.option("--url", envvar="EMAIL_SANDBOX_URL", default=DEFAULT_URL, show_default=True, help="The running sandbox.")
@click.option("--account", envvar="EMAIL_SANDBOX_ACCOUNT", help="An isolated account; else the ready-made one.")
@click.option("--ca-file", help="The sandbox's CA, for an https: URL.")
def tui(url: str, account: str | None, ca_file: str | None) -> None:
    """Look into a running sandbox: mail as it arrives, refusals and why, errors to force, the clock.

    Waits for the sandbox when it does not run yet, and comes back with it when it restarts.
    """
    show(url, account, ca_file)


def show(url: str, account: str | None = None, ca_file: str | None = None) -> None:
    """Run the inspector until the user quits."""
    import_module(INSPECTOR).run(url, account, ca_file=ca_file)
