"""Arrivals that are odd, hostile, interrupted or for several accounts: nothing is lost, nothing is let in by mistake."""

import asyncio
import smtplib
import threading

import pytest
from callback_listener import PATIENCE
from hypothesis import given
from hypothesis import strategies as st
from ses_kit import Kit, kit
from ses_strict import client

from sandbox.app import Sandbox
from sandbox.core.store.messages import Clause
from sandbox.providers.ses.receiving import actions, functions, notices, scanning
from sandbox.providers.ses.receiving.matching import admitted, covers
from sandbox.settings import Ses, Settings

DOMAIN = "inbox.example"
STORE = {"S3Action": {"BucketName": "kept"}}


def receiving(box, *rules):
    """Put a rule set with these rules in force."""
    box.v1.create_receipt_rule_set(RuleSetName="main")
    for rule in reversed(rules):
        box.v1.create_receipt_rule(RuleSetName="main", Rule={"Enabled": True, **rule})
    box.v1.set_active_receipt_rule_set(RuleSetName="main")


def connect(box, stands_for=25):
    listener = next(one for one in box.sandbox.ready["ses"]["smtp"] if one["stands_for"] == stands_for)
    return smtplib.SMTP(listener["host"], listener["port"], timeout=PATIENCE)


def post(box, *recipients, subject="Hello", sender="bob@elsewhere.test"):
    with connect(box) as client:
        client.sendmail(sender, list(recipients), f"From: bob@elsewhere.test\r\nSubject: {subject}\r\n\r\nHello\r\n")


def arrived(box, subject="Hello", account=None, outcome="delivered"):
    """The message that arrived for an account, once its recipients have this outcome."""
    name = account or box.account.id
    clause = Clause(sql="m.subject = ?", params=(subject,))

    async def found():
        with box.services.stream.subscribe(None) as subscription:
            while True:
                page = await box.services.store.messages.page(name, clause)
                if page.items and all(one.outcome == outcome for one in page.items[0].recipients):
                    return page.items[0]
                assert await subscription.take(PATIENCE), "it never came"

    return box.sandbox.call(found())


@pytest.fixture
def box():
    with kit(verified_identities=["noreply@example.com", DOMAIN], limits="unlimited") as found:
        yield found


def test_a_stranger_in_the_clear_can_t_log_in_and_can_t_submit(box):
    receiving(box, {"Name": "all", "Actions": [STORE]})
    with connect(box) as client:
        client.ehlo()
        assert client.docmd("AUTH", "PLAIN AGEAYg==") == (530, b"Must issue a STARTTLS command first")
        client.mail("noreply@example.com")
        assert client.rcpt("ann@elsewhere.test") == (530, b"Authentication required")
        assert client.docmd("DATA")[0] == 503


def test_each_recipient_meets_its_own_rules(box):
    gone = {"SmtpReplyCode": "550", "Message": "Gone", "Sender": "noreply@example.com"}
    receiving(
        box,
        {"Name": "gone", "Recipients": [f"old@{DOMAIN}"], "Actions": [{"BounceAction": gone}]},
        {"Name": "rest", "Actions": [STORE]},
    )
    post(box, f"ann@{DOMAIN}", f"old@{DOMAIN}", subject="both")
    message = None
    while message is None or any(one.outcome == "queued" for one in message.recipients):
        (message,) = box.sandbox.call(
            box.services.store.messages.page(box.account.id, Clause(sql="m.subject = 'both'"))
        ).items
    assert {one.address: str(one.outcome) for one in message.recipients} == {
        f"ann@{DOMAIN}": "delivered",
        f"old@{DOMAIN}": "rejected",
    }


def test_two_accounts_that_own_a_domain_both_receive(box):
    other = box.sandbox.call(box.services.accounts.create())
    box.sandbox.call(box.sandbox.runtime.provision(other))
    (key,) = box.sandbox.call(box.services.store.resources.all(other.id, "ses", "access-key"))
    receiving(box, {"Name": "mine", "Actions": [STORE]})
    ours = box.v1
    box.v1 = _client_of(box, key)
    receiving(box, {"Name": "theirs", "Recipients": [f"ann@{DOMAIN}"], "Actions": [STORE]})
    box.v1 = ours
    post(box, f"ann@{DOMAIN}", f"bob@{DOMAIN}")
    assert arrived(box).envelope.rcpt_to == (f"ann@{DOMAIN}", f"bob@{DOMAIN}")
    assert arrived(box, account=other.id).envelope.rcpt_to == (f"ann@{DOMAIN}",)


def _client_of(box, key):
    return client(box.sandbox, "ses", aws_access_key_id=key.key, aws_secret_access_key=key.data["secret"])


def test_a_permissive_sandbox_receives_and_submits_at_the_same_port():
    settings = Settings(
        data=":memory:", ports="auto", providers=["ses"], permissive=True, ses=Ses(verified_identities=[DOMAIN])
    )
    with Sandbox(settings) as sandbox:
        box = Kit(sandbox)
        receiving(box, {"Name": "all", "Actions": [STORE]})
        post(box, f"ann@{DOMAIN}", subject="in")
        assert "received" in arrived(box, "in").attributes
        with connect(box) as client:
            client.ehlo()
            client.mail("anybody@elsewhere.test")
            assert client.rcpt("ann@elsewhere.test") == (530, b"Authentication required"), "not in the clear"


