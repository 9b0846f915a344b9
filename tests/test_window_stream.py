"""The live stream over real HTTP: resumed by id without gap or repetition, and never waited for."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
import window_mail

from sandbox.app import Sandbox
from sandbox.core import events as core_events
from sandbox.window import events as window_events


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture(autouse=True)
def _clean(sandbox):
    httpx.post(sandbox.url + "/sandbox/v1/reset", trust_env=False, timeout=60).raise_for_status()


@contextmanager
def listening(sandbox, last=None, **params):
    """The stream as an iterator of its blocks; it is connected when the context begins."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    with (
        httpx.Client(base_url=sandbox.url, trust_env=False, timeout=60) as client,
        client.stream("GET", "/sandbox/v1/stream", params=params, headers=headers) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        blocks = _blocks(response)
        assert next(blocks).startswith("retry: ")
        yield blocks


def _blocks(response):
    text = ""
    for chunk in response.iter_text():
        text += chunk
        while "\n\n" in text:
            block, _, text = text.partition("\n\n")
            yield block


def read(block):
    """(id, event) of a block."""
    fields = dict(line.split(": ", 1) for line in block.split("\n"))
    return int(fields.get("id", 0)), json.loads(fields["data"])


def take(blocks, count):
    return [read(next(blocks)) for _ in range(count)]


def logged(sandbox, since=0):
    url = f"{sandbox.url}/sandbox/v1/events"
    return httpx.get(url, params={"since": since, "limit": 1000}, trust_env=False, timeout=60).json()["items"]


def test_events_come_as_they_are_committed(sandbox):
    with listening(sandbox) as blocks:
        name = window_mail.post(sandbox)
        number, event = read(next(blocks))
    assert event["type"] == "message.accepted"
    assert event["message"] == name
    assert event["id"] == number
    assert event in logged(sandbox)


def test_without_an_id_only_what_is_new_comes(sandbox):
    window_mail.post(sandbox, subject="old")
    logged(sandbox)
    with listening(sandbox, type="message.accepted") as blocks:
        window_mail.post(sandbox, subject="new")
        _, event = read(next(blocks))
    assert event["data"]["subject"] == "new"


def test_a_listener_resumes_without_gap_or_repetition_while_mail_arrives(sandbox):
    count, each = 120, 2
    poster = threading.Thread(target=lambda: [window_mail.post(sandbox) for _ in range(count)])
    seen, last = [], 0
    poster.start()
    while len(seen) < count * each:
        with listening(sandbox, last) as blocks:
            for _ in range(min(17, count * each - len(seen))):
                last, event = read(next(blocks))
                seen.append(event)
    poster.join()
    assert seen == logged(sandbox)[: len(seen)]
    assert len(logged(sandbox)) == len(seen)


def test_replay_goes_on_seamlessly_with_what_is_live(sandbox, monkeypatch):
    monkeypatch.setattr(window_events, "REPLAY", 3)
    for _ in range(5):
        window_mail.post(sandbox)
    before = logged(sandbox)
    with listening(sandbox, 0) as blocks:
        first = take(blocks, len(before))
        window_mail.post(sandbox)
        after = take(blocks, 2)
    assert [event for _, event in first] == before
    assert [number for number, _ in after] == [before[-1]["id"] + 1, before[-1]["id"] + 2]


def test_the_first_connection_may_name_its_place_in_the_address(sandbox):
    window_mail.post(sandbox)
    first, *rest = logged(sandbox)
    with listening(sandbox, since=first["id"]) as blocks:
        assert [event for _, event in take(blocks, len(rest))] == rest


def test_an_id_that_the_log_never_reached_starts_it_over(sandbox):
    window_mail.post(sandbox)
    with listening(sandbox, 10**9) as blocks:
        assert take(blocks, 1)[0][1] == logged(sandbox)[0]


def test_accounts_hear_of_their_own_events_only(sandbox):
    other = httpx.post(sandbox.url + "/sandbox/v1/accounts", trust_env=False, timeout=60).json()["account"]
    with listening(sandbox, account=other) as blocks:
        window_mail.post(sandbox)
        name = window_mail.post(sandbox, account=other)
        _, event = read(next(blocks))
    assert (event["account"], event["message"]) == (other, name)


def test_a_reset_is_told_without_an_id(sandbox):
    with listening(sandbox) as blocks:
        httpx.post(sandbox.url + "/sandbox/v1/reset", trust_env=False, timeout=60)
        number, event = read(next(blocks))
    assert (number, event["type"]) == (0, "account.reset")


def test_silence_is_filled_with_a_heartbeat(sandbox, monkeypatch):
    monkeypatch.setattr(window_events, "HEARTBEAT_SECONDS", 0.05)
    with listening(sandbox) as blocks:
        assert next(blocks) == ": still here"
        assert next(blocks) == ": still here"


def test_a_slow_listener_is_told_to_reconnect_and_misses_nothing(sandbox, monkeypatch):
    monkeypatch.setattr(core_events, "BACKLOG", 3)
    last = 0
    with listening(sandbox) as blocks:
        sandbox.call(_burst(sandbox, 5))
        seen = []
        for block in blocks:
            if block.startswith("event: dropped"):
                break
            last, event = read(block)
            seen.append(event)
        assert next(blocks, None) is None, "the stream ends after that"
    monkeypatch.undo()
    whole = logged(sandbox)
    with listening(sandbox, last) as blocks:
        seen += [event for _, event in take(blocks, len(whole) - len(seen))]
    assert seen == whole


async def _burst(sandbox, count):
    """Events of one commit: more at once than a listener may be behind."""
    services = sandbox.runtime.services
    account = services.accounts.ready_made.id
    await services.store.database.write(
        lambda transaction: [transaction.event(account=account, at=1.0, type="test.burst") for _ in range(count)]
    )


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "9" * 30, "\u0661".encode()])
def test_a_wrong_place_is_refused(sandbox, given):
    response = httpx.get(
        sandbox.url + "/sandbox/v1/stream", headers={"Last-Event-ID": given}, trust_env=False, timeout=60
    )
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad-last-event-id"


def test_a_listener_that_left_is_forgotten(sandbox):
    stream = sandbox.runtime.services.stream
    others = set(stream._subscriptions)  # of earlier tests' clients that are leaving, and of providers
    with listening(sandbox):
        (listener,) = stream._subscriptions - others
    while listener in stream._subscriptions:  # the test's own time limit ends it otherwise
        sandbox.call(_turn())


async def _turn():
    """Let the loop do what is ready."""
    import asyncio

    await asyncio.sleep(0.01)


def test_stopping_ends_streams_and_waits_at_once():
    with Sandbox() as running:
        host, port = urlsplit(running.url).netloc.split(":")
        clients = []
        for path in ("stream", "messages/wait?timeout=600"):
            client = socket.create_connection((host, int(port)), timeout=20)
            client.sendall(f"GET /sandbox/v1/{path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            clients.append(client)
        assert clients[0].recv(1000).startswith(b"HTTP/1.1 200")
        while len(running.runtime.services.stream._subscriptions) < 2:
            running.call(_turn())
    answer = b"".join(iter(lambda: clients[1].recv(1000), b""))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b'"code":"closing"' in answer
    assert b"".join(iter(lambda: clients[0].recv(1000), b"")).endswith(b"0\r\n\r\n")
    for client in clients:
        client.close()
