"""Whatever mail, requests and tokens contain: an answer, never a failure, and the same however it arrives."""

import asyncio
import base64
import json
import socket
import ssl
from email.message import EmailMessage

import pytest
from dialogues import plain as plain_secret
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from smtp_wire import Client, stored

from sandbox.app import Sandbox
from sandbox.core import headers
from sandbox.core.clock import Clock
from sandbox.core.errors import Refusal
from sandbox.core.ids import Ids
from sandbox.providers.ibm import networks, tokens
from sandbox.providers.ibm.attachments import attached, may_have_any, without_attachments
from sandbox.providers.ibm.mending import mended
from sandbox.providers.ibm.queue_id import ALPHABET, queue_id
from sandbox.settings import Settings
from sandbox.wire.smtp.data import read_content
from sandbox.wire.smtp.lines import Input

LINE = st.binary(max_size=12).map(lambda octets: octets.replace(b"\n", b"").replace(b"\r", b""))
MESSAGE = b"From: noreply@example.com\r\n\r\n"


@pytest.fixture(scope="module")
def running():
    with Sandbox(Settings(data=":memory:", ports="auto", providers=["ibm"])) as sandbox:
        yield sandbox


# what arrives in pieces


async def content_of(pieces):
    source = Input()
    source.bare_lines = True
    source.expect_data(60, 1)
    task = asyncio.ensure_future(read_content(source, 10**6))
    for piece in pieces:
        source.feed(piece)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    source.end()
    return (await task).octets


@given(st.lists(LINE, max_size=6), st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=8, max_size=8), st.data())
@settings(max_examples=150, deadline=None)
def test_lines_end_in_lf_or_crlf_wherever_the_pieces_are_cut(lines, ends, data):
    """Every line of a message ends in CRLF afterwards, and it is the same message."""
    stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
    sent = b"".join(line + end for line, end in zip([*stuffed, b"."], ends, strict=False))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    pieces = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True) if a < b]
    assert asyncio.run(content_of(pieces)) == b"".join(line + b"\r\n" for line in lines)


@given(st.binary(max_size=300))
@example(b"a:\r\nb")
def test_mending_inserts_one_empty_line_or_nothing(octets):
    found = mended(octets)
    if found != octets:
        assert len(found) == len(octets) + 2
        head, _, rest = found.partition(b"\r\n\r\n")
        assert octets == head + b"\r\n" + rest
        assert headers.split(found, len(found)).fields
    assert mended(found) == found


def test_hostile_headers_are_looked_at_once():
    """Megabytes of fields or of their continuations: mended in one pass, and not parsed at all."""
    head = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
    for octets in (b"a: b\r\n" + b"x" * 2_000_000, b"a" * 2_000_000, b"a \t" * 500_000):
        mended(octets)
    for octets in (b"a: b\r\n" * 400_000, b"a: b\r\n" + b" x\r\n" * 400_000):
        mended(octets)
        assert attached(head + octets) == ()


# attachments


BOUNDARY = b"--x"
PIECES = st.sampled_from([
    b"Content-Type: multipart/mixed; boundary=x\r\n", b"Content-Type: message/rfc822\r\n", b"\r\n", b"--x\r\n", b"--x--\r\n",
    b"Content-Disposition: attachment; filename*=utf-8''%ff\r\n", b"Content-Type: text/plain; charset=\xff\r\n", b"text\r\n",
    b"Content-Transfer-Encoding: base64\r\n", b'Content-Type: application/octet-stream; name="a\r\n', b"=\x00\r\n",
])  # fmt: skip


@given(st.lists(PIECES, max_size=14).map(b"".join))
@settings(max_examples=300, deadline=None)
def test_any_structure_is_looked_at_and_taken_apart(tail):
    raw = b"From: a@b.example\r\n" + tail
    try:
        block = headers.split(raw, len(raw))
    except Refusal:
        return
    found = attached(raw) if may_have_any(block) else ()
    assert isinstance(found, tuple)
    without_attachments(raw)


@given(st.lists(st.sampled_from(["text", "html", "pdf", "related", "mail"]), max_size=4))
@settings(max_examples=60, deadline=None)
def test_what_is_dropped_is_what_was_found(parts):
    """Of a message in order, the copy has no attachments, and all of its texts."""
    message = EmailMessage()
    message["From"] = "a@b.example"
    message.set_content("the text")
    for part in parts:
        if part == "html":
            message.add_attachment("<p>x</p>", subtype="html", filename="x.html")
        elif part == "mail":
            inner = EmailMessage()
            inner.set_content("inner")
            message.add_attachment(inner)
        else:
            message.add_attachment(part.encode(), maintype="application", subtype=part, filename=part)
    raw = message.as_bytes().replace(b"\n", b"\r\n")
    assert len(attached(raw)) == len(parts)
    left = without_attachments(raw)
    assert attached(left) == ()
    assert b"the text" in left


# tokens, addresses, queue ids


