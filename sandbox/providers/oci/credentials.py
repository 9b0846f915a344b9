"""Credentials of users: SMTP user names with passwords, and the keys that sign API requests."""

from __future__ import annotations

import asyncio
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.responses import Response

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.oci import compartments, fields, keys, records, retry_tokens
from sandbox.providers.oci.edge import answer
from sandbox.wire.http import Exchange, Operation

SMTP_PER_USER = 2
API_KEYS_PER_USER = 3
_SMTP, _KEY = "smtp-credential", "api-key"


async def create_smtp(exchange: Exchange) -> Response:
    """A new user name with its password, which no later answer shows."""
    if earlier := await retry_tokens.earlier(exchange):
        return _with_password(earlier[0])
    user = await _user(exchange)
    body = fields.json_object(exchange, ("description",))
    if "description" not in body:
        raise Refusal("https.400.missing-parameter", parameter="description")
    if len(await _of_user(exchange, _SMTP)) >= SMTP_PER_USER:
        raise Refusal("https.400.limit")
    own, ids = await compartments.identity(exchange), exchange.account.ids
    row = records.smtp_credential(
        exchange.account,
        user=user,
        username=f"{user}@{own.tenancy}.{ids.alphanumeric(2)}.com",
        password=ids.choose(records.PASSWORD, records.PASSWORD_LENGTH),
        description=fields.text(body, "description", 400) or "",
    )
    await exchange.services.store.resources.add_all([row, *retry_tokens.row(exchange, row)])
    return _with_password(row)


async def list_smtp(exchange: Exchange) -> Response:
    """The user's SMTP credentials, without passwords."""
    await _user(exchange)
    return answer([_smtp(row) for row in await _of_user(exchange, _SMTP)])


async def update_smtp(exchange: Exchange) -> Response:
    """Change the description."""
    row = await _owned(exchange, _SMTP, "smtpCredentialId")
    description = fields.text(fields.json_object(exchange, ("description",)), "description", 400)

    def edit(data: dict[str, Any]) -> dict[str, Any]:
        compartments.check_match(exchange, row.id, data)
        return data if description is None else {**data, "description": description}

    changed = await exchange.services.store.resources.change(row, exchange.account.clock.now(), edit)
    return answer(_smtp(changed), headers=_tag(changed))


async def delete_smtp(exchange: Exchange) -> Response:
    """Refuse the credential from this moment on."""
    return await _delete(exchange, await _owned(exchange, _SMTP, "smtpCredentialId"))


async def upload_key(exchange: Exchange) -> Response:
    """Take a public RSA key (PEM); requests that its private half signs are the user's."""
    if earlier := await retry_tokens.earlier(exchange):
        return answer(_key(earlier[0]), headers=_tag(earlier[0]))
    user, own = await _user(exchange), await compartments.identity(exchange)
    pem = fields.text(fields.json_object(exchange, ("key",)), "key", 8_192)
    if not pem:
        raise Refusal("https.400.missing-parameter", parameter="key")
    mark = await asyncio.to_thread(_fingerprint, pem)
    if len(await _of_user(exchange, _KEY)) >= API_KEYS_PER_USER:
        raise Refusal("https.400.limit")
    row = records.api_key(
        exchange.account, key_id=f"{own.tenancy}/{user}/{mark}", user=user, public=pem, fingerprint=mark
    )
    try:
        await exchange.services.store.resources.add_all([row, *retry_tokens.row(exchange, row)])
    except DuplicateKeyError as error:
        raise Refusal("https.409.already-exists") from error
    return answer(_key(row), headers=_tag(row))


async def list_keys(exchange: Exchange) -> Response:
    """The user's API keys."""
    await _user(exchange)
    return answer([_key(row) for row in await _of_user(exchange, _KEY)])


async def delete_key(exchange: Exchange) -> Response:
    """Refuse what the key signs from this moment on."""
    await _user(exchange)
    mark = exchange.parameters["fingerprint"]
    row = next((one for one in await _of_user(exchange, _KEY) if one.data["fingerprint"] == mark), None)
    if row is None:
        raise Refusal(compartments.HIDDEN)
    return await _delete(exchange, row)


async def _delete(exchange: Exchange, row: Resource) -> Response:
    compartments.check_match(exchange, row.id, row.data)
    await exchange.services.store.resources.remove(row)
    return answer(None, 204)


async def _user(exchange: Exchange) -> str:
    """The user whose credentials the path is about."""
    return (await compartments.resource(exchange, "user", "userId")).id


async def _of_user(exchange: Exchange, kind: str) -> list[Resource]:
    rows = await exchange.services.store.resources.all(exchange.account.id, "oci", kind)
    return [row for row in rows if row.data["userId"] == exchange.parameters["userId"]]


async def _owned(exchange: Exchange, kind: str, parameter: str) -> Resource:
    row = await compartments.resource(exchange, kind, parameter)
    if row.data["userId"] != await _user(exchange):
        raise Refusal(compartments.HIDDEN)
    return row


def _fingerprint(pem: str) -> str:
    wrong = Refusal("https.400.invalid-parameter", parameter="key")
    try:
        key = serialization.load_pem_public_key(pem.encode("ascii"))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise wrong from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise wrong
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return keys.fingerprint(key.public_bytes(serialization.Encoding.PEM, spki).decode("ascii"))


def _smtp(row: Resource) -> dict[str, Any]:
    return {
        "username": row.key,
        "id": row.id,
        "userId": row.data["userId"],
        "description": row.data["description"],
        "timeCreated": row.data["timeCreated"],
        "timeExpires": None,
        "lifecycleState": row.data["lifecycleState"],
        "inactiveStatus": None,
    }


def _with_password(row: Resource) -> Response:
    return answer({**_smtp(row), "password": row.data["password"]}, headers=_tag(row))


def _key(row: Resource) -> dict[str, Any]:
    return {
        "keyId": row.key,
        "keyValue": row.data["publicKey"],
        "fingerprint": row.data["fingerprint"],
        "userId": row.data["userId"],
        "timeCreated": row.data["timeCreated"],
        "lifecycleState": row.data["lifecycleState"],
        "inactiveStatus": None,
    }


def _tag(row: Resource) -> dict[str, str]:
    return {"etag": compartments.etag(row.id, row.data)}


_CREDENTIALS = "/users/{userId}/smtpCredentials"
_KEYS = "/users/{userId}/apiKeys"
OPERATIONS = (
    Operation(name="createSmtpCredential", method="POST", path=_CREDENTIALS, call=create_smtp),
    Operation(name="listSmtpCredentials", method="GET", path=_CREDENTIALS, call=list_smtp),
    Operation(name="updateSmtpCredential", method="PUT", path=_CREDENTIALS + "/{smtpCredentialId}", call=update_smtp),
    Operation(
        name="deleteSmtpCredential", method="DELETE", path=_CREDENTIALS + "/{smtpCredentialId}", call=delete_smtp
    ),
    Operation(name="uploadApiKey", method="POST", path=_KEYS, call=upload_key),
    Operation(name="listApiKeys", method="GET", path=_KEYS, call=list_keys),
    Operation(name="deleteApiKey", method="DELETE", path=_KEYS + "/{fingerprint}", call=delete_key),
)
