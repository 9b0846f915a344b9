"""The inspection API over real HTTP: sessions, events, errors, faults, clock, accounts, status."""

from __future__ import annotations

import pytest
import window_mail
from window_shape import documented, fits, is_problem

from sandbox.app import Sandbox


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


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
    assert api.post("/clock", json={"advance": "24h"}).json()["offset"] == 86_400
    assert api.post("/clock", json={"advance": 60}).json()["offset"] == 86_460
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
