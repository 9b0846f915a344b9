"""SMTP configurations: create, list, read, change, delete, verify, and which addresses may connect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from sandbox.core.clock import to_iso
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ibm import fields, listing, networks, records, signing_keys, verification
from sandbox.providers.ibm.answers import answer
from sandbox.providers.ibm.zones import spf_value
from sandbox.wire.http import Exchange, Operation

CONFIGS = "/{instance_id}/smtp/config"
CONFIG = CONFIGS + "/{id}"
SUBNETS = 1000


async def create(exchange: Exchange) -> Response:
    """POST …/smtp/config."""
    wish, account = fields.body(exchange), exchange.account
    name, description = fields.text(wish, "name"), fields.optional_text(wish, "description", least=0)
    domain = fields.text(wish, "domain", most=512, pattern=fields.DOMAIN)
    await _require_new_name(exchange, name)
    config = records.configuration(
        account,
        identifier=account.ids.uuid(),
        name=name,
        description=description,
        domain=domain,
        more={
            "selector": account.ids.uuid(),
            "privateKey": await signing_keys.new_key(),
            "checked": account.clock.now(),
            **({"verification": dict.fromkeys(records.CHECKS, records.SUCCESSFUL)} if _permissive(exchange) else {}),
        },
    )
    try:
        await exchange.services.store.resources.add(config)
    except DuplicateKeyError as error:
        raise Refusal("https.409.exists", resource=f"A configuration for {domain}") from error
    return answer({**await shape(exchange, config), "created_at": config.data["createdAt"]}, 201)


def _permissive(exchange: Exchange) -> bool:
    return exchange.services.permissive


async def _require_new_name(exchange: Exchange, name: str, own: str = "") -> None:
    for row in await exchange.services.store.resources.all(exchange.account.id, "ibm", "smtp-config"):
        if row.data["name"] == name and row.id != own:
            raise Refusal("https.409.exists", resource=f"A configuration named {name}")


async def find(exchange: Exchange) -> Resource:
    """The configuration that the path names, after any periodic check that is due; a refusal when there is none."""
    wanted = exchange.parameters["id"]
    found = await exchange.services.store.resources.get(exchange.account.id, "ibm", "smtp-config", wanted)
    if found is None:
        raise Refusal("https.404.not-found", resource=f"The SMTP configuration {wanted[:64]}")
    return await verification.settled(exchange.services, exchange.section, exchange.account, found)


async def shape(exchange: Exchange, config: Resource) -> dict[str, Any]:
    """A configuration as the API shows it, without its times."""
    states = config.data["verification"]
    description = config.data["description"]
    return {
        "id": config.id,
        "name": config.data["name"],
        **({} if description is None else {"description": description}),
        "domain": config.data["domain"],
        "config": {
            "dkim": {
                "txt_name": signing_keys.record_name(config),
                "txt_value": await signing_keys.record_value(exchange.services, config),
                "verification": states["dkim"],
            },
            "en_authorization": {"verification": states["en_authorization"]},
            "spf": {
                "txt_name": config.data["domain"],
                "txt_value": spf_value(exchange.section.region),
                "verification": states["spf"],
            },
        },
    }


async def _whole(exchange: Exchange, config: Resource) -> dict[str, Any]:
    return {**await shape(exchange, config), "updated_at": config.data["updatedAt"]}


async def list_all(exchange: Exchange) -> Response:
    """GET …/smtp/config."""
    rows = await exchange.services.store.resources.all(exchange.account.id, "ibm", "smtp-config")
    settled = [await verification.settled(exchange.services, exchange.section, exchange.account, row) for row in rows]
    shown = {row.id: await _whole(exchange, row) for row in settled}
    return listing.page(
        exchange,
        "smtp_configurations",
        settled,
        lambda row: shown[row.id],
        lambda row: f"{row.data['name']}\n{row.data['description'] or ''}\n{row.data['domain']}",
    )


async def read(exchange: Exchange) -> Response:
    """GET …/smtp/config/{id}."""
    return answer(await _whole(exchange, await find(exchange)))


async def update(exchange: Exchange) -> Response:
    """PATCH …/smtp/config/{id}: name and description; the domain stays."""
    config, wish = await find(exchange), fields.body(exchange)
    name, description = fields.optional_text(wish, "name"), fields.optional_text(wish, "description", least=0)
    if name is not None:
        await _require_new_name(exchange, name, config.id)
    given = {key: value for key, value in (("name", name), ("description", description)) if value is not None}
    return answer(await _whole(exchange, await _changed(exchange, config, given)))


async def _changed(exchange: Exchange, row: Resource, given: Mapping[str, Any]) -> Resource:
    now = exchange.account.clock.now()
    return await exchange.services.store.resources.change(
        row, now, lambda data: {**data, **given, "updatedAt": to_iso(now)}
    )


async def delete(exchange: Exchange) -> Response:
    """DELETE …/smtp/config/{id}, with its users."""
    from sandbox.providers.ibm.users import forget, users_of  # noqa: PLC0415 - users know their configurations

    config = await find(exchange)
    for user in await users_of(exchange, config):
        await forget(exchange, user)
    await exchange.services.store.resources.remove(config)
    return answer(None, 204)


async def verify(exchange: Exchange) -> Response:
    """PATCH …/smtp/config/{id}/verify: look up now what `type` names."""
    config = await find(exchange)
    asked = [one.strip().lower() for one in exchange.query["type"].split(",")]
    if not set(asked) <= set(records.CHECKS):
        raise Refusal("https.400.invalid", parameter="type")
    config = await verification.verify(
        exchange.services, exchange.section, exchange.account, config, list(dict.fromkeys(asked))
    )
    states = config.data["verification"]
    return answer({"status": [{"type": one, "verification": states[one]} for one in dict.fromkeys(asked)]})


async def allowed_ips(exchange: Exchange) -> Response:
    """GET …/smtp/config/{id}/allowed_ips: the subnets of the instance's context-based restriction."""
    await find(exchange)
    return _subnets(await _instance(exchange))


