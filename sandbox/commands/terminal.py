"""What the subcommands share at the terminal: mail made inert, tables, and one line for what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import click

_BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)
"""Characters that change the direction of the text around them, so that it reads as something else."""
_SEPARATORS = (0x2028, 0x2029)
_INERT: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x7F: "\u2421",
    **dict.fromkeys((*range(0x80, 0xA0), *_BIDI, *_SEPARATORS, *range(0xD800, 0xE000)), "\ufffd"),
}
_INERT_TEXT = {code: shown for code, shown in _INERT.items() if chr(code) not in "\n\t"}


def inert(text: str) -> str:
    """One line of foreign text that can't steer the terminal: control characters become visible signs."""
    return text.translate(_INERT)


def inert_text(text: str) -> str:
    """The same for text of several lines; line ends and tabs stay."""
    return text.replace("\r\n", "\n").translate(_INERT_TEXT)


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
