"""Who an OCI account is: its tenancy, compartment, user and group."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sandbox.core.accounts import Account
from sandbox.core.clock import to_iso
from sandbox.core.model import Resource
from sandbox.core.services import Services


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The identifiers that a fresh account starts with."""

    tenancy: str
    compartment: str
    user: str
    group: str

    def resource(self, account: Account) -> Resource:
        """Its stored form; the tenancy is its key, so that a request that names the tenancy finds the account."""
        now = account.clock.now()
        return Resource(
            account=account.id,
            provider="oci",
            kind="identity",
            id=self.tenancy,
            key=self.tenancy,
            data={**asdict(self), "timeCreated": to_iso(now)},
            created=now,
            updated=now,
        )


async def identity_of(services: Services, account: Account) -> Identity | None:
    """The account's identity, None before it was provisioned."""
    found = await services.store.resources.all(account.id, "oci", "identity")
    if not found:
        return None
    data = found[0].data
    return Identity(tenancy=data["tenancy"], compartment=data["compartment"], user=data["user"], group=data["group"])
