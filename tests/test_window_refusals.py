"""The inspection API over real HTTP: how it says no, and whom it does not wait for."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from window_shape import is_problem

from sandbox.app import Sandbox
from sandbox.window import call


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


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
    with socket.create_connection((host, int(port)), timeout=60) as client:
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
    with socket.create_connection((host, int(port)), timeout=60) as client:
        head = f"POST /sandbox/v1/clock HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 10\r\n\r\n"
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_wait_ends_with_its_client(sandbox, api):
    stream = sandbox.runtime.services.stream
    others = len(stream._subscriptions)  # of providers, which look at what happens as well
    host, port = urlsplit(sandbox.url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
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
