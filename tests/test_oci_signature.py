"""A request signature holds in every variant that clients send, and in no other way."""

import http.client
import json
import time
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from oci_signing import Signer, another_key

from sandbox.app import Sandbox
from sandbox.providers.oci import signature
from sandbox.settings import Oci, Settings

KEY = another_key()
PEM = (
    KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
SIGNER = Signer({"tenancy": "t", "user": "u", "fingerprint": "f"}, KEY)
HOST = {"host": "127.0.0.1:8025"}


def request(method="POST", target="/20220926/actions/submitEmail", body=b'{"a": 1}', **options):
    headers = SIGNER.sign(method, target, HOST, body, **options)
    return signature.Request(method=method, target=target, headers=headers, body=body)


def verify(made, clocks=None):
    signed = signature.parse(made.headers["authorization"])
    signature.verify(signed, made, PEM, clocks or [time.time()])


@pytest.mark.parametrize("node", [False, True], ids=["python", "node"])
@pytest.mark.parametrize("method", ["GET", "DELETE", "POST", "PUT"])
def test_what_clients_sign_holds(method, node):
    body = b"" if method in ("GET", "DELETE") else b'{"a": 1}'
    verify(request(method, "//20170907/senders?compartmentId=a%2Fb", body, node=node))


def test_an_empty_body_is_signed_too():
    verify(request("PUT", "/x", b""))


@pytest.mark.parametrize("part", ["method", "target", "body", "host", "content-type", "date"])
def test_a_changed_request_does_not_hold(part):
    made = request()
    changed = {
        "method": made.method,
        "target": made.target,
        "headers": dict(made.headers),
        "body": made.body,
    }
    if part in changed:
        changed[part] = {"method": "PUT", "target": "/other", "body": b"other"}[part]
    else:
        changed["headers"][part] = {
            "host": "elsewhere",
            "content-type": "text/plain",
            "date": "Thu, 01 Jan 1970 00:00:00 GMT",
        }[part]
    with pytest.raises(signature.SignatureError):
        verify(signature.Request(**changed))


@pytest.mark.parametrize(
    "left_out", ["date", "(request-target)", "host", "content-length", "content-type", "x-content-sha256"]
)
def test_everything_that_matters_must_be_covered(left_out):
    names = ["date", "(request-target)", "host", "content-length", "content-type", "x-content-sha256"]
    names.remove(left_out)
    with pytest.raises(signature.SignatureError, match="must also cover"):
        verify(request(covered=names))


def test_five_minutes_either_way_are_forgiven():
    verify(request(skew=-290))
    verify(request(skew=290))
    for skew in (-310, 310):
        with pytest.raises(signature.SignatureError, match="300 seconds"):
            verify(request(skew=skew))


def test_the_date_may_fit_any_of_the_clocks():
    verify(request(skew=86_400), clocks=[time.time(), time.time() + 86_400])


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic dXNlcjpwYXNz",
        "Signature",
        'Signature keyId="k"',
        'Signature keyId="k",algorithm="hmac",headers="date",signature="x"',
        'Signature keyId="k",algorithm="rsa-sha256",headers="date",signature="x",version="2"',
        "Signature " + 'a="b",' * 10_000,
        'Signature keyId="\u2028',
    ],
)
def test_a_header_that_is_no_signature_is_told(header):
    with pytest.raises(signature.SignatureError):
        signature.parse(header)


@pytest.mark.parametrize("text", ["not base64!", "", "AAAA", "\u00e9"])
def test_a_signature_of_rubbish_does_not_hold(text):
    made = request()
    signed = signature.Signed(
        key_id="k",
        headers=("date", "(request-target)", "host", "content-length", "content-type", "x-content-sha256"),
        signature=text,
    )
    with pytest.raises(signature.SignatureError):
        signature.verify(signed, made, PEM, [time.time()])