async def update_allowed_ips(exchange: Exchange) -> Response:
    """PATCH …/smtp/config/{id}/allowed_ips, which SDKs had until August 2024: replace the subnets."""
    await find(exchange)
    wished = fields.body(exchange).get("subnets")
    if not isinstance(wished, list) or len(wished) > SUBNETS:
        raise Refusal("https.400.invalid", parameter="subnets")
    try:
        subnets = [networks.normal(str(subnet)) for subnet in wished]
    except ValueError as error:
        raise Refusal("https.400.invalid", parameter="subnets") from error
    return _subnets(await _changed(exchange, await _instance(exchange), {"subnets": subnets}))


async def _instance(exchange: Exchange) -> Resource:
    found = await networks.instance_of(exchange.services, exchange.account)
    assert found is not None, "the edge has seen it"
    return found


def _subnets(instance: Resource) -> Response:
    return answer({"subnets": instance.data["subnets"], "updated_at": instance.data["updatedAt"]})


OPERATIONS = (
    Operation(name="createSmtpConfiguration", method="POST", path=CONFIGS, call=create),
    Operation(name="listSmtpConfigurations", method="GET", path=CONFIGS, call=list_all),
    Operation(name="getSmtpConfiguration", method="GET", path=CONFIG, call=read),
    Operation(name="updateSmtpConfiguration", method="PATCH", path=CONFIG, call=update),
    Operation(name="deleteSmtpConfiguration", method="DELETE", path=CONFIG, call=delete),
    Operation(name="updateVerifySmtp", method="PATCH", path=CONFIG + "/verify", call=verify, required=("type",)),
    Operation(name="getSmtpAllowedIps", method="GET", path=CONFIG + "/allowed_ips", call=allowed_ips),
    Operation(name="updateSmtpAllowedIps", method="PATCH", path=CONFIG + "/allowed_ips", call=update_allowed_ips),
)