@given(st.text(max_size=60))
@example("a.e30.b")
@example("..")
def test_no_token_is_believed_that_the_sandbox_did_not_make(text):
    for token in (text, f"e30.{base64.urlsafe_b64encode(text.encode()).decode()}.x"):
        with pytest.raises(tokens.TokenError):
            tokens.check("secret", token, 0.0)


def test_a_token_is_good_for_an_hour_and_for_one_secret():
    token = tokens.make("secret", account="default", service_id="iam-ServiceId-x", name="n", now=1000, serial="1")
    assert tokens.check("secret", token, 1000.0)["account"]["bss"] == "default"
    for secret, now in (("other", 1000.0), ("secret", 4600.0)):
        with pytest.raises(tokens.TokenError):
            tokens.check(secret, token, now)


@given(st.one_of(st.ip_addresses().map(str), st.text(max_size=20)))
def test_an_address_lies_in_its_own_network_and_a_wrong_one_in_none(client):
    try:
        own = networks.normal(client) if "/" not in client else ""
    except ValueError:
        own = ""
    assert networks.within(client, [own] if own else ["0.0.0.0/0", "::/0"]) == bool(own)


def test_an_ipv4_address_counts_as_such_in_ipv6_clothes():
    assert networks.within("::ffff:127.0.0.1", ["127.0.0.0/8"])
    assert not networks.within("::ffff:10.0.0.1", ["127.0.0.0/8"])


def test_queue_ids_are_different_and_sort_by_time():
    class Owner:
        ids, clock = Ids(1), Clock(lambda: next(moments))

    moments = iter(1_800_000_000 + number / 10_000 for number in range(2000))
    made = [queue_id(Owner) for _ in range(2000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert set("".join(made)) <= set(ALPHABET)


# requests


BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"[" * 100_000,
    b'{"name": 1e999}',
    b"\xff\xfe",
    b'{"name": {"a": []}, "domain": [1]}',
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize(
    "path", ["", "/{config}/users", "/{config}/allowed_ips", "/%00", "/..%2f..", "/{config}/users/%ff"]
)
def test_any_request_gets_an_answer_in_the_services_form(sandbox, body, path):
    own = sandbox.ready["ibm"]
    from exchange_callers import IbmCaller

    target = f"/v1/instances/{own['instance_id']}/smtp/config" + path.format(config=own["smtp_config_id"])
    import http.client
    from urllib.parse import urlsplit

    for method in ("GET", "POST", "PATCH", "DELETE"):
        if method == "DELETE" and not path.startswith(("/%", "/.")):
            continue
        connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=30)
        connection.request(method, target, body, IbmCaller(sandbox).signed("", method, target, {}, body))
        response = connection.getresponse()
        said = response.read()
        connection.close()
        assert response.status < 500 or response.status == 501
        if response.status >= 400:
            assert set(json.loads(said)) == {"status_code", "trace", "errors"}


@given(st.lists(st.one_of(LINE, st.sampled_from([
    b"AUTH LOGIN", b"=", b"*", b"AUTH PLAIN", b"MAIL FROM:<>", b"MAIL FROM:<a@example.com> ENVID=+", b"RCPT TO:<a@b.example> ORCPT=;",
    b"RCPT TO:<a@b.example> NOTIFY=", b"DATA", b"BDAT 1", b"RSET", b"HELP", b"EHLO {helo}", b"STARTTLS",
])), max_size=8))  # fmt: skip
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_commands_get_replies(running, lines):
    """Braces and the like are no templates; a session never ends in silence."""
    client = Client(running, provider="ibm").login()
    client.send(b"".join(line + b"\r\n" for line in lines) + b"\r\n.\r\nQUIT\r\n*\r\nQUIT\r\n")
    client.socket.settimeout(60)
    said = client.stream.read()
    client.close()
    assert said
    assert all(line[:3].isdigit() for line in said.splitlines())
    assert b"451 4.3.0" not in said


def test_an_address_with_braces_is_repeated_as_it_is():
    from sandbox.settings import Ibm

    wanted = Settings(data=":memory:", ports="auto", providers=["ibm"], ibm=Ibm(dialect="go-smtp"))
    with Sandbox(wanted) as sandbox:
        client = Client(sandbox, provider="ibm").login()
        assert client.say("MAIL FROM:<{host}@example.com>") == (
            b"250 2.0.0 Roger, accepting mail from <{host}@example.com>\r\n"
        )
        client.close()


def test_a_message_is_never_half_stored(sandbox):
    """The connection ends inside the data."""
    own = sandbox.ready["ibm"]["smtp"][1]
    context = ssl.create_default_context(cafile=sandbox.ready["ca_file"])
    with socket.create_connection(("127.0.0.1", own["port"])) as plain:
        secured = context.wrap_socket(plain, server_hostname="localhost")
        ready = sandbox.ready["ibm"]
        secret = plain_secret(ready["smtp_username"], ready["smtp_password"])
        secured.sendall(b"EHLO x\r\nAUTH PLAIN " + secret.encode() + b"\r\n")
        secured.sendall(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@c.example>\r\nDATA\r\n" + MESSAGE)
        secured.close()
    assert stored(sandbox) == []
