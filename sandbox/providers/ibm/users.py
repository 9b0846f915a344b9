"""The users of an SMTP configuration: five at the most, and clones that share a log-in."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from sandbox.core.clock import to_iso
from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError, Edit
from sandbox.providers.ibm import configurations, fields, listing, records
from sandbox.providers.ibm.answers import answer
from sandbox.providers.ibm.configurations import CONFIG
from sandbox.providers.ibm.provision import new_username
from sandbox.wire.http import Exchange, Operation

USERS = CONFIG + "/users"
USER = USERS + "/{user_id}"
MOST = 5


async def create(exchange: Exchange) -> Response:
    """POST …/users: a new username and password, shown this once, or a clone of another configuration's user."""
    config, account = await configurations.find(exchange), exchange.account
    description = fields.optional_text(fields.body(exchange), "description", least=0)
    cloned = fields.optional_text(dict(exchange.query), "username_to_clone", most=20, pattern=fields.USERNAME)
    store = exchange.services.store.resources
    if cloned is not None and await store.find(account.id, "ibm", "smtp-login", cloned) is None:
        raise Refusal("https.404.not-found", resource=f"The SMTP user {cloned}")
    username = cloned or new_username(account.ids)
    user = records.user(
        account, identifier=account.ids.uuid(), config=config, username=username, description=description
    )
    password = account.ids.choose(records.PASSWORD, records.PASSWORD_LENGTH)
    fresh = [user] if cloned else [user, records.login(account, username=username, password=password)]
    try:
        await store.change_all([_one_more(exchange, config, user)], fresh)
    except DuplicateKeyError as error:
        raise Refusal("https.409.exists", resource=f"The SMTP user {username} of this configuration") from error
    shown = {**_plain(user), "created_at": user.data["createdAt"]}
    return answer(shown if cloned else {**shown, "password": password}, 201)


def _one_more(exchange: Exchange, config: Resource, user: Resource) -> Edit:
    """Enter a user with its configuration, unless that has all it can have."""

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        if len(data["users"]) >= MOST:
            raise Refusal("https.409.user-limit")
        return {**data, "users": [*data["users"], user.id]}

    return Edit(resource=config, at=exchange.account.clock.now(), edit=edit)


async def users_of(exchange: Exchange, config: Resource) -> list[Resource]:
    """The users of a configuration, oldest first."""
    rows = await exchange.services.store.resources.all(exchange.account.id, "ibm", "smtp-user")
    return [row for row in rows if row.data["configId"] == config.id]


async def _find(exchange: Exchange) -> Resource:
    config, wanted = await configurations.find(exchange), exchange.parameters["user_id"]
    found = await exchange.services.store.resources.get(exchange.account.id, "ibm", "smtp-user", wanted)
    if found is None or found.data["configId"] != config.id:
        raise Refusal("https.404.not-found", resource=f"The SMTP user {wanted[:64]}")
    return found


def _plain(user: Resource) -> dict[str, Any]:
    return {
        "id": user.id,
        "smtp_config_id": user.data["configId"],
        "description": user.data["description"] or "",
        "domain": user.data["domain"],
        "username": user.data["username"],
    }


def _whole(user: Resource) -> dict[str, Any]:
    return {**_plain(user), "created_at": user.data["createdAt"], "updated_at": user.data["updatedAt"]}


async def list_all(exchange: Exchange) -> Response:
    """GET …/users."""
    rows = await users_of(exchange, await configurations.find(exchange))
    words = "{0[username]}\n{0[description]}".format
    return listing.page(exchange, "users", rows, _whole, lambda row: words(_plain(row)))


async def read(exchange: Exchange) -> Response:
    """GET …/users/{user_id}."""
    return answer(_whole(await _find(exchange)))


async def update(exchange: Exchange) -> Response:
    """PATCH …/users/{user_id}: the description."""
    user, now = await _find(exchange), exchange.account.clock.now()
    description = fields.optional_text(fields.body(exchange), "description", least=0)
    given = {} if description is None else {"description": description}
    changed = await exchange.services.store.resources.change(
        user, now, lambda data: {**data, **given, "updatedAt": to_iso(now)}
    )
    return answer(_whole(changed))


async def delete(exchange: Exchange) -> Response:
    """DELETE …/users/{user_id}; its log-in goes with the last user that has it."""
    await forget(exchange, await _find(exchange))
    return answer(None, 204)


async def forget(exchange: Exchange, user: Resource) -> None:
    """Take a user from its configuration."""
    store, account = exchange.services.store.resources, exchange.account
    config = await store.get(account.id, "ibm", "smtp-config", user.data["configId"])
    if config is not None:
        await store.change(
            config,
            account.clock.now(),
            lambda data: {**data, "users": [one for one in data["users"] if one != user.id]},
        )
    await store.remove(user)
    username = user.data["username"]
    others = await store.all(account.id, "ibm", "smtp-user")
    login = await store.find(account.id, "ibm", "smtp-login", username)
    if login is not None and not any(one.data["username"] == username for one in others):
        await store.remove(login)


OPERATIONS = (
    Operation(name="createSmtpUser", method="POST", path=USERS, call=create),
    Operation(name="listSmtpUsers", method="GET", path=USERS, call=list_all),
    Operation(name="getSmtpUser", method="GET", path=USER, call=read),
    Operation(name="updateSmtpUser", method="PATCH", path=USER, call=update),
    Operation(name="deleteSmtpUser", method="DELETE", path=USER, call=delete),
)
