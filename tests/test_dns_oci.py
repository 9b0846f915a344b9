"""The DNS service with the real SDK, the names that the service publishes, and what delivery makes of all that."""

import inspect
import re
import smtplib
import ssl
from contextlib import contextmanager

import dns.message
import dns.query
import dns.rcode
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import Sandbox
from sandbox.core.model import Resource
from sandbox.options import SettingsError, load
from sandbox.providers.oci.dns_control import OPERATIONS, not_emulated

oci = pytest.importorskip("oci")

LABEL = "iad1.rp.oracleemaildelivery.com"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def client(sandbox):
    """The SDK's DNS client; the account is emptied behind each test."""
    with dns_client(sandbox) as client:
        yield client
    sandbox.reset()


@contextmanager
def dns_client(sandbox):
    details = sandbox.ready["oci"]
    names = ("user", "tenancy", "fingerprint", "key_file", "region")
    config = {name: details[name] for name in names}
    client = oci.dns.DnsClient(
        config, service_endpoint=sandbox.ready["http"], retry_strategy=oci.retry.NoneRetryStrategy()
    )
    try:
        yield client
    finally:
        client.base_client.session.close()


def zone_details(sandbox, name="example.com"):
    return oci.dns.models.CreateZoneDetails(
        name=name, compartment_id=sandbox.ready["oci"]["compartment"], zone_type="PRIMARY"
    )


def operation(domain, rtype, rdata, ttl=300, operation="ADD"):
    return oci.dns.models.RecordOperation(domain=domain, rtype=rtype, rdata=rdata, ttl=ttl, operation=operation)


def patch(client, zone, *operations):
    details = oci.dns.models.PatchZoneRecordsDetails(items=list(operations))
    return client.patch_zone_records(zone, details).data


def ask(sandbox, name, rtype):
    """Code and answers of the name server."""
    where = sandbox.ready["dns"]
    found = dns.query.udp(dns.message.make_query(name, rtype), where["host"], timeout=60, port=where["port"])
    return dns.rcode.to_text(found.rcode()), [data.to_text() for rrset in found.answer for data in rrset]


def test_a_zone_made_with_the_sdk_is_in_dns(sandbox, client):
    made = client.create_zone(zone_details(sandbox))
    assert made.data.lifecycle_state == "CREATING"
    assert client.get_zone(made.data.id).data.lifecycle_state == "ACTIVE"
    assert made.data.nameservers[0].hostname == "ns1.p68.dns.oraclecloud.net"

    spf = "v=spf1 include:rp.oracleemaildelivery.com ~all"
    records = patch(client, "example.com", operation("example.com", "TXT", spf, 3600))
    text = next(record for record in records.items if record.rtype == "TXT")
    assert text.rdata == '"v=spf1" "include:rp.oracleemaildelivery.com" "~all"'
    assert ask(sandbox, "example.com", "TXT") == ("NOERROR", [text.rdata])
    assert ask(sandbox, "nothing.example.com", "TXT") == ("NXDOMAIN", [])

    quoted = oci.dns.models.UpdateRRSetDetails(
        items=[oci.dns.models.RecordDetails(domain="example.com", rtype="TXT", rdata=f'"{spf}"', ttl=60)]
    )
    assert client.update_rr_set("example.com", "example.com", "TXT", quoted).data.items[0].rdata == f'"{spf}"'
    assert ask(sandbox, "example.com", "TXT") == ("NOERROR", [f'"{spf}"'])

    client.delete_rr_set("example.com", "example.com", "TXT")
    assert ask(sandbox, "example.com", "TXT") == ("NOERROR", [])
    client.delete_zone("example.com")
    assert ask(sandbox, "example.com", "SOA") == ("REFUSED", [])
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        client.get_zone("example.com")
    assert (caught.value.status, caught.value.code) == (404, "NotAuthorizedOrNotFound")


def test_every_operation_of_the_sdk_has_an_answer():
    """What the sandbox has not is answered with 501, never as an unknown path."""
    source = inspect.getsource(oci.dns.DnsClient)
    listed = re.findall(r'resource_path = "([^"]+)"\n +method = "(\w+)"\n +operation_name = "(\w+)"', source)
    assert len(listed) > 50

    unknown, done = [], set()
    for path, method, name in listed:
        found = [one for one in OPERATIONS if one.method == method and pattern(one.path).fullmatch(path)]
        unknown += [] if found else [name]
        done |= {one.name.lower() for one in found[:1] if one.call is not not_emulated}

    assert unknown == []
    wanted = {name.replace("_", "") for *_, name in listed if "record" in name or "rr_set" in name}
    assert wanted | {"createzone", "listzones", "getzone", "updatezone", "deletezone"} <= done


