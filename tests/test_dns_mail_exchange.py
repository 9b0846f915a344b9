"""Where mail goes: the table of what DNS can say of a recipient's domain, and the three worlds of `delivery.dns`."""

import asyncio
import socket
import threading

import dns.message
import dns.rcode
import pytest
from dns_world import add_zone, world

from sandbox.core.attempts import Attempt
from sandbox.core.dns.lookup import Answer, Status
from sandbox.core.dns.mail_exchange import MailExchange
from sandbox.core.dns.resolver import AnyDomainLookup, ZoneLookup
from sandbox.wire.dns.system import SystemLookup

HOST = ["mx.example.com", "A", "192.0.2.1"]
TABLE = [
    # records of example.com, implicit MX, verdict, beginning of the reply, host
    ([["example.com", "MX", "10 mx.example.com"], HOST], False, "delivered", "250", "mx.example.com"),
    (
        [["example.com", "MX", "20 b.example.com"], ["example.com", "MX", "10 mx.example.com"], HOST],
        False,
        "delivered",
        "250",
        "mx.example.com",
    ),
    (
        [["example.com", "MX", "10 gone.example.com"], ["example.com", "MX", "20 mx.example.com"], HOST],
        False,
        "delivered",
        "250",
        "mx.example.com",
    ),
    (
        [["example.com", "MX", "10 v6.example.com"], ["v6.example.com", "AAAA", "2001:db8::1"]],
        False,
        "delivered",
        "250",
        "v6.example.com",
    ),
    ([["example.com", "MX", "10 gone.example.com"]], False, "permanent", "550 5.4.4 ", ""),
    ([["example.com", "MX", "0 ."]], False, "permanent", "556 5.1.10 ", ""),
    ([["example.com", "MX", "0 ."], ["example.com", "A", "192.0.2.1"]], True, "permanent", "556 5.1.10 ", ""),
    ([["example.com", "A", "192.0.2.1"]], False, "permanent", "550 5.4.4 ", ""),
    ([["example.com", "A", "192.0.2.1"]], True, "delivered", "250", "example.com"),
    ([["example.com", "AAAA", "2001:db8::1"]], True, "delivered", "250", "example.com"),
    ([["example.com", "TXT", "x"]], True, "permanent", "550 5.4.4 ", ""),
    ([["example.com", "NS", "ns.example.org"]], False, "permanent", "550 5.4.4 ", ""),
]


def attempt(domain):
    return Attempt(recipient=f"ann@{domain}", sender="bob@example.net")


@pytest.mark.parametrize(("rows", "implicit", "verdict", "reply", "host"), TABLE)
def test_a_domain_takes_mail_or_bounces_it(rows, implicit, verdict, reply, host):
    async def decide():
        async with world() as (accounts, zones, authority):
            await add_zone(accounts, zones, "example.com", rows)
            exchange = MailExchange(ZoneLookup(authority), implicit_mx=implicit)
            return await exchange.decide(accounts.ready_made, attempt("Example.COM.").domain)

    found = asyncio.run(decide())
    assert (found.verdict, found.mta) == (verdict, host)
    assert found.reply.startswith(reply)
    assert "example.com" in found.why


@pytest.mark.parametrize(
    ("domain", "anywhere", "in_zones"),
    [
        ("example.org", "delivered mx.example.org", "permanent 550 5.1.2"),
        ("a.b.example.org", "delivered mx.a.b.example.org", "permanent 550 5.1.2"),
        ("x.example.com", "permanent 550 5.1.2", "permanent 550 5.1.2"),
        ("away.example.com", "delivered mx.example.org", "permanent 550 5.1.2"),
        ("round.example.com", "temporary 451 4.4.3", "temporary 451 4.4.3"),
        ("cut.example.com", "temporary 451 4.4.3", "temporary 451 4.4.3"),
        ("invalid", "permanent 550 5.1.2", "permanent 550 5.1.2"),
        ("some.thing.INVALID", "permanent 550 5.1.2", "permanent 550 5.1.2"),
        ("not..a..name", "permanent 550 5.1.2", "permanent 550 5.1.2"),
        ("x" * 64 + ".org", "permanent 550 5.1.2", "permanent 550 5.1.2"),
        ("[192.0.2.7]", "delivered 192.0.2.7", "delivered 192.0.2.7"),
        ("[IPv6:2001:db8::7]", "delivered 2001:db8::7", "delivered 2001:db8::7"),
    ],
)
def test_which_domains_exist_is_a_choice(domain, anywhere, in_zones):
    rows = [
        ["away.example.com", "CNAME", "example.org"],
        ["round.example.com", "CNAME", "round.example.com"],
        ["cut.example.com", "NS", "ns.example.org"],
    ]

    async def decide():
        async with world() as (accounts, zones, authority):
            await add_zone(accounts, zones, "example.com", rows)
            lookups = (AnyDomainLookup(authority), ZoneLookup(authority))
            account = accounts.ready_made
            return [await MailExchange(lookup).decide(account, attempt(domain).domain) for lookup in lookups]

    shown = [f"{one.verdict} {one.mta or ' '.join(one.reply.split()[:2])}" for one in asyncio.run(decide())]
    assert shown == [anywhere, in_zones]


