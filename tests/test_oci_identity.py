"""Who may send: policies decide, over SMTP as over HTTPS; credentials count from and until the moment they are told."""

import json
import smtplib
import ssl
import urllib.error
import urllib.request
from contextlib import contextmanager

import oci
import pytest
from oci.email import EmailClient
from oci.email import models as m
from oci_signing import Signer

from sandbox.app import Sandbox
from sandbox.providers.oci import policies
from sandbox.settings import Oci, Settings


@pytest.fixture(scope="module")
def sandbox():
    settings = Settings(
        data=":memory:", ports="auto", oci=Oci(approved_senders=["noreply@example.com", "@whole.example"])
    )
    with Sandbox(settings) as running:
        yield running


@pytest.fixture(scope="module")
def call(sandbox):
    """Calls an API as the ready-made user; returns status and JSON."""
    ready = sandbox.ready["oci"]
    signer = Signer(ready)

    def request(method, target, body=None):
        octets = b"" if body is None else json.dumps(body).encode()
        headers = signer.sign(method, target, {"host": sandbox.url.partition("//")[2]}, octets)
        wish = urllib.request.Request(sandbox.url + target, octets or None, headers, method=method)
        try:
            with urllib.request.urlopen(wish, timeout=20) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    return request


@contextmanager
def smtp(sandbox):
    ready = sandbox.ready
    port = next(one["port"] for one in ready["oci"]["smtp"] if one["stands_for"] == 465)
    context = ssl.create_default_context(cafile=ready["ca_file"])
    with smtplib.SMTP_SSL("localhost", port, context=context, timeout=20) as client:
        yield client


def new_user(call, tenancy, name):
    """A user with an SMTP credential: (user's id, username, password, credential's id)."""
    user = call("POST", "/20160918/users", {"compartmentId": tenancy, "name": name, "description": "d"})[1]["id"]
    made = call("POST", f"/20160918/users/{user}/smtpCredentials", {"description": "d"})[1]
    return user, made["username"], made["password"], made["id"]


def send(sandbox, username, password, sender="noreply@example.com"):
    with smtp(sandbox) as client:
        client.login(username, password)
        return client.sendmail(sender, ["ada@mail.example"], f"From: {sender}\r\nSubject: x\r\n\r\nx\r\n")


def test_a_user_without_a_policy_is_refused_with_the_documented_words_and_sends_once_allowed(sandbox, call):
    tenancy = sandbox.ready["oci"]["tenancy"]
    user, username, password, _ = new_user(call, tenancy, "without")
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        send(sandbox, username, password)
    assert (refused.value.smtp_code, refused.value.smtp_error) == (
        535,
        b"Authorization failed: address noreply@example.com not authorized",
    )
    group = call("POST", "/20160918/groups", {"compartmentId": tenancy, "name": "g1", "description": "d"})[1]["id"]
    call("POST", "/20160918/userGroupMemberships", {"userId": user, "groupId": group})
    statements = ["Allow group g1 to use approved-senders in compartment sandbox"]
    policy = {"compartmentId": tenancy, "name": "p1", "description": "d", "statements": statements}
    made = call("POST", "/20160918/policies", policy)[1]["id"]
    assert send(sandbox, username, password) == {}
    assert send(sandbox, username, password, "anybody@whole.example") == {}
    weaker = {"statements": ["Allow group g1 to read approved-senders in compartment sandbox"]}
    call("PUT", f"/20160918/policies/{made}", weaker)
    with pytest.raises(smtplib.SMTPSenderRefused):
        send(sandbox, username, password)


def test_a_credential_works_at_once_and_a_deleted_one_is_refused_at_once(sandbox, call):
    user = sandbox.ready["oci"]["user"]
    made = call("POST", f"/20160918/users/{user}/smtpCredentials", {"description": "second"})[1]
    assert send(sandbox, made["username"], made["password"]) == {}
    assert call("DELETE", f"/20160918/users/{user}/smtpCredentials/{made['id']}")[0] == 204
    with smtp(sandbox) as client, pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        client.login(made["username"], made["password"])
    assert (refused.value.smtp_code, refused.value.smtp_error) == (535, b"Authentication credentials invalid")


