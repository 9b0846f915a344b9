"""The inspection API over real HTTP: messages, their files and previews, and waiting for them."""

from __future__ import annotations

import hashlib
import json
import smtplib
import ssl
import threading

import httpx
import pytest
import window_mail
from window_shape import documented, fits, is_problem

from sandbox.app import Sandbox
from sandbox.core.store import finding
from sandbox.window.schemas import SCHEMAS


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


# messages


@pytest.mark.parametrize("query", ["from:noreply", "larger:1"])
def test_a_total_that_takes_too_long_is_what_there_is_at_least(api, sandbox, monkeypatch, query):
    """The page itself is the same, and whoever needs the number can have it."""
    for number in range(5):
        window_mail.post(sandbox, subject=f"one of many {number}")
    asked = {"query": query, "limit": 2}
    whole = api.get("/messages", params=asked).json()
    assert (whole["total_exact"], whole["total"] >= 5) == (True, True)
    monkeypatch.setattr(finding, "COUNT_SECONDS", -1.0)
    monkeypatch.setattr(finding, "STEPS", 1)
    quick = api.get("/messages", params=asked).json()
    assert (quick["items"], quick["total_exact"]) == (whole["items"], False)
    assert 3 <= quick["total"] <= whole["total"]
    exact = api.get("/messages", params={**asked, "total": "exact"}).json()
    assert (exact["total"], exact["total_exact"]) == (whole["total"], True)
    last = api.get("/messages", params={"query": query, "limit": 500}).json()
    assert (last["total"], last["total_exact"]) == (whole["total"], True), "all of it is on the page"


def test_a_message_sent_by_smtp_is_shown_as_documented(sandbox, api):
    oci = sandbox.ready["oci"]
    port = next(one["port"] for one in oci["smtp"] if one["tls"] == "implicit")
    context = ssl.create_default_context(cafile=sandbox.ready["ca_file"])
    raw = window_mail.compose(subject="Grüße", html="<b>Hi</b>", files=[("a.pdf", "application/pdf", b"%PDF")])
    with smtplib.SMTP_SSL("localhost", port, context=context) as client:
        client.login(oci["smtp_username"], oci["smtp_password"])
        client.sendmail(oci["approved_sender"], ["ann@example.net", "x@email-blackhole.com"], raw)
    (summary,) = api.get("/messages/wait", params={"query": "subject:Grüße", "timeout": 5}).json()["items"]
    message = api.get(f"/messages/{summary['id']}").json()
    fits(message, documented("GET", "/messages/{id}"))
    assert message["envelope"]["mail_from"] == oci["approved_sender"]
    assert [(one["address"], one["outcome"]) for one in message["recipients"]] == [
        ("ann@example.net", "delivered"),
        ("x@email-blackhole.com", "blackholed"),
    ]
    assert message["outcome"] == "blackholed"
    assert message["recipients"][0]["events"][0]["type"]
    assert message["text"].strip() == "Dear reader"
    assert "<b>Hi</b>" in message["html"]
    assert ["Subject", "Grüße"] in message["headers"]
    assert [(one["filename"], one["size"]) for one in message["attachments"]] == [("a.pdf", 4)]
    assert message["channel"] == "smtp"
    assert {name: found["result"] for name, found in message["authentication"].items()}["dkim"] == "pass"
    session = api.get(f"/sessions/{message['session']}").json()
    fits(session, documented("GET", "/sessions/{id}"))
    assert message["id"] in session["messages"]
    assert oci["smtp_password"] not in json.dumps(session)


def test_raw_is_the_octets_as_accepted(sandbox, api):
    raw = window_mail.compose(text="bäd") + b"\xff\x00.\r\n"
    name = window_mail.post(sandbox, raw)
    response = api.get(f"/messages/{name}/raw")
    assert response.content == raw
    assert hashlib.sha256(response.content).hexdigest() == api.get(f"/messages/{name}").json()["sha256"]
    assert response.headers["content-type"] == "message/rfc822"


