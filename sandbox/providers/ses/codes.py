"""What the older API calls an error, where its code differs from the newer one's."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.core.catalog import ErrorEntry

_OLDER: Mapping[str, tuple[str, int]] = {
    "AccessDeniedException": ("AccessDenied", 403),
    "AlreadyExistsException": ("AlreadyExists", 400),
    "BadRequestException": ("InvalidParameterValue", 400),
    "IncompleteSignatureException": ("IncompleteSignature", 403),
    "InternalServiceErrorException": ("InternalFailure", 500),
    "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
    "LimitExceededException": ("LimitExceeded", 400),
    "MissingAuthenticationTokenException": ("MissingAuthenticationToken", 403),
    "NotFoundException": ("InvalidParameterValue", 400),
    "SendingPausedException": ("AccountSendingPausedException", 400),
    "SerializationException": ("MalformedInput", 400),
    "ServiceUnavailableException": ("ServiceUnavailable", 503),
    "TooManyRequestsException": ("Throttling", 400),
    "UnknownOperationException": ("InvalidAction", 400),
    "UnrecognizedClientException": ("InvalidClientTokenId", 403),
}
"""Code of the newer API → code and HTTP status of the older one; codes that aren't here are the same in both."""


def older(entry: ErrorEntry) -> tuple[str, int]:
    """Code and status of a row as the older API sends them."""
    return _OLDER.get(entry.code, (entry.code, entry.status))
