"""Gives a subcommand its client: `--url`, `--account`, and a clear line when nothing answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from sandbox.client import DEFAULT_URL, Client
from sandbox.client.errors import ClientError, UnreachableError
from sandbox.commands.terminal import Failure


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Call `command` with a client as its first argument; what the sandbox refuses ends it with status 1."""

    @click.option(
        "--url", envvar="EMAIL_SANDBOX_URL", default=DEFAULT_URL, show_default=True, help="The running sandbox."
    )
    @click.option("--account", envvar="EMAIL_SANDBOX_ACCOUNT", help="An isolated account; else the ready-made one.")
    @wraps(command)
    def with_client(*args: Any, url: str, account: str | None, **options: Any) -> None:
        with Client(url, account) as client:
            try:
                command(client, *args, **options)
            except UnreachableError as error:
                raise Failure(f"{error}; start one with: email-sandbox serve, or name another with --url", 2) from error
            except ClientError as error:
                raise Failure(str(error)) from error

    return with_client
