"""Whatever happens to an API call, it ends in an answer of the catalog and in a stored transcript."""

import asyncio
import contextlib
import http.client
import json
import logging
import socket
import time
from urllib.parse import urlsplit

import pytest
from exchanges import stand_still
from oci_signing import Signer

from sandbox.app import Sandbox
from sandbox.core.faults import make_fault
from sandbox.settings import Oci, Settings
from sandbox.wire.http.exchange import DRAIN

SUBMIT = "/20220926/actions/submitEmail"
RAW = "/20220926/actions/submitRawEmail"


class Client:
    """Signed requests over one connection."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.oci = sandbox.ready["oci"]
        self.signer = Signer(self.oci)
        self.host = urlsplit(sandbox.url).netloc
        self.connection = http.client.HTTPConnection(self.host, timeout=20)

    def call(self, method, target, body=b"", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        signed = self.signer.sign(method, target, {"host": self.host, **named}, body)
        return self.send(method, target, body, signed)

    def send(self, method, target, body, headers):
        self.connection.request(method, target, body or None, headers)
        response = self.connection.getresponse()
        return response.status, json.loads(response.read() or b"null")

    def submit(self, **changes):
        body = {
            "sender": {"compartmentId": self.oci["compartment"], "senderAddress": {"email": "noreply@example.com"}},
            "recipients": {"to": [{"email": "ada@example.org"}]},
            "subject": "Hello",
            "bodyText": "Hello",
            **changes,
        }
        return self.call("POST", SUBMIT, json.dumps(body).encode())


@contextlib.contextmanager
def running(**settings):
    with Sandbox(Settings(**{"data": ":memory:", "ports": "auto", **settings})) as sandbox:
        client = Client(sandbox)
        try:
            yield client
        finally:
            client.connection.close()


@pytest.fixture(scope="module")
def client():
    with running() as one:
        yield one


def sessions(sandbox):
    services = sandbox.runtime.services
    return services.sessions.all("default") + sandbox.call(services.store.sessions.page("default", limit=1000))


def session_of(sandbox, wanted, seconds=60.0):
    """The stored session that fits, once it is there."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for record in sandbox.call(sandbox.runtime.services.store.sessions.page("default", limit=1000)):
            if wanted(record):
                return record
    raise AssertionError([record.summary for record in sessions(sandbox)])


@pytest.mark.proves("oci.https.500.internal")
def test_an_unexpected_failure_is_an_internal_server_error(client, monkeypatch, caplog):
    async def fail(_submission):
        raise RuntimeError("a fault below the wire")

    monkeypatch.setattr(client.sandbox.runtime.services.intake, "accept", fail)
    with caplog.at_level(logging.CRITICAL, "sandbox"):
        status, body = client.submit()
    assert (status, body) == (500, {"code": "InternalServerError", "message": "Internal Server Error"})
    found = session_of(client.sandbox, lambda r: any(f["error"] == "oci.https.500.internal" for f in r.refusals))
    assert not found.refusals[0]["forced"]


@pytest.mark.proves("oci.https.503.unavailable")
def test_a_message_that_cannot_be_stored_is_not_acknowledged(tmp_path, caplog):
    with caplog.at_level(logging.CRITICAL), running(data=str(tmp_path)) as client:
        store = tmp_path / "store.db"
        store.rename(tmp_path / "elsewhere")
        status, body = client.submit()
        assert (status, body["code"]) == (503, "ServiceUnavailable")
        sender = {"compartmentId": client.oci["compartment"], "emailAddress": "new@example.com"}
        assert client.call("POST", "/20170907/senders", json.dumps(sender).encode())[0] == 503
        (tmp_path / "elsewhere").rename(store)
        assert client.submit()[0] == 200


def test_a_call_leaves_a_transcript_with_its_message(client):
    status, body = client.submit(subject="transcribed")
    assert status == 200
    found = session_of(client.sandbox, lambda r: r.messages and "transcribed" in str(r.lines))
    assert found.user == client.oci["user"]
    assert found.summary == f"POST {SUBMIT}: 200"
    assert body["envelopeId"] in str(found.lines)
    record = client.sandbox.call(client.sandbox.runtime.services.store.messages.get("default", found.messages[0]))
    assert record.session == found.id


