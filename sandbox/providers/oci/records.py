"""How OCI's resources are kept: the stored form of senders, suppressions, credentials and keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.clock import to_iso
from sandbox.core.model import Resource
from sandbox.providers.oci import ocid


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
    return _record(account, "sender", ocid.make(account.ids, "emailsender", region), address.lower(), data)


def suppression(account: Account, *, tenancy: str, address: str, reason: str = "MANUAL") -> Resource:
    """An entry of the suppression list; the address is kept in lower case, as the service does."""
    lowered = address.lower()
    data = {"compartmentId": tenancy, "emailAddress": lowered, "reason": reason}
    return _record(account, "suppression", ocid.make(account.ids, "emailsuppression"), lowered, data)


def smtp_credential(account: Account, *, user: str, username: str, password: str, description: str) -> Resource:
    """An SMTP user name with its password."""
    data = {"password": password, "userId": user, "description": description, "lifecycleState": "ACTIVE"}
    return _record(account, "smtp-credential", ocid.make(account.ids, "credential"), username, data)


def api_key(account: Account, *, key_id: str, user: str, public: str, fingerprint: str) -> Resource:
    """A public key (PEM) that signs requests; `key_id` is `TENANCY/USER/FINGERPRINT`."""
    data = {"publicKey": public, "userId": user, "fingerprint": fingerprint, "lifecycleState": "ACTIVE"}
    return _record(account, "api-key", key_id, key_id, data)


def _record(account: Account, kind: str, resource_id: str, key: str, data: Mapping[str, Any]) -> Resource:
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
