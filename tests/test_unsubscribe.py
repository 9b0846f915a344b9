"""One-click unsubscription as RFC 8058 has it: the address in a delivered message works, and no other does."""

from __future__ import annotations

import email
import re
import ssl
from urllib.parse import urlsplit

import httpx
import pytest
import window_mail

from sandbox.app import Sandbox

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def web(sandbox):
    with httpx.Client(base_url=sandbox.url, trust_env=False, timeout=20) as client:
        client.post("/sandbox/v1/reset").raise_for_status()
        yield client


def send(sandbox, web, recipient="ann@example.net", **fields):
    """A message and the unsubscription address that its recipient got."""
    message = window_mail.post(sandbox, rcpt=(recipient,), **fields)
    copy = email.message_from_bytes(web.get(f"/sandbox/v1/messages/{message}/copy").content)
    return message, copy["List-Unsubscribe"].strip("<>")


def path_of(address):
    return urlsplit(address).path


def shown(web, message):
    (recipient,) = web.get(f"/sandbox/v1/messages/{message}").json()["recipients"]
    return recipient


def events_of(web, message):
    return [one["type"] for one in shown(web, message)["events"]]


def test_a_mail_client_unsubscribes_over_https_as_the_message_says(sandbox, web):
    message, address = send(sandbox, web)
    context = ssl.create_default_context(cafile=sandbox.ready["ca_file"])
    with httpx.Client(verify=context, trust_env=False, timeout=60) as client:
        answer = client.post(address, data=ONE_CLICK, headers={"User-Agent": "Mailer/1"})

    assert answer.status_code == 200
    assert "recipient.unsubscribed" in events_of(web, message)
    data = next(one["data"] for one in shown(web, message)["events"] if one["type"] == "recipient.unsubscribed")
    assert data["user_agent"] == "Mailer/1"
    services = sandbox.runtime.services
    entry = sandbox.call(services.store.resources.find("default", "oci", "suppression", "ann@example.net"))
    assert entry.data["reason"] == "UNSUBSCRIBE"
    again = window_mail.post(sandbox)
    assert shown(web, again)["outcome"] == "suppressed"


def test_a_form_in_parts_does_the_same(sandbox, web):
    message, address = send(sandbox, web)
    answer = web.post(path_of(address), files={"List-Unsubscribe": (None, "One-Click")})

    assert answer.status_code == 200
    assert "recipient.unsubscribed" in events_of(web, message)


def test_looking_at_the_page_changes_nothing_and_its_button_does(sandbox, web):
    message, address = send(sandbox, web)
    page = web.get(path_of(address))

    assert page.status_code == 200
    assert "ann@example.net" in page.text
    assert "recipient.unsubscribed" not in events_of(web, message)
    name, value = re.search(r'<button name="([^"]+)" value="([^"]+)"', page.text).groups()
    assert '<form method="post">' in page.text
    own = {"Origin": sandbox.url, "Sec-Fetch-Site": "same-origin"}
    assert web.post(path_of(address), data={name: value}, headers=own).status_code == 200
    assert "recipient.unsubscribed" in events_of(web, message)


def test_unsubscribing_twice_happens_once(sandbox, web):
    message, address = send(sandbox, web)

    assert [web.post(path_of(address), data=ONE_CLICK).status_code for _ in range(2)] == [200, 200]
    assert events_of(web, message).count("recipient.unsubscribed") == 1


def test_an_address_can_not_be_forged(sandbox, web):
    message, address = send(sandbox, web)
    path = path_of(address)
    token = path.rpartition("/")[2]
    flipped = [
        path.removesuffix(token) + token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        for at in range(len(token) - 1)
    ]

    for wrong in [
        *flipped,
        path + "A",
        path[:-4],
        "/oci/unsubscribe/x",
        "/oci/unsubscribe/" + "A" * 5000,
        "/oci/unsubscribe/%ff%00",
    ]:
        assert web.post(wrong, data=ONE_CLICK).status_code == 404, wrong
        assert web.get(wrong).status_code == 404
    assert "recipient.unsubscribed" not in events_of(web, message)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe=Maybe", "application/x-www-form-urlencoded"),
        (b"list-unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"&".join([b"a=b"] * 1000), "application/x-www-form-urlencoded"),
        (b"x" * 100_000, "application/x-www-form-urlencoded"),
        (b"--x\r\n\r\nOne-Click\r\n--x--", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data"),
        (b"--x--", "multipart/form-data; boundary=" + "y" * 100),
    ],
)
def test_what_is_no_one_click_request_is_refused(sandbox, web, body, kind):
    message, address = send(sandbox, web)

    assert web.post(path_of(address), content=body, headers={"Content-Type": kind}).status_code == 400
    assert "recipient.unsubscribed" not in events_of(web, message)


def test_other_methods_are_refused(sandbox, web):
    _, address = send(sandbox, web)

    assert web.put(path_of(address)).status_code == 405


def test_a_deleted_message_takes_its_address_along(sandbox, web):
    message, address = send(sandbox, web)
    web.delete(f"/sandbox/v1/messages/{message}").raise_for_status()

    assert web.post(path_of(address), data=ONE_CLICK).status_code == 404


def test_what_a_sender_wrote_is_shown_and_not_interpreted(sandbox, web):
    raw = window_mail.compose().replace(b"Shop <", b'"<script>alert(1)</script>$x" <', 1)
    message = window_mail.post(sandbox, raw)
    copy = email.message_from_bytes(web.get(f"/sandbox/v1/messages/{message}/copy").content)
    page = web.get(path_of(copy["List-Unsubscribe"].strip("<>")))

    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_another_accounts_address_suppresses_for_that_account_only(sandbox, web):
    other = web.post("/sandbox/v1/accounts").json()["account"]
    message = window_mail.post(sandbox, account=other)
    copy = web.get(f"/sandbox/v1/messages/{message}/copy", params={"account": other}).content
    address = email.message_from_bytes(copy)["List-Unsubscribe"].strip("<>")

    assert web.post(path_of(address), data=ONE_CLICK).status_code == 200
    resources = sandbox.runtime.services.store.resources
    assert sandbox.call(resources.find(other, "oci", "suppression", "ann@example.net")) is not None
    assert sandbox.call(resources.find("default", "oci", "suppression", "ann@example.net")) is None