def test_pages_are_stable_while_messages_arrive(sandbox, api):
    names = [window_mail.post(sandbox, subject=f"n{number}") for number in range(7)]
    seen, cursor = [], None
    while True:
        page = api.get("/messages", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        fits(page, documented("GET", "/messages"))
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
        window_mail.post(sandbox, subject="late")
    assert seen == names[::-1]
    assert page["total"] > len(names)


def test_removing_follows_the_query(sandbox, api):
    for subject in ("keep", "drop one", "drop two"):
        window_mail.post(sandbox, subject=subject)
    assert api.delete("/messages", params={"query": "subject:drop"}).json() == {"removed": 2}
    (kept,) = api.get("/messages").json()["items"]
    assert kept["subject"] == "keep"
    assert api.delete(f"/messages/{kept['id']}").json() == {"removed": 1}
    is_problem(api.delete(f"/messages/{kept['id']}"), 404, "not-found")


def test_marks_are_kept_and_searched(sandbox, api):
    name = window_mail.post(sandbox)
    changed = api.patch(f"/messages/{name}", json={"read": True, "tags": ["Billing", "Billing"]}).json()
    assert (changed["read"], changed["tags"]) == (True, ["Billing"])
    assert api.patch(f"/messages/{name}", json={"read": False}).json()["tags"] == ["Billing"]
    assert api.get("/messages", params={"query": "tag:billing is:unread"}).json()["total"] == 1
    is_problem(api.patch(f"/messages/{name}", json={"read": "yes"}), 400, "bad-read")
    is_problem(api.patch(f"/messages/{name}", json={"tags": ["a\nb"]}), 400, "bad-tags")
    is_problem(api.patch(f"/messages/{name}", json={"star": 1}), 400, "unknown-field")
    is_problem(api.patch(f"/messages/{name}", json={}), 400, "bad-body")


# files and previews


HOSTILE_NAMES = [
    ("../../etc/passwd", "passwd"),
    ("..\\..\\boot.ini", "boot.ini"),
    ('a".html', "a.html"),
    ("a\r\nSet-Cookie: x=1.txt", "aSet-Cookie x=1.txt"),
    ("invoice\u202egpj.exe", "invoicegpj.exe"),
    ("..", "part-"),
    ("rückmeldung.txt", "r%C3%BCckmeldung.txt"),
    ("x" * 300 + ".pdf", ".pdf"),
]


@pytest.mark.parametrize(("given", "kept"), HOSTILE_NAMES)
def test_a_part_is_always_a_download_with_a_safe_name(sandbox, api, given, kept):
    from sandbox.window.downloads import disposition, safe_filename

    value = disposition(safe_filename(given, "part-2"))
    assert kept in value
    assert value.startswith("attachment;")
    assert value.isascii()
    assert value.isprintable()
    assert len(value) < 400
    assert not any(bad in value.partition(";")[2] for bad in ("/", "\\", ".."))


def test_parts_keep_their_octets_but_not_their_type(sandbox, api):
    files = [("page.html", "text/html", b"<script>1</script>"), ("dot.png", "image/png", b"\x89PNG")]
    name = window_mail.post(sandbox, files=files)
    page, image = api.get(f"/messages/{name}").json()["attachments"]
    got = api.get(f"/messages/{name}/parts/{page['n']}")
    assert got.content == b"<script>1</script>"
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"] == 'attachment; filename="page.html"'
    assert got.headers["x-content-type-options"] == "nosniff"
    shown = api.get(f"/messages/{name}/parts/{image['n']}")
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["content-disposition"].startswith("attachment")
    for wrong in ("0", "99", "x", "-1", "1.0", "%2e%2e"):
        is_problem(api.get(f"/messages/{name}/parts/{wrong}"), 404, "not-found")


def test_the_preview_can_do_nothing(sandbox, api):
    name = window_mail.post(sandbox, html="<!doctype html><p>Hi</p><script>alert(1)</script>")
    response = api.get(f"/messages/{name}/html")
    policy = response.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "frame-ancestors 'self'" in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.text.startswith('<!doctype html><base target="_blank"><p>Hi</p>')
    is_problem(api.get(f"/messages/{window_mail.post(sandbox)}/html"), 404, "no-html")


def test_embedded_images_are_shown_by_exact_content_id(sandbox, api):
    raw = (
        b"From: noreply@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n'
        b'<img src="cid:logo.*@x"><img src=cid:logo1@x><img src="cid:evil@x">\r\n'
        b"--b\r\nContent-Type: image/png\r\nContent-ID: <logo.*@x>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBO\r\n"
        b"--b\r\nContent-Type: image/svg+xml\r\nContent-ID: <evil@x>\r\n\r\n<svg/>\r\n--b--\r\n"
    )
    page = api.get(f"/messages/{window_mail.post(sandbox, raw)}/html").text
    assert '<img src="data:image/png;base64,iVBO">' in page
    assert "cid:logo1@x" in page
    assert "svg" not in page


# waiting


def test_a_wait_ends_when_the_message_arrives(sandbox, api):
    answers = []

    def wait():
        with httpx.Client(base_url=sandbox.url, trust_env=False, timeout=120) as other:
            answers.append(other.get("/sandbox/v1/messages/wait?query=subject:awaited&count=2&timeout=100"))

    window_mail.post(sandbox, subject="awaited 1")
    waiting = threading.Thread(target=wait)
    waiting.start()
    for number in range(3):
        window_mail.post(sandbox, subject=f"other {number}")
    window_mail.post(sandbox, subject="awaited 2")
    waiting.join(120)
    (answer,) = answers
    assert answer.status_code == 200
    fits(answer.json(), documented("GET", "/messages/wait"))
    assert [item["subject"] for item in answer.json()["items"]] == ["awaited 2", "awaited 1"]


def test_a_wait_in_vain_tells_what_arrived_and_what_was_refused(sandbox, api):
    window_mail.post(sandbox, subject="another")
    window_mail.refuse(sandbox)
    response = api.get("/messages/wait", params={"query": "subject:never", "timeout": "0.05"})
    assert response.status_code == 408
    fits(response.json(), SCHEMAS["WaitedInVain"])
    assert response.json()["error"]["code"] == "timeout"
    assert [item["subject"] for item in response.json()["arrived"]] == ["another"]
    assert response.json()["refused"][0]["refusals"][0]["error"] == "oci.smtp.254.suppressed"


def test_a_wait_for_what_is_there_needs_no_time(sandbox, api):
    window_mail.post(sandbox, subject="here")
    assert api.get("/messages/wait", params={"timeout": 0}).status_code == 200