def pattern(template):
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)))


def test_pages_give_each_record_once(sandbox, client):
    client.create_zone(zone_details(sandbox))
    patch(client, "example.com", *(operation(f"h{n}.example.com", "A", "192.0.2.1") for n in range(25)))

    pages = oci.pagination.list_call_get_all_results_generator(
        client.get_zone_records, "response", "example.com", limit=7
    )
    names = [(record.domain, record.rtype, record.rdata) for page in pages for record in page.data.items]

    assert len(names) == len(set(names)) == 30
    assert [name for name, *_ in names] == sorted(name for name, *_ in names)


def test_a_change_of_another_state_is_refused(sandbox, client):
    client.create_zone(zone_details(sandbox))
    etag = client.get_zone("example.com").headers["etag"]
    details = oci.dns.models.PatchDomainRecordsDetails(items=[operation("a.example.com", "A", "192.0.2.1")])
    client.patch_domain_records("example.com", "a.example.com", details, if_match=etag)
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        client.patch_domain_records("example.com", "a.example.com", details, if_match=etag)
    assert (caught.value.status, caught.value.code) == (412, "NoEtagMatch")


HOSTS = st.sampled_from(["a.example.com", "b.example.com"])
ROWS = st.sampled_from([("A", "192.0.2.1"), ("A", "192.0.2.2"), ("TXT", '"x"'), ("MX", "10 a.example.com.")])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["ADD", "REMOVE"]), HOSTS, ROWS), min_size=1, max_size=6))
def test_the_api_and_the_name_server_agree(sandbox, wishes):
    """After any patch the name server tells exactly the records that the patch asked for."""
    wanted = set()
    for what, host, (rtype, rdata) in wishes:
        (wanted.add if what == "ADD" else wanted.discard)((host, rtype, rdata))
    with dns_client(sandbox) as client:
        client.create_zone(zone_details(sandbox))
        patch(client, "example.com", *(operation(host, *row, operation=what) for what, host, row in wishes))
        listed = {
            (record.domain, record.rtype, record.rdata)
            for record in client.get_zone_records("example.com").data.items
            if not record.is_protected
        }
        client_sees = {
            (host, rtype, rdata)
            for host in ("a.example.com", "b.example.com")
            for rtype in ("A", "TXT", "MX")
            for rdata in ask(sandbox, host, rtype)[1]
        }
        client.delete_zone("example.com")
    assert listed == client_sees == wanted


@pytest.mark.parametrize(
    ("name", "rtype", "code", "answers"),
    [
        ("rp.oracleemaildelivery.com", "TXT", "NOERROR", ['"v=spf1 ip4:192.0.2.0/24 ~all"']),
        ("AP.rp.oracleemaildelivery.com", "TXT", "NOERROR", ['"v=spf1 ip4:192.0.2.0/24 ~all"']),
        ("eu.rp.oracleemaildelivery.com", "TXT", "NOERROR", ['"v=spf1 ip4:192.0.2.0/24 ~all"']),
        ("gru1.rp.oracleemaildelivery.com", "MX", "NOERROR", ["10 gru1.rp.oracleemaildelivery.com."]),
        (LABEL, "A", "NOERROR", ["192.0.2.10"]),
        (LABEL, "AAAA", "NOERROR", []),
        ("dkim.iad1.oracleemaildelivery.com", "TXT", "NOERROR", []),
        ("key1.example.com.dkim.iad1.oracleemaildelivery.com", "TXT", "NOERROR", [f'"{"k" * 255}" "{"k" * 45}"']),
        ("key2.example.com.dkim.iad1.oracleemaildelivery.com", "TXT", "NXDOMAIN", []),
        ("key1._domainkey.example.org", "CNAME", "REFUSED", []),
        (f"prod-iad-20260101._domainkey.{LABEL}", "TXT", "NOERROR", ['"v=DKIM1; k=rsa; p=MIIB"']),
        (f"prod-iad-20200101._domainkey.{LABEL}", "TXT", "NXDOMAIN", []),
        ("prod-iad-20260101._domainkey.gru1.rp.oracleemaildelivery.com", "TXT", "NXDOMAIN", []),
        ("xxx1.rp.oracleemaildelivery.com", "A", "NXDOMAIN", []),
        ("oracleemaildelivery.com", "SOA", "NOERROR", "*"),
    ],
)
def test_the_service_publishes_its_own_names(published, name, rtype, code, answers):
    found = ask(published, name, rtype)
    assert found == (code, answers if answers != "*" else found[1])
    assert answers != "*" or found[1]


