"""What the service refuses and why, without a word of how a provider says it."""

from __future__ import annotations

from enum import StrEnum


class Condition(StrEnum):
    """Why something was refused; each provider's catalog turns a condition into its own reply."""

    # connection
    IDLE_TIMEOUT = "idle-timeout"
    TOO_MANY_CONNECTIONS = "too-many-connections"
    TOO_MANY_AUTH_FAILURES = "too-many-auth-failures"
    # authentication
    AUTH_REQUIRED = "auth-required"
    AUTH_INVALID = "auth-invalid"
    AUTH_NOT_BASE64 = "auth-not-base64"
    AUTH_NO_NUL = "auth-no-nul"
    AUTH_NO_SECOND_NUL = "auth-no-second-nul"
    AUTH_UNSUPPORTED = "auth-unsupported"
    AUTH_MALFORMED = "auth-malformed"
    AUTH_CANCELLED = "auth-cancelled"
    AUTH_AGAIN = "auth-again"
    # protocol
    TLS_REQUIRED = "tls-required"
    TLS_AGAIN = "tls-again"
    UNKNOWN_COMMAND = "unknown-command"
    COMMAND_DISABLED = "command-disabled"
    LINE_TOO_LONG = "line-too-long"
    BARE_LINE_FEED = "bare-line-feed"
    SYNTAX = "syntax"
    HELLO_NEEDED = "hello-needed"
    MAIL_NEEDED = "mail-needed"
    MAIL_AGAIN = "mail-again"
    RECIPIENT_NEEDED = "recipient-needed"
    PARAMETER_UNKNOWN = "parameter-unknown"
    TOO_MANY_COMMANDS = "too-many-commands"
    NOT_SMTP = "not-smtp"
    ILLEGAL_CHARACTER = "illegal-character"
    # the message
    INVALID_ADDRESS = "invalid-address"
    SENDER_NOT_APPROVED = "sender-not-approved"
    HEADER_SENDER_NOT_APPROVED = "header-sender-not-approved"
    RECIPIENT_SUPPRESSED = "recipient-suppressed"
    TOO_MANY_RECIPIENTS = "too-many-recipients"
    TOO_LARGE = "too-large"
    UNPARSABLE = "unparsable"
    # an API
    NO_SUCH_OPERATION = "no-such-operation"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NOT_EMULATED = "not-emulated"
    # quotas
    TOO_MANY_REQUESTS = "too-many-requests"
    OVER_RATE = "over-rate"
    OVER_MINUTE_LIMIT = "over-minute-limit"
    OVER_DAY_LIMIT = "over-day-limit"
    # the service itself
    STORAGE_FULL = "storage-full"
    INTERNAL_ERROR = "internal-error"
    PROCESSING_ERROR = "processing-error"
    REPEATED_FAILURES = "repeated-failures"
    SHUTTING_DOWN = "shutting-down"


class Refusal(Exception):  # noqa: N818 - a refusal is an answer of the service, not a fault of the program
    """The service says no.

    `reason` is a `Condition`, or the id of a catalog row when only one provider knows the error.
    `params` fill the placeholders of the provider's text: `address`, `limit`, `user`, …
    """

    def __init__(self, reason: Condition | str, **params: object) -> None:
        super().__init__(f"{reason} {params}" if params else str(reason))
        self.reason = reason
        self.params = params


class StoreError(Exception):
    """The store could not make something durable; nothing of it was kept."""


class SchemaError(StoreError):
    """The store's file is not ours, damaged, or of another version; the message says what to do."""


class QueryError(ValueError):
    """A search query that can't be understood; the message says where and why."""


class NotFoundError(LookupError):
    """No such message, session, account, fault or resource."""
