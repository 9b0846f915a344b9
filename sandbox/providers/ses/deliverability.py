"""The deliverability dashboard: its subscription, and what it reports of the account's own mail."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.providers.ses import counting, identity, metrics, owner
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.counting import Messages, Occurrence
from sandbox.providers.ses.paging import page

DOMAINS = 5
"""Domains that a subscription includes."""


async def get_options(call: Call) -> Mapping[str, Any]:
    """Whether the dashboard is subscribed to, and for which domains."""
    kept = call.owner.settings.get("dashboard") or {}
    on = bool(kept.get("enabled"))
    return {
        "DashboardEnabled": on,
        "AccountStatus": "ACTIVE" if on else "DISABLED",
        "ActiveSubscribedDomains": kept.get("domains", []) if on else [],
        "PendingExpirationSubscribedDomains": [],
    }


async def put_option(call: Call) -> Mapping[str, Any]:
    """Begin or end the subscription."""
    domains: Sequence[Mapping[str, Any]] = call.input.get("SubscribedDomains", [])
    if len(domains) > DOMAINS:
        raise Refusal("api.LimitExceededException.rest", parameter="subscribed domains", limit=DOMAINS)
    for one in domains:
        await _own_domain(call, one.get("Domain", ""))
    started = [{"SubscriptionStartDate": call.now, **one} for one in domains]
    wish = {"enabled": call.input["DashboardEnabled"], "domains": started}
    await owner.change(call.services, call.account, lambda data: {**data, "dashboard": wish})
    return {}


async def get_domain_statistics_report(call: Call) -> Mapping[str, Any]:
    """How much of a domain's mail was delivered, day by day; what was called spam counts as such."""
    await _own_domain(call, call.input["Domain"])
    start, end = metrics.span(call, call.input["StartDate"], call.input["EndDate"])
    happened = await _of_domain(call, call.input["Domain"], start, end + metrics.DAY)
    days = []
    for number in range(int((end - start) // metrics.DAY) + 1):
        day = start + number * metrics.DAY
        of_day = [one for one in happened if one.at // metrics.DAY * metrics.DAY == day]
        days.append({"StartDate": day, "VolumeStatistics": _volume(of_day), "DomainIspPlacements": _isps(of_day)})
    overall = {
        "VolumeStatistics": _volume(happened),
        "ReadRatePercent": _percent(_count(happened, "OPEN"), _count(happened, "DELIVERY")),
        "DomainIspPlacements": _isps(happened),
    }
    return {"OverallVolume": overall, "DailyVolumes": days}


async def list_campaigns(call: Call) -> Mapping[str, Any]:
    """The mailings of a domain: messages with the same subject."""
    await _own_domain(call, call.input["SubscribedDomain"])
    start, end = metrics.span(call, call.input["StartDate"], call.input["EndDate"])
    found = await _campaigns(call, await _of_domain(call, call.input["SubscribedDomain"], start, end + metrics.DAY))
    items, token = page(found, size=call.input.get("PageSize"), token=call.input.get("NextToken"))
    return {"DomainDeliverabilityCampaigns": list(items), "NextToken": token}


async def get_campaign(call: Call) -> Mapping[str, Any]:
    """One mailing of the last weeks."""
    start = call.now - metrics.DAYS * metrics.DAY
    happened = await counting.occurrences(call.services, call.account, start, call.now + 1)
    for one in await _campaigns(call, happened):
        if one["CampaignId"] == call.input["CampaignId"]:
            return {"DomainDeliverabilityCampaign": one}
    raise Refusal("api.NotFoundException.campaign", resource=call.input["CampaignId"][:100])


async def get_blacklist_reports(call: Call) -> Mapping[str, Any]:
    """On which block lists addresses stand: on none, since nobody out there hears of the sandbox."""
    for item in call.input["BlacklistItemNames"]:
        try:
            ip_address(item)
        except ValueError as error:
            raise Refusal("api.BadRequestException.blacklist", resource=item[:100]) from error
    return {"BlacklistReport": {item: [] for item in call.input["BlacklistItemNames"]}}


async def _own_domain(call: Call, domain: str) -> None:
    found = await identity.find(call.services, call.account, domain)
    if found is None or identity.is_address(domain):
        raise Refusal("api.NotFoundException.dashboard-domain", resource=domain[:200])


async def _of_domain(call: Call, domain: str, start: float, end: float) -> list[Occurrence]:
    messages = Messages(call.services, call.account)
    happened = await counting.occurrences(call.services, call.account, start, end)
    return [one for one in happened if await metrics.fits(one, {"EMAIL_IDENTITY": domain}, messages)]


async def _campaigns(call: Call, happened: Sequence[Occurrence]) -> list[dict[str, Any]]:
    messages = Messages(call.services, call.account)
    groups: dict[tuple[str, str], list[Occurrence]] = {}
    for one in happened:
        about = await messages.about(one.message)
        if about:
            groups.setdefault((str(about["from"]), str(about["subject"])), []).append(one)
    return [_campaign(sender, subject, group) for (sender, subject), group in groups.items()]


def _campaign(sender: str, subject: str, group: Sequence[Occurrence]) -> dict[str, Any]:
    inbox, spam, read = (_count(group, kind) for kind in ("DELIVERY", "COMPLAINT", "OPEN"))
    return {
        "CampaignId": hashlib.sha256(f"{sender}\n{subject}".encode()).hexdigest()[:32],
        "Subject": subject,
        "FromAddress": sender or None,
        "SendingIps": [],
        "FirstSeenDateTime": min(one.at for one in group),
        "LastSeenDateTime": max(one.at for one in group),
        "InboxCount": inbox - spam,
        "SpamCount": spam,
        "ReadRate": read / inbox if inbox else 0.0,
        "DeleteRate": 0.0,
        "ReadDeleteRate": 0.0,
        "ProjectedVolume": _count(group, "SEND"),
        "Esps": ["Amazon SES"],
    }


def _count(happened: Sequence[Occurrence], kind: str) -> int:
    return sum(one.kind == kind for one in happened)


def _volume(happened: Sequence[Occurrence]) -> dict[str, int]:
    delivered, spam = _count(happened, "DELIVERY"), _count(happened, "COMPLAINT")
    return {
        "InboxRawCount": delivered - spam,
        "SpamRawCount": spam,
        "ProjectedInbox": delivered - spam,
        "ProjectedSpam": spam,
    }


def _isps(happened: Sequence[Occurrence]) -> list[dict[str, Any]]:
    names = Counter(one.isp for one in happened if one.kind == "DELIVERY")
    placements = []
    for name in sorted(names):
        volume = _volume([one for one in happened if one.isp == name])
        placements.append(
            {
                "IspName": name,
                "InboxRawCount": volume["InboxRawCount"],
                "SpamRawCount": volume["SpamRawCount"],
                "InboxPercentage": _percent(volume["InboxRawCount"], names[name]),
                "SpamPercentage": _percent(volume["SpamRawCount"], names[name]),
            }
        )
    return placements


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 0.0


V2: Mapping[str, Handler] = {
    "GetBlacklistReports": get_blacklist_reports,
    "GetDeliverabilityDashboardOptions": get_options,
    "GetDomainDeliverabilityCampaign": get_campaign,
    "GetDomainStatisticsReport": get_domain_statistics_report,
    "ListDomainDeliverabilityCampaigns": list_campaigns,
    "PutDeliverabilityDashboardOption": put_option,
}
