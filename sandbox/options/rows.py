"""The settings table, flattened: one row for each key, with its names in the file, as a flag and as a variable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, get_type_hints

from sandbox.settings import Section, Settings, section_of


@dataclass(frozen=True, kw_only=True)
class Row:
    """One setting under all its names."""

    section: str
    """Name of the section in the file; empty for the top level."""
    name: str
    default: Any
    about: str
    choices: Sequence[str] = ()
    unit: str = ""
    least: float | None = None
    most: float | None = None
    keys: Sequence[str] = ()
    pattern: str = ""
    example: str = ""
    secret: bool = False

    @property
    def hint(self) -> Any:
        """The type annotation of the field; evaluated with those of its section, when one of them is first wanted."""
        return _hints(self.section)[self.name]

    @property
    def key(self) -> str:
        """The dotted key: `oci.region`."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def flag(self) -> str:
        """The command line's name: `--oci-region`."""
        return "--" + self.key.replace(".", "-").replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment's name: `EMAIL_SANDBOX_OCI_REGION`."""
        return "EMAIL_SANDBOX_" + self.key.replace(".", "_").upper()


@dataclass(frozen=True, kw_only=True)
class Alias:
    """One name that sets the same row in every section that has it; a row's own name wins over it."""

    name: str
    about: str

    @property
    def key(self) -> str:
        """The key, which is at the top level."""
        return self.name

    @property
    def flag(self) -> str:
        """The command line's name."""
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        """The environment's name."""
        return f"EMAIL_SANDBOX_{self.name.upper()}"

    def rows(self) -> list[Row]:
        """The rows that it sets."""
        return [row for row in ROWS if row.section not in ("", "port") and row.name == self.name]


@cache
def _hints(section: str) -> dict[str, Any]:
    return get_type_hints(SECTIONS.get(section, Settings))


def _flatten(owner: type[Section], section: str = "") -> Iterator[Row]:
    for item in fields(owner):
        inner = section_of(item)
        if inner is None:
            yield Row(section=section, name=item.name, **item.metadata)
        else:
            yield from _flatten(inner, item.name)


ROWS: Sequence[Row] = tuple(_flatten(Settings))
"""Every setting, in the order of the table."""

SECTIONS: dict[str, type[Section]] = {item.name: inner for item in fields(Settings) if (inner := section_of(item))}
"""The sections of the file by name."""

ALIASES: Sequence[Alias] = (
    Alias(name="region", about="region of every provider at once"),
    Alias(name="limits", about="sending limits of every provider at once: trial, paid or unlimited"),
    Alias(name="dns", about="which domains exist: any, zones or system"),
)
