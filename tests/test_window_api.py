"""The inspection API over real HTTP: messages, sessions, errors, faults, clock, accounts, and how it says no."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import smtplib
import socket
import ssl
import threading
from urllib.parse import urlsplit

import httpx
import pytest
import window_mail

from sandbox.app import Sandbox
from sandbox.core.store import finding
from sandbox.window import call
from sandbox.window.api import OPERATIONS
from sandbox.window.schemas import SCHEMAS


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def api(sandbox):
    with httpx.Client(base_url=sandbox.url + "/sandbox/v1", trust_env=False, timeout=20) as client:
        client.post("/reset").raise_for_status()
        yield client


def fits(value, schema, where="answer"):
    """Assert that a value has exactly the shape that the API documents."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        schema = schema["anyOf"][1 if value is None else 0]
        if "$ref" in schema:
            return fits(value, schema, where)
    python = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    kind = schema["type"]
    assert isinstance(value, int | float if kind == "number" else python[kind]), where
    assert "enum" not in schema or value in schema["enum"], where
    if "properties" in schema:
        assert set(schema["required"]) <= set(value), where
        for name, item in value.items():
            if name in schema["properties"]:
                fits(item, schema["properties"][name], f"{where}.{name}")
            else:
                assert set(schema["required"]) == {"account"}, f"{where}.{name} is not documented"
    for number, item in enumerate(value if kind == "array" else ()):
        fits(item, schema["items"], f"{where}[{number}]")
    return None


def documented(method, path):
    answer = next(one.answer for one in OPERATIONS if (one.method, one.path) == (method, path))
    return SCHEMAS[answer] if isinstance(answer, str) else answer


def is_problem(response, status, code):
    assert (response.status_code, response.json()["error"]["code"]) == (status, code), response.text
    assert response.json()["error"]["message"]
    fits(response.json(), {**SCHEMAS["Error"], "properties": {"error": SCHEMAS["Error"]["properties"]["error"]}})


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
        with httpx.Client(base_url=sandbox.url, trust_env=False, timeout=30) as other:
            answers.append(other.get("/sandbox/v1/messages/wait?query=subject:awaited&count=2&timeout=20"))

    window_mail.post(sandbox, subject="awaited 1")
    waiting = threading.Thread(target=wait)
    waiting.start()
    for number in range(3):
        window_mail.post(sandbox, subject=f"other {number}")
    window_mail.post(sandbox, subject="awaited 2")
    waiting.join(20)
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


# sessions, events, errors, faults


