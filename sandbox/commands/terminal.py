"""What the subcommands share at the terminal: mail made inert, tables, and one line for what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import click

from sandbox.client.inert import inert, inert_text

__all__ = ["Failure", "columns", "failures", "inert", "inert_text"]


class Failure(click.ClickException):
    """Ends a command with one line on standard error and an exit status."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.exit_code = status  # type: ignore[misc]  # click's declaration; it is read from the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        click.echo(f"email-sandbox: {inert_text(self.format_message())}", file=file or sys.stderr)


@contextmanager
def failures(status: int, *kinds: type[Exception]) -> Iterator[None]:
    """Turn exceptions of these kinds into one line and an exit status."""
    try:
        yield
    except kinds as error:
        raise Failure(str(error), status) from error


def columns(rows: Sequence[Sequence[str]], *, indent: str = "") -> str:
    """Rows in aligned columns; the last one is not padded. Cells are made inert."""
    cells = [[inert(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        indent + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )
