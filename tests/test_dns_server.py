"""The name server on real sockets: dnspython and dig as clients, and octets that are no questions."""

import asyncio
import contextlib
import shutil
import socket
import struct
import subprocess

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from dns_world import add_zone, world
from free_port import free_port
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.app import ListenerError, Sandbox
from sandbox.app.binding import bind_both
from sandbox.core.dns.records import make
from sandbox.settings import Ports, Settings
from sandbox.wire import dns as wire

KEY = "v=DKIM1; k=rsa; p=" + "M" * 392
LONG = '"' + '" "'.join([KEY[:255], KEY[255:]]) + '"'
ROWS = [
    ["example.com", "MX", "10 mail.example.com"],
    ["mail.example.com", "A", "192.0.2.1"],
    ["www.example.com", "CNAME", "mail.example.com"],
    ["gone.example.com", "CNAME", "nobody.example.com"],
    ["away.example.com", "CNAME", "host.example.org"],
    ["round.example.com", "CNAME", "round.example.com"],
    ["sel._domainkey.example.com", "TXT", LONG],
    ["longer.sel._domainkey.example.com", "TXT", f"{LONG} {'x' * 200}"],
    ["many.example.com", "TXT", " ".join([f"string-number-{n}-of-many" for n in range(60)])],
    ["cut.example.com", "NS", "ns.example.org"],
]


async def serve(resolve, port=0, **options):
    """A server on a port, a free one when it is 0, and the port."""
    stream, datagram = bind_both("DNS", "127.0.0.1", port, "--port-dns")
    return await wire.serve(resolve, stream, datagram, **options), stream.getsockname()[1]


@pytest.fixture(scope="module")
def sandbox():
    """A sandbox whose ready-made account has the zone example.com, and another account example.net."""
    with Sandbox() as running:
        running.call(fill(running.runtime.services))
        yield running


async def fill(services):
    zones, accounts = services.dns.zones, services.accounts
    await add_zone(accounts, zones, "example.com", ROWS)
    other = await accounts.create()
    await add_zone(accounts, zones, "example.com", [["other.example.com", "A", "192.0.2.9"]], other)
    await add_zone(accounts, zones, "example.net", [["a.example.net", "A", "192.0.2.9"]], other)


@pytest.fixture(scope="module")
def server(sandbox):
    """Host and port, as the ready file says."""
    return sandbox.ready["dns"]["host"], sandbox.ready["dns"]["port"]


@pytest.fixture(scope="module")
def ask(server):
    """Ask a question; options are those of `dns.message.make_query`."""

    def ask(name, rtype, transport=dns.query.udp, **options):
        query = dns.message.make_query(name, rtype, **options)
        return transport(query, server[0], timeout=60, port=server[1])

    return ask


@pytest.mark.parametrize("transport", [dns.query.udp, dns.query.tcp])
@pytest.mark.parametrize(
    ("name", "rtype", "code", "answers"),
    [
        ("example.com", "MX", "NOERROR", ["10 mail.example.com."]),
        ("MAIL.example.com", "A", "NOERROR", ["192.0.2.1"]),
        ("www.example.com", "A", "NOERROR", ["mail.example.com.", "192.0.2.1"]),
        ("mail.example.com", "AAAA", "NOERROR", []),
        ("_domainkey.example.com", "TXT", "NOERROR", []),
        ("no.example.com", "A", "NXDOMAIN", []),
        ("gone.example.com", "A", "NXDOMAIN", ["nobody.example.com."]),
        ("away.example.com", "A", "NOERROR", ["host.example.org."]),
        ("sel._domainkey.example.com", "TXT", "NOERROR", [LONG]),
        ("a.example.net", "A", "NOERROR", ["192.0.2.9"]),
        ("other.example.com", "A", "NXDOMAIN", []),
    ],
)
def test_a_question_is_answered_with_authority(ask, transport, name, rtype, code, answers):
    found = ask(name, rtype, transport)

    assert dns.rcode.to_text(found.rcode()) == code
    assert [data.to_text() for rrset in found.answer for data in rrset] == answers
    assert found.flags & dns.flags.AA
    assert found.flags & dns.flags.RD, "copied from the question"
    assert not found.flags & dns.flags.RA
    denied = code == "NXDOMAIN" or not answers
    assert [rrset.rdtype for rrset in found.authority] == ([dns.rdatatype.SOA] if denied else [])
    assert found.answer == [] or found.answer[0].name.to_text() == f"{name}.", "in the client's spelling"


def test_a_denial_names_the_time_it_holds(ask):
    assert ask("no.example.com", "A").authority[0].ttl == 1800


