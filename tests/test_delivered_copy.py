"""The copy that a recipient gets: what the service adds and removes, who signs, and how copies are kept."""

from __future__ import annotations

import email
import email.policy
import itertools
import shutil
import subprocess

import dkim as dkimpy
import pytest
import window_mail
from oci_copies import HOST, add_dkim, copy_of, fields_of, keys_of, publish, record_of

from sandbox.app import Sandbox
from sandbox.core.clock import to_iso
from sandbox.core.delivered_copy import Copies, DeliveredCopy
from sandbox.core.model import Resource
from sandbox.core.raw_fields import split
from sandbox.providers.oci.delivered import delivered


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def account(sandbox, api):
    return sandbox.runtime.services.accounts.ready_made


def test_a_copy_has_the_services_fields_in_the_services_order(sandbox, api, account):
    add_dkim(sandbox, account)
    raw = window_mail.compose().replace(
        b"\r\n\r\n", b"\r\nBcc: secret@example.net\r\nReturn-Path: <x@y.test>\r\n\r\n", 1
    )
    octets = copy_of(api, window_mail.post(sandbox, raw))

    assert fields_of(octets) == [
        "Return-Path",
        "DKIM-Signature",
        "DKIM-Signature",
        "Received",
        "From",
        "To",
        "Subject",
        "Content-type",
        "Content-transfer-encoding",
        "MIME-version",
        "Message-id",
        "Date",
        "List-Unsubscribe-Post",
        "List-Unsubscribe",
        "Reporting-Meta",
    ]
    assert b"secret" not in octets
    parsed = email.message_from_bytes(octets, policy=email.policy.default)
    assert parsed["Return-Path"].endswith(f"@{HOST}>")
    assert " for ann@example.net; " in parsed["Received"].replace("\r\n", "")
    assert parsed["Received"].endswith("+0000 (GMT)")
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed["List-Unsubscribe"].startswith(f"<{sandbox.runtime.services.endpoints['https']}/oci/unsubscribe/")
    assert split(octets).body == split(raw).body


def test_both_signatures_hold_for_another_implementation_and_one_changed_octet_spoils_them(sandbox, api, account):
    add_dkim(sandbox, account)
    octets = copy_of(api, window_mail.post(sandbox))
    records = keys_of(sandbox, account)

    def holds(message, number):
        try:
            return dkimpy.DKIM(message).verify(number, dnsfunc=lambda name, **_: records[name.decode()])
        except dkimpy.ValidationError:  # how it says that the body was changed
            return False

    def judged(message):
        return [holds(message, number) for number in (0, 1)]

    assert judged(octets) == [True, True]
    assert judged(octets.replace(b"Dear reader", b"dear reader")) == [False, False]
    assert judged(octets.replace(b"Subject: Hello", b"Subject: Hallo")) == [False, False]
    assert judged(octets.replace(b"\r\nTo:", b"\r\nFrom: mallory@evil.test\r\nTo:")) == [False, False]


PERL = """
use Mail::DKIM::Verifier; use Mail::DKIM::DNS; use Net::DNS;
my $sandbox = Net::DNS::Resolver->new(nameservers => ['127.0.0.1'], port => $ENV{PORT}, udppacketsize => 4096);
Mail::DKIM::DNS::resolver($sandbox);
my $checker = Mail::DKIM::Verifier->new(); binmode STDIN; local $/; $checker->PRINT(<STDIN>); $checker->CLOSE;
print $_->domain, " ", $_->result_detail, "\\n" for $checker->signatures;
"""


@pytest.mark.skipif(
    shutil.which("perl") is None
    or subprocess.run(["perl", "-MMail::DKIM::Verifier", "-e", "1"], check=False, capture_output=True).returncode != 0,
    reason="Perl's Mail::DKIM is not installed",
)
def test_a_verifier_that_asks_the_sandboxs_name_server_finds_both_signatures_good(sandbox, api, account):
    add_dkim(sandbox, account)
    target = "sel1.example.com.dkim.iad1.oracleemaildelivery.com."
    publish(sandbox, account, "example.com", ("sel1._domainkey.example.com", "CNAME", target))
    octets = copy_of(api, window_mail.post(sandbox))
    environment = {"PORT": str(sandbox.ready["dns"]["port"])}

    def judged(message):
        done = subprocess.run(["perl", "-e", PERL], input=message, env=environment, capture_output=True, check=True)
        return done.stdout.decode().splitlines()

    assert judged(octets) == ["example.com pass", f"{HOST} pass"]
    assert all("fail" in one for one in judged(octets.replace(b"Dear", b"dear")))


def test_each_recipient_gets_a_copy_of_its_own(sandbox, api):
    message = window_mail.post(sandbox, rcpt=("ann@example.net", "Bob@example.net"))
    ann, bob = copy_of(api, message), copy_of(api, message, "bob@example.net")

    assert b" for ann@example.net;" in ann
    assert b" for Bob@example.net;" in bob
    assert b"Bob@" not in ann
    named = [email.message_from_bytes(one) for one in (ann, bob)]
    assert all(named[0][name] != named[1][name] for name in ("Return-Path", "List-Unsubscribe", "Reporting-Meta"))


