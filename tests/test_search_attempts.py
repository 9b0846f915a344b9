"""Searching conversations: what each query finds, open or ended, and what a mistake is told."""

from __future__ import annotations

import httpx
import pytest
import window_mail

from sandbox import Client
from sandbox.app import Sandbox
from sandbox.core.errors import QueryError
from sandbox.core.model import Stage
from sandbox.core.search import compile_query
from sandbox.core.search_attempts import ATTEMPTS, FIELDS
from sandbox.settings import Settings


@pytest.fixture(scope="module")
def sandbox():
    """Four conversations: two refused ones that ended, an accepted API call, and one that goes on."""
    with Sandbox(Settings(data=":memory:", ports="auto")) as running:
        services = running.runtime.services
        window_mail.refuse(running, session="suppressed", error="oci.smtp.254.suppressed", client="10.1.2.3:4")
        forced = window_mail.begin(running, session="forced")
        forced.said("client", 'MAIL FROM:<"a b"@example.com> 100% Grüße')
        forced.refused(
            services.providers["oci"].catalog.get("oci.smtp.535.credentials-invalid"), Stage.AUTH, "no", forced=True
        )
        running.call(services.sessions.leave(forced))
        accepted = window_mail.begin(running, session="accepted", client="[::1]:7")
        accepted.user = "ocid1.user.oc1..ann"
        accepted.messages.append("message-1")
        running.call(services.sessions.leave(accepted))
        going = window_mail.begin(running, session="going")
        going.said("client", "EHLO still.there")
        yield running


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"suppressed", "forced", "accepted", "going"}),
        ("  ", {"suppressed", "forced", "accepted", "going"}),
        ("error:suppressed", {"suppressed"}),
        ("error:OCI.SMTP", {"suppressed", "forced"}),
        ("error:nothing", set()),
        ("is:refused", {"suppressed", "forced"}),
        ("-is:refused", {"accepted", "going"}),
        ("is:forced", {"forced"}),
        ("is:accepted", {"accepted"}),
        ("is:open", {"going"}),
        ("stage:rcpt OR stage:AUTH", {"suppressed", "forced"}),
        ("stage:rcpt stage:auth", set()),
        ('said:"RCPT TO"', {"suppressed"}),
        ("bob@example.net", {"suppressed"}),
        ('"a b"', {"forced"}),
        ('"\\"a b\\""', {"forced"}),
        ("grüße", {"forced"}),
        ("100%", {"forced"}),
        ("still.there", {"going"}),
        ("text", set()),  # a name inside the stored form is no word of the transcript
        ("client:10.1.2.3", {"suppressed"}),
        ("10.1.2.3", {"suppressed"}),
        ("user:ANN", {"accepted"}),
        ("provider:oci", {"suppressed", "forced", "accepted", "going"}),
        ("provider:oc", set()),
        ("channel:https", set()),
        ("message:message-1", {"accepted"}),
        ("message:message", set()),
        ("id:going", {"going"}),
        ("after:1h", {"suppressed", "forced", "accepted", "going"}),
        ("before:1h", set()),
        ("(id:going OR id:forced) -is:open", {"forced"}),
    ],
)
def test_a_query_finds(sandbox, query, found):
    page = httpx.get(f"{sandbox.url}/sandbox/v1/sessions", params={"query": query}, trust_env=False, timeout=60).json()

    assert {item["id"] for item in page["items"]} == found
    assert page["total"] == len(found)


def test_it_goes_together_with_the_refused_ones_and_with_pages(sandbox):
    def ask(**params):
        return httpx.get(f"{sandbox.url}/sandbox/v1/sessions", params=params, trust_env=False, timeout=60).json()

    assert [item["id"] for item in ask(query="provider:oci", refused="false")["items"]] == ["going", "accepted"]
    first = ask(query="is:refused", limit=1)
    second = ask(query="is:refused", limit=1, cursor=first["next"])
    assert {first["items"][0]["id"], second["items"][0]["id"]} == {"suppressed", "forced"}
    assert (second["next"], second["total"]) == (None, 2)


def test_the_client_searches_too(sandbox):
    with Client(sandbox.url) as client:
        assert [one.id for one in client.sessions("error:254")] == ["suppressed"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("subject:x", "unknown field 'subject' at character 1; fields are error, is, stage"),
        ("is:read", "is: at character 1: 'read' is none of refused, accepted, forced, open"),
        ("stage:dinner", "'dinner' is none of connect, ehlo"),
        ("channel:pigeon", "none of smtp, https"),
        ("after:tea", "'tea' is not a time"),
        ("error:", "error: at character 1 needs a catalog id or a part of one"),
        ("(", "something is missing"),
    ],
)
def test_a_mistake_is_told_where_it_is(sandbox, query, told):
    answer = httpx.get(f"{sandbox.url}/sandbox/v1/sessions", params={"query": query}, trust_env=False, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad-query")
    assert told in answer.json()["error"]["message"]


@pytest.mark.parametrize("value", ["'", "' OR 1=1 --", "%", "_", "!", "\\", "\x85", "ß", "a" * 900, "{}", "$.x"])
def test_values_are_never_sql(sandbox, value):
    for field in FIELDS:
        try:
            clause = compile_query(f'{field}:"{value}"' if "\\" not in value else f"{field}:{value}", 0.0, ATTEMPTS)
        except QueryError:
            continue
        page = sandbox.runtime.services.store.sessions.page("default", clause=clause)
        assert {one.id for one in sandbox.call(page)} <= {"suppressed", "forced", "accepted"}