def test_sessions_show_the_open_ones_and_page_through_the_ended(sandbox, api):
    for number in range(5):
        window_mail.refuse(sandbox, session=f"ended{number}")
    running = window_mail.begin(sandbox, session="running")
    running.said("client", "EHLO \udcff")
    seen, cursor = [], None
    while True:
        page = api.get("/sessions", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        fits(page, documented("GET", "/sessions"))
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["running", *(f"ended{number}" for number in range(4, -1, -1))]
    shown = api.get("/sessions/running").json()
    assert shown["ended"] is None
    assert shown["lines"][0]["text"] == "EHLO ?"
    assert api.get("/sessions", params={"refused": "false"}).json()["items"][0]["id"] == "running"
    assert api.get("/sessions", params={"refused": "true"}).json()["total"] == 5
    refusal = api.get("/sessions/ended0").json()["refusals"][0]
    assert refusal["entry"]["id"] == refusal["error"] == "oci.smtp.254.suppressed"
    sandbox.call(sandbox.runtime.services.sessions.leave(running))


def test_the_log_goes_on_after_an_event(sandbox, api):
    window_mail.post(sandbox)
    api.get("/messages").raise_for_status()  # returns once it was delivered
    window_mail.refuse(sandbox)
    page = api.get("/events").json()
    fits(page, documented("GET", "/events"))
    types = [item["type"] for item in page["items"]]
    assert types[0] == "message.accepted"
    assert types[-2:] == ["attempt.refused", "session.closed"]
    assert api.get("/events", params={"since": page["items"][-1]["id"]}).json()["items"] == []
    some = api.get("/events", params={"type": "session.closed,attempt.refused"}).json()["items"]
    assert [item["type"] for item in some] == types[-2:]
    first = api.get("/events", params={"limit": 1}).json()
    rest = api.get("/events", params={"since": first["next"]}).json()
    assert first["items"] + rest["items"] == page["items"]


def test_the_catalog_is_shown_and_filtered(api):
    page = api.get("/errors").json()
    fits(page, documented("GET", "/errors"))
    one = page["items"][0]
    assert api.get(f"/errors/{one['id']}").json() == one
    smtp = api.get("/errors", params={"provider": "oci", "channel": "smtp", "stage": "RCPT"}).json()["items"]
    assert smtp
    assert all(item["channel"] == "smtp" and "RCPT" in item["stages"] for item in smtp)
    is_problem(api.get("/errors/oci.smtp.999.nothing"), 404, "not-found")
    is_problem(api.get("/errors", params={"channel": "fax"}), 400, "bad-channel")


def test_faults_are_armed_listed_and_disarmed(api):
    wish = {"error": "oci.smtp.254.suppressed", "match": {"recipient": "*@example.net"}, "times": 2, "after": 1}
    response = api.post("/faults", json=wish)
    assert response.status_code == 201
    fits(response.json(), documented("POST", "/faults"))
    assert response.json()["probability"] == 1
    page = api.get("/faults").json()
    assert page["items"] == [response.json()]
    assert api.delete(f"/faults/{response.json()['id']}").json() == {"removed": 1}
    is_problem(api.delete(f"/faults/{response.json()['id']}"), 404, "not-found")
    api.post("/faults", json=wish)
    assert api.delete("/faults").json() == {"removed": 1}
    assert api.get("/faults").json()["items"] == []


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"error": 1},
        {"error": "oci.smtp.254.suppressed", "match": []},
        {"error": "oci.smtp.254.suppressed", "match": {"recipient": {}}},
        {"error": "oci.smtp.254.suppressed", "match": {"colour": "red"}},
        {"error": "oci.smtp.254.suppressed", "times": 0},
        {"error": "oci.smtp.254.suppressed", "times": "2"},
        {"error": "oci.smtp.254.suppressed", "probability": 1.5},
        {"error": "oci.smtp.254.suppressed", "after": -1},
        {"error": "oci.smtp.254.suppressed", "stage": "LUNCH"},
        {"error": "oci.smtp.254.suppressed", "stage": 5},
    ],
)
def test_a_wrong_fault_is_explained(api, wish):
    is_problem(api.post("/faults", json=wish), 400, "bad-fault")


# clock, accounts, status


def test_the_clock_moves(api):
    before = api.get("/clock").json()
    fits(before, documented("GET", "/clock"))
    assert api.post("/clock", json={"advance": "24h"}).json()["offset"] == pytest.approx(86_400, abs=0.01)
    assert api.post("/clock", json={"advance": 60}).json()["offset"] == pytest.approx(86_460, abs=0.01)
    assert api.post("/clock", json={"set": "2030-01-01T00:00:00Z"}).json()["now"].startswith("2030-01-01T00:00:0")
    assert api.post("/clock", json={"reset": True}).json()["moved"] is False


@pytest.mark.parametrize(
    "wish",
    [
        {}, {"advance": "1h", "reset": True}, {"advance": "soon"}, {"advance": -1}, {"advance": True},
        {"advance": None}, {"advance": 1e300}, {"advance": "9" * 300 + "d"}, {"set": "tomorrow"}, {"set": 5},
        {"set": "0001-01-01T00:00:00+23:59"}, {"set": "9999-12-31T23:59:59-23:00"}, {"reset": False},
    ],
)  # fmt: skip
def test_a_wrong_clock_is_explained(api, wish):
    is_problem(api.post("/clock", json=wish), 400, "bad-clock")