def test_an_exchanger_that_is_not_answered_for_is_tried_again_later():
    class Broken:
        async def query(self, account, name, rtype):
            if rtype == "MX":
                return Answer(status=Status.FOUND, records=("10 mx.example.com.", "20 no.example.com."))
            return Answer(status=Status.FAILURE if name.startswith("mx.") else Status.NO_NAME)

    found = asyncio.run(MailExchange(Broken()).decide(None, "example.com"))
    assert (found.verdict, found.reply[:9]) == ("temporary", "451 4.4.3")


def test_an_address_in_any_world_is_one_for_documentation():
    async def ask():
        async with world() as (accounts, _, authority):
            lookup = AnyDomainLookup(authority)
            account = accounts.ready_made
            return [await lookup.query(account, "Mail.Example.ORG.", rtype) for rtype in ("A", "AAAA", "MX", "TXT")]

    v4, v6, mx, text = asyncio.run(ask())
    assert v4.records[0].startswith("192.0.2.")
    assert v6.records[0].startswith("2001:db8:")
    assert mx.records == ("10 mx.mail.example.org.",)
    assert text == Answer(status=Status.NO_DATA)


@pytest.fixture
def name_server(tmp_path):
    """A resolver's configuration, and the server in it: it knows `known.test`, is silent about `silent.test`."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def run():
        while True:
            octets, client = server.recvfrom(4096)
            if octets == b"end":
                return
            query = dns.message.from_wire(octets)
            name = query.question[0].name.to_text()
            if name == "silent.test.":
                continue
            response = dns.message.make_response(query)
            if name == "broken.test.":
                response.set_rcode(dns.rcode.SERVFAIL)
            elif name != "known.test.":
                response.set_rcode(dns.rcode.NXDOMAIN)
            elif query.question[0].rdtype == dns.rdatatype.MX:
                response.answer.append(dns.rrset.from_text(name, 60, "IN", "MX", "5 mail.known.test."))
            server.sendto(response.to_wire(), client)

    thread = threading.Thread(target=run)
    thread.start()
    yield server.getsockname()[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"end", server.getsockname())
    thread.join()
    server.close()


def test_the_system_is_asked_for_what_is_not_in_the_sandbox(name_server, tmp_path):
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 127.0.0.1\n")

    async def ask():
        async with world() as (accounts, zones, authority):
            await add_zone(accounts, zones, "example.com", [["a.example.com", "CNAME", "known.test"]])
            lookup = SystemLookup(authority, file=str(file), seconds=0.5, port=name_server)
            names = ["a.example.com", "known.test", "absent.test", "broken.test", "silent.test", "x.invalid"]
            found = [await lookup.query(accounts.ready_made, name, "MX") for name in names]
            return [*found, await lookup.query(accounts.ready_made, "known.test", "TXT")]

    found = asyncio.run(ask())
    assert [one.status for one in found] == [
        *("found", "found", "no-name", "failure", "failure", "no-name"),
        "no-data",
    ]
    assert found[0] == Answer(status=Status.FOUND, records=("5 mail.known.test.",), aliases=("known.test",))


def test_a_system_without_a_resolver_is_a_failure(tmp_path):
    async def ask():
        async with world() as (accounts, _, authority):
            lookup = SystemLookup(authority, file=str(tmp_path / "absent"))
            return await lookup.query(accounts.ready_made, "example.org", "MX")

    assert asyncio.run(ask()) == Answer(status=Status.FAILURE)
