"""The viewer for everybody: axe finds nothing serious in any panel, light or dark; and pictures for the docs."""

from __future__ import annotations

import os
import smtplib
import ssl
from io import BytesIO
from pathlib import Path

import httpx
import pytest
import web_browser
import window_mail

from sandbox.app import Sandbox
from sandbox.core.attempts import FollowUp
from sandbox.settings import Oci, Settings

IMAGES = Path(__file__).parent.parent / "docs" / "images"
MOST = 150_000
"""Octets of a picture that is kept with the code."""
TABS = ("html", "text", "timeline", "authentication", "compatibility", "links", "headers", "parts", "copy", "source")
HTML = """<!doctype html><html><head><style>
body { margin: 0; font: 16px/1.5 sans-serif; background: #eef1f5; color: #1d2530 }
div { max-width: 34rem; margin: 24px auto; padding: 24px 32px; background: #fff; border-radius: 12px }
a { display: inline-block; padding: 10px 18px; background: #1c5cb8; color: #fff; border-radius: 8px }
@media (prefers-color-scheme: dark) { body { background: #11161c; color: #e5eaf0 } div { background: #1b222b } }
</style></head><body><div><h1>Thank you, Ann</h1><p>Order <b>1047</b> is on its way and arrives on Thursday.</p>
<p>Your sign-in code is <b>482913</b>.</p><p><a href="https://shop.example.com/o/1047">Track it</a></p>
<p><img src="https://shop.example.com/open.gif" alt=""></p></div></body></html>"""
SENT = (
    ("Your order 1047 was shipped", ("ann@example.net",)),
    ("Reset your password", ("bob@example.net",)),
    ("Invoice 2026-118", ("billing@example.org", "carol@example.org")),
    ("Weekly report", ("nobody@gone.invalid",)),
    ("Your verification code", ("dave@example.net",)),
    ("Welcome aboard", ("erin@example.com", "suppressed@example.net")),
)


@pytest.fixture(scope="module")
def sandbox():
    settings = Settings(data=":memory:", ports="auto", oci=Oci(suppressed=["suppressed@example.net"]))
    with Sandbox(settings) as running:
        for subject, rcpt in reversed(SENT):
            files = (
                [("invoice.pdf", "application/pdf", b"%PDF-1.7")] if "Invoice" in subject or "order" in subject else ()
            )
            text = f"Hello,\r\n\r\n{subject}. Your code is 482913: https://shop.example.com/verify\r\n"
            first = window_mail.post(
                running, subject=subject, rcpt=rcpt, to=", ".join(rcpt), text=text, html=HTML, files=files
            )
        running.first = first
        controls = running.runtime.delivery
        running.call(controls.run_due())
        account = running.runtime.services.accounts.ready_made
        running.call(controls.simulate(account, first, "ann@example.net", FollowUp.OPEN))
        _be_refused(running)
        with httpx.Client(base_url=f"{running.url}/sandbox/v1", trust_env=False) as api:
            running.refused = api.get("/sessions", params={"refused": "true"}).json()["items"][0]["id"]
        yield running


def _be_refused(sandbox):
    oci = sandbox.ready["oci"]
    (listener,) = (one for one in oci["smtp"] if one["stands_for"] == 587)
    with smtplib.SMTP(listener["host"], listener["port"], timeout=20) as client:
        client.starttls(context=ssl.create_default_context(cafile=sandbox.ready["ca_file"]))
        client.login(oci["smtp_username"], oci["smtp_password"])
        client.mail("stranger@elsewhere.example")


def views(sandbox):
    """(name, address) of everything that can be looked at."""
    message = f"#messages/{sandbox.first}"
    shown = [
        ("inbox" if tab == "html" else tab, f"{message}/{tab}", f"[data-tab={tab}][aria-selected=true]") for tab in TABS
    ]
    return [
        *shown,
        ("attempts", f"#attempts/{sandbox.refused}", ".refusal"),
        ("errors", "#errors/oci.smtp.455.per-minute", ".force"),
        ("state", "#state", ".series"),
        ("connect", "#start", ".provider pre"),
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_any_panel(sandbox, browser, scheme):
    pytest.importorskip("axe_playwright_python", reason="needs axe-playwright-python")
    with web_browser.watched(browser, sandbox, scheme=scheme, width=1200, height=760) as page:
        for name, address, ready in views(sandbox):
            page.goto(f"{sandbox.url}/{address}")
            page.locator(ready).first.wait_for()
            page.locator("#live[data-state=live]").wait_for()
            if os.environ.get("EMAIL_SANDBOX_PICTURES"):
                _keep(page, f"{name}-{scheme}.png", dark=scheme == "dark" and name == "inbox")
            assert web_browser.axe_problems(page) == [], name
        page.keyboard.press("?")
        page.get_by_role("dialog").wait_for()
        assert web_browser.axe_problems(page) == [], "help"


def _keep(page, name, *, dark):
    from PIL import Image

    if dark:
        page.get_by_role("button", name="Dark").click()
    page.wait_for_timeout(400)
    IMAGES.mkdir(exist_ok=True)
    with Image.open(BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(IMAGES / name, optimize=True)
    assert (IMAGES / name).stat().st_size < MOST, name


def test_everything_can_be_reached_with_the_tab_key(sandbox, browser):
    with web_browser.watched(browser, sandbox) as page:
        page.goto(f"{sandbox.url}/#messages/{sandbox.first}/text")
        page.locator("[role=tabpanel] pre").wait_for()
        web_browser.rows(page).first.wait_for()
        page.evaluate("document.activeElement.blur()")
        reached = []
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("(({id, className}) => id || className)(document.activeElement)"))
        text = " ".join(reached)
        places = [text.find(word) for word in ("skip", "query", "help", "row", "danger", "-panel")]
        assert -1 not in places, text
        assert places == sorted(places), text


def test_new_mail_is_told_to_screen_readers_by_the_lists_size(sandbox, browser):
    with web_browser.watched(browser, sandbox) as page:
        page.goto(sandbox.url)
        first = page.locator(".windowed li").first
        first.wait_for()
        assert (first.get_attribute("aria-posinset"), first.get_attribute("aria-setsize")) == ("1", str(len(SENT)))
        assert page.locator("#announcer").inner_text() == f"{len(SENT)} messages"