def test_accounts_are_isolated(sandbox, api):
    made = api.post("/accounts")
    assert made.status_code == 201
    name = made.json()["account"]
    assert made.json()["oci"]["smtp_username"] != sandbox.ready["oci"]["smtp_username"]
    listed = api.get("/accounts").json()["items"]
    assert listed[0]["account"] == "default"
    assert {"account", "oci", "created", "ready_made"} <= set(listed[-1])
    message = window_mail.post(sandbox, account=name)
    assert api.get("/messages").json()["total"] == 0
    assert api.get("/messages", params={"account": name}).json()["items"][0]["id"] == message
    for path in (f"/messages/{message}", f"/messages/{message}/raw", f"/messages/{message}/text"):
        is_problem(api.get(path), 404, "not-found")
    api.post("/clock", params={"account": name}, json={"advance": "1h"})
    assert api.get("/clock").json()["moved"] is False
    assert api.delete(f"/accounts/{name}").json() == {"removed": 1}
    is_problem(api.get("/messages", params={"account": name}), 404, "not-found")
    is_problem(api.delete("/accounts/default"), 409, "ready-made-account")
    is_problem(api.delete("/accounts/nobody"), 404, "not-found")


def test_the_status_names_everything_that_runs(sandbox, api):
    window_mail.post(sandbox)
    status = api.get("/status").json()
    fits(status, documented("GET", "/status"))
    assert status["listeners"]["http"] == sandbox.url
    assert status["listeners"]["oci"]["smtp"] == sandbox.ready["oci"]["smtp"]
    assert status["counts"]["messages"] == 1
    assert status["counts"]["outcomes"] == {"delivered": 1}


def test_reset_starts_over(sandbox, api):
    window_mail.post(sandbox)
    window_mail.refuse(sandbox)
    api.post("/faults", json={"error": "oci.smtp.254.suppressed"})
    api.post("/clock", json={"advance": "1h"})
    assert api.post("/reset").json() == {"account": "default"}
    for path in ("/messages", "/sessions", "/faults", "/events"):
        assert api.get(path).json()["items"] == []
    assert api.get("/clock").json()["moved"] is False


