"""IBM Cloud Event Notifications: its SMTP interface and the API that manages it, as one value."""

from __future__ import annotations

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
from sandbox.providers.ibm import regions
from sandbox.providers.ibm.provision import connection, provision
from sandbox.providers.ibm.rules import IbmRules
from sandbox.wire.provider import Provider, SmtpPersonality


def _region(section: Any) -> str:
    return regions.name(section.region)


def _catalog() -> Catalog:
    return load("ibm", resources.files(__name__).joinpath("errors.toml").read_text(encoding="utf-8"))


def _rules(services: Services, section: Any, permissive: bool) -> Rules:
    return IbmRules(services, section, permissive)


def _smtp(section: Any, region: str) -> SmtpPersonality:
    from sandbox.providers.ibm.smtp import personality  # noqa: PLC0415 - only a sandbox that speaks SMTP needs it

    return personality(section, region)


def _routes(services: Services, section: Any) -> Sequence[BaseRoute]:
    from sandbox.providers.ibm.api import routes  # noqa: PLC0415 - only a sandbox that speaks HTTP needs it

    return routes(services, section)


async def _delivered(
    services: Services, section: Any, account: Account, message: MessageRecord, raw: bytes, recipient: str
) -> DeliveredCopy:
    from sandbox.providers.ibm.delivered import delivered  # noqa: PLC0415 - cryptography waits for the first copy

    return await delivered(services, section, account, message, raw, recipient)


async def _names(services: Services, section: Any, account: Account, name: str, rtype: str) -> list[str] | None:
    from sandbox.providers.ibm.zones import names  # noqa: PLC0415 - the DNS library waits for the first question

    return await names(services, section, account, name, rtype)


async def _background(services: Services, section: Any) -> None:
    from sandbox.providers.ibm.verification import watch  # noqa: PLC0415 - the DNS library waits for the first look-up

    await watch(services, section)


PROVIDER = Provider(
    name="ibm",
    title="IBM Event Notifications",
    region=_region,
    catalog=_catalog,
    rules=_rules,
    smtp=_smtp,
    routes=_routes,
    provision=provision,
    connection=connection,
    names=_names,
    delivered=_delivered,
    background=_background,
)
