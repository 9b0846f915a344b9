"""What can go wrong between a client and a sandbox, and what a test expected of the mail and did not find."""

from __future__ import annotations

from typing import Any


class ClientError(Exception):
    """Base of everything that `sandbox.Client` raises on purpose."""


class UnreachableError(ClientError):
    """Nothing answers at the URL, or what answers is no sandbox."""


class ApiError(ClientError):
    """The sandbox refused a request; `code` and `status` say how, the text says why."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def tells_all(failure: Any) -> bool:
    """As pytest's `__tracebackhide__`: whether the text of an error says what is wrong, so that no code need show.

    `failure` is pytest's account of an exception. What a test sees then is its own line and the text.
    """
    return isinstance(failure.value, ClientError | AssertionError | TypeError)


class NoMessageError(ClientError, AssertionError):
    """No message matched in time; the text lists what did arrive, what is deferred and what was refused."""


class UnexpectedMessageError(ClientError, AssertionError):
    """A message is there that was not to be."""


class NotIdleError(ClientError, AssertionError):
    """It can't be said whether a message comes: a client is in the middle of sending one."""


class ContentError(ClientError, AssertionError):
    """A message has no such link, code or verdict; the text says what it has."""