@pytest.mark.parametrize("pem", ["", "rubbish", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_key_that_is_none_is_told(pem):
    made = request()
    with pytest.raises(signature.SignatureError, match="key"):
        signature.verify(signature.parse(made.headers["authorization"]), made, pem, [time.time()])


def call(sandbox, method, target, headers, body=b""):
    """One request as its headers say, on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    try:
        connection.request(method, target, body or None, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")
    finally:
        connection.close()


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Settings(data=":memory:", ports="auto")) as running:
        yield running


@pytest.mark.parametrize("path", ["/20170907/senders", "//20170907/senders"])
def test_nodes_signature_opens_the_control_plane(sandbox, path):
    oci = sandbox.ready["oci"]
    target = f"{path}?compartmentId={oci['compartment']}"
    headers = Signer(oci).sign("GET", target, {"host": urlsplit(sandbox.url).netloc}, node=True)
    headers["date"] = "Thu, 01 Jan 1970 00:00:00 GMT"  # Node sends both; x-date is the one that is signed
    status, found = call(sandbox, "GET", target, headers)
    assert status == 200
    assert [sender["emailAddress"] for sender in found] == ["noreply@example.com"]


def test_node_submits(sandbox):
    oci = sandbox.ready["oci"]
    body = json.dumps(
        {
            "sender": {"compartmentId": oci["compartment"], "senderAddress": {"email": "noreply@example.com"}},
            "recipients": {"to": [{"email": "ada@example.org"}]},
            "subject": "Grüße",
            "bodyText": "Hello",
        },
        ensure_ascii=False,
    ).encode()
    headers = {"host": urlsplit(sandbox.url).netloc}
    signed = Signer(oci).sign("POST", "/20220926/actions/submitEmail", headers, body, node=True)
    assert call(sandbox, "POST", "/20220926/actions/submitEmail", signed, body)[0] == 200


def test_a_moved_clock_does_not_lock_clients_out(sandbox):
    """Clients go on with real time when the account's clock was moved."""

    async def move(seconds):
        sandbox.runtime.services.accounts.ready_made.clock.offset = seconds

    oci = sandbox.ready["oci"]
    target = f"/20170907/senders?compartmentId={oci['compartment']}"
    sandbox.call(move(90 * 86_400))
    try:
        headers = Signer(oci).sign("GET", target, {"host": urlsplit(sandbox.url).netloc})
        assert call(sandbox, "GET", target, headers)[0] == 200
        headers = Signer(oci).sign("GET", target, {"host": urlsplit(sandbox.url).netloc}, skew=90 * 86_400)
        assert call(sandbox, "GET", target, headers)[0] == 200
    finally:
        sandbox.call(move(0))


def test_the_transcript_says_why_a_signature_was_refused_and_keeps_no_signature(sandbox):
    oci = sandbox.ready["oci"]
    target = f"/20170907/senders?compartmentId={oci['compartment']}"
    headers = Signer(oci).sign("GET", target, {"host": urlsplit(sandbox.url).netloc}, skew=-900)
    assert call(sandbox, "GET", target, headers)[0] == 401
    services = sandbox.runtime.services
    found = services.sessions.all("default") + sandbox.call(services.store.sessions.page("default"))
    refused = {record.id: record for record in found if record.refusals}
    assert len(refused) == 1
    said = "\n".join(line["text"] for record in refused.values() for line in record.lines)
    assert "more than 300 seconds" in said
    assert headers["authorization"] not in said
    assert "authorization: Signature ***" in said


@pytest.mark.parametrize("settings", [{"permissive": True}, {"oci": Oci(verify_signatures=False)}], ids=str)
def test_without_verification_the_tenancy_in_the_key_id_names_the_account(settings):
    with Sandbox(Settings(data=":memory:", ports="auto", **settings)) as open_sandbox:

        async def fresh():
            account = await open_sandbox.runtime.services.accounts.create()
            await open_sandbox.runtime.provision(account)
            return await open_sandbox.runtime.connection(account)

        other = open_sandbox.call(fresh())["oci"]
        target = f"/20170907/suppressions?compartmentId={other['tenancy']}"
        stranger = Signer({**other, "fingerprint": "00:00"}, KEY)
        host = {"host": urlsplit(open_sandbox.url).netloc}
        assert call(open_sandbox, "GET", target, stranger.sign("GET", target, host))[0] == 200
        own = f"/20170907/suppressions?compartmentId={open_sandbox.ready['oci']['tenancy']}"
        assert call(open_sandbox, "GET", own, host)[0] == 200
