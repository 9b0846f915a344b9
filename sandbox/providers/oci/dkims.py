"""DKIM keys: made here or brought along, active once their record is found in DNS."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.responses import Response

from sandbox.core.dkim import make_private_key, public_record
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.oci import activation, fields, lifecycle, managed, ocid, records, regions
from sandbox.wire.http import Exchange, Operation

PER_DOMAIN = 2
"""Keys of one domain; one of them is active."""
KEY_BITS = (1024, 4096)
KEY_LENGTH = 8_192
"""Characters of a key that is brought along."""
DELETING_SECONDS = 86_400.0
"""How long a deleted key stays, for mail that it signed and that is still on its way."""
_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
_CREATE = ("emailDomainId", "name", "description", "privateKey", *fields.TAG_FIELDS)
_UPDATE = ("description", *fields.TAG_FIELDS)


async def _details(_: Exchange, row: Resource) -> Mapping[str, Any]:
    names = ("lifecycleDetails", "dnsSubdomainName", "cnameRecordValue", "txtRecordValue")
    return {name: row.data.get(name) for name in names}


KIND = managed.Kind(
    name="dkim",
    collection="/dkims",
    parameter="dkimId",
    entity="emailDkim",
    operation="DKIM",
    states=("ACTIVE", "CREATING", "DELETING", "DELETED", "FAILED", "INACTIVE", "NEEDS_ATTENTION", "UPDATING"),
    summary=(
        "name", "emailDomainId", "compartmentId", "lifecycleState", "description", "timeCreated", "timeUpdated",
        "isImported", "keyLength",
    ),
    sorts=("TIMECREATED", "ID", "NAME"),
    locked=False,
    details=_details,
)  # fmt: skip


async def create(exchange: Exchange) -> Response:
    """A key for a domain; its record in DNS is what it then waits for."""
    if repeated := await managed.replayed(exchange, KIND):
        return repeated
    body = fields.json_object(exchange, _CREATE)
    domain = await _domain(exchange, fields.required_text(body, "emailDomainId"))
    own = await of_domain(exchange, domain.id)
    selector = _selector(exchange, body, domain, own)
    if sum(row.data["lifecycleState"] != "DELETING" for row in own) >= PER_DOMAIN:
        raise Refusal("https.400.limit")
    given = fields.text(body, "privateKey", KEY_LENGTH)
    private = await asyncio.to_thread(make_private_key) if given is None else given
    data = {
        "name": selector,
        "emailDomainId": domain.id,
        "compartmentId": domain.data["compartmentId"],
        "domainName": domain.key,
        "isImported": given is not None,
        **managed.common(body),
        **await asyncio.to_thread(_key_fields, private),
        **_dns_fields(domain.key, selector, regions.name(exchange.section.region)),
        "lifecycleState": "CREATING",
        "lifecycleDetails": "",
        **lifecycle.pending(exchange.account.clock.now() + managed.took(exchange), "NEEDS_ATTENTION"),
    }
    identifier = ocid.make(exchange.account.ids, "emaildkim", regions.name(exchange.section.region))
    row = records.record(exchange.account, KIND.name, identifier, f"{domain.key}/{selector.lower()}", data)
    return await managed.created(exchange, KIND, row)


async def of_domain(exchange: Exchange, domain: str) -> list[Resource]:
    """The keys of a domain, oldest first."""
    rows = await exchange.services.store.resources.all(exchange.account.id, "oci", KIND.name)
    return [row for row in rows if row.data.get("emailDomainId") == domain]


async def get(exchange: Exchange) -> Response:
    """One key, without its private half; `lifecycleDetails` say what it still needs."""
    row = await managed.named(exchange, KIND)
    await _look_again(exchange, row.data["emailDomainId"])
    return await managed.shown(exchange, KIND, await managed.named(exchange, KIND))


async def list_(exchange: Exchange) -> Response:
    """The keys of a domain."""
    domain = await _domain(exchange, exchange.query["emailDomainId"])
    await _look_again(exchange, domain.id)
    return await managed.page(exchange, KIND, await of_domain(exchange, domain.id))


async def update(exchange: Exchange) -> Response:
    """Replace the description or tags that are given."""
    row = await managed.named(exchange, KIND)
    changes = managed.common(fields.json_object(exchange, _UPDATE))
    return await managed.changed(exchange, KIND, row, changes)


async def delete(exchange: Exchange) -> Response:
    """Stop signing with the key; it is DELETING for about a day, and its record can still be looked up."""
    row = await managed.named(exchange, KIND)
    return await managed.deleted(exchange, KIND, row, lasts=DELETING_SECONDS)


async def _look_again(exchange: Exchange, domain: str) -> None:
    await activation.of_domains(exchange.services, exchange.account, [await _domain(exchange, domain)])


async def _domain(exchange: Exchange, identifier: str) -> Resource:
    found = await exchange.services.store.resources.get(exchange.account.id, "oci", "email-domain", identifier)
    if found is None:
        raise Refusal("https.404.not-found")
    return found


def _selector(exchange: Exchange, body: Mapping[str, Any], domain: Resource, own: list[Resource]) -> str:
    """The selector asked for, or one made of domain, region and date as the service suggests."""
    wanted = fields.optional_text(body, "name")
    if wanted:
        if not _SELECTOR.fullmatch(wanted) or ".." in wanted:
            raise Refusal("https.400.invalid-parameter", parameter="name")
        return wanted
    day = datetime.fromtimestamp(exchange.account.clock.now(), UTC).strftime("%Y%m%d")
    key = regions.label(regions.name(exchange.section.region))[:3]
    made = f"{domain.key.partition('.')[0][:40]}-{key}-{day}"
    taken = {row.data["name"] for row in own}
    return next(one for one in (made, *(f"{made}-{number}" for number in range(2, 99))) if one not in taken)


def _key_fields(private: str) -> dict[str, Any]:
    """What is kept of a private key (PEM); 400 InvalidParameter for one that is no RSA key of a sound length."""
    wrong = Refusal("https.400.invalid-parameter", parameter="privateKey")
    try:
        key = serialization.load_pem_private_key(private.encode("ascii"), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise wrong from error
    if not isinstance(key, rsa.RSAPrivateKey) or not KEY_BITS[0] <= key.key_size <= KEY_BITS[1]:
        raise wrong
    return {"privateKey": private, "keyLength": key.key_size, "txtRecordValue": public_record(private)}


def _dns_fields(domain: str, selector: str, region: str) -> dict[str, str]:
    """The record that the customer publishes: where, and what it points to."""
    return {
        "dnsSubdomainName": f"{selector}._domainkey.{domain}.",
        "cnameRecordValue": f"{selector}.{domain}.dkim.{regions.label(region)}.{regions.MAIL_DOMAIN}",
    }


OPERATIONS = (
    Operation(name="createDkim", method="POST", path="/dkims", call=create),
    Operation(name="getDkim", method="GET", path="/dkims/{dkimId}", call=get),
    Operation(name="listDkims", method="GET", path="/dkims", call=list_, required=("emailDomainId",)),
    Operation(name="updateDkim", method="PUT", path="/dkims/{dkimId}", call=update),
    Operation(name="deleteDkim", method="DELETE", path="/dkims/{dkimId}", call=delete),
)