def test_a_body_that_never_completes_is_noted_and_keeps_nothing(client):
    with socket.create_connection(tuple(client.host.split(":")), timeout=60) as wire:
        wire.sendall(f"POST {SUBMIT}?gone=1 HTTP/1.1\r\nhost: {client.host}\r\ncontent-length: 500\r\n\r\n{{".encode())
        wire.shutdown(socket.SHUT_WR)
    found = session_of(client.sandbox, lambda r: "gone=1" in str(r.lines))
    assert found.summary.endswith("abandoned")


def test_a_body_beyond_the_limit_is_answered_before_it_is_kept():
    """The client can finish sending and hear the answer; the connection stays usable."""
    with running(oci=Oci(max_message_bytes=1000)) as client:
        headers = {
            "content_type": "message/rfc822",
            "compartment_id": client.oci["compartment"],
            "sender": "noreply@example.com",
            "recipients": "ada@example.org",
        }
        status, body = client.call("POST", RAW, b"x" * 3_000_000, **headers)
        assert (status, body["message"]) == (413, "Message exceeds byte limit : limit is 1000")
        exact = b"From: noreply@example.com\r\n\r\n".ljust(1000, b"x")
        assert client.call("POST", RAW, exact, **headers)[0] == 200
        assert client.call("POST", RAW, exact + b"x", **headers)[0] == 413


def test_an_announcement_beyond_reason_is_answered_at_once(client):
    with socket.create_connection(tuple(client.host.split(":")), timeout=60) as wire:
        wire.sendall(f"POST {RAW} HTTP/1.1\r\nhost: {client.host}\r\ncontent-length: {DRAIN * 9}\r\n\r\n".encode())
        assert wire.recv(4096).startswith(b"HTTP/1.1 413")


def test_a_chunked_body_is_limited_as_well():
    with running(oci=Oci(max_message_bytes=1000, verify_signatures=False)) as client:
        headers = {
            "content-type": "message/rfc822",
            "compartment-id": client.oci["compartment"],
            "sender": "noreply@example.com",
            "recipients": "ada@example.org",
        }
        client.connection.request("POST", RAW, iter([b"x" * 400] * 5), headers, encode_chunked=True)
        assert client.connection.getresponse().status == 413


def test_the_rate_is_counted_for_each_user():
    with running(oci=Oci(api_requests_per_second=1)) as client:

        async def other():
            runtime = client.sandbox.runtime
            account = await runtime.services.accounts.create()
            await runtime.provision(account)
            return (await runtime.connection(account))["oci"]

        stand_still(client.sandbox)
        second = Client(client.sandbox)
        second.oci = client.sandbox.call(other())
        second.signer = Signer(second.oci)
        target = "/20170907/configuration?compartmentId="
        assert client.call("GET", target + client.oci["tenancy"])[0] == 200
        assert client.call("GET", target + client.oci["tenancy"])[0] == 429
        assert second.call("GET", target + second.oci["tenancy"])[0] == 200
        second.connection.close()


def test_permissive_approves_any_sender_but_not_the_suppressed():
    with running(permissive=True, oci=Oci(suppressed=["gone@example.org"])) as client:
        sender = {"compartmentId": "ocid1.compartment.oc1..any", "senderAddress": {"email": "any@where.example"}}
        recipients = {"to": [{"email": "gone@example.org"}, {"email": "ada@example.org"}]}
        status, body = client.submit(sender=sender, recipients=recipients)
        assert status == 200
        assert body["suppressedRecipients"] == [{"email": "gone@example.org"}]


def test_a_header_block_over_its_limit_is_refused(client):
    status, body = client.submit(subject="ü" * 300_000)
    assert (status, body["message"]) == (400, "Message parse error")