@pytest.fixture(scope="module")
def published():
    """A sandbox with a key of a customer, in an account that is not the ready-made one, and one of the service."""
    with Sandbox() as running:
        services = running._running.runtime.services

        async def fill():
            account = await services.accounts.create()
            target = "key1.example.com.dkim.iad1.oracleemaildelivery.com"
            await store(services, account, "dkim", "k1", {"cnameRecordValue": target, "txtRecordValue": "k" * 300})
            value = {"txtRecordValue": "v=DKIM1; k=rsa; p=MIIB"}
            await store(services, services.accounts.ready_made, "service-key", "prod-iad-20260101", value)

        running._running.call(fill())
        yield running


async def store(services, account, kind, key, data):
    await services.store.resources.add(
        Resource(account=account.id, provider="oci", kind=kind, id=key, key=key, data=data, created=0.0, updated=0.0)
    )


def send(sandbox, recipient):
    details = sandbox.ready["oci"]
    listener = next(one for one in details["smtp"] if one["tls"] == "starttls")
    context = ssl.create_default_context(cafile=sandbox.ready["ca_file"])
    with smtplib.SMTP(listener["host"], listener["port"]) as client:
        client.starttls(context=context)
        client.login(details["smtp_username"], details["smtp_password"])
        sender = details["approved_sender"]
        client.sendmail(sender, recipient, f"From: {sender}\r\nSubject: {recipient}\r\n\r\nHello\r\n")


def outcome(sandbox, recipient):
    send(sandbox, recipient)
    sandbox.advance("1s")
    message = sandbox.wait_for(subject=recipient)
    return message.outcome(recipient)


def test_a_domain_without_an_exchanger_bounces(sandbox, client):
    assert outcome(sandbox, "ann@anywhere.example") == "delivered"
    assert outcome(sandbox, "ann@some.invalid") == "hard_bounced"

    client.create_zone(zone_details(sandbox, "shop.example"))
    assert outcome(sandbox, "ann@shop.example") == "hard_bounced"
    patch(client, "shop.example", operation("shop.example", "A", "192.0.2.1"))
    assert outcome(sandbox, "bob@shop.example") == "hard_bounced"
    patch(client, "shop.example", operation("shop.example", "MX", "10 shop.example"))
    assert outcome(sandbox, "eve@shop.example") == "delivered"
    patch(client, "shop.example", operation("round.shop.example", "CNAME", "round.shop.example"))
    assert outcome(sandbox, "eve@round.shop.example") == "deferred"


@pytest.mark.parametrize(
    ("delivery", "wanted"),
    [({"dns": "zones"}, "hard_bounced"), ({"dns": "any"}, "delivered"), ({"blackhole_domains": []}, "delivered")],
)
def test_the_setting_says_which_domains_exist(delivery, wanted):
    with Sandbox(delivery=delivery) as running:
        assert outcome(running, "ann@anywhere.example") == wanted


def test_the_implicit_exchanger_is_a_setting():
    with Sandbox(delivery={"implicit_mx": True, "dns": "zones"}) as running, dns_client(running) as client:
        client.create_zone(zone_details(running))
        assert outcome(running, "ann@example.com") == "hard_bounced"
        patch(client, "example.com", operation("example.com", "A", "192.0.2.1"))
        assert outcome(running, "bob@example.com") == "delivered"


def test_the_flag_has_a_short_name():
    """`--dns` and `EMAIL_SANDBOX_DNS` choose the world; the port of the name server has a flag of its own."""
    assert load({"dns": "zones"}).delivery.dns == "zones"
    assert load({}, {"EMAIL_SANDBOX_DNS": "system"}).delivery.dns == "system"
    assert load({"dns": "zones"}).port.dns == 1053
    assert load({"port.dns": "53"}).port.dns == 53
    with pytest.raises(SettingsError, match="any, zones, system"):
        load({"dns": "some"})
