"""The web viewer in a real browser: mail shows at once, is read in every way, searched, changed and kept in its place."""

from __future__ import annotations

import re
import time

import pytest
import web_browser
import window_mail
from web_browser import expect, rows, see
from window_mail import mail, smtp

from sandbox.app import Sandbox

HTML = (
    "<h1>Order confirmed</h1><p>Your code is <b>482913</b>."
    ' <a href="https://shop.example.com/verify?a=1&amp;b=2">Verify</a></p><img src="https://tracker.example.net/p.gif">'
)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


def test_mail_appears_without_reload_in_under_300_milliseconds(sandbox, page):
    page.goto(sandbox.url)
    see(page, "No mail yet")
    page.locator("#live[data-state=live]").wait_for()
    page.evaluate("""() => {
      window.seen = {};
      new MutationObserver(() => {
        for (const one of document.querySelectorAll('.subject')) window.seen[one.textContent] ??= Date.now();
      }).observe(document.getElementById('main'), {childList: true, subtree: true});
    }""")
    waits = []
    with smtp(sandbox) as client:
        for number in range(5):
            sent = time.time()
            client.send_message(mail(f"Quick {number}"))
            page.locator(".subject", has_text=f"Quick {number}").wait_for()
            waits.append(page.evaluate("name => window.seen[name]", f"Quick {number}") - sent * 1000)
    assert min(waits) < 300, waits
    assert rows(page).count() == 5
    expect(page).to_have_title("(5) email-sandbox")


def test_a_message_is_shown_in_every_way(sandbox, api, page):
    message = window_mail.post(
        sandbox,
        subject="Order confirmed",
        text="Your code: 482913",
        html=HTML,
        files=[("a.pdf", "application/pdf", b"%")],
    )
    page.goto(sandbox.url)
    rows(page).click()
    frame = page.frame_locator("iframe")
    assert frame.locator("h1").inner_text() == "Order confirmed"
    assert page.locator(".blocked summary").inner_text() == "1 remote reference blocked"
    page.get_by_role("button", name="Phone").click()
    assert page.locator("iframe").bounding_box()["width"] == 375
    shown = {
        "text": "Your code: 482913",
        "timeline": "250 2.1.5 Recipient ok",
        "authentication": "no DMARC record for example.com",
        "links": "https://shop.example.com/verify?a=1&b=2",
        "headers": "MIME-Version",
        "parts": "application/pdf",
        "copy": "DKIM-Signature",
        "source": "Content-Transfer-Encoding",
    }
    for tab, text in shown.items():
        page.locator(f"[data-tab={tab}]").click()
        page.locator("[role=tabpanel]").get_by_text(text).first.wait_for()
        assert page.url.endswith(f"#messages/{message}/{tab}")
    assert page.locator("[role=tabpanel] .s-name").count() > 3
    with page.expect_download() as download:
        page.get_by_role("link", name="Download .eml").click()
    assert download.value.path().read_bytes() == api.get(f"/messages/{message}/raw").content


def test_codes_are_told_from_other_numbers(sandbox, page):
    window_mail.post(
        sandbox, subject="Sign in", text="Your verification code is 482913. It is about order 20260131 for $1999."
    )
    page.goto(sandbox.url)
    rows(page).click()
    page.locator("[data-tab=links]").click()
    page.get_by_text("482913").first.wait_for()
    page.locator(".code").first.wait_for()
    assert page.locator(".code").all_inner_texts() == ["482913"]


def test_what_comes_next_can_be_simulated(sandbox, page):
    window_mail.post(sandbox)
    page.goto(sandbox.url)
    rows(page).click()
    page.locator("[data-tab=timeline]").click()
    page.locator("[data-event=bounce]").click()
    page.locator(".timeline").get_by_text("hard bounced").wait_for()
    page.locator(".timeline").get_by_text("failed report").wait_for()
    page.get_by_text("Read it").click()
    page.locator(".timeline pre").get_by_text("Final-Recipient").wait_for()
    page.goto(f"{sandbox.url}/#state")
    see(page, "ann@example.net")


def test_several_are_chosen_tagged_read_and_deleted_by_key(sandbox, api, page):
    for number in range(4):
        window_mail.post(sandbox, subject=f"Mail {number}")
    page.goto(sandbox.url)
    rows(page).nth(3).wait_for()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    see(page, "2 selected")
    page.keyboard.press("t")
    page.get_by_label("Tags, separated by commas, that each gets besides its own").fill("billing, late")
    page.keyboard.press("Enter")
    expect(page.locator(".badge.tag:visible")).to_have_count(6)
    assert api.get("/messages", params={"query": "tag:billing tag:late"}).json()["total"] == 2
    page.keyboard.press("Shift+A")
    see(page, "4 selected")
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    see(page, "No mail yet")
    assert api.get("/messages").json()["total"] == 0


