"""The DKIM key of a configuration, and the TXT record that publishes it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sandbox.core.late import Late
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.providers.ibm.secrets import ready_made_key

if TYPE_CHECKING:
    from sandbox.core.dkim import SigningKey

_make_private_key = Late("sandbox.core.dkim:make_private_key")  # cryptography is not for those who never sign
_public_record = Late("sandbox.core.dkim:public_record")
_signing_key = Late("sandbox.core.dkim:SigningKey")


def record_name(config: Resource) -> str:
    """`<uuid>._domainkey.<domain>`."""
    return f"{config.data['selector']}._domainkey.{config.data['domain']}"


async def new_key() -> str:
    """A key (PEM) for a new configuration."""
    return str(await asyncio.to_thread(_make_private_key))


async def private_key(services: Services, config: Resource) -> str:
    """The configuration's key (PEM); those that come with the accounts share one, which is made when first needed."""
    own = config.data.get("privateKey")
    return str(own) if own else await asyncio.to_thread(ready_made_key, services)


async def record_value(services: Services, config: Resource) -> str:
    """`v=DKIM1; k=rsa; p=…`."""
    return str(_public_record(await private_key(services, config)))


async def signing_key(services: Services, config: Resource) -> SigningKey:
    """What signs mail from the configuration's domain."""
    pem = await private_key(services, config)
    key: SigningKey = _signing_key(
        domain=config.data["domain"].lower(), selector=config.data["selector"], private_key=pem
    )
    return key
