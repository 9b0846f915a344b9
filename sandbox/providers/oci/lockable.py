"""The two operations that lock and unlock a managed resource."""

from __future__ import annotations

from starlette.responses import Response

from sandbox.providers.oci import locks, managed
from sandbox.wire.http import Exchange, Operation


def operations(kind: managed.Kind, lock: str) -> tuple[Operation, Operation]:
    """`add…` and `remove…` for a kind; `lock` is the service's name of its locks: `EmailDomainLock`."""

    async def add(exchange: Exchange) -> Response:
        """Lock the resource; answers it with its locks."""
        return await managed.shown(exchange, kind, await locks.add(exchange, await managed.named(exchange, kind)))

    async def remove(exchange: Exchange) -> Response:
        """Take a lock away; answers the resource."""
        return await managed.shown(exchange, kind, await locks.remove(exchange, await managed.named(exchange, kind)))

    place = f"{kind.collection}/{{{kind.parameter}}}/actions/"
    return (
        Operation(name=f"add{lock}", method="POST", path=place + "addLock", call=add),
        Operation(name=f"remove{lock}", method="POST", path=place + "removeLock", call=remove),
    )
