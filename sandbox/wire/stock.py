"""What the engine (aiosmtpd) words by itself, and what the provider's own words for it are.

Every reply leaves through the session's `push()`; one that the session did not word itself is found here by its text.
A value is a `Condition`, worded by the provider's catalog, or the name of a field of `Dialect`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from sandbox.core.errors import Condition


class Reply(str):
    """A reply in the provider's words, ready to be sent."""

    __slots__ = ()


STOCK: Mapping[str, Condition | str] = {
    # what is not an error; `{}` stands for text that the engine fills in
    "220 {} {}": "ok",
    "220 Ready to start TLS": "ready_for_tls",
    "221 Bye": "goodbye",
    "235 2.7.0 Authentication successful": "authenticated",
    "250 OK": "ok",
    "250 HELP": "ok",
    "250 {}": "ok",
    "250 Syntax: ": "ok",
    "250-": "ok",
    "250-8BITMIME": "ok",
    "250-AUTH ": "ok",
    "250-SIZE {}": "ok",
    "250-SMTPUTF8": "ok",
    "250-STARTTLS": "ok",
    "252 Cannot VRFY user, but will accept message and attempt delivery": Condition.COMMAND_DISABLED,
    "334 ": "plain_challenge",
    "354 End data with <CR><LF>.<CR><LF>": "start_data",
    "{} Supported commands: {}": "ok",
    # connection and protocol
    "421 4.7.0 {} sent too many times": Condition.TOO_MANY_COMMANDS,
    "502 5.5.1 Too many unrecognized commands, goodbye.": Condition.TOO_MANY_COMMANDS,
    "454 TLS not available": Condition.TLS_AGAIN,
    "530 Must issue a STARTTLS command first": Condition.TLS_REQUIRED,
    "538 5.7.11 Encryption required for requested authentication mechanism": Condition.TLS_REQUIRED,
    "554 Command refused due to lack of security": Condition.TLS_REQUIRED,
    "500 Command line too long": Condition.LINE_TOO_LONG,
    "500 Line too long (see RFC5321 4.5.3.1.6)": Condition.LINE_TOO_LONG,
    "500 Error: strict ASCII mode": Condition.ILLEGAL_CHARACTER,
    "500 Error: bad syntax": Condition.UNKNOWN_COMMAND,
    '500 Error: command "{}" not recognized': Condition.UNKNOWN_COMMAND,
    "500 Error: command 'AUTH' not recognized": Condition.UNKNOWN_COMMAND,
    "500 Error: ({}) {}": Condition.INTERNAL_ERROR,
    "500 Error: Cannot describe error": Condition.INTERNAL_ERROR,
    "502 Could not VRFY ": Condition.COMMAND_DISABLED,
    "502 EXPN not implemented": Condition.COMMAND_DISABLED,
    "501 Syntax: DATA": Condition.SYNTAX,
    "501 Syntax: EHLO hostname": Condition.SYNTAX,
    "501 Syntax: HELO hostname": Condition.SYNTAX,
    "501 Syntax: MAIL FROM: <address>": Condition.SYNTAX,
    "501 Syntax: QUIT": Condition.SYNTAX,
    "501 Syntax: RCPT TO: <address>": Condition.SYNTAX,
    "501 Syntax: RSET": Condition.SYNTAX,
    "501 Syntax: STARTTLS": Condition.SYNTAX,
    "501 Syntax: VRFY <address>": Condition.SYNTAX,
    "501 Error: BODY can only be one of 7BIT, 8BITMIME": Condition.SYNTAX,
    "501 Error: SMTPUTF8 takes no arguments": Condition.SYNTAX,
    "501 Error: SMTPUTF8 disabled": Condition.PARAMETER_UNKNOWN,
    "555 MAIL FROM parameters not recognized or not implemented": Condition.PARAMETER_UNKNOWN,
    "555 RCPT TO parameters not recognized or not implemented": Condition.PARAMETER_UNKNOWN,
    "503 Error: send {} first": Condition.HELLO_NEEDED,
    "503 Error: need MAIL command": Condition.MAIL_NEEDED,
    "503 Error: need RCPT command": Condition.RECIPIENT_NEEDED,
    "503 Error: nested MAIL command": Condition.MAIL_AGAIN,
    # authentication
    "501 5.5.2 Can't decode base64": Condition.AUTH_NOT_BASE64,
    "501 5.5.2 Can't split auth value": Condition.AUTH_NO_NUL,
    "501 5.7.0 Auth aborted": Condition.AUTH_CANCELLED,
    "501 Not enough value": Condition.AUTH_MALFORMED,
    "501 Too many values": Condition.AUTH_MALFORMED,
    "503 Already authenticated": Condition.AUTH_AGAIN,
    "504 5.5.4 Unrecognized authentication type": Condition.AUTH_UNSUPPORTED,
    "530 5.7.0 Authentication required": Condition.AUTH_REQUIRED,
    "535 5.7.8 Authentication credentials invalid": Condition.AUTH_INVALID,
    # the message
    "552 Error: Too much mail data": Condition.TOO_LARGE,
    "552 Error: message size exceeds fixed maximum message size": Condition.TOO_LARGE,
    "553 5.1.3 Error: malformed address": Condition.INVALID_ADDRESS,
}


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in template.split("{}")), re.DOTALL)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Every stock reply and what it matches, the longest first."""
    return sorted(((_pattern(text), text) for text in STOCK), key=lambda pair: len(pair[1]), reverse=True)


def meaning(status: str | bytes) -> Condition | str:
    """What a reply of the engine means; one that nobody knows is an internal error."""
    text = status.decode("latin-1") if isinstance(status, bytes) else str(status)
    exact = STOCK.get(text)
    if exact is not None:
        return exact
    for pattern, template in _patterns():
        if pattern.match(text):
            return STOCK[template]
    return Condition.INTERNAL_ERROR