def test_the_next_message_is_open_after_a_deletion(sandbox, api, page):
    for number in range(3):
        window_mail.post(sandbox, subject=f"Mail {number}")
    page.goto(sandbox.url)
    rows(page).nth(1).click()
    page.locator("h2", has_text="Mail 1").wait_for()
    page.keyboard.press("#")
    page.locator("h2", has_text="Mail 0").wait_for()
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("u")
    page.get_by_role("button", name="Mark read").wait_for()
    assert api.get("/messages", params={"query": "is:unread"}).json()["total"] == 2


def test_search_and_filters_choose_and_mistakes_are_shown(sandbox, page):
    window_mail.post(sandbox, subject="Invoice")
    window_mail.post(sandbox, subject="Welcome", rcpt=("bob@gone.invalid",))
    page.goto(sandbox.url)
    rows(page).nth(1).wait_for()
    page.keyboard.press("/")
    page.keyboard.type("subject:invoice")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1)
    assert page.url.endswith("#messages?query=subject%3Ainvoice")
    page.locator("#query").fill("sbject:x")
    page.keyboard.press("Enter")
    page.get_by_role("alert").get_by_text("unknown field 'sbject'").wait_for()
    page.goto(f"{sandbox.url}/#messages")
    rows(page).nth(1).wait_for()
    page.get_by_label("Outcome").select_option("hard_bounced")
    expect(rows(page)).to_have_count(1)
    assert rows(page).locator(".subject").inner_text() == "Welcome"
    page.reload()
    expect(rows(page)).to_have_count(1)


def test_the_list_keeps_the_readers_place_and_follows_by_cursor(sandbox, page):
    for number in range(230):
        window_mail.post(sandbox, subject=f"Mail {number}")
    page.goto(sandbox.url)
    rows(page).first.wait_for()
    assert page.locator(".windowed li").count() < 40
    scroller = page.locator(".windowed")
    last = page.locator(".subject", has_text=re.compile("^Mail 0$"))
    web_browser.until(page, lambda: scroller.evaluate("one => one.scrollTop = one.scrollHeight") and last.count())
    last.wait_for()
    scroller.evaluate("one => one.scrollTop = 50 * 80")
    page.locator(".subject", has_text=re.compile("^Mail 179$")).wait_for()
    before = page.locator("li", has_text="Mail 179").bounding_box()["y"]
    window_mail.post(sandbox, subject="Fresh")
    page.locator(".total", has_text="231 messages").first.wait_for()
    assert page.locator("li", has_text="Mail 179").bounding_box()["y"] == pytest.approx(before, abs=1)


def test_a_search_whose_messages_change_is_brought_up_to_date(sandbox, api, page):
    message = window_mail.post(sandbox, subject="Mine")
    page.goto(f"{sandbox.url}/#messages?unread=1")
    rows(page).first.wait_for()
    api.patch(f"/messages/{message}", json={"read": True})
    see(page, "No message matches")
    window_mail.post(sandbox, subject="Another")
    rows(page).first.wait_for()
    api.delete("/messages")
    see(page, "No message matches")


def test_another_account_has_its_own_page(sandbox, api, page):
    account = api.post("/accounts").json()["account"]
    window_mail.post(sandbox, subject="Mine")
    page.goto(sandbox.url)
    see(page, "Mine")
    page.get_by_label("Account").select_option(account)
    see(page, "No mail yet")
    window_mail.post(sandbox, subject="Theirs", account=account)
    see(page, "Theirs")
    assert f"account={account}" in page.url
    rows(page).click()
    page.locator("h2", has_text="Theirs").wait_for()
    api.delete(f"/accounts/{account}")


def test_the_page_comes_back_after_the_stream_was_cut(sandbox, api, browser):
    with web_browser.watched(browser, sandbox) as page:
        page.goto(sandbox.url)
        page.locator("#live[data-state=live]").wait_for()
        sandbox.call(_drop_listeners(sandbox))
        window_mail.post(sandbox, subject="Meanwhile")
        see(page, "Meanwhile")
        page.locator("#live[data-state=live]").wait_for()


async def _drop_listeners(sandbox):
    for subscription in list(sandbox.runtime.services.stream._subscriptions):
        subscription.drop()
