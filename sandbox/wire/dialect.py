"""The words of a provider's SMTP server that are not errors: greeting, capabilities, success replies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """A provider's SMTP dialect as data; errors stand in its catalog."""

    host: str
    """The name the server gives itself."""
    greeting: str
    """Text after `220 `; may use `{host}` and `{session}`, an id of the connection."""
    before_tls: Sequence[str]
    """EHLO keywords before TLS, in order."""
    after_tls: Sequence[str]
    """EHLO keywords under TLS, in order; `SIZE {size}` is filled with the limit in force."""
    ehlo_end: str
    """Text of the last line of the EHLO reply, after `250 `; empty when the last keyword ends it."""
    mechanisms: Sequence[str]
    """AUTH mechanisms."""
    hello: str = "{host}"
    """First line of the EHLO reply; may use `{host}` and `{helo}`, the name that the client gave."""
    ok: str = "250 Ok"
    sender_ok: str = "250 Ok"
    """Reply to MAIL; may use `{address}`."""
    recipient_ok: str = "250 Ok"
    """Reply to RCPT; may use `{address}`."""
    ready_for_tls: str = "220 Ready to start TLS"
    authenticated: str = "235 Authentication successful."
    plain_challenge: str = "334 Ok"
    username_challenge: str = "334 VXNlcm5hbWU6"
    password_challenge: str = "334 UGFzc3dvcmQ6"
    start_data: str = "354 End data with <CR><LF>.<CR><LF>"
    accepted: str = "250 Ok"
    """Reply to the end of data; may use `{message_id}`, `{envelope_id}` and `{message}`."""
    chunk_ok: str = "250 2.0.0 Continue"
    """Reply to a chunk that is not the last."""
    goodbye: str = "221 Bye"
    reset: str = "250 Ok"
    noop: str = "250 Ok"
    help: Sequence[str] = ("214 See RFC 5321",)
    """Reply to HELP; empty where it is no command."""
    hello_needed: bool = True
    """Whether AUTH and MAIL wait for EHLO; servers in the tradition of sendmail don't insist."""
    bare_lines: bool = False
    """Whether LF alone ends a line as well, as people who type into `openssl s_client` send it."""

    @property
    def chunking(self) -> bool:
        """Whether messages may come in chunks (RFC 3030)."""
        return "CHUNKING" in self.after_tls

    @property
    def reports(self) -> bool:
        """Whether clients may say which delivery reports they want (DSN, RFC 3461)."""
        return "DSN" in self.after_tls