def test_a_removed_user_takes_its_credentials_along(sandbox, call):
    user, username, password, _ = new_user(call, sandbox.ready["oci"]["tenancy"], "leaving")
    assert call("DELETE", f"/20160918/users/{user}")[0] == 204
    with smtp(sandbox) as client, pytest.raises(smtplib.SMTPAuthenticationError):
        client.login(username, password)


def test_passwords_stay_out_of_transcripts(sandbox, call):
    _, _, password, _ = new_user(call, sandbox.ready["oci"]["tenancy"], "secretive")
    services = sandbox.runtime.services
    account = services.accounts.ready_made.id
    sessions = [*services.sessions.all(account), *sandbox.call(services.store.sessions.page(account, limit=1000))]
    lines = [line["text"] for session in sessions for line in session.lines]
    assert any('"password":"***' in line for line in lines)
    assert not [line for line in lines if password in line]


@pytest.mark.parametrize(
    ("text", "verb", "resource", "granted"),
    [
        ("Allow group Senders to use email-family in tenancy", "use", "approved-senders", True),
        ("allow GROUP senders to MANAGE approved-senders in TENANCY", "use", "approved-senders", True),
        ("Allow group Senders to inspect approved-senders in tenancy", "use", "approved-senders", False),
        ("Allow group Senders to use suppressions in tenancy", "use", "approved-senders", False),
        ("Allow group A, 'Default'/'Senders' to use email-family in compartment a:b", "use", "email-domains", True),
        ("Allow any-user to use all-resources in compartment id ocid1.compartment.oc1..x", "use", "suppressions", True),
        ("Allow group id ocid1.group.oc1..x to {APPROVED_SENDER_USE} in tenancy", "use", "approved-senders", True),
        (
            "Allow group Senders to use email-family in tenancy where request.user.name = 'a'",
            "use",
            "suppressions",
            True,
        ),
        ("Allow dynamic-group d to use email-family in tenancy", "use", "approved-senders", None),
        ("Allow service logging to use email-family in tenancy", "use", "approved-senders", None),
    ],
)
def test_statements_are_read(text, verb, resource, granted):
    found = policies.parse(text)
    assert (found.covers(verb, resource) if found else None) is granted


@pytest.mark.parametrize(
    "text",
    ["", "Allow group to use email-family in tenancy", "Allow group x to abuse email-family in tenancy", "x" * 5000],
)
def test_what_is_no_statement_is_refused(text):
    with pytest.raises(ValueError, match="is not a policy statement"):
        policies.parse(text)


def test_an_approved_sender_of_one_region_is_not_one_of_another():
    here = Settings(data=":memory:", ports="auto", oci=Oci(region="gru", approved_senders=["a@two.example"]))
    there = Settings(data=":memory:", ports="auto", oci=Oci(region="eu-frankfurt-1", approved_senders=[]))
    with Sandbox(here) as first, Sandbox(there) as second:
        assert [one.ready["oci"]["region"] for one in (first, second)] == ["sa-saopaulo-1", "eu-frankfurt-1"]
        for one in (first, second):
            oci = one.ready["oci"]
            if one is first:
                assert send(one, oci["smtp_username"], oci["smtp_password"], "a@two.example") == {}
            else:
                with pytest.raises(smtplib.SMTPSenderRefused):
                    send(one, oci["smtp_username"], oci["smtp_password"], "a@two.example")


def test_a_permissive_sandbox_takes_every_domain_and_key_as_published():
    with Sandbox(Settings(data=":memory:", ports="auto", permissive=True)) as running:
        ready = running.ready["oci"]
        email = EmailClient(oci.config.from_file(ready["config_file"]), service_endpoint=running.url)
        details = m.CreateEmailDomainDetails(compartment_id=ready["compartment"], name="any.example")
        domain = email.create_email_domain(details).data
        key = email.create_dkim(m.CreateDkimDetails(email_domain_id=domain.id, name="one")).data
        assert email.get_dkim(key.id).data.lifecycle_state == "ACTIVE"
        assert email.get_email_domain(domain.id).data.active_dkim_id == key.id
