"""Sends bounces and complaints by SMTP to a mail server on this machine, as the provider would to the return path."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from sandbox.core.errors import StoreError
from sandbox.core.model import Event
from sandbox.core.store import Store
from sandbox.wire.callbacks.loopback import TargetError, resolve

TIMEOUT = 10.0


class MailOutlet:
    """A mail server that wants the reports on the user's own messages."""

    def __init__(self, target: str, store: Store, allowed: Collection[str] = ()) -> None:
        """`target` is `host:port`; `TargetError` when it isn't."""
        host, _, port = target.rpartition(":")
        if not host or not port.isdecimal():
            raise TargetError(f"delivery.bounce_smtp is host:port, as 127.0.0.1:2525; not {target!r}")
        self.name = f"smtp://{target}"
        self._host, self._port = host.strip("[]"), int(port)
        self._store = store
        self._allowed = frozenset(allowed)

    def wants(self, event: Event) -> bool:
        """Whether a report was made."""
        return event.type == "report.created"

    async def tell(self, event: Event) -> tuple[bool, str]:
        """Send the report once, from the null sender; whether it was taken, and the reply."""
        try:
            raw = await self._store.reports.raw(event.account, str(event.data["report"]))
            if raw is None or event.recipient is None:
                return True, "the report was deleted meanwhile"
            address = await resolve(self._host, self._port, self._allowed)
            await asyncio.to_thread(self._send, address, event.recipient, raw)
        except (OSError, TargetError, StoreError, UnicodeError) as error:
            return False, str(error) or type(error).__name__
        return True, "accepted"

    async def close(self) -> None:
        """Nothing is kept open between reports."""

    def _send(self, address: str, recipient: str, raw: bytes) -> None:
        from smtplib import SMTP  # noqa: PLC0415 - waits for the first report

        with SMTP(address, self._port, local_hostname="localhost", timeout=TIMEOUT) as smtp:
            smtp.sendmail("", [recipient], raw)
