"""What a receiver finds out about a delivered copy: DKIM, SPF and DMARC against the sandbox's DNS, with reasons."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from sandbox.core import dkim, dmarc, headers, spf
from sandbox.core.accounts import Account
from sandbox.core.auth_results import (
    DkimVerdict,
    DmarcVerdict,
    Publish,
    SignatureVerdict,
    SpfVerdict,
    Verdicts,
)
from sandbox.core.auth_words import Result
from sandbox.core.delivered_copy import Advice, DeliveredCopy
from sandbox.core.dns.lookup import Lookup, Status
from sandbox.core.raw_fields import RawMessage, split


@dataclass(frozen=True, kw_only=True)
class _Policy:
    """The DMARC record of the header From's domain, or why there is none to go by."""

    record: dmarc.Policy | None = None
    error: dmarc.DmarcError | None = None

    def aligned_dkim(self, author: str, domain: str) -> bool:
        return dmarc.aligned(author, domain, strict=self.record is not None and self.record.strict_dkim)

    def aligned_spf(self, author: str, domain: str) -> bool:
        return dmarc.aligned(author, domain, strict=self.record is not None and self.record.strict_spf)


async def judge(lookup: Lookup, account: Account, copy: DeliveredCopy) -> Verdicts:
    """The verdicts about one copy; look-ups are asked anew each time, since zones change. Never raises for content."""
    message, authors = await asyncio.to_thread(_read, copy.octets)
    author = authors[0] if len(authors) == 1 else ""
    policy = await _policy(lookup, account, author)
    dkim_verdict = await _dkim(lookup, account, copy, message, author, policy)
    spf_verdict = await _spf(lookup, account, copy, author, policy)
    verdict = _dmarc(authors, policy, dkim_verdict, spf_verdict)
    return Verdicts(dkim=dkim_verdict, spf=spf_verdict, dmarc=verdict)


def _read(octets: bytes) -> tuple[RawMessage, list[str]]:
    message = split(octets)
    return message, author_domains(message)


def author_domains(message: RawMessage) -> list[str]:
    """The domains of the header From's addresses, each once, in their ASCII form."""
    found: dict[str, None] = {}
    for one in message.all(b"from"):
        value = one.value.decode("utf-8", "replace").replace("\r\n", "")
        for address in headers.addresses(value):
            found[ascii_domain(address.rpartition("@")[2])] = None
    return list(found)


def ascii_domain(domain: str) -> str:
    """A domain in lower case, an internationalized one as A-labels; one that has no such form stays as it is."""
    try:
        return domain.lower().rstrip(".") if domain.isascii() else domain.encode("idna").decode("ascii").rstrip(".")
    except UnicodeError:
        return domain.lower().rstrip(".")


async def _policy(lookup: Lookup, account: Account, author: str) -> _Policy:
    if not author:
        return _Policy()
    try:
        return _Policy(record=await dmarc.discover(lookup, account, author))
    except dmarc.DmarcError as error:
        return _Policy(error=error)


async def _dkim(
    lookup: Lookup, account: Account, copy: DeliveredCopy, message: RawMessage, author: str, policy: _Policy
) -> DkimVerdict:
    found = [
        await _signature(lookup, account, copy, message, one, aligned=policy.aligned_dkim(author, one.domain))
        for one in dkim.signatures(message)
    ]
    good = [one for one in found if one.result is Result.PASS]
    own = [one for one in good if one.aligned]
    publish = tuple(dict.fromkeys(record for one in found for record in one.publish))
    if own:
        result, reason = Result.PASS, own[0].reason
    elif good:
        names = ", ".join(dict.fromkeys(one.domain for one in good))
        result, reason = Result.PASS, f"signed by {names} only: not aligned with {author or 'the header From'}"
        publish = publish or _unsigned(copy.advice)
    elif found:
        result, reason = found[0].result, found[0].reason
    else:
        result, reason, publish = Result.NONE, "the message carries no DKIM signature", _unsigned(copy.advice)
    broken = [one.reason for one in found if one.aligned and one.result is not Result.PASS]
    more = [] if own else [why for why in (*broken[:1], copy.advice.unsigned) if why and why != reason]
    reason = "; ".join([reason, *more])
    return DkimVerdict(result=result, reason=reason, signatures=tuple(found), publish=publish)


def _unsigned(advice: Advice) -> tuple[Publish, ...]:
    return tuple(advice.keys.values())


