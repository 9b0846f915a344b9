"""A real Chromium for the tests of the web viewer, and a server that notices whoever asks it for anything."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from contextlib import contextmanager
from importlib import resources
from urllib.parse import urlsplit

import pytest

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-proxy-server",
]  # fmt: skip
PATIENCE = 30
"""Seconds that a page may take for anything: only a page that never does it fails, not one on a busy machine."""
NOISE = (
    "Content Security Policy", "ERR_BLOCKED_BY_CSP", "Blocked script execution", "ERR_BLOCKED_BY_RESPONSE", "Refused to",
    "Unsafe attempt to load", "Blocked autofocusing", "does not support attachShadow",
)  # fmt: skip
"""What Chromium writes when it stops something that a message wanted: that is what the viewer is for."""


@contextmanager
def chromium():
    """A running Chromium; skips the test where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the viewer's tests need playwright")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("the viewer's tests need Debian's package chromium")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched(browser, sandbox, *, scheme="light", width=1280, height=800):
    """A page that must not fail, complain or ask anybody but the sandbox."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE * 1000)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=sandbox.url)
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if _complains(line) else None)
    page.on("requestfinished", lambda request: problems.append(request.url) if _elsewhere(request, sandbox) else None)
    page.on("requestfailed", lambda request: problems.append(request.url) if _tried(request, sandbox) else None)
    yield page
    context.close()
    assert not problems, problems


def _complains(line):
    expected = "the server responded with a status of 4" in line.text or any(noise in line.text for noise in NOISE)
    return line.type == "error" and not expected


def _elsewhere(request, sandbox):
    parts = urlsplit(request.url)
    return parts.scheme in ("http", "https") and parts.netloc != urlsplit(sandbox.url).netloc


def _tried(request, sandbox):
    """Whether it failed on the network only, not because the browser never sent it."""
    return _elsewhere(request, sandbox) and request.failure not in ("csp", "origin", "net::ERR_BLOCKED_BY_CSP")


def expect(found):
    """What Playwright expects of a page or of something on it; waits for it."""
    from playwright.sync_api import expect as playwright_expect

    playwright_expect.set_options(timeout=PATIENCE * 1000)
    return playwright_expect(found)


def rows(page):
    """The rows of the list that is shown."""
    return page.locator(".windowed:visible a.row")


def see(page, text):
    """Wait until the page shows a text."""
    page.locator("main").get_by_text(text).locator("visible=true").first.wait_for()


def until(page, true):
    """Wait until something is true that the page's requests make true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        page.wait_for_timeout(10)


@contextmanager
def trap():
    """(address, list of what was asked): a server that no message may reach."""
    asked = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                client.settimeout(5)
                try:
                    asked.append(client.recv(4096).split(b"\r\n")[0].decode("latin-1"))
                    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                except OSError:
                    asked.append("a connection")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def axe_problems(page):
    """What axe finds serious or critical on the page, as `rule: element`."""
    script = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    page.evaluate(script)
    found = page.evaluate("axe.run(document, {iframes: false, resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
