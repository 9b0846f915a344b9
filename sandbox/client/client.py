"""`sandbox.Client`: one running sandbox over HTTP, seen from one account."""

from __future__ import annotations

from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sandbox.client.afterwards import Afterwards
from sandbox.client.errors import tells_all
from sandbox.client.forcing import Forcing
from sandbox.client.login import with_login
from sandbox.client.mail import Mail
from sandbox.client.state import State
from sandbox.client.transport import Transport

if TYPE_CHECKING:
    from sandbox.client.connections import IbmConnection, OciConnection, SesConnection

__tracebackhide__ = tells_all

_STEP = 0.001
"""Seconds between two looks at a thread that is being interrupted: it may be between two requests."""
DEFAULT_URL = "http://127.0.0.1:8025"


class Client(Mail, Forcing, Afterwards, State):
    """One sandbox over HTTP, seen from one account; a context manager, or `close` it at the end."""

    def __init__(self, url: str = DEFAULT_URL, account: str | None = None, *, ca_file: str | None = None) -> None:
        """`account` is the id of an isolated account; without it, the ready-made one. `ca_file` is for `https:`."""
        self._transport = Transport(url, account, ca_file)
        self._watched = {}
        self._unmet = []

    @property
    def url(self) -> str:
        """Base of the sandbox's HTTP side."""
        return self._transport.url

    @property
    def url_with_login(self) -> str:
        """The same with the login in it, if one is needed: for another client, not for showing it."""
        return with_login(self.url, self._transport.login)

    @property
    def account(self) -> str | None:
        """The account that it speaks for; None is the ready-made one."""
        return self._transport.account

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the client opens new ones when it is used again."""
        self._transport.close()

    def interrupt(self, thread: Thread) -> None:
        """Cut what another thread waits for through this client; it raises `UnreachableError` there."""
        while thread.is_alive() and thread.ident is not None:
            self._transport.interrupt(thread.ident)
            thread.join(_STEP)

    def reset(self) -> None:
        """Start over: no messages, events, sessions or faults, real time, and what the settings provision."""
        self._forget_faults()
        self._transport.json("POST", "/reset")

    def connection(self) -> dict[str, Any]:
        """Listeners and credentials of this client's account, in the ready file's shape."""
        return dict(self.status()["listeners"])

    @property
    def oci(self) -> OciConnection:
        """What a program needs to send through the OCI personality."""
        from sandbox.client.connections import OciConnection  # noqa: PLC0415 - waits until it is asked for

        return OciConnection.read(self.connection())

    @property
    def ibm(self) -> IbmConnection:
        """What a program needs to send through the IBM personality."""
        from sandbox.client.connections import IbmConnection  # noqa: PLC0415 - waits until it is asked for

        return IbmConnection.read(self.connection())

    @property
    def ses(self) -> SesConnection:
        """What a program needs to send through the SES personality."""
        from sandbox.client.connections import SesConnection  # noqa: PLC0415 - waits until it is asked for

        return SesConnection.read(self.connection())

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables for a program that is started: `env={**os.environ, **box.environ}`."""
        from sandbox.client.connections import environ  # noqa: PLC0415 - waits until it is asked for

        connection = self.connection()
        return environ({**connection, "http": with_login(connection["http"], self._transport.login)}, self.account)
