"""The inspector when mail floods in, when there is very much of it, and when the sandbox goes and comes back."""

import asyncio
import gc
import subprocess
import sys
import time
from dataclasses import dataclass, fields
from pathlib import Path
from subprocess import PIPE

import pytest
from free_port import free_port
from sandbox_ui.tui.app import Inspector
from sandbox_ui.tui.live import Live
from sandbox_ui.tui.messages import Arrived, Away, Changed, Here
from textual.css.query import NoMatches
from tui_pilot import inspecting, press, quiet, screen_text, sees, still_sandbox, until
from web_mailbox import fill
from window_mail import compose, post, refuse

from sandbox.app import Sandbox
from sandbox.settings import Ports, Settings

FRAME, PAUSE = 0.05, 0.005
"""Seconds."""
BURST = 2000
HOSTILE = "\x1b]0;evil\x07\x1b[2J\x9b31m[/] [@click=app.quit]x[/] \u202egpj.exe\u2066"


def test_a_burst_of_events_becomes_few_messages():
    assert Arrived().can_replace(Arrived())
    assert not Arrived().can_replace(Changed())
    assert not Away("x", 1).can_replace(Here())


@pytest.fixture
def flooded():
    """A sandbox in a process of its own, and a way to let mail flood into it: the inspector has its own to itself."""
    program = Path(__file__).with_name("tui_flood.py")
    with subprocess.Popen([sys.executable, program], stdin=PIPE, stdout=PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip(), lambda number: flood(process, number)
        finally:
            process.stdin.close()


def flood(process, number):
    """Let this many messages come; returns the seconds that it took."""
    process.stdin.write(f"{number}\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def test_a_burst_collapses_and_the_keys_stay_quick(flooded):
    """Up to a thousand messages a second: keys are taken within a frame, and the list is asked for a few times only."""
    url, let_it_rain = flooded

    async def scenario():
        async with inspecting(url, size=(160, 48)) as (inspector, pilot):
            asked = []
            ask = inspector.window.messages
            inspector.window.messages = lambda *args, **more: (asked.append(args), ask(*args, **more))[1]
            idle = await turns(inspector, 100)
            assert not asked
            rain = asyncio.create_task(asyncio.to_thread(let_it_rain, BURST))
            busy = await turns(inspector, 10_000, rain)
            await sees(pilot, f"{BURST + 40} messages")
            return idle, busy, len(asked), rain.result()

    idle, busy, asked, seconds = asyncio.run(scenario())
    assert len(busy) > 20
    for what in ("used", "waited"):  # on a machine that has much else to do, a frame takes longer without any mail, too
        assert tenth(busy, what) < max(FRAME, 3 * tenth(idle, what)), what
    assert 1 <= asked < 10 + 10 * seconds < BURST / 10


@dataclass(frozen=True)
class Turn:
    """How long a key had to wait, in seconds: by the clock, and of the processor's time that drawing took meanwhile."""

    waited: float
    used: float


async def turns(inspector, most, rain=None):
    """Turns of the program's loop, each with a move of the cursor to draw: so many, or until the rain is over."""
    found = []
    while len(found) < most and not (rain and rain.done()):
        began, spent = time.perf_counter(), time.thread_time()
        await asyncio.sleep(PAUSE)
        found.append(Turn(time.perf_counter() - began - PAUSE, time.thread_time() - spent))
        inspector.panel("inbox").inbox.rows.action_move(1 if len(found) % 60 < 30 else -1)
    return found


def tenth(found, what):
    """What nine tenths of the turns stay below."""
    return sorted(getattr(turn, what) for turn in found)[int(len(found) * 0.9)]


def test_a_hundred_thousand_messages_are_paged_as_one_scrolls(tmp_path):
    settings = Settings(data=str(tmp_path), ports="auto")
    with Sandbox(settings):
        pass
    fill(tmp_path / "store.db", 100_000, body_words=5)

    async def scenario(box):
        async with inspecting(box.url) as (inspector, pilot):
            await sees(pilot, "100000 messages")
            rows = inspector.panel("inbox").inbox.rows
            assert len(rows.items) <= 500
            for _ in range(3):
                before = len(rows.items)
                await press(pilot, "G")
                await until(pilot, lambda: len(rows.items) > before)  # noqa: B023 - waited for in this round
                assert rows.items[-1]["id"] != rows.items[0]["id"]
            names = [item["id"] for item in rows.items]
            assert len(set(names)) == len(names) < 2000
            began = time.thread_time()
            await pilot.press("k")
            await pilot.pause()
            assert time.thread_time() - began < 1

    with Sandbox(settings) as box:
        asyncio.run(scenario(box))


def test_a_table_of_a_hundred_thousand_rows_draws_as_quickly_as_a_small_one():
    async def scenario():
        with still_sandbox() as box:
            post(box, subject="One")
            async with inspecting(box.url, size=(160, 48)) as (inspector, pilot):
                rows = inspector.panel("inbox").inbox.rows
                await until(pilot, lambda: rows.items)
                many = [dict(rows.items[0], id=str(number), subject=str(number)) for number in range(100_000)]
                small, large = draw(rows, many[:200]), draw(rows, many)
                await quiet(pilot)
        assert large < max(FRAME, 3 * small)

    asyncio.run(scenario())


def draw(rows, items):
    """Seconds of the processor's time to go to a row and draw what is in sight: the median of twenty places."""
    rows.show(items)
    taken = []
    for number in range(0, len(items), len(items) // 20):
        began = time.thread_time()
        rows.go(number)
        for line in range(rows.size.height):
            rows.render_line(line)
        taken.append(time.thread_time() - began)
    return sorted(taken)[len(taken) // 2]


def test_it_says_that_the_sandbox_is_away_and_goes_on_when_it_is_back(tmp_path):
    """The same data on the same port: what came is there, what comes is seen, without a new start."""
    ports = {field.name: 0 for field in fields(Ports)}
    kept = Settings(data=str(tmp_path), port=Ports(**{**ports, "http": free_port()}))

    async def scenario():
        first = Sandbox(kept).start()
        try:
            post(first, subject="Before")
            async with inspecting(first.url) as (inspector, pilot):
                await sees(pilot, "Before")
                await asyncio.to_thread(first.stop)
                await sees(pilot, "✗ away, tries again in")
                await press(pilot, "4", "1")  # nobody minds
                await restarted(Sandbox(kept), pilot, inspector)
        finally:
            first.stop()

    async def restarted(again, pilot, inspector):
        await asyncio.to_thread(again.start)
        try:
            assert again.url == inspector.window.address
            post(again, subject="After")
            await sees(pilot, "● live", "After", "Before")
            assert "away" not in screen_text(inspector)
            post(again, subject="And more")
            await sees(pilot, "And more")
        finally:
            await asyncio.to_thread(again.stop)

    asyncio.run(scenario())


def test_it_waits_for_a_sandbox_that_is_not_there_yet_and_can_be_left():
    async def scenario():
        inspector = Inspector(lambda: transport("http://127.0.0.1:9"))
        async with inspector.run_test(size=(60, 20)) as pilot:
            await sees(pilot, "✗ away")
            await pilot.press("2", "3", "4", "5", "6", "1", "q")
        assert inspector.return_code == 0

    asyncio.run(scenario())


def test_it_can_be_left_in_the_middle_of_everything():
    """What is answered only when the screen is gone is dropped, and what was about to begin never does: no word of it."""

    async def scenario(box):
        async with inspecting(box.url) as (inspector, _):
            panel = inspector.panel()
            with pytest.raises(NoMatches):
                await panel.guarded(look_for_what_is_not_there(panel))
            panel.act(look_for_what_is_not_there, panel)
            inspector.workers.cancel_node(panel)  # as when the screen is closed
        await panel.guarded(look_for_what_is_not_there(panel))

    async def look_for_what_is_not_there(panel):
        panel.query_one("#nothing")

    with still_sandbox() as box:
        asyncio.run(scenario(box))
    gc.collect()


def transport(url):
    from sandbox.client.transport import Transport

    return Transport(url)


def test_the_stream_resumes_after_the_last_event(monkeypatch):
    asked = []

    class Stub:
        def lines(self, path, headers):
            asked.append(headers.get("Last-Event-ID"))
            yield "retry: 1000"
            yield 'data: {"id": 7, "type": "message.accepted"}'
            yield "event: dropped"
            yield 'data: {"reason": "too far behind"}'
            yield "data: broken"
            if len(asked) > 1:
                live._stopped.set()

        def interrupt(self, thread):
            pass

        def close(self):
            pass

    live = Live(Stub(), lambda message: None)
    live.start()
    live._thread.join(60)
    live.stop()

    assert asked == [None, "7"]
    assert [event["id"] for event in live.take()] == [7, 7]


def test_hostile_content_is_inert_on_every_panel():
    raw = compose(subject="x", text="body " + HOSTILE, html=f"<p>{HOSTILE}<a href='javascript:alert(1)'>go</a>")
    raw = raw.replace(b"Subject: x", b"Subject: " + HOSTILE.encode("utf-8")).replace(
        b"From: Shop", b"From: \x1b[5m[/x]"
    )

    async def scenario():
        with still_sandbox() as box:
            post(box, raw, rcpt=("a[/]@example.net",))
            post(box, subject="L" * 800, text="line " * 200_000 + "\n" + "\u0301" * 5000 + "漢字" * 5000)
            transcript = refuse(box)
            assert transcript
            async with inspecting(box.url, size=(120, 40)) as (inspector, pilot):
                for key in (
                    "enter",
                    *"llllllll",
                    "escape",
                    "j",
                    "enter",
                    *"llllllll",
                    "escape",
                    "2",
                    "3",
                    "4",
                    "5",
                    "6",
                ):
                    await press(pilot, key)
                    harmless(inspector)
                await press(pilot, "1", "j")
                await pilot.press("y")
                await sees(pilot, "Copy")
                harmless(inspector)
                await press(pilot, "escape")
                await pilot.press("t")
                await sees(pilot, "Tags of")
                harmless(inspector)
                for x in range(0, 118, 3):  # a click on text that looks like an action does nothing
                    await pilot.click(offset=(x, 6))
                assert inspector.is_running

    asyncio.run(scenario())


def harmless(inspector):
    """No control or direction character in what goes to the terminal, and no action in its styles."""
    for strip in inspector.screen._compositor.render_strips():
        for segment in strip:
            assert not {character for character in segment.text if ord(character) < 32 or 0x7F <= ord(character) < 0xA0}
            assert not set(segment.text) & set("\u202e\u2066\u200f")
            assert "quit" not in str(segment.style.meta.get("@click", "") if segment.style else "")