@pytest.mark.parametrize(
    ("name", "rtype", "code"),
    [
        ("example.org", "A", "REFUSED"),
        ("com", "A", "REFUSED"),
        (".", "NS", "REFUSED"),
        ("example.com", "AXFR", "REFUSED"),
        ("example.com", "MAILB", "NOTIMP"),
        ("round.example.com", "A", "SERVFAIL"),
    ],
)
def test_a_question_that_is_not_for_it_is_turned_away(server, name, rtype, code):
    query = dns.message.make_query(name, rtype)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(60)
        client.sendto(query.to_wire(), server)
        found = dns.message.from_wire(client.recv(4096))
    assert (dns.rcode.to_text(found.rcode()), found.id) == (code, query.id)


def test_another_class_is_turned_away(ask):
    assert ask("example.com", "MX", rdclass="CH").rcode() == dns.rcode.REFUSED


def test_a_delegated_name_is_referred(ask):
    found = ask("host.cut.example.com", "A")
    assert not found.flags & dns.flags.AA
    assert [rrset.to_text() for rrset in found.authority] == ["cut.example.com. 300 IN NS ns.example.org."]


def test_any_is_answered_with_one_set(ask):
    found = ask("example.com", "ANY")
    assert len(found.answer) == 1


def test_what_does_not_fit_into_a_datagram_comes_over_tcp(ask):
    cut = ask("sel._domainkey.example.com", "TXT")
    assert not cut.flags & dns.flags.TC
    assert len(cut.to_wire()) <= 512

    cut = ask("many.example.com", "TXT", use_edns=False)
    assert cut.flags & dns.flags.TC
    assert cut.answer == []
    assert len(cut.to_wire()) <= 512

    cut = ask("many.example.com", "TXT", payload=4096)
    assert cut.flags & dns.flags.TC, "datagrams stay below what every network carries"
    whole = ask("many.example.com", "TXT", dns.query.tcp)
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0][0].strings) == 60


@pytest.mark.parametrize(("payload", "whole"), [(1, False), (512, False), (1000, True), (65535, True)])
def test_the_size_that_a_client_offers_counts(ask, payload, whole):
    found = ask("longer.sel._domainkey.example.com", "TXT", payload=payload)
    assert bool(found.answer) == whole
    assert bool(found.flags & dns.flags.TC) == (not whole)
    assert (found.edns, found.payload) == (0, 1232)


def test_an_unknown_version_of_edns_is_told_so(ask):
    found = ask("example.com", "MX", use_edns=1)
    assert found.rcode() == dns.rcode.BADVERS
    assert found.edns == 0


def exchange(server, octets):
    """Send a datagram, then a question that is certainly answered; returns what came before that answer."""
    last = dns.message.make_query("example.com", "SOA", id=4711)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(60)
        client.sendto(octets, server)
        client.sendto(last.to_wire(), server)
        before = []
        while (answer := client.recv(4096))[:2] != struct.pack("!H", 4711):
            before.append(answer)
        return before


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", None),
        (b"\x12\x34\x01", None),
        (b"\x12\x34\x81\x00" + bytes(8), None),
        (b"\x12\x34\x01\x00" + bytes(8), "FORMERR"),
        (b"\x12\x34\x01\x00\x00\x01" + bytes(6), "FORMERR"),
        (b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\xc0\x0c\x00\x01\x00\x01", "FORMERR"),
        (b"\x12\x34\x01\x00\x00\x02" + bytes(6) + b"\x00\x00\x01\x00\x01" * 2, "FORMERR"),
        (b"\x12\x34\x01\x00\xff\xff" + bytes(6), "FORMERR"),
        (b"\x12\x34\x10\x00" + bytes(8), "NOTIMP"),
        (b"\x12\x34\x28\x00\x00\x01" + bytes(6) + b"\x00\x00\x06\x00\x01", "NOTIMP"),
        (b"\x12\x34\x20\x00\x00\x01" + bytes(6) + b"\x00\x00\x06\x00\x01", "NOTIMP"),
        (b"\x12\x34\x01\x00" + bytes(5000), None),
    ],
)
def test_octets_that_are_no_question_do_no_harm(server, octets, code):
    found = exchange(server, octets)
    if code is None:
        assert found == []
        return
    assert found[0][:2] == b"\x12\x34"
    assert found[0][2] & 0x80
    assert dns.rcode.to_text(found[0][3] & 0xF) == code


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_questions_never_stop_the_server(server, data):
    octets = bytearray(dns.message.make_query("www.example.com", "A", use_edns=0).to_wire())
    for _ in range(data.draw(st.integers(1, 6))):
        octets[data.draw(st.integers(2, len(octets) - 1))] = data.draw(st.integers(0, 255))
    del octets[data.draw(st.integers(2, len(octets))) :]
    for answer in exchange(server, bytes(octets)):
        assert answer[:2] == octets[:2]
        assert answer[2] & 0x80


