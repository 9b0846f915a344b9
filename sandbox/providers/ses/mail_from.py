"""Custom MAIL FROM domains: the domain of return paths below an identity's own, once its records are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.core.model import Resource
from sandbox.providers.ses.identity import SUCCESS

if TYPE_CHECKING:
    from sandbox.providers.ses.review import Case


async def check(case: Case, sender: Resource | None) -> None:
    """Refuse mail of an identity whose MAIL FROM domain does not work and that wants no other."""
    chosen = sender.data.get("mail_from", {}) if sender else {}
    if not case.permissive and chosen.get("on_failure") == "REJECT_MESSAGE" and chosen.get("status") != SUCCESS:
        raise case.refuse("mail-from")


def domain(sender: Resource | None) -> str:
    """The domain for return paths that works; empty when the service's own is used."""
    chosen = sender.data.get("mail_from", {}) if sender else {}
    return str(chosen["domain"]) if chosen.get("status") == SUCCESS else ""
