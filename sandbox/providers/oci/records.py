"""How OCI's resources are kept: the stored form of senders, suppressions, credentials and keys."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.clock import to_iso
from sandbox.core.model import Resource
from sandbox.providers.oci import ocid

PASSWORD = string.ascii_letters + string.digits + "[]$&;:.<>(){}|?!+-~^,"
"""Characters of a generated SMTP password."""
PASSWORD_LENGTH = 20


def sender(
    account: Account, *, compartment: str, region: str, address: str, more: Mapping[str, Any] | None = None
) -> Resource:
    """An approved sender: an address, or `@domain` for all of a domain. Usable as soon as it is stored."""
    data = {
        "compartmentId": compartment,
        "emailAddress": address,
        "lifecycleState": "ACTIVE",
        "region": region,
        **(more or {}),
    }
    return record(account, "sender", ocid.make(account.ids, "emailsender", region), address.lower(), data)


def suppression(account: Account, *, tenancy: str, address: str, reason: str = "MANUAL") -> Resource:
    """An entry of the suppression list; the address is kept in lower case, as the service does."""
    lowered = address.lower()
    data = {"compartmentId": tenancy, "emailAddress": lowered, "reason": reason}
    return record(account, "suppression", ocid.make(account.ids, "emailsuppression"), lowered, data)


def smtp_credential(account: Account, *, user: str, username: str, password: str, description: str) -> Resource:
    """An SMTP user name with its password."""
    data = {"password": password, "userId": user, "description": description, "lifecycleState": "ACTIVE"}
    return record(account, "smtp-credential", ocid.make(account.ids, "credential"), username, data)


def api_key(account: Account, *, key_id: str, user: str, public: str, fingerprint: str) -> Resource:
    """A public key (PEM) that signs requests; `key_id` is `TENANCY/USER/FINGERPRINT`."""
    data = {"publicKey": public, "userId": user, "fingerprint": fingerprint, "lifecycleState": "ACTIVE"}
    return record(account, "api-key", key_id, key_id, data)


def record(account: Account, kind: str, resource_id: str, key: str, data: Mapping[str, Any]) -> Resource:
    """A resource of OCI that is made now."""
    now = account.clock.now()
    return Resource(
        account=account.id,
        provider="oci",
        kind=kind,
        id=resource_id,
        key=key,
        data={**data, "timeCreated": to_iso(now)},
        created=now,
        updated=now,
    )


def outbound_ip(account: Account, *, tenancy: str, address: str) -> Resource:
    """A dedicated address of the account, which a pool may take."""
    data = {
        "compartmentId": tenancy,
        "outboundIp": address,
        "lifecycleState": "ACTIVE",
        "assignmentState": "AVAILABLE",
    }
    return record(account, "outbound-ip", address, address, data)


def compartment(account: Account, *, name: str, identifier: str, parent: str, description: str) -> Resource:
    """A compartment below another, or below the tenancy."""
    data = {"compartmentId": parent, "name": name, "description": description, "lifecycleState": "ACTIVE"}
    return record(account, "compartment", identifier, name.lower(), data)


def user(account: Account, *, tenancy: str, identifier: str, name: str, description: str) -> Resource:
    """A user of the tenancy."""
    data = {"compartmentId": tenancy, "name": name, "description": description, "lifecycleState": "ACTIVE"}
    return record(account, "user", identifier, name.lower(), data)


def group(account: Account, *, tenancy: str, identifier: str, name: str, description: str) -> Resource:
    """A group of users."""
    data = {"compartmentId": tenancy, "name": name, "description": description, "lifecycleState": "ACTIVE"}
    return record(account, "group", identifier, name.lower(), data)


def membership(account: Account, *, tenancy: str, user: str, group: str) -> Resource:
    """That a user is in a group."""
    data = {"compartmentId": tenancy, "userId": user, "groupId": group, "lifecycleState": "ACTIVE"}
    return record(account, "membership", ocid.make(account.ids, "groupmembership"), f"{group}/{user}", data)


def policy(account: Account, *, compartment: str, name: str, statements: Sequence[str], description: str) -> Resource:
    """Statements that allow groups something in a compartment."""
    data = {
        "compartmentId": compartment,
        "name": name,
        "statements": list(statements),
        "description": description,
        "lifecycleState": "ACTIVE",
    }
    return record(account, "policy", ocid.make(account.ids, "policy"), f"{compartment}/{name.lower()}", data)


def extended(row: Resource, more: Mapping[str, Any]) -> Resource:
    """A resource that is not stored yet, with more data."""
    return replace(row, data={**row.data, **more})
