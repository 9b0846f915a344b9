"""What comes late, or at a bad moment, in a real browser: no answer brings back what is gone, and no click is lost."""

from __future__ import annotations

import re
import time

import pytest
import web_browser
import window_mail
from web_browser import expect, rows

from sandbox.app import Sandbox

LIST = re.compile(r"/messages(\?|$)")
SHORT = 2
"""Seconds that a press may last here; the page waits somewhat longer for its end."""


@pytest.fixture(scope="module")
def running():
    with Sandbox() as sandbox:
        yield sandbox


class Late:
    """The first answer to a request, held back until it is let go; later ones pass."""

    def __init__(self, page, asked):
        self.page = page
        self.held = []
        page.route(asked, self._one)

    def _one(self, route):
        if self.held:
            route.continue_()
        else:
            self.held.append((route, route.fetch()))

    def wait(self):
        """Until it was answered, which the page doesn't know."""
        web_browser.until(self.page, lambda: self.held)

    def let_go(self):
        ((route, response),) = self.held
        with self.page.expect_response(route.request.url):
            route.fulfill(response=response)


def opened(sandbox, page, *subjects):
    """The ids of messages that the page lists, live."""
    ids = [window_mail.post(sandbox, subject=subject) for subject in subjects]
    sandbox.call(sandbox.runtime.delivery.run_due())
    page.goto(sandbox.url)
    page.locator("#live[data-state=live]").wait_for()
    expect(rows(page)).to_have_count(len(subjects))
    return ids


def test_an_answer_from_before_a_deletion_does_not_bring_the_message_back(sandbox, api, page):
    _, gone, marked = opened(sandbox, page, "One", "Two", "Three")
    late = Late(page, LIST)
    api.patch(f"/messages/{marked}", json={"read": True})
    late.wait()
    api.delete(f"/messages/{gone}")
    expect(rows(page)).to_have_count(2)
    late.let_go()
    expect(page.locator("a.row.unread:visible")).to_have_count(1)
    expect(page.locator(".subject:visible")).to_have_text(["Three", "One"])
    expect(page.locator(".total:visible")).to_have_text("2 messages")


def test_a_row_that_is_pressed_is_not_drawn_anew_beneath_the_pointer(sandbox, api, page):
    for number in range(10):
        api.post("/reset").raise_for_status()
        opened(sandbox, page, f"Pressed {number}")
        rows(page).first.hover()
        began = time.monotonic()
        page.mouse.down()
        with page.expect_response(LIST):
            window_mail.post(sandbox, subject="Above it")
        page.evaluate("new Promise(requestAnimationFrame)")  # what the answer does to the page is done
        page.mouse.up()
        if time.monotonic() - began < SHORT:
            page.locator("h2", has_text=f"Pressed {number}").wait_for()
            expect(rows(page)).to_have_count(2)
            return
    pytest.fail("the machine is too busy for a click")


def test_a_row_that_says_the_same_is_left_as_it_is(sandbox, page):
    opened(sandbox, page, "Old")
    page.evaluate("document.querySelector('a.row').drawn = 'once'")
    window_mail.post(sandbox, subject="New")
    expect(rows(page)).to_have_count(2)
    assert page.locator("a.row", has_text="Old").evaluate("one => one.drawn") == "once"


def test_what_happens_while_a_message_opens_is_seen(sandbox, api, page):
    (message,) = opened(sandbox, page, "Opening")
    api.patch(f"/messages/{message}", json={"read": True})
    expect(page.locator("a.row.unread:visible")).to_have_count(0)
    late = Late(page, re.compile(f"/messages/{message}$"))
    rows(page).click()
    late.wait()
    with page.expect_response(LIST):  # the page has heard of it
        api.post("/simulate", json={"event": "complaint", "message": message, "recipient": "ann@example.net"})
    late.let_go()
    page.locator("[data-tab=timeline]").click()
    page.locator(".timeline").get_by_text("complained").wait_for()


def test_a_message_that_was_marked_stays_marked_whatever_is_answered_late(sandbox, api, page):
    (message,) = opened(sandbox, page, "Mine")
    rows(page).click()
    page.get_by_role("button", name="Mark unread").wait_for()
    web_browser.until(page, lambda: api.get(f"/messages/{message}").json()["read"])
    late = Late(page, re.compile(f"/messages/{message}$"))
    api.post("/simulate", json={"event": "open", "message": message, "recipient": "ann@example.net"})
    late.wait()
    page.keyboard.press("u")
    page.get_by_role("button", name="Mark read").wait_for()
    page.evaluate("""() => {
      const look = () => { window.wavered ||= document.querySelector(".actions button").textContent === "Mark unread"; };
      new MutationObserver(look).observe(document.querySelector(".detail"), {childList: true, subtree: true});
    }""")
    answers = []
    page.on("response", lambda response: answers.append(response) if response.url.endswith(message) else None)
    late.let_go()
    web_browser.until(page, lambda: len(answers) > 1)  # the late one, and what is asked once more
    page.evaluate("new Promise(requestAnimationFrame)")
    assert page.evaluate("window.wavered") is not True


def test_what_was_unfolded_stays_so_when_more_happens(sandbox, api, page):
    (message,) = opened(sandbox, page, "Told")
    about = {"message": message, "recipient": "ann@example.net"}
    api.post("/simulate", json={"event": "bounce", **about})
    page.goto(f"{sandbox.url}/#messages/{message}/timeline")
    page.get_by_text("Read it").click()
    page.locator(".timeline pre").get_by_text("Final-Recipient").wait_for()
    api.post("/simulate", json={"event": "complaint", **about})
    page.locator(".timeline").get_by_text("complained").wait_for()
    page.locator(".timeline pre").get_by_text("Final-Recipient").wait_for()


def test_resources_stay_unfolded_while_mail_arrives(sandbox, page):
    page.goto(f"{sandbox.url}/#state")
    page.locator("summary", has_text="sender").first.click()
    page.locator("details.resource summary", has_text="noreply@example.com").first.click()
    shown = page.locator("details.resource[open] dt", has_text="id").first
    shown.wait_for()
    page.evaluate("document.querySelector('details.resource').drawn = 'once'")
    window_mail.post(sandbox)
    web_browser.until(page, lambda: page.evaluate("document.querySelector('details.resource').drawn !== 'once'"))
    shown.wait_for()
