"""Oracle Cloud identifiers: making them and telling one type from another."""

from __future__ import annotations

import re

from sandbox.core.ids import Ids

REALM = "oc1"
_SHAPE = re.compile(r"ocid1\.([a-z0-9]+)\.([a-z0-9-]+)\.([a-z0-9-]*)\.(?:[a-z0-9-]*\.)?[a-z0-9]+", re.IGNORECASE)


def make(ids: Ids, kind: str, region: str = "") -> str:
    """A new identifier: `ocid1.user.oc1..aaaaaaaa…`, with the region for types that live in one.

    The unique part has 60 characters of base32; regional types begin with `amaaaaaa`, global ones with `aaaaaaaa`.
    """
    head = "amaaaaaa" if region else "aaaaaaaa"
    return f"ocid1.{kind}.{REALM}.{region}.{head}{ids.base32(52)}"


def kind(ocid: str) -> str:
    """The type that an identifier names, `tenancy` or `emailsender`; empty when it is none."""
    match = _SHAPE.fullmatch(ocid)
    return match[1].lower() if match else ""
