"""What the HTTPS service takes for an email address: an ASCII addr-spec of RFC 5322 section 3.4.1, without comments."""

from __future__ import annotations

import re
from functools import lru_cache

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = re.compile(rf'{_ATOM}(?:\.{_ATOM})*|"(?:[ !#-\[\]-~]|\\[ -~])*"')
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Za-z:.]+\]")
_MESSAGE_ID = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_ATOM}(?:\.{_ATOM})*|\[[!-Z^-~]*\])")
LOCAL_LENGTH = 64
"""Octets of a local part, RFC 5321 section 4.5.3.1.1."""
DOMAIN_LENGTH = 255
ID_LENGTH = 900
"""Octets of a message id; longer ones don't fit on a line with their field name (RFC 5322 section 2.1.1)."""


@lru_cache(maxsize=256)  # most mail comes from, and goes to, few addresses
def valid(address: str) -> bool:
    """Whether this is an address of the form `local@domain`."""
    local, _, domain = address.rpartition("@")
    if not 0 < len(local) <= LOCAL_LENGTH or not 0 < len(domain) <= DOMAIN_LENGTH:
        return False
    return bool(_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain))


def valid_domain(domain: str) -> bool:
    """Whether this is a host name of ASCII labels with at least one dot."""
    return len(domain) <= DOMAIN_LENGTH and "." in domain and bool(_DOMAIN.fullmatch(domain)) and domain[0] != "["


def valid_message_id(text: str) -> bool:
    """Whether this is a msg-id (RFC 5322 section 3.6.4) without its angle brackets."""
    return len(text) <= ID_LENGTH and bool(_MESSAGE_ID.fullmatch(text))
