"""What recipients get, what DNS says of the service, and what accounts and restarts keep apart."""

import email
import json
import smtplib
import ssl
import urllib.request

import boto3
import dns.resolver
import pytest
from exchanges import refusals
from ses_kit import Kit, kit
from smtp_wire import Client

from sandbox.app import Sandbox
from sandbox.settings import Ses, Settings

RAW = (
    b"Received: from app by host\r\nX-SES-CONFIGURATION-SET: none-such\r\nFrom: noreply@example.com\r\n"
    b"Message-ID: <own@app>\r\nDate: Thu, 01 Jan 1970 00:00:00 +0000\r\nTo: ann@example.net\r\nBcc: eve@example.net\r\n"
    b"Return-Path: <noreply+r@example.com>\r\nSubject: Hello\r\nMIME-Version: 1.0\r\n\r\nHello\r\n"
)


@pytest.fixture(scope="module")
def box():
    with kit(verified_identities=["example.com"], limits="unlimited") as running:
        running.v2.create_configuration_set(ConfigurationSetName="none-such")
        yield running


def authentication(box, message_id):
    url = f"{box.sandbox.url}/sandbox/v1/messages/{box.record(message_id).id}"
    with urllib.request.urlopen(url) as answer:
        return json.loads(answer.read())["authentication"]


def test_a_copy_has_the_services_headers_and_not_the_senders_secrets(box):
    message_id = box.v2.send_email(
        Content={"Raw": {"Data": RAW}}, EmailTags=[{"Name": "ses:feedback-id-a", "Value": "shop"}]
    )["MessageId"]
    found = email.message_from_string(box.copy(message_id, "ann@example.net"))
    assert found["return-path"] == f"<{message_id}@amazonses.com>"
    assert found["message-id"] == f"<{message_id}@email.amazonses.com>"
    assert (found["bcc"], found["x-ses-configuration-set"]) == (None, None)
    assert found.get_all("date") != ["Thu, 01 Jan 1970 00:00:00 +0000"]
    assert found["feedback-id"].startswith(":shop:1.us-east-1.")
    assert found["feedback-id"].endswith(":AmazonSES")
    assert found["x-ses-outgoing"].endswith("-192.0.2.25")
    assert box.raw(message_id) == RAW


def test_both_signatures_pass_and_the_customers_is_aligned(box):
    found = authentication(box, box.send("ann@example.net"))
    signers = {one["domain"]: (one["result"], one["aligned"]) for one in found["dkim"]["signatures"]}
    assert signers == {"example.com": ("pass", True), "amazonses.com": ("pass", False)}
    assert (found["spf"]["result"], found["dmarc"]["aligned_by"]) == ("pass", ["dkim"])


def test_without_a_domain_identity_only_the_service_signs():
    with kit() as box:
        found = authentication(box, box.send("ann@example.net"))
        assert [one["domain"] for one in found["dkim"]["signatures"]] == ["amazonses.com"]
        assert found["dkim"]["reason"]
        message_id = box.send("ann@example.net")
        assert box.copy(message_id, "ann@example.net") == box.copy(message_id, "ann@example.net")


def test_switching_dkim_off_changes_nothing_for_what_was_sent_before(box):
    before = box.send("ann@example.net")
    box.v2.put_email_identity_dkim_attributes(EmailIdentity="example.com", SigningEnabled=False)
    try:
        assert "; d=amazonses.com;" in box.copy(box.send("ann@example.net"), "ann@example.net")
        assert "; d=example.com;" not in box.copy(box.send("ann@example.net"), "ann@example.net")
        assert "; d=example.com;" in box.copy(before, "ann@example.net")
    finally:
        box.v2.put_email_identity_dkim_attributes(EmailIdentity="example.com", SigningEnabled=True)


def test_the_name_server_publishes_the_services_names(box):
    place = box.sandbox.ready["dns"]
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [place["host"]], place["port"]
    token = box.v2.get_email_identity(EmailIdentity="example.com")["DkimAttributes"]["Tokens"][0]
    found = resolver.resolve(f"{token}._domainkey.example.com", "TXT")
    assert str(found.canonical_name) == f"{token}.dkim.amazonses.com."
    assert "p=" in str(found[0])
    assert "v=spf1" in str(resolver.resolve("amazonses.com", "TXT")[0])
    assert str(resolver.resolve("simulator.amazonses.com", "MX")[0]) == "10 feedback-smtp.us-east-1.amazonses.com."
    with pytest.raises(dns.resolver.NXDOMAIN):
        resolver.resolve("nobody.dkim.amazonses.com", "TXT")


