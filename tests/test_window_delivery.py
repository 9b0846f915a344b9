"""What happens after acceptance, through the inspection API of a running sandbox."""

import smtplib
import ssl

import pytest

from sandbox.app import Sandbox
from sandbox.core.attempts import FollowUp
from sandbox.settings import Settings


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Settings(data=":memory:", ports="auto")) as running:
        yield running


def send(sandbox, *recipients, subject="hello", **headers):
    oci = sandbox.ready["oci"]
    listener = next(one for one in oci["smtp"] if one["tls"] == "starttls")
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    with smtplib.SMTP(listener["host"], listener["port"]) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=sandbox.ready["ca_file"]))
        smtp.login(oci["smtp_username"], oci["smtp_password"])
        head = f"From: {oci['approved_sender']}\r\nSubject: {subject}\r\n{extra}\r\nbody\r\n"
        smtp.sendmail(oci["approved_sender"], list(recipients), head)


def newest(api, outcome):
    answer = api.get("/messages/wait", params={"query": f"outcome:{outcome}", "timeout": "20"})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"][0]


@pytest.mark.parametrize(
    ("event", "outcome", "suppressed"),
    [
        ("complaint", "delivered", True),
        ("unsubscribe", "delivered", True),
        ("bounce", "hard_bounced", True),
        ("soft-bounce", "soft_bounced", False),
        ("open", "delivered", False),
        ("click", "delivered", False),
    ],
)
def test_anything_can_happen_to_a_delivered_message(sandbox, api, event, outcome, suppressed):
    assert event in list(FollowUp)
    send(sandbox, "Ann@x.test")
    message = newest(api, "delivered")["id"]
    wish = {"event": event, "message": message, "recipient": "ann@x.test"}
    answer = api.post("/simulate", json=wish).json()
    assert (answer["outcome"], answer["suppressed"], answer["recipient"]) == (outcome, suppressed, "Ann@x.test")
    events = api.get(f"/messages/{message}").json()["recipients"][0]["events"]
    assert answer["event"] in [one["type"] for one in events]


@pytest.mark.parametrize(
    ("wish", "status", "words"),
    [
        ({"event": "explode", "message": "m", "recipient": "r"}, 400, "complaint, unsubscribe"),
        ({"event": "open", "message": "m"}, 400, "recipient is missing"),
        ({"event": "open", "message": 7, "recipient": "r"}, 400, "message is missing"),
        ({"event": "open", "message": "nothing", "recipient": "r"}, 404, "no recipient"),
    ],
)
def test_what_can_not_happen_is_explained(api, wish, status, words):
    answer = api.post("/simulate", json=wish)
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]


def test_a_rule_decides_until_it_is_removed(sandbox, api):
    rule = api.post("/rules", json={"recipient": "*@x.test", "headers": {"X-Kind": "b*"}, "reply": "550 5.7.1 go away"})
    assert rule.status_code == 201
    assert api.get("/rules").json()["items"] == [rule.json()]
    send(sandbox, "ann@x.test", X_Kind="bulk")
    bounced = newest(api, "hard_bounced")
    assert bounced["recipients"][0]["detail"] == "550 5.7.1 go away"
    assert api.delete(f"/rules/{rule.json()['id']}").json() == {"removed": 1}
    assert api.delete(f"/rules/{rule.json()['id']}").status_code == 404
    assert api.delete("/rules").json() == {"removed": 0}
    send(sandbox, "bob@x.test", X_Kind="bulk")
    newest(api, "delivered")


@pytest.mark.parametrize("wish", [{"reply": "no"}, {"outcome": "lost"}, {"delay": "soon"}, {"headers": "x"}])
def test_wrong_rules_are_explained(api, wish):
    answer = api.post("/rules", json=wish)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad-rule"


def test_a_bounce_is_kept_with_its_message(sandbox, api):
    send(sandbox, "unknown-user@outcome.email-sandbox.test")
    message = newest(api, "hard_bounced")["id"]
    (report,) = api.get(f"/messages/{message}/reports").json()["items"]
    assert (report["kind"], report["message"]) == ("failed", message)
    assert api.get("/reports").json()["items"] == [report]
    raw = api.get(f"/reports/{report['id']}/raw")
    assert b"report-type=delivery-status" in raw.content
    assert raw.headers["content-disposition"].startswith("attachment")
    assert api.get("/reports/nothing/raw").status_code == 404
    assert api.get("/messages/nothing/reports").status_code == 404


def test_the_clock_walks_through_retries(sandbox, api):
    send(sandbox, "full@outcome.email-sandbox.test")
    deferred = newest(api, "deferred")
    assert deferred["recipients"][0]["due"] is not None
    api.post("/clock", json={"advance": "3d"}).raise_for_status()
    assert newest(api, "soft_bounced")["id"] == deferred["id"]
    kinds = [one["kind"] for one in api.get(f"/messages/{deferred['id']}/reports").json()["items"]]
    assert kinds == ["delayed", "failed"]


def test_replaying_needs_an_event(api):
    assert api.post("/events/999999/replay", json={}).status_code == 404
    assert api.post("/events/x/replay", json={}).status_code == 404
