"""What of a message is tracked: a picture and links in the delivered copy that lead to the sandbox."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from sandbox.core.accounts import Account
from sandbox.core.model import MessageRecord, Resource
from sandbox.core.raw_fields import with_crlf
from sandbox.core.services import Services
from sandbox.providers.ses import configuration_sets, html_parts
from sandbox.providers.ses.links import Link, listed, rewritten
from sandbox.wire.secret import secret_of

PLACEHOLDER = "{{ses:openTracker}}"
OPEN, CLICK = ("I0", "CI0"), ("L0", "CL0")
"""First segment of the picture's and of the links' paths: on the service's own domain, on a domain of the customer."""


@dataclass(frozen=True, kw_only=True)
class Tracker:
    """What is counted of one recipient's copy, and under which addresses."""

    opens: bool
    clicks: bool
    open_root: str
    link_roots: Mapping[str, str]
    """By the scheme of the link."""
    custom: bool
    token: str
    """SES message id, proof and recipient, as they end each address."""

    def edit(self, kind: str, text: str, first: int) -> tuple[str, int]:
        """A text of the message as it is delivered, and the number of its next link."""
        number = first
        if kind == "html" and self.clicks:
            text, number = rewritten(text, self._tracked, first)
        before, placed, after = text.partition(PLACEHOLDER)
        after = after.replace(PLACEHOLDER, "")
        if kind != "html" or not self.opens:
            return before + after, number
        if placed:
            return before + self._picture() + after, number
        end = text.lower().rfind("</body>")
        return (text[:end] + self._picture() + text[end:] if end >= 0 else text + self._picture()), number

    def _tracked(self, link: Link) -> str:
        root = self.link_roots[link.url.partition(":")[0].lower()]
        return f"{root}/{CLICK[self.custom]}/{quote(link.url, safe=':=,;~')}/{link.number}/{self.token}"

    def _picture(self) -> str:
        source = f"{self.open_root}/{OPEN[self.custom]}/{self.token}"
        return f'<img alt="" src="{source}" style="display: none; width: 1px; height: 1px;">'


async def tracker(services: Services, account: Account, message: MessageRecord, recipient: str) -> Tracker | None:
    """What is tracked of a copy; None when its configuration set, or the call that sent it, wants nothing tracked."""
    name = message.attributes.get("configuration_set")
    found = await configuration_sets.get(services, account, str(name)) if name else None
    wish = message.attributes.get("tracking") or {}
    opens = _wanted(found, "OPEN", wish.get("OpenTrackingEnabled"))
    clicks = _wanted(found, "CLICK", wish.get("ClickTrackingEnabled"))
    if found is None or not (opens or clicks):
        return None
    return await _tracker(services, message, recipient, found, opens=opens, clicks=clicks)


async def _tracker(
    services: Services, message: MessageRecord, recipient: str, found: Resource, *, opens: bool, clicks: bool
) -> Tracker:
    options = found.data.get("TrackingOptions", {})
    domain, policy = options.get("CustomRedirectDomain"), options.get("HttpsPolicy", "OPTIONAL")
    plain = f"http://{domain}" if domain else str(services.endpoints["http"])
    secure = f"https://{domain}" if domain else str(services.endpoints["http"])
    position = next((one.position for one in message.recipients if one.address == recipient), 0)
    proof = proof_of(await proving(services), message, position)
    return Tracker(
        opens=opens,
        clicks=clicks,
        open_root=plain if policy == "OPTIONAL" else secure,
        link_roots={"https": secure, "http": secure if policy == "REQUIRE" else plain},
        custom=bool(domain),
        token=f"{message.envelope_id}/{proof}={position}",
    )


def _wanted(found: Resource | None, kind: str, override: str | None) -> bool:
    """Whether a kind of event is tracked: an event destination or the dashboard wants it, unless the call objects."""
    if override is not None:
        return override == "ENABLED"
    dashboard = found.data.get("VdmOptions", {}).get("DashboardOptions", {}) if found else {}
    if dashboard.get("EngagementMetrics") == "ENABLED":
        return True
    told = found.data["destinations"] if found else ()
    return any(one["Enabled"] and kind in one["MatchingEventTypes"] for one in told)


def links_of(raw: bytes) -> list[Link]:
    """Every link of a message, numbered through."""
    found: list[Link] = []
    for kind, text in html_parts.texts(with_crlf(raw)):
        if kind == "html":
            found += listed(text, len(found) + 1)
    return found


async def proving(services: Services) -> bytes:
    """The sandbox's secret, which proves that an address was given out by it."""
    return (await secret_of(services, "ses")).encode("ascii")


def proof_of(secret: bytes, message: MessageRecord, position: int) -> str:
    """What shows that an address was made for this recipient of this message."""
    said = f"tracking/{message.account}/{message.id}/{position}".encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, said, hashlib.sha256)[:20]).decode("ascii").rstrip("=")
