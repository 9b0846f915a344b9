"""The two dialects that the service has spoken: Postfix's until April 2026, that of a server in Go since."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.providers.ibm import regions
from sandbox.wire.dialect import Dialect

POSTFIX, GO_SMTP = "postfix", "go-smtp"
_POSTFIX_KEYWORDS = ("ENHANCEDSTATUSCODES", "8BITMIME", "DSN")
_GO_KEYWORDS = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "CHUNKING")
_GO_LIMITS = ("SIZE {size}", "LIMITS RCPTMAX=100")


def postfix(region: str) -> Dialect:
    """The dialect of the transcript in the service's documentation, where it is silent that of Postfix 3.

    People type into `openssl s_client`, which says EHLO before TLS only and ends lines with LF.
    """
    host = regions.smtp_host(region)
    return Dialect(
        host=host,
        greeting="{host} ESMTP Postfix",
        before_tls=["PIPELINING", "SIZE {size}", "STARTTLS", *_POSTFIX_KEYWORDS],
        after_tls=["PIPELINING", "SIZE {size}", "AUTH LOGIN PLAIN", *_POSTFIX_KEYWORDS],
        ehlo_end="",
        mechanisms=["PLAIN", "LOGIN"],
        ok="250 2.0.0 Ok",
        sender_ok="250 2.1.0 Ok",
        recipient_ok="250 2.1.5 Ok",
        ready_for_tls="220 2.0.0 Ready to start TLS",
        authenticated="235 2.7.0 Authentication successful",
        plain_challenge="334 ",
        accepted="250 2.0.0 Ok: queued as {envelope_id}",
        goodbye="221 2.0.0 Bye",
        reset="250 2.0.0 Ok",
        noop="250 2.0.0 Ok",
        help=(),
        hello_needed=False,
        bare_lines=True,
    )


def go_smtp(_: str) -> Dialect:
    """The dialect of the transcript of April 2026; LOGIN is not offered, but documented, so it is taken."""
    return Dialect(
        host=f"mail.{regions.DOMAIN}",
        greeting="{host} ESMTP Service Ready",
        before_tls=[*_GO_KEYWORDS, "STARTTLS", *_GO_LIMITS],
        after_tls=[*_GO_KEYWORDS, "AUTH PLAIN", *_GO_LIMITS],
        ehlo_end="",
        mechanisms=["PLAIN", "LOGIN"],
        hello="Hello {helo}",
        ok="250 2.0.0 OK",
        sender_ok="250 2.0.0 Roger, accepting mail from <{address}>",
        recipient_ok="250 2.0.0 I'll make sure <{address}> gets this",
        ready_for_tls="220 2.0.0 Ready to start TLS",
        authenticated="235 2.0.0 Authentication succeeded",
        plain_challenge="334 ",
        start_data="354 Go ahead. End your data with <CR><LF>.<CR><LF>",
        accepted="250 2.0.0 Ok: queued",
        goodbye="221 2.0.0 Bye",
        reset="250 2.0.0 Session reset",
        noop="250 2.0.0 I have successfully done nothing",
        help=(),
    )


DIALECTS: Mapping[str, Callable[[str], Dialect]] = {POSTFIX: postfix, GO_SMTP: go_smtp}
"""What `ibm.dialect` may be → the dialect in a region."""
