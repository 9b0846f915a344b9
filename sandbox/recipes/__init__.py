"""Client settings for programs and libraries: one template a file, filled with listeners and credentials."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any
from urllib.parse import quote

_PLACE = re.compile(r"\{\{(\w+)(?:\|(\w+))?\}\}")
_FORMS: Mapping[str, Callable[[str], str]] = {
    "shell": shlex.quote,
    "string": json.dumps,
    "single": lambda value: "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'",
    "dotenv": lambda value: re.sub(r'(["$\\])', r"\\\1", value),
    "uri": lambda value: quote(value, safe=""),
    "quoted": lambda value: value.replace("\\", "\\\\").replace('"', '\\"'),
    "exim": lambda value: value.replace("\\", "\\\\").replace("$", "\\$").replace("^", "^^").replace(":", "::"),
    "property": lambda value: value.replace("\\", "\\\\").replace("\n", "\\n"),
}
"""How a value is written so that the format around it reads it back: `{{password|shell}}`."""
SUBMISSION = 587
"""The provider's port whose listener recipes name."""
COMMON = "smtp"
"""Folder of the recipes that fit every provider's SMTP; a provider's own of the same name is taken before them."""
_LOOPBACK = frozenset({"127.0.0.1", "::1"})


def _folders(provider: str) -> list[Traversable]:
    here = resources.files(__name__)
    return [folder for folder in (here / provider, here / COMMON) if folder.is_dir()]


def names(provider: str) -> list[str]:
    """The tools that there are recipes for."""
    files = (file.name for folder in _folders(provider) for file in folder.iterdir())
    return sorted({name.removesuffix(".txt") for name in files if name.endswith(".txt")})


def template(provider: str, name: str) -> str:
    """The text of a recipe; `KeyError` when there is none."""
    for folder in _folders(provider):
        file = folder / f"{name}.txt"
        if name in names(provider) and file.is_file():
            return file.read_text("utf-8")
    raise KeyError(name)


def fill(text: str, values: Mapping[str, str]) -> str:
    """A recipe with its places filled; `KeyError` names a place without a value."""

    def value(match: re.Match[str]) -> str:
        found = values[match[1]]
        return _FORMS[match[2]](found) if match[2] else found

    return _PLACE.sub(value, text)


def values(connection: Mapping[str, Any], provider: str) -> dict[str, str]:
    """What recipes may name, from the ready file's shape."""
    own = connection[provider]
    listeners = own["smtp"]
    chosen = next((item for item in listeners if item.get("stands_for") == SUBMISSION), listeners[0])
    implicit = next((item for item in listeners if item["tls"] == "implicit"), chosen)
    host = str(chosen["host"])
    plain = {name: str(value) for name, value in own.items() if not isinstance(value, list | dict)}
    return {
        **plain,
        "host": host,
        "name": "localhost" if host in _LOOPBACK else host,  # some programs look for no address in a certificate
        "port": str(chosen["port"]),
        "implicit_port": str(implicit["port"]),
        "username": plain["smtp_username"],
        "password": plain["smtp_password"],
        "sender": plain.get("sender") or plain.get("approved_sender", ""),
        "http": str(connection["http"]),
        "https": str(connection["https"]),
        "ca_file": str(connection["ca_file"]),
    }
