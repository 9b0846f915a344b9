"""Mailbox formats on disk: octets in and out unchanged, with a file beside them for what no format can hold."""

from sandbox.mailboxes.formats import FORMATS, read, write
from sandbox.mailboxes.letters import Letter, MailboxError

__all__ = ["FORMATS", "Letter", "MailboxError", "read", "write"]
"""`read` and `write` are all that commands need."""
