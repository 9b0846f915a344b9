"""Amazon SES: SMTP, API v1 and API v2, as one value."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib import resources
from typing import Any

from starlette.routing import BaseRoute

from sandbox.core.accounts import Account
from sandbox.core.catalog import Catalog, load
from sandbox.core.delivered_copy import DeliveredCopy
from sandbox.core.model import MessageRecord
from sandbox.core.policy import Rules
from sandbox.core.services import Services
from sandbox.providers.ses.provision import connection, provision
from sandbox.providers.ses.rules import SesRules
from sandbox.providers.ses.simulator import outcome
from sandbox.wire.provider import Provider, SmtpPersonality

_CATALOGS = ("errors.toml", "errors-content.toml", "errors-rest.toml")


def _region(section: Any) -> str:
    return str(section.region)


def _catalog() -> Catalog:
    folder = resources.files(__name__)
    texts = [folder.joinpath(name) for name in _CATALOGS]
    return load("ses", "\n".join(text.read_text(encoding="utf-8") for text in texts if text.is_file()))


def _rules(services: Services, section: Any, permissive: bool) -> Rules:
    return SesRules(services, section, permissive)


def _smtp(section: Any, region: str) -> SmtpPersonality:
    from sandbox.providers.ses.smtp import personality  # noqa: PLC0415 - only a sandbox that speaks SMTP needs it

    return personality(section, region)


def _routes(services: Services, section: Any) -> Sequence[BaseRoute]:
    from sandbox.providers.ses.api import routes  # noqa: PLC0415 - only a sandbox that speaks HTTP needs it

    return routes(services, section)


async def _background(services: Services, section: Any) -> None:
    from sandbox.providers.ses.events import publishing  # noqa: PLC0415 - not for those who only look at the catalog
    from sandbox.providers.ses.receiving import processing  # noqa: PLC0415

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(publishing.run(services, section), name="events")
        tasks.create_task(processing.background(services, section), name="receiving")


async def _delivered(
    services: Services, section: Any, account: Account, message: MessageRecord, raw: bytes, recipient: str
) -> DeliveredCopy:
    from sandbox.providers.ses.delivered import delivered  # noqa: PLC0415 - cryptography waits for the first copy

    return await delivered(services, section, account, message, raw, recipient)


async def _names(services: Services, section: Any, account: Account, name: str, rtype: str) -> list[str] | None:
    from sandbox.providers.ses.zones import names  # noqa: PLC0415 - the DNS library waits for the first question

    return await names(services, section, account, name, rtype)


PROVIDER = Provider(
    name="ses",
    title="Amazon SES",
    region=_region,
    catalog=_catalog,
    rules=_rules,
    smtp=_smtp,
    routes=_routes,
    provision=provision,
    background=_background,
    connection=connection,
    names=_names,
    delivered=_delivered,
    outcome=outcome,
)
