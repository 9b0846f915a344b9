"""What can go wrong between a client and a sandbox, apart from the mail itself."""

from __future__ import annotations


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


class NoMessageError(ClientError, AssertionError):
    """No message matched in time; the text lists what did arrive and what was refused."""
