"""The arguments of MAIL and RCPT: paths and parameters as RFC 5321 and its extensions spell them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from sandbox.core.errors import Condition, Refusal

LOCAL_PART = 64
DOMAIN = 255
MAILBOX = 254
"""RFC 5321 section 4.5.3.1: a path has 256 octets with its brackets."""
SHOWN = 256
"""Characters of a wrong address that a reply repeats."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
_MAILBOX = re.compile(
    rf"(?P<local>{_ATOM}(?:\.{_ATOM})*|{_QUOTED})"
    rf"@(?:(?P<domain>{_LABEL}(?:\.{_LABEL})*)|\[(?P<literal>[!-Z^-~]+)\])"
)
_SOURCE_ROUTE = re.compile(rf"(?:@{_LABEL}(?:\.{_LABEL})*,?)+:")
_PATH = re.compile(r' ?(?:<(?P<path>(?:"(?:[^"\\]|\\.)*"|[^"<>])*)>|(?P<bare>[^ <>"]+)(?= |$))(?P<rest>.*)')
_XTEXT = r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+"

MAIL_PARAMETERS: Mapping[str, re.Pattern[str]] = {
    "SIZE": re.compile(r"[0-9]{1,20}"),  # RFC 1870
    "BODY": re.compile(r"7BIT|8BITMIME", re.IGNORECASE),  # RFC 6152
    "AUTH": re.compile(_XTEXT),  # RFC 4954 section 5; `<>` is xtext too
}
RCPT_PARAMETERS: Mapping[str, re.Pattern[str]] = {}
_REPORT = "SUCCESS|FAILURE|DELAY"
REPORT_MAIL_PARAMETERS: Mapping[str, re.Pattern[str]] = {
    **MAIL_PARAMETERS,
    "RET": re.compile(r"FULL|HDRS", re.IGNORECASE),  # RFC 3461 section 4.3
    "ENVID": re.compile(rf"(?=.{{1,100}}$){_XTEXT}"),  # RFC 3461 section 4.4
}
REPORT_RCPT_PARAMETERS: Mapping[str, re.Pattern[str]] = {
    "NOTIFY": re.compile(rf"NEVER|(?:{_REPORT})(?:,(?:{_REPORT}))*", re.IGNORECASE),  # RFC 3461 section 4.1
    "ORCPT": re.compile(rf"(?=.{{1,500}}$)[A-Za-z0-9-]+;{_XTEXT}"),  # RFC 3461 section 4.2
}
"""What a service takes that offers DSN."""


def parse_path(argument: str, keyword: str, parameters: Mapping[str, re.Pattern[str]]) -> tuple[str, dict[str, str]]:
    """Read `FROM:<path> parameters` (or `TO:`): the address, empty for `<>`, and the parameters by upper-case keyword.

    An address without brackets is taken as people type it by hand. Raises `Refusal` with SYNTAX, INVALID_ADDRESS or
    PARAMETER_UNKNOWN.
    """
    if argument[: len(keyword)].upper() != keyword:
        raise Refusal(Condition.SYNTAX)
    match = _PATH.fullmatch(argument, len(keyword))
    if match is None:
        wrong = argument[len(keyword) :].strip()
        raise Refusal(Condition.INVALID_ADDRESS, address=shown(wrong)) if wrong else Refusal(Condition.SYNTAX)
    path, rest = match["path"], match["rest"]
    if path is None:
        path = match["bare"]
    if rest and not rest.startswith(" "):
        raise Refusal(Condition.SYNTAX)
    address = _mailbox(path) if path else ""
    return address, _parameters(rest.split(), parameters)


def shown(text: str) -> str:
    """A wrong argument as a reply may repeat it: one pair of brackets less, ASCII, bounded."""
    bare = text[1:-1] if text.startswith("<") and text.endswith(">") else text
    return bare.encode("ascii", "backslashreplace").decode("ascii")[:SHOWN]


def _mailbox(path: str) -> str:
    """The mailbox of a path; a source route in front is ignored (RFC 5321 appendix C)."""
    route = _SOURCE_ROUTE.match(path)
    address = path[route.end() :] if route else path
    match = _MAILBOX.fullmatch(address)
    if match is None or len(address) > MAILBOX or len(match["local"]) > LOCAL_PART:
        raise Refusal(Condition.INVALID_ADDRESS, address=shown(path))
    if len(match["domain"] or "") > DOMAIN or not (match["domain"] or _is_address(match["literal"])):
        raise Refusal(Condition.INVALID_ADDRESS, address=shown(path))
    return address


def _is_address(literal: str) -> bool:
    """Whether the text between square brackets is an address literal of RFC 5321 section 4.1.3."""
    family, text = (6, literal[5:]) if literal[:5].upper() == "IPV6:" else (4, literal)
    try:
        return ipaddress.ip_address(text).version == family
    except ValueError:
        return False


def _parameters(words: list[str], known: Mapping[str, re.Pattern[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        name, _, value = word.partition("=")
        keyword = name.upper()
        if keyword not in known:
            raise Refusal(Condition.PARAMETER_UNKNOWN, parameter=shown(name))
        if keyword in found or not known[keyword].fullmatch(value):
            raise Refusal(Condition.SYNTAX)
        found[keyword] = value
    return found