def test_the_same_message_always_gives_the_same_copy(sandbox, api, account):
    message = window_mail.post(sandbox)
    first = copy_of(api, message)
    services = sandbox.runtime.services
    record = sandbox.call(services.store.messages.get(account.id, message))
    raw = sandbox.call(services.store.messages.raw(account.id, message))
    again = sandbox.call(delivered(services, sandbox.settings.oci, account, record, raw, "ann@example.net"))

    assert again.octets == first
    assert api.get(f"/messages/{message}/raw").content == raw == window_mail.compose()


def test_what_the_client_wrote_is_kept_where_the_service_keeps_it(sandbox, api):
    extra = (
        b"\r\nMessage-ID: <mine@example.com>\r\nDate: Fri, 20 Nov 2026 10:00:00 +0100"
        b"\r\nX-Odd-Name: kept\r\nList-Unsubscribe: <mailto:u@example.com>, <HTTPS://example.com/u>"
        b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n"
    )
    raw = window_mail.compose().replace(b"\r\n\r\n", extra, 1)
    octets = copy_of(api, window_mail.post(sandbox, raw))

    parsed = email.message_from_bytes(octets)
    assert (parsed["Message-ID"], parsed["X-Odd-Name"]) == ("<mine@example.com>", "kept")
    assert parsed.get_all("Date") == ["Fri, 20 Nov 2026 10:00:00 +0100"]
    assert parsed.get_all("List-Unsubscribe") == ["<mailto:u@example.com>, <HTTPS://example.com/u>"]
    assert fields_of(octets).count("List-Unsubscribe-Post") == 1


def test_an_unsubscription_address_without_https_is_replaced(sandbox, api):
    raw = window_mail.compose().replace(b"\r\n\r\n", b"\r\nlist-unsubscribe: <mailto:u@example.com>\r\n\r\n", 1)
    parsed = email.message_from_bytes(copy_of(api, window_mail.post(sandbox, raw)))

    assert len(parsed.get_all("List-Unsubscribe")) == 1
    assert parsed["List-Unsubscribe"].startswith("<https://")


@pytest.mark.parametrize("state", ["CREATING", "NEEDS_ATTENTION", "INACTIVE", "DELETED"])
def test_only_an_active_key_signs(sandbox, api, account, state):
    add_dkim(sandbox, account, state=state)

    assert fields_of(copy_of(api, window_mail.post(sandbox))).count("DKIM-Signature") == 1


def test_a_key_of_later_changes_nothing_for_messages_of_before(sandbox, api, account):
    message = window_mail.post(sandbox)
    account.clock.advance(60)
    add_dkim(sandbox, account)

    assert fields_of(copy_of(api, message)).count("DKIM-Signature") == 1
    assert fields_of(copy_of(api, window_mail.post(sandbox))).count("DKIM-Signature") == 2


def test_a_key_that_was_replaced_still_signed_the_messages_of_its_time(sandbox, api, account):
    then, message = account.clock.now(), window_mail.post(sandbox)
    made = {"state": "INACTIVE", "timeActivated": to_iso(then - 60), "timeUpdated": to_iso(then + 60)}
    add_dkim(sandbox, account, selector="old", **made)
    account.clock.advance(120)

    assert fields_of(copy_of(api, message)).count("DKIM-Signature") == 2
    assert fields_of(copy_of(api, window_mail.post(sandbox))).count("DKIM-Signature") == 1


def test_a_return_path_of_the_customer_is_used(sandbox, api, account):
    name = "iad1.rp.example.com"
    now = account.clock.now()
    data = {"name": name, "lifecycleState": "ACTIVE"}
    made = Resource(
        account=account.id, provider="oci", kind="return-path", id=name, key=name, data=data, created=now, updated=now
    )
    sandbox.call(sandbox.runtime.services.store.resources.add(made))
    publish(
        sandbox,
        account,
        "example.com",
        (name, "CNAME", f"{HOST}."),
        ("_dmarc.example.com", "TXT", '"v=DMARC1; p=reject"'),
    )
    message = window_mail.post(sandbox)

    assert email.message_from_bytes(copy_of(api, message))["Return-Path"].endswith(f"@{name}>")
    found = api.get(f"/messages/{message}").json()["authentication"]
    assert (found["spf"]["result"], found["spf"]["aligned"]) == ("pass", True)
    assert (found["dmarc"]["result"], found["dmarc"]["aligned_by"]) == ("pass", ["spf"])


def test_copies_are_made_once_and_the_oldest_go_first(sandbox, account):
    made = itertools.count()

    async def maker(owner, message, raw, recipient):
        next(made)
        return DeliveredCopy(octets=raw, recipient=recipient, return_path="", helo="h", at=0.0)

    copies = Copies(maker, kept=250)

    def ask(recipient):
        return sandbox.call(copies.get(account, record_of(b""), b"x" * 100, recipient))

    for recipient in ("a", "b", "a", "a"):
        assert ask(recipient).recipient == recipient
    assert next(made) == 2
    ask("c")  # b has to go
    ask("a")
    assert next(made) == 4
    ask("b")
    assert next(made) == 6
