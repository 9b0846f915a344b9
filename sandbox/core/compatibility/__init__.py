"""Which mail programs lack what a message's HTML and CSS use, by the table of features beside this file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from sandbox.core.compatibility.used import Use, used

_TITLES = {"element": "<{}>", "attribute": "{}=", "unit": "unit {}", "function": "{}…)"}


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A row of the table."""

    id: str
    kind: str
    """One of the kinds of `Use`."""
    names: Sequence[str]
    """What is looked for, in lower case."""
    lacking: Sequence[str]
    """Programs that ignore or remove it."""
    partly: Sequence[str]
    """Programs that have it under conditions, or with mistakes."""

    @property
    def title(self) -> str:
        """What an author knows it as."""
        return _TITLES.get(self.kind, "{}").format(self.names[0])


@dataclass(frozen=True, kw_only=True)
class Table:
    """What is known, from where and of when."""

    source: str
    as_of: str
    clients: Sequence[str]
    features: Sequence[Feature]


@dataclass(frozen=True, kw_only=True)
class Note:
    """A feature that a message uses and some programs lack."""

    feature: Feature
    uses: int


@cache
def table() -> Table:
    """The table of features, read once."""
    found = json.loads(resources.files(__name__).joinpath("features.json").read_text("utf-8"))
    features = [_feature(row) for row in found["features"]]
    return Table(source=found["source"], as_of=found["as_of"], clients=tuple(found["clients"]), features=features)


def _feature(row: Mapping[str, Any]) -> Feature:
    ((kind, names),) = row["find"].items()
    if isinstance(names, Mapping):  # a property with one of these values
        names = [f"{name}: {value}" for name, values in names.items() for value in values]
    found = [names] if isinstance(names, str) else names
    return Feature(id=row["id"], kind=kind, names=found, lacking=tuple(row["lacking"]), partly=tuple(row["partly"]))


def notes(html: str) -> Sequence[Note]:
    """What an HTML part uses that some programs lack, what most of them lack first."""
    there: Mapping[Use, int] = used(html)
    found = [
        Note(feature=feature, uses=uses)
        for feature in table().features
        if (uses := sum(there.get((feature.kind, name), 0) for name in feature.names))
    ]
    return sorted(found, key=lambda note: (-len(note.feature.lacking), -len(note.feature.partly), note.feature.id))
