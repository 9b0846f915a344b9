"""The viewer with 100,000 messages: painted and searched at once, and no heavier after a thousand more."""

from __future__ import annotations

import re

import pytest
import web_browser
import web_mailbox
import window_mail

from sandbox.app import Sandbox
from sandbox.settings import Settings

MANY = 100_000
MORE = 1_000
PAINTED = """new Promise(resolve => {
  const look = () => document.querySelector('.windowed a.row')
    ? requestAnimationFrame(() => resolve(performance.now())) : requestAnimationFrame(look);
  look();
})"""
SEARCHED = """async query => {
  const url = new URL('sandbox/v1/messages', document.baseURI);
  url.searchParams.set('query', query);
  const start = performance.now();
  const answer = await (await fetch(url)).json();
  return [performance.now() - start, answer.total];
}"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    settings = Settings(data=str(folder), ports="auto")
    with Sandbox(settings):
        pass
    web_mailbox.fill(folder / "store.db", MANY)
    with Sandbox(settings) as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    with web_browser.chromium() as running:
        yield running


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_hundred_thousand_messages_are_listed_and_searched_at_once(sandbox, browser):
    with web_browser.watched(browser, sandbox) as page:
        times = []
        for _ in range(4):
            page.goto("about:blank")
            page.goto(sandbox.url, wait_until="commit")
            times.append(page.evaluate(PAINTED))
        assert min(times) < 500, times
        page.locator(".total", has_text="100,000 messages").first.wait_for()
        for query, number in (("heliotrope", 100), ("user77777@example.net", 1), ("nothing-has-this", 0)):
            found = [page.evaluate(SEARCHED, query) for _ in range(3)]
            assert {total for _, total in found} == {number}
            assert min(took for took, _ in found) < 200, (query, found)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_tab_stays_as_heavy_while_a_thousand_arrive(sandbox, browser):
    with web_browser.watched(browser, sandbox) as page:
        page.goto(sandbox.url)
        page.locator(".windowed a.row").first.wait_for()
        page.locator("#live[data-state=live]").wait_for()
        session = page.context.new_cdp_session(page)

        def weight():
            session.send("HeapProfiler.collectGarbage")
            return session.send("Runtime.getHeapUsage")["usedSize"], page.locator("*").count()

        octets, elements = weight()
        for number in range(MORE):
            window_mail.post(sandbox, subject=f"Fresh {number}")
        page.locator(".subject", has_text=re.compile(f"^Fresh {MORE - 1}$")).wait_for(timeout=60_000)
        page.locator(".total", has_text=re.compile("^10[1-9],")).first.wait_for()
        after, more = weight()
        assert more <= elements * 1.2 + 20
        assert after - octets < 12_000_000, (octets, after)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_scrolling_far_keeps_few_rows(sandbox, browser):
    with web_browser.watched(browser, sandbox) as page:
        page.goto(sandbox.url)
        scroller = page.locator(".windowed")
        page.locator(".windowed a.row").first.wait_for()
        for _ in range(10):
            before = scroller.evaluate("one => one.scrollHeight")
            scroller.evaluate("one => one.scrollTop = one.scrollHeight")
            page.locator(f".windowed > ul:not([style*='height: {before}px'])").wait_for(state="attached")
            assert page.locator(".windowed li").count() < 60
        assert scroller.evaluate("one => one.scrollHeight") > 2000 * 80