def test_concurrent_submissions_are_all_stored(client):
    async def submit_all():
        import httpx

        async with httpx.AsyncClient(base_url=client.sandbox.url, timeout=30) as web:

            async def one(number):
                body = json.dumps(
                    {
                        "sender": {
                            "compartmentId": client.oci["compartment"],
                            "senderAddress": {"email": "noreply@example.com"},
                        },
                        "recipients": {"to": [{"email": "ada@example.org"}]},
                        "subject": f"parallel {number}",
                        "bodyText": "Hello",
                    }
                ).encode()
                headers = client.signer.sign("POST", SUBMIT, {"host": client.host}, body)
                return (await web.post(SUBMIT, content=body, headers=headers)).json()["messageId"]

            return await asyncio.gather(*(one(number) for number in range(60)))

    found = asyncio.run(submit_all())
    assert len(set(found)) == 60


def test_what_an_account_owns_survives_a_reset():
    """Clients keep their credentials when the account is emptied."""
    with running() as client:
        runtime = client.sandbox.runtime
        before = client.sandbox.ready["oci"]

        async def empty():
            account = runtime.services.accounts.ready_made
            await runtime.store.clear(account.id)
            await runtime.provision(account)

        client.sandbox.call(empty())
        assert client.submit()[0] == 200
        assert client.sandbox.ready["oci"] == before


def test_settings_gained_since_the_last_start_are_added(tmp_path):
    with running(data=str(tmp_path)) as client:
        before = client.oci
        details = {"compartmentId": client.oci["compartment"], "emailAddress": "own@example.com"}
        assert client.call("POST", "/20170907/senders", json.dumps(details).encode())[0] == 200
    later = Oci(
        approved_senders=["noreply@example.com", "new@example.com"],
        suppressed=["Gone@example.org"],
        smtp_users=[{"username": "app", "password": "secret"}],
    )
    with running(data=str(tmp_path), oci=later) as client:
        assert client.oci == {**before, "smtp": client.oci["smtp"]}
        _, senders = client.call("GET", f"/20170907/senders?compartmentId={before['compartment']}")
        assert {one["emailAddress"] for one in senders} == {"noreply@example.com", "own@example.com", "new@example.com"}
        _, gone = client.call("GET", f"/20170907/suppressions?compartmentId={before['tenancy']}")
        assert [one["emailAddress"] for one in gone] == ["gone@example.org"]
        resources = client.sandbox.runtime.services.store.resources
        found = client.sandbox.call(resources.anywhere("oci", "smtp-credential", "app"))
        assert [row.data["password"] for row in found] == ["secret"]


def test_the_files_of_the_ready_file_are_the_owners_alone(client):
    from pathlib import Path

    for name in ("key_file", "config_file"):
        assert Path(client.oci[name]).stat().st_mode & 0o777 == 0o600


def test_a_fresh_account_is_provisioned_in_no_time(client):
    """Tests make an account each: no key may be generated for it."""
    runtime = client.sandbox.runtime

    async def fresh():
        account = await runtime.services.accounts.create()
        started = time.process_time()  # of the processor, which a crowded machine does not change
        await runtime.provision(account)
        return time.process_time() - started

    assert min(client.sandbox.call(fresh()) for _ in range(5)) < 0.02


def test_a_forced_error_is_marked_as_forced(client):
    services = client.sandbox.runtime.services
    faults = services.accounts.ready_made.faults
    faults.add(make_fault("f1", services.providers["oci"].catalog.get("https.400.per-day"), {"times": 1}))
    try:
        status, body = client.submit()
    finally:
        faults.clear()
    assert (status, body["message"]) == (400, "Maximum messages sent per day reached : limit is 50000")
    found = session_of(client.sandbox, lambda r: any(f["error"] == "oci.https.400.per-day" for f in r.refusals))
    assert found.refusals[0]["forced"]


def test_a_refusal_is_told_to_the_event_log(client):
    status, _ = client.submit(subject="")
    assert status == 400
    found = session_of(client.sandbox, lambda r: any(f["error"] == "oci.https.400.subject-missing" for f in r.refusals))
    events = client.sandbox.call(
        client.sandbox.runtime.services.store.events.since("default", types=("attempt.refused",))
    )
    assert [event.data["error"] for event in events if event.data["session"] == found.id] == [
        "oci.https.400.subject-missing"
    ]