def receive(stream):
    """One message of a TCP stream; empty at its end."""
    head = stream.read(2)
    return stream.read(struct.unpack("!H", head)[0]) if head else b""


def test_one_connection_carries_many_questions(server):
    query = dns.message.make_query("mail.example.com", "A").to_wire()
    with socket.create_connection(server, timeout=60) as client, client.makefile("rb") as stream:
        client.sendall((struct.pack("!H", len(query)) + query) * 20)
        answers = [dns.message.from_wire(receive(stream)) for _ in range(20)]
    assert {answer.answer[0][0].to_text() for answer in answers} == {"192.0.2.1"}


@pytest.mark.parametrize("octets", [b"\xff\xff" + bytes(100), b"\x00\x03abc", b"\x00\x00", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_connection_that_says_nonsense_is_closed(server, octets):
    with socket.create_connection(server, timeout=60) as client, client.makefile("rb") as stream:
        client.sendall(octets)
        assert_closed(stream)


def assert_closed(stream):
    with contextlib.suppress(ConnectionResetError):  # what was sent had not been read when the server closed
        assert stream.read(1) == b""


def test_silent_connections_are_closed_and_others_go_on():
    async def walk():
        async with world() as (accounts, zones, authority):
            await add_zone(accounts, zones, "example.com", ROWS)
            server, port = await serve(wire.resolver(accounts, authority), idle=0.2)
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(250)]
            ended = [await asyncio.wait_for(reader.read(), 60) for reader, _ in silent]
            server._tcp._idle = 60.0  # so that the next has all the time it needs
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            query = dns.message.make_query("mail.example.com", "A").to_wire()
            writer.write(struct.pack("!H", len(query)) + query)
            answered = await asyncio.wait_for(reader.readexactly(2), 60)
            await server.close()
            await server.close()
            await asyncio.wait_for(reader.read(), 60)
            for _, one in [*silent, (reader, writer)]:
                one.close()
            return ended, answered

    ended, answered = asyncio.run(walk())
    assert set(ended) == {b""}
    assert answered > b"\x00\x0c"


def test_a_closed_server_leaves_its_port():
    async def walk():
        async with world() as (accounts, _, authority):
            resolve = wire.resolver(accounts, authority)
            first, port = await serve(resolve, free_port())
            await first.close()
            again, same = await serve(resolve, port)
            assert same == port
            with pytest.raises(ListenerError, match="in use"):
                await serve(resolve, port)
            await again.close()

    asyncio.run(walk())


def test_a_failure_inside_is_told_to_the_client(caplog):
    async def broken(name, rtype):
        raise RuntimeError("the store is gone")

    query = dns.message.make_query("example.com", "A")
    found = dns.message.from_wire(asyncio.run(wire.respond(query.to_wire(), broken, udp=True)))
    assert found.rcode() == dns.rcode.SERVFAIL
    assert "the store is gone" in caplog.text


def test_a_set_too_long_for_any_message_is_a_failure():
    async def walk():
        async with world() as (accounts, zones, authority):
            rows = [make("example.com", "TXT", 60, " ".join([f'"{n:0250d}"'] * 2)) for n in range(150)]
            account = accounts.ready_made
            await zones.create(account, "example.com", zone_id="z", servers=["ns.example."], records=rows)
            server, port = await serve(wire.resolver(accounts, authority))
            query = dns.message.make_query("example.com", "TXT")
            found = await asyncio.to_thread(dns.query.tcp, query, "127.0.0.1", 60, port)
            await server.close()
            return found

    assert asyncio.run(walk()).rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_that_is_taken_names_the_flag(kind):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        ports = dict.fromkeys(("http", "https", "oci_25", "oci_587", "oci_465"), 0)
        wanted = Settings(data=":memory:", port=Ports(dns=taken.getsockname()[1], **ports))
        with pytest.raises(ListenerError, match=f"DNS listener can't use port {wanted.port.dns}.*--port-dns"):
            Sandbox(wanted).start()


@pytest.mark.skipif(shutil.which("dig") is None, reason="dig is not installed")
@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("example.com MX", "10 mail.example.com."),
        ("www.example.com A", "mail.example.com.\n192.0.2.1"),
        ("sel._domainkey.example.com TXT", LONG),
        ("sel._domainkey.example.com TXT +tcp", LONG),
        ("sel._domainkey.example.com TXT +noedns", LONG),
        ("no.example.com A", ""),
    ],
)
def test_dig_finds_it(server, question, answer):
    command = ["dig", f"@{server[0]}", "-p", str(server[1]), "+short", "+tries=1", "+time=60", *question.split()]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == answer
