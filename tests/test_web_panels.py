"""The web viewer around its list of mail, in a real browser: refusals, errors, state, connecting, keys, any screen."""

from __future__ import annotations

import re
import smtplib

import pytest
import web_browser
import window_mail
from web_browser import expect, rows, see
from window_mail import mail, smtp

from sandbox.app import Sandbox


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


def test_a_refusal_is_explained_and_leads_to_its_row(sandbox, page):
    page.goto(f"{sandbox.url}/#attempts")
    see(page, "Nothing was refused")
    with smtp(sandbox) as client, pytest.raises(smtplib.SMTPException):
        client.send_message(mail("No", sender="stranger@elsewhere.example"))
    rows(page).first.click()
    refusal = page.locator(".refusal")
    refusal.get_by_text("real behaviour").wait_for()
    assert "stranger@elsewhere.example" in refusal.inner_text()
    assert "To pass" in refusal.inner_text()
    page.locator(".transcript").get_by_text("AUTH").first.wait_for()
    assert sandbox.ready["oci"]["smtp_password"] not in page.content()
    refusal.get_by_role("link").click()
    see(page, "Force this error")


def test_attempts_are_searched_and_a_search_can_be_kept(sandbox, page):
    for sender in ("one@elsewhere.example", "two@elsewhere.example"):
        with smtp(sandbox) as client, pytest.raises(smtplib.SMTPException):
            client.send_message(mail("No", sender=sender))
    page.goto(f"{sandbox.url}/#attempts?query=two%40elsewhere.example")
    expect(rows(page)).to_have_count(1)
    field = page.get_by_role("searchbox")
    assert field.input_value() == "two@elsewhere.example"
    field.fill("error:sender-not-authorized -said:two@")
    field.press("Enter")
    see(page, "one@elsewhere.example")
    expect(rows(page)).to_have_count(1)
    assert "query=error" in page.url
    field.fill("is:read")
    field.press("Enter")
    page.get_by_text("is none of refused, accepted, forced, open").wait_for()
    page.get_by_role("link", name="Messages").click()
    assert field.input_value() == ""
    expect(page.get_by_text("is none of refused")).to_have_count(0)


def test_an_error_is_forced_strikes_and_is_told_as_forced(sandbox, page):
    page.goto(f"{sandbox.url}/#errors")
    page.get_by_label("Search errors").fill("per minute reached")
    page.wait_for_url(re.compile("words=per"))
    expect(page.locator("a.row:visible").first).to_have_attribute("href", re.compile("words=per"))  # drawn anew
    page.locator("a.row:visible").first.click()
    page.get_by_label("Recipient matches").wait_for()
    page.get_by_label("Subject matches").fill("*invoice*")
    page.get_by_role("button", name="Force this error").click()
    page.locator(".faults").get_by_text("fired 0 of 1").wait_for()
    with smtp(sandbox) as client:
        client.send_message(mail("Hello"))
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            client.send_message(mail("Your invoice"))
        assert refused.value.smtp_code == 455
    page.locator(".faults").get_by_text("used up").wait_for()
    page.keyboard.press("Escape")
    page.goto(f"{sandbox.url}/#attempts")
    rows(page).first.click()
    page.get_by_text("forced by you").wait_for()
    page.get_by_role("link", name=re.compile("^[0-9a-z]{26}$")).click()
    page.locator("h2", has_text="Hello").wait_for()
    page.get_by_role("link", name="how it came in").click()
    page.locator(".transcript").wait_for()


def test_the_state_can_be_seen_and_changed(sandbox, api, page):
    window_mail.post(sandbox)
    sandbox.call(sandbox.runtime.delivery.run_due())  # so that nothing more happens meanwhile
    sandbox.call(sandbox.runtime.indexer.catch_up())
    page.goto(f"{sandbox.url}/#state")
    see(page, "1 of 18,000 in the last minute")
    page.get_by_role("img", name=re.compile("Accepted: 1 in all")).wait_for()
    page.get_by_label("Address to suppress at oci").fill("bob@example.net")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove bob@example.net from the suppression list of oci").click()
    see(page, "Nobody is suppressed")
    page.get_by_role("button", name="+ 24h").click()
    see(page, "24 h ahead of real time")
    assert api.get("/clock").json()["moved"]
    page.locator("summary", has_text="sender").first.click()
    see(page, "noreply@example.com")
    assert sandbox.ready["oci"]["smtp_password"] not in page.content()


def test_what_is_typed_survives_mail_that_arrives(sandbox, page):
    page.goto(f"{sandbox.url}/#state")
    field = page.get_by_label("Address to suppress at oci")
    field.wait_for()
    held, asked = [], re.compile(r"/state(\?|$)")

    def hold_one(route):
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route(asked, hold_one)
    window_mail.post(sandbox)
    web_browser.until(page, lambda: held)
    field.fill("bob@example.net")
    with page.expect_response(asked):
        held[0].continue_()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove bob@example.net from the suppression list of oci").wait_for()


def test_connecting_is_explained_with_settings_to_copy(sandbox, page):
    page.goto(sandbox.url)
    page.get_by_role("link", name="Connect your program").click()
    oci = page.get_by_role("region", name="oci")
    oci.get_by_label("Program or library for oci").select_option("nodemailer")
    oci.locator("pre").get_by_text("nodemailer").first.wait_for()
    oci.get_by_role("button", name="Copy settings").click()
    page.get_by_text("Copied.").first.wait_for()
    assert sandbox.ready["oci"]["smtp_password"] in page.evaluate("navigator.clipboard.readText()")


def test_keys_lead_everywhere(sandbox, page):
    for number in range(3):
        window_mail.post(sandbox, subject=f"Mail {number}", html="<p>x</p>")
    page.goto(sandbox.url)
    rows(page).nth(2).wait_for()
    page.keyboard.press("k")
    page.locator("h2", has_text="Mail 0").wait_for()
    page.keyboard.press("k")
    page.locator("h2", has_text="Mail 1").wait_for()
    page.keyboard.press("]")
    expect(page).to_have_url(re.compile("/text$"))
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("#messages$"))
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("search").first.wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    for key, view in {"a": "attempts", "e": "errors", "s": "state", "c": "start", "m": "messages"}.items():
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"#{view}$"))


def test_it_works_below_a_prefix(sandbox, api, browser):
    window_mail.post(sandbox, subject="Below", html="<p>below</p>")
    with web_browser.watched(browser, sandbox) as page:
        page.route("**/mail/**", lambda route: route.continue_(url=route.request.url.replace("/mail/", "/")))
        page.goto(f"{sandbox.url}/mail/")
        page.locator("#live[data-state=live]").wait_for()
        rows(page).click()
        assert page.frame_locator("iframe").locator("p").inner_text() == "below"
        assert page.locator("iframe").get_attribute("src").startswith(f"{sandbox.url}/mail/sandbox/v1/")


def test_a_narrow_screen_shows_one_thing_at_a_time(sandbox, api, browser):
    window_mail.post(sandbox, subject="Small", text="word " * 300)
    with web_browser.watched(browser, sandbox, width=380, height=700) as page:
        page.goto(sandbox.url)
        rows(page).click()
        page.locator("h2", has_text="Small").wait_for()
        assert not page.locator(".side").first.is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        page.get_by_role("link", name="← Back to the list").click()
        rows(page).wait_for()