def test_what_was_not_dealt_with_is_taken_up_after_a_restart(tmp_path, monkeypatch):
    """The message is on disk before 250; its rules are run by whoever is there next."""
    reached = threading.Event()
    settings = Settings(
        data=str(tmp_path),
        ports="auto",
        providers=["ses"],
        ses=Ses(verified_identities=["noreply@example.com", DOMAIN]),
    )

    async def stuck(run, action):
        reached.set()
        await asyncio.sleep(3600)

    with monkeypatch.context() as patched:
        patched.setitem(actions.ACTIONS, "S3Action", stuck)
        with Sandbox(settings) as sandbox:
            receiving(box := Kit(sandbox), {"Name": "all", "Actions": [STORE]})
            post(box, f"ann@{DOMAIN}")
            assert reached.wait(PATIENCE)
    with Sandbox(settings) as sandbox:
        assert arrived(Kit(sandbox)).recipients[0].detail.startswith("all: S3 s3://kept/")


def test_a_function_that_is_down_does_not_hold_mail_up():
    functions_down = [{"arn": "sorter", "endpoint": "http://127.0.0.1:9/sorter"}]
    with kit(verified_identities=[DOMAIN], functions=functions_down) as box:
        call = {"LambdaAction": {"FunctionArn": "sorter", "InvocationType": "RequestResponse"}}
        receiving(box, {"Name": "all", "Actions": [call, STORE]})
        post(box, f"ann@{DOMAIN}")
        detail = arrived(box).recipients[0].detail
        assert "sorter: " in detail
        assert "CONTINUE; all: S3 s3://kept/" in detail


def test_a_bucket_that_can_t_be_written_does_not_hold_mail_up(tmp_path):
    (tmp_path / "file").write_text("in the way", "utf-8")
    with kit(verified_identities=[DOMAIN], buckets=[{"name": "kept", "folder": str(tmp_path / "file")}]) as box:
        receiving(box, {"Name": "all", "Actions": [STORE]})
        post(box, f"ann@{DOMAIN}")
        assert arrived(box).recipients[0].detail.endswith(": the file can't be written")


def test_a_prefix_can_t_leave_the_bucket_s_folder(tmp_path):
    with kit(verified_identities=[DOMAIN], buckets=[{"name": "kept", "folder": str(tmp_path / "in")}]) as box:
        climbing = {"S3Action": {"BucketName": "kept", "ObjectKeyPrefix": "../../"}}
        receiving(box, {"Name": "all", "Actions": [climbing]})
        post(box, f"ann@{DOMAIN}")
        assert arrived(box).recipients[0].detail.endswith(": the file can't be written")
        assert list(tmp_path.rglob("*")) == []


@given(st.text(max_size=200))
def test_mailboxes_are_split_without_an_error(text):
    assert all(isinstance(one, str) for one in notices.mailboxes(text))


@pytest.mark.parametrize(("value", "found"), [
    ('"Doe, John" <john@example.com>, ann@example.com', ['"Doe, John" <john@example.com>', "ann@example.com"]),
    ("=?utf-8?q?B=C3=B6b?= <b@example.com>", ["Böb <b@example.com>"]),
    ('"unended, quote <a@example.com>', ['"unended', "quote <a@example.com>"]),
    (",,", []),
    ("", []),
])  # fmt: skip
def test_mailboxes(value, found):
    assert notices.mailboxes(value) == found


@given(st.text(max_size=60), st.text(max_size=60))
def test_conditions_and_filters_never_raise(condition, address):
    assert covers(condition, address) in (True, False)
    assert admitted([{"Policy": "Block", "Cidr": "0.0.0.0/0"}], address) in (True, False)


@given(st.binary(max_size=2000))
def test_the_scan_never_raises(raw):
    assert scanning.spam(raw) in (True, False)
    assert scanning.infected(raw + scanning.EICAR)


def test_the_scan_is_linear():
    """A megabyte of what looks like base64 but is none costs no more than reading it a few times."""
    hostile = (b"A" * 39 + b" ") * 25_000 + (b"A" * 76 + b"\r\n") * 25_000
    assert not scanning.infected(hostile)


@given(st.binary(max_size=200))
def test_whatever_a_function_answers_has_a_meaning(body):
    assert functions.disposition(body) in functions.Disposition


@pytest.mark.parametrize(("arn", "known", "found"), [
    ("arn:aws:lambda:us-east-1:123456789012:function:sorter", "sorter", True),
    ("arn:aws:lambda:us-east-1:123456789012:function:sorter:live", "sorter", True),
    ("arn:aws:lambda:us-east-1:123456789012:function:sorter:live", "arn:aws:lambda:us-east-1:123456789012:function:sorter", True),
    ("sorter", "sorter", True),
    ("arn:aws:lambda:us-east-1:123456789012:function:other", "sorter", False),
])  # fmt: skip
def test_a_function_is_found_by_its_arn_or_its_name(arn, known, found):
    assert bool(functions.endpoint([{"arn": known, "endpoint": "http://localhost"}], arn)) is found