async def _signature(
    lookup: Lookup,
    account: Account,
    copy: DeliveredCopy,
    message: RawMessage,
    signature: dkim.Signature,
    *,
    aligned: bool,
) -> SignatureVerdict:
    result, reason, publish = Result.PERMERROR, signature.problem, None
    if not signature.problem:
        name = signature.record_name
        advised = copy.advice.keys.get(name.lower())
        answer = await lookup.query(account, name, "TXT")
        if answer.status is Status.FAILURE:
            result, reason = Result.TEMPERROR, f"the look-up of TXT {name} failed"
        elif not answer.records:
            hint = f": publish {advised.type} {advised.name} → {advised.value}" if advised else ""
            reason, publish = f"no record at {name}{hint}", advised
        else:
            result, reason = await asyncio.to_thread(_verified, message, signature, answer.records, copy.at)
            publish = None if result is Result.PASS else advised
    return SignatureVerdict(
        domain=signature.domain,
        selector=signature.selector,
        result=result,
        reason=reason,
        aligned=aligned,
        publish=(publish,) if publish else (),
    )


def _verified(message: RawMessage, signature: dkim.Signature, records: Sequence[str], now: float) -> tuple[Result, str]:
    try:
        record = dkim.parse_record(records[0])
    except dkim.KeyRecordError as error:
        return Result.PERMERROR, f"{signature.record_name}: {error}"
    return dkim.verify(message, signature, record, now)


async def _spf(lookup: Lookup, account: Account, copy: DeliveredCopy, author: str, policy: _Policy) -> SpfVerdict:
    mail_from = copy.return_path or f"postmaster@{copy.helo}"
    domain = ascii_domain(mail_from.rpartition("@")[2])
    sender = spf.Sender(address=ip_address(copy.address), mail_from=mail_from, helo=copy.helo)
    answer = await spf.check_host(lookup, account, sender, domain)
    return SpfVerdict(
        result=answer.result,
        reason=answer.reason,
        domain=domain,
        address=copy.address,
        aligned=policy.aligned_spf(author, domain),
        publish=() if answer.result is Result.PASS else tuple(copy.advice.spf),
    )


def _dmarc(authors: Sequence[str], policy: _Policy, by_dkim: DkimVerdict, by_spf: SpfVerdict) -> DmarcVerdict:
    author = authors[0] if len(authors) == 1 else ""
    ways = {
        "dkim": any(one.aligned and one.result is Result.PASS for one in by_dkim.signatures),
        "spf": by_spf.aligned and by_spf.result is Result.PASS,
    }
    aligned_by = tuple(name for name, holds in ways.items() if holds)
    result, reason, publish = _dmarc_result(authors, policy, aligned_by, by_dkim, by_spf)
    record = policy.record
    wish = record.wish if record else ""
    return DmarcVerdict(
        result=result,
        reason=reason,
        domain=author,
        record=record.name if record else "",
        policy=wish,
        disposition=wish if result is Result.FAIL else "none",
        aligned_by=aligned_by,
        publish=publish,
    )


def _dmarc_result(
    authors: Sequence[str],
    policy: _Policy,
    aligned_by: Sequence[str],
    by_dkim: DkimVerdict,
    by_spf: SpfVerdict,
) -> tuple[Result, str, tuple[Publish, ...]]:
    if len(authors) != 1:
        said = f"has addresses of {len(authors)} domains" if authors else "has no address"
        return Result.PERMERROR, f"the header From {said}: DMARC needs one", ()
    (author,) = authors
    wanted = Publish(name=f"_dmarc.{dmarc.organizational(author)}", type="TXT", value="v=DMARC1; p=none")
    if policy.error is not None:
        result = Result.TEMPERROR if policy.error.temporary else Result.PERMERROR
        return result, str(policy.error), () if policy.error.temporary else (wanted,)
    if policy.record is None:
        return Result.NONE, f"no DMARC record for {author}", (wanted,)
    if aligned_by:
        return Result.PASS, f"{' and '.join(aligned_by)} passed, aligned with {author}", ()
    return Result.FAIL, _unaligned(author, by_dkim, by_spf), by_dkim.publish or by_spf.publish


def _unaligned(author: str, by_dkim: DkimVerdict, by_spf: SpfVerdict) -> str:
    signers = ", ".join(dict.fromkeys(one.domain for one in by_dkim.signatures if one.result is Result.PASS))
    signed = f"DKIM passed for {signers} only" if signers else f"DKIM: {by_dkim.result}"
    sent = f"SPF passed for {by_spf.domain}" if by_spf.result is Result.PASS else f"SPF: {by_spf.result}"
    return f"nothing that passed is aligned with {author}: {signed}; {sent}"
