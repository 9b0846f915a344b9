"""How an instance's resources are kept: configurations, users with their log-ins, API keys, the instance itself."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.clock import to_iso
from sandbox.core.model import Resource

PASSWORD = string.ascii_letters + string.digits
PASSWORD_LENGTH = 24
KEY = string.ascii_letters + string.digits + "-_"
KEY_LENGTH = 44
LETTERS = string.ascii_lowercase + string.digits
CHECKS = ("dkim", "spf", "en_authorization")
"""What is verified of a configuration."""
PENDING, SUCCESSFUL, FAILED = "PENDING", "SUCCESSFUL", "FAILED"


def instance(account: Account, *, identifier: str, service_id: str, subnets: Sequence[str]) -> Resource:
    """The Event Notifications instance of an account; `subnets` are those that may connect by SMTP."""
    data = {"serviceId": service_id, "subnets": list(subnets)}
    return _record(account, "instance", identifier, identifier, data)


def configuration(
    account: Account, *, identifier: str, name: str, description: str | None, domain: str, more: Mapping[str, Any]
) -> Resource:
    """An SMTP configuration, the only one of the instance for its domain; the DKIM selector is a UUID of its own."""
    data = {
        "name": name,
        "description": description,
        "domain": domain,
        "verification": dict.fromkeys(CHECKS, PENDING),
        "users": [],
        **more,
    }
    return _record(account, "smtp-config", identifier, domain.lower(), data)


def user(account: Account, *, identifier: str, config: Resource, username: str, description: str | None) -> Resource:
    """A user of a configuration; its password stands in the log-in, which clones of the user share."""
    data = {"configId": config.id, "username": username, "description": description, "domain": config.data["domain"]}
    return _record(account, "smtp-user", identifier, f"{config.id}/{username}", data)


def login(account: Account, *, username: str, password: str) -> Resource:
    """A username with its password."""
    return _record(account, "smtp-login", username, username, {"password": password})


def api_key(account: Account, *, secret: str, name: str, service_id: str) -> Resource:
    """An API key of a service id with the role SMTP; found by its digest, so that no list of keys shows it."""
    data = {"apikey": secret, "name": name, "serviceId": service_id}
    return _record(account, "api-key", f"ApiKey-{digest(secret)[:32]}", digest(secret), data)


def suppression(account: Account, address: str) -> Resource:
    """An address that the user of the sandbox keeps mail from; the service itself documents no such list."""
    return _record(account, "suppression", account.ids.uuid(), address.lower(), {"emailAddress": address.lower()})


def digest(secret: str) -> str:
    """What an API key is found by."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _record(account: Account, kind: str, identifier: str, key: str, data: Mapping[str, Any]) -> Resource:
    now = account.clock.now()
    return Resource(
        account=account.id,
        provider="ibm",
        kind=kind,
        id=identifier,
        key=key,
        data={**data, "createdAt": to_iso(now), "updatedAt": to_iso(now)},
        created=now,
        updated=now,
    )