# saying no


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "no-such-path"),
        ("GET", "", 404, "no-such-path"),
        ("GET", "/", 404, "no-such-path"),
        ("GET", "/messages/", 404, "no-such-path"),
        ("GET", "/messages/a/b/c/d", 404, "no-such-path"),
        ("PUT", "/messages", 405, "method-not-allowed"),
        ("POST", "/status", 405, "method-not-allowed"),
        ("OPTIONS", "/messages", 405, "method-not-allowed"),
        ("GET", "/messages/unknown", 404, "not-found"),
        ("GET", "/messages/%00", 404, "not-found"),
        ("GET", "/messages/%2e%2e%2fstatus/raw", 404, "no-such-path"),
        ("GET", "/messages/unknown/text", 404, "not-found"),
        ("PATCH", "/messages/unknown", 400, "bad-body"),
        ("GET", "/sessions/unknown", 404, "not-found"),
        ("GET", "/messages?limit=0", 400, "bad-limit"),
        ("GET", "/messages?limit=501", 400, "bad-limit"),
        ("GET", "/messages?limit=1e3", 400, "bad-limit"),
        ("GET", "/messages?limit=" + "9" * 5000, 400, "bad-limit"),
        ("GET", "/messages?limit=%D9%A1", 400, "bad-limit"),
        ("GET", "/messages?limit=1&limit=2", 400, "bad-limit"),
        ("GET", "/messages?cursor=x", 400, "bad-cursor"),
        ("GET", "/messages?cursor=%FF", 400, "bad-cursor"),
        ("GET", "/messages?cursor=WyJhIl0", 400, "bad-cursor"),
        ("GET", "/messages?cursor=Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5XQ", 400, "bad-cursor"),
        ("GET", "/sessions?cursor=WzFd", 400, "bad-cursor"),
        ("GET", "/sessions?refused=maybe", 400, "bad-refused"),
        ("GET", "/messages?qurey=x", 400, "unknown-parameter"),
        ("GET", "/messages?query=sbject:x", 400, "bad-query"),
        ("GET", "/messages?query=%00", 400, "bad-query"),
        ("DELETE", "/messages?query=(", 400, "bad-query"),
        ("GET", "/messages/wait?timeout=soon", 400, "bad-timeout"),
        ("GET", "/messages/wait?timeout=9999999", 400, "bad-timeout"),
        ("GET", "/messages/wait?count=0", 400, "bad-count"),
        ("GET", "/events?since=-1", 400, "bad-since"),
        ("GET", "/stream?since=x", 400, "bad-last-event-id"),
        ("GET", "/messages?account=nobody", 404, "not-found"),
    ],
)
def test_every_failure_has_the_same_shape(api, method, path, status, code):
    response = api.request(method, path)
    is_problem(response, status, code)
    if status == 405:
        assert response.headers["allow"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad-json"),
        (b"[]", 400, "bad-body"),
        (b"null", 400, "bad-body"),
        (b"\xff\xfe\xfd", 400, "bad-json"),
        (b'{"advance": NaN}', 400, "bad-json"),
        (b'{"advance": ' + b"1" * 5000 + b"}", 400, "bad-json"),
        (b'{"set": "\\ud800"}', 400, "bad-json"),
        (b"[" * 20_000, 400, "bad-json"),
        (b'{"x": 1}', 400, "unknown-field"),
        (b" " * 70_000, 413, "body-too-large"),
    ],
)
def test_a_wrong_body_is_explained(api, body, status, code):
    is_problem(api.post("/clock", content=body), status, code)


def test_an_endless_body_is_cut_off(api):
    def chunks():
        for _ in range(1000):
            yield b" " * 10_000

    with contextlib.suppress(httpx.WriteError):  # refused while it was still being sent: just as well
        is_problem(api.post("/clock", content=chunks()), 413, "body-too-large")


def test_an_announced_gigantic_body_is_refused_at_once(sandbox):
    host, port = urlsplit(sandbox.url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        head = f"POST /sandbox/v1/clock HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 10000000000\r\n\r\n"
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


def test_data_can_not_run_or_be_embedded(api):
    headers = api.get("/messages").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


def test_a_body_that_never_comes_is_not_waited_for(sandbox, monkeypatch):
    monkeypatch.setattr(call, "BODY_SECONDS", 0.05)
    host, port = urlsplit(sandbox.url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        head = f"POST /sandbox/v1/clock HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 10\r\n\r\n"
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_wait_ends_with_its_client(sandbox, api):
    stream = sandbox.runtime.services.stream
    others = len(stream._subscriptions)  # of providers, which look at what happens as well
    host, port = urlsplit(sandbox.url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall(f"GET /sandbox/v1/messages/wait?timeout=600 HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        until(sandbox, lambda: len(stream._subscriptions) == others + 1)
    until(sandbox, lambda: len(stream._subscriptions) == others)


def until(sandbox, fulfilled):
    """Let the sandbox's loop turn until something is so; the test's own time limit ends it otherwise."""
    while not sandbox.call(_turn(fulfilled)):
        continue


async def _turn(fulfilled):
    await asyncio.sleep(0.001)
    return fulfilled()


def test_an_unexpected_failure_is_logged_and_answered_without_details(sandbox, api, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(sandbox.runtime.services.store.sessions, "count", fail)
    response = api.get("/status")
    is_problem(response, 500, "internal-error")
    assert "secret detail" not in response.text
    assert "secret detail" in caplog.text
