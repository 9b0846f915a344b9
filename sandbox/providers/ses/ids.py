"""Message ids and feedback ids: region, moment, chance and a serial number in hexadecimal digits."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.core.accounts import Account

_REGIONS: Mapping[str, str] = {
    "us-east-1": "0100",
    "us-west-2": "0101",
    "eu-west-1": "0102",
    "eu-central-1": "0107",
    "ap-southeast-2": "0108",
}
"""First digits of ids, as far as they are known."""
_OTHER = "010f"


def message_id(account: Account, region: str) -> str:
    """An id of the form `<region><moment>-<uuid>-000000`; its moment is the account's, in milliseconds."""
    moment = int(account.clock.now() * 1000)
    return f"{_REGIONS.get(region, _OTHER)}{moment:012x}-{account.ids.uuid()}-000000"


def mail_domain(region: str) -> str:
    """The right side of Message-IDs that the service makes."""
    return "email.amazonses.com" if region == "us-east-1" else f"{region}.amazonses.com"


def return_domain(region: str) -> str:
    """The service's own domain for return paths."""
    return "amazonses.com" if region == "us-east-1" else f"{region}.amazonses.com"


def sending_host(region: str) -> str:
    """The host from which mail goes out; the region stands in its name everywhere but in us-east-1."""
    place = "" if region == "us-east-1" else f"{region}."
    return f"a8-77.smtp-out.{place}amazonses.com"
