"""The DKIM key of a configuration, and the TXT record that publishes it."""

from __future__ import annotations

import asyncio

from sandbox.core.dkim import SigningKey, make_private_key, public_record
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.providers.ibm.secrets import ready_made_key


def record_name(config: Resource) -> str:
    """`<uuid>._domainkey.<domain>`."""
    return f"{config.data['selector']}._domainkey.{config.data['domain']}"


async def new_key() -> str:
    """A key (PEM) for a new configuration."""
    return await asyncio.to_thread(make_private_key)


async def private_key(services: Services, config: Resource) -> str:
    """The configuration's key (PEM); those that come with the accounts share one, which is made when first needed."""
    own = config.data.get("privateKey")
    return str(own) if own else await asyncio.to_thread(ready_made_key, services)


async def record_value(services: Services, config: Resource) -> str:
    """`v=DKIM1; k=rsa; p=…`."""
    return public_record(await private_key(services, config))


async def signing_key(services: Services, config: Resource) -> SigningKey:
    """What signs mail from the configuration's domain."""
    pem = await private_key(services, config)
    return SigningKey(domain=config.data["domain"].lower(), selector=config.data["selector"], private_key=pem)