def test_accounts_have_identities_keys_and_mail_of_their_own(box):
    request = urllib.request.Request(box.sandbox.url + "/sandbox/v1/accounts", method="POST")
    with urllib.request.urlopen(request) as answer:
        own = json.loads(answer.read())["ses"]
    client = boto3.client(
        "sesv2",
        endpoint_url=box.sandbox.url,
        region_name=own["region"],
        aws_access_key_id=own["access_key_id"],
        aws_secret_access_key=own["secret_access_key"],
    )
    client.create_email_identity(EmailIdentity="only.here.test")
    names = [one["IdentityName"] for one in client.list_email_identities()["EmailIdentities"]]
    assert names == ["example.com", "only.here.test"]
    mine = [one["IdentityName"] for one in box.v2.list_email_identities()["EmailIdentities"]]
    assert "only.here.test" not in mine
    assert client.get_account()["SendQuota"]["SentLast24Hours"] == 0
    listener = own["smtp"][0]
    with smtplib.SMTP(listener["host"], listener["port"]) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=box.sandbox.ready["ca_file"]))
        smtp.login(own["smtp_username"], own["smtp_password"])
        smtp.sendmail("noreply@example.com", ["ann@example.net"], "From: noreply@example.com\r\n\r\nHello")
    assert client.get_account()["SendQuota"]["SentLast24Hours"] == 1


def test_a_restart_keeps_keys_and_identities_and_takes_what_the_settings_gained(tmp_path):
    def settings(*identities):
        return Settings(
            data=str(tmp_path / "data"), ports="auto", providers=["ses"], ses=Ses(verified_identities=list(identities))
        )

    with Sandbox(settings("a@example.com")) as sandbox:
        before = sandbox.ready["ses"]
        Kit(sandbox).v2.create_email_identity(EmailIdentity="made.test")
    with Sandbox(settings("a@example.com", "b@example.com")) as sandbox:
        after = sandbox.ready["ses"]
        names = [one["IdentityName"] for one in Kit(sandbox).v2.list_email_identities()["EmailIdentities"]]
    same = ("access_key_id", "secret_access_key", "smtp_password", "verified_identity")
    assert [after[name] for name in same] == [before[name] for name in same]
    assert names == ["a@example.com", "b@example.com", "made.test"]


def test_a_reset_gives_the_same_credentials_again():
    with kit() as box:
        before = box.sandbox.ready["ses"]
        box.v2.create_email_identity(EmailIdentity="gone.test")
        box.v2.put_account_sending_attributes(SendingEnabled=False)
        request = urllib.request.Request(box.sandbox.url + "/sandbox/v1/reset", method="POST")
        urllib.request.urlopen(request).close()
        names = [one["IdentityName"] for one in box.v2.list_email_identities()["EmailIdentities"]]
        assert names == ["noreply@example.com"]
        assert box.v2.get_account()["SendingEnabled"] is True
        assert before["access_key_id"] == box.sandbox.ready["ses"]["access_key_id"]


@pytest.mark.proves("ses.smtp.421.shutting-down")
def test_the_stop_tells_open_sessions():
    sandbox = Sandbox(Settings(data=":memory:", ports="auto", providers=["ses"])).start()
    client = Client(sandbox, provider="ses").login()
    sandbox.stop()
    assert client.reply() == b"421 Service not available, closing transmission channel\r\n"
    client.close()


@pytest.mark.proves(
    "ses.smtp.451.temporary-failure",
    "ses.smtp.421.repeated-failures",
    "ses.smtp.454.temporary-failure",
    "ses.api.InternalServiceErrorException.internal",
    "ses.api.ServiceUnavailableException.store",
)
def test_errors_of_the_sandbox_itself_are_answered(monkeypatch):
    from sandbox.core.errors import StoreError

    plain = RAW.replace(b"X-SES-CONFIGURATION-SET: none-such\r\n", b"")
    with kit(limits="unlimited") as box:
        client = Client(box.sandbox, provider="ses").login()
        messages = box.services.store.messages

        async def full(*_):
            raise StoreError("no space left")

        with monkeypatch.context() as patch:
            patch.setattr(messages, "accept", full)
            assert client.envelope("noreply@example.com").message(plain).startswith(b"454 Temporary service failure")
            box.refused("api.ServiceUnavailableException.store", box.v2.send_email, Content={"Raw": {"Data": plain}})

        async def broken(*_, **__):
            raise RuntimeError("a bug")

        with monkeypatch.context() as patch:
            patch.setattr(box.services.intake, "accept", broken)
            box.refused(
                "api.InternalServiceErrorException.internal", box.v2.send_email, Content={"Raw": {"Data": plain}}
            )
            for _ in range(2):
                assert (
                    client.envelope("noreply@example.com").message(plain).startswith(b"451 Temporary service failure")
                )
            assert client.envelope("noreply@example.com").message(plain).startswith(b"421 ")
        client.close()
        assert {"ses.smtp.421.repeated-failures", "ses.smtp.454.temporary-failure"} <= refusals(box.sandbox)
