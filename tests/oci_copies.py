"""The copy that a recipient gets from OCI: keys and zones that it is signed and judged by, and what is in it."""

from __future__ import annotations

from sandbox.core.dkim import make_private_key, public_record
from sandbox.core.dns.records import make
from sandbox.core.model import Channel, Envelope, MessageRecord, Outcome, RecipientRecord, Resource
from sandbox.core.raw_fields import split

PEM = make_private_key(1024)
HOST = "iad1.rp.oracleemaildelivery.com"
"""The service's own domain, whose key signs every copy."""


def add_dkim(sandbox, account, *, selector="sel1", domain="example.com", state="ACTIVE", **more):
    """A DKIM of the account, as its control plane keeps it."""
    target = f"{selector}.{domain}.dkim.iad1.oracleemaildelivery.com"
    data = {
        "name": selector,
        "domainName": domain,
        "privateKey": PEM,
        "lifecycleState": state,
        "txtRecordValue": public_record(PEM),
        "cnameRecordValue": target,
        "dnsSubdomainName": f"{selector}._domainkey.{domain}.",
        **more,
    }
    now = account.clock.now()
    made = Resource(
        account=account.id, provider="oci", kind="dkim", id=selector, key=selector, data=data, created=now, updated=now
    )
    return sandbox.call(sandbox.runtime.services.store.resources.add(made))


def publish(sandbox, account, domain, *records):
    """A zone of the account with these records: (name, type, data)."""
    made = [make(name, rtype, 300, data) for name, rtype, data in records]
    zones = sandbox.runtime.services.dns.zones
    sandbox.call(zones.create(account, domain, zone_id=f"zone-{domain}", servers=["ns1.test."], records=made))


def copy_of(api, message, recipient=None):
    """The octets that a recipient got, the first one unless told otherwise."""
    params = {"recipient": recipient} if recipient else {}
    answer = api.get(f"/messages/{message}/copy", params=params)
    answer.raise_for_status()
    return answer.content


def fields_of(octets):
    """The names of its header fields, in their order."""
    return [one.name.decode() for one in split(octets).fields]


def keys_of(sandbox, account):
    """What `dnsfunc` of another implementation is to answer."""
    resources = sandbox.runtime.services.store.resources
    service = sandbox.call(resources.all(account.id, "oci", "service-key"))
    records = {f"{one.key}._domainkey.{HOST}.": one.data["txtRecordValue"].encode() for one in service}
    return records | {"sel1._domainkey.example.com.": public_record(PEM).encode()}


def record_of(raw, recipient="ann@example.net", mail_from="noreply@example.com"):
    """A message to one recipient, as it would be stored."""
    return MessageRecord(
        id="m1",
        account="default",
        provider="oci",
        channel=Channel.SMTP,
        session="s1",
        envelope=Envelope(mail_from=mail_from, rcpt_to=(recipient,)),
        sender="noreply@example.com",
        to="",
        subject="",
        message_id="made@example.com",
        envelope_id="e1",
        accepted=1_700_000_000.25,
        size=len(raw),
        sha256="",
        units=1,
        recipients=(RecipientRecord(address=recipient, outcome=Outcome.QUEUED),),
    )
