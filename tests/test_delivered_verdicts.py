"""Verdicts on the delivered copy, what a user is told to mend, and how the inspection API hands the copy out."""

from __future__ import annotations

import pytest
import window_mail
from oci_copies import HOST, add_dkim, copy_of, publish

from sandbox.app import Sandbox


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def account(sandbox, api):
    return sandbox.runtime.services.accounts.ready_made


def test_a_published_key_makes_everything_pass(sandbox, api, account):
    add_dkim(sandbox, account)
    publish(
        sandbox,
        account,
        "example.com",
        ("sel1._domainkey.example.com", "CNAME", "sel1.example.com.dkim.iad1.oracleemaildelivery.com."),
        ("_dmarc.example.com", "TXT", '"v=DMARC1; p=reject; adkim=s"'),
    )
    found = api.get(f"/messages/{window_mail.post(sandbox)}").json()["authentication"]

    assert [(one["domain"], one["result"], one["aligned"]) for one in found["dkim"]["signatures"]] == [
        ("example.com", "pass", True),
        (HOST, "pass", False),
    ]
    assert (found["spf"]["result"], found["spf"]["domain"], found["spf"]["aligned"]) == ("pass", HOST, False)
    assert (found["dmarc"]["result"], found["dmarc"]["policy"], found["dmarc"]["disposition"]) == (
        "pass",
        "reject",
        "none",
    )
    assert found["dkim"]["publish"] == found["dmarc"]["publish"] == []


def test_a_missing_cname_is_named_and_mending_it_counts_at_once(sandbox, api, account):
    add_dkim(sandbox, account)
    publish(sandbox, account, "example.com", ("_dmarc.example.com", "TXT", '"v=DMARC1; p=quarantine"'))
    message = window_mail.post(sandbox)
    found = api.get(f"/messages/{message}").json()["authentication"]

    wanted = {
        "name": "sel1._domainkey.example.com",
        "type": "CNAME",
        "value": "sel1.example.com.dkim.iad1.oracleemaildelivery.com",
    }
    assert found["dkim"]["publish"] == found["dmarc"]["publish"] == [wanted]
    assert f"not aligned with example.com; no record at {wanted['name']}: publish CNAME" in found["dkim"]["reason"]
    assert (found["dmarc"]["result"], found["dmarc"]["disposition"]) == ("fail", "quarantine")

    zones = sandbox.runtime.services.dns.zones
    sandbox.call(zones.add(account, wanted["name"], "CNAME", wanted["value"] + "."))
    mended = api.get(f"/messages/{message}").json()["authentication"]
    assert (mended["dkim"]["result"], mended["dmarc"]["result"]) == ("pass", "pass")


def test_without_a_key_the_reason_says_what_to_do(sandbox, api):
    found = api.get(f"/messages/{window_mail.post(sandbox)}").json()["authentication"]

    assert found["dkim"]["reason"].startswith(f"signed by {HOST} only: not aligned with example.com; ")
    assert "create a DKIM" in found["dkim"]["reason"]


def test_there_is_no_verdict_and_no_copy_before_anything_is_sent(sandbox, api):
    message = window_mail.post(sandbox, rcpt=("gone@nowhere.invalid",))
    assert api.get(f"/messages/{message}").json()["authentication"] == {"dkim": None, "spf": None, "dmarc": None}

    again = window_mail.post(sandbox, rcpt=("gone@nowhere.invalid", "ann@example.net"))
    answer = api.get(f"/messages/{again}/copy", params={"recipient": "gone@nowhere.invalid"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no-copy")
    assert b" for ann@example.net;" in copy_of(api, again)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("nothing/copy", "not-found"),
        ("{}/copy?recipient=bob@example.net", "no-copy"),
        ("{}/copy?who=x", "unknown-parameter"),
    ],
)
def test_asking_for_what_is_not_there_is_answered_clearly(sandbox, api, path, code):
    answer = api.get("/messages/" + path.format(window_mail.post(sandbox)))

    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["code"] == code


def test_a_copy_is_a_download(sandbox, api):
    message = window_mail.post(sandbox)
    answer = api.get(f"/messages/{message}/copy")

    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-disposition"] == f'attachment; filename="{message}-0.eml"'
