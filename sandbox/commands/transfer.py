"""`export` and `import`: mail out of a sandbox into files, and from files into a sandbox."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from sandbox.commands.connected import connected
from sandbox.commands.terminal import Failure, failures
from sandbox.mailboxes import FORMATS, Letter, MailboxError, read, write

if TYPE_CHECKING:
    from sandbox.client import Client

T = TypeVar("T")
REPORT_SECONDS = 1.0


@click.command()
@click.argument("destination", type=click.Path(path_type=Path), metavar="DEST")
@click.argument("query", default="")
@click.option("--format", "form", type=click.Choice([*FORMATS]), required=True, help="What DEST becomes.")
@connected
def export(client: Client, destination: Path, query: str, form: str) -> None:
    """Write the messages that match QUERY, oldest first, to DEST: an empty folder, or a new file for mbox.

    The octets are those that were accepted. Beside them a file of JSON lines keeps what no format can hold: envelope,
    outcomes, read and tags; `import` reads it again.
    """
    done = 0
    with failures(1, MailboxError), write(form, destination) as writer:
        for message in _told(client.every(query), "exported"):
            writer.add(Letter(raw=message.raw, about=message.listed))
            done += 1
    click.echo(f"{_count(done)} exported to {destination}", err=True)


@click.command("import")
@click.argument("source", type=click.Path(exists=True, path_type=Path), nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice([*FORMATS]), help="What SOURCE is; else what it looks like.")
@click.option("--provider", help="Whose messages they become, where an export does not say; else the first's.")
@click.option("--tag", "tags", multiple=True, help="A tag for each of them.")
@connected
def import_(
    client: Client, source: tuple[Path, ...], form: str | None, provider: str | None, tags: tuple[str, ...]
) -> None:
    """Read .eml files, folders of them, mbox files and maildirs into the sandbox.

    Nothing is sent: they are stored as mail that had been accepted earlier, with the attribute "imported". Messages
    that the account has already, by their id in an export, are left out.
    """
    done = skipped = 0
    with failures(1, MailboxError):
        for letter in _told((letter for path in source for letter in read(path, form or "")), "imported"):
            about = {**letter.about, "tags": [*dict.fromkeys([*letter.about.get("tags", ()), *tags])]}
            about.setdefault("provider", provider)
            if _took(client, letter, about):
                done += 1
            else:
                skipped += 1
    known = f", {skipped} were there already" if skipped else ""
    click.echo(f"{_count(done)} imported{known}", err=True)


def _took(client: Client, letter: Letter, about: dict[str, object]) -> bool:
    """Import one message; False when it is there already."""
    from sandbox.client.errors import ApiError  # noqa: PLC0415 - with the client, which `--help` does not need

    try:
        client.take_in(letter.raw, about)
    except ApiError as error:
        if error.code == "imported-before":
            return False
        raise Failure(f"{letter.place}: {error}") from error
    return True


def _count(number: int) -> str:
    return f"{number} message{'' if number == 1 else 's'}"


def _told(items: Iterable[T], done: str) -> Iterator[T]:
    """The items; how many it were so far is shown now and then on a terminal."""
    shown = time.monotonic()
    number = 0
    for number, item in enumerate(items, 1):
        yield item
        if sys.stderr.isatty() and time.monotonic() - shown >= REPORT_SECONDS:
            shown = time.monotonic()
            click.echo(f"\r{_count(number)} {done} …", err=True, nl=False)
    if sys.stderr.isatty() and number:
        click.echo("\r", err=True, nl=False)
