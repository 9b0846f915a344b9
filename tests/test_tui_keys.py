"""Every key of the inspector, against a running sandbox."""

import asyncio
import json
import stat
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest
from sandbox_ui.tui.app import Inspector
from sandbox_ui.tui.reader import Reader
from sandbox_ui.tui.remembered import Remembered
from textual.widgets import Input
from tui_pilot import inspecting, press, quiet, screen_text, sees, still_sandbox, told, until
from window_mail import compose, post, refuse

from sandbox.client import Client


@pytest.fixture
def box():
    with still_sandbox() as running:
        yield running


@pytest.fixture
def client(box):
    with Client(box.url) as found:
        yield found


def run(scenario):
    asyncio.run(scenario())


def rows(inspector):
    return inspector.panel("inbox").inbox.rows


def subjects(inspector):
    return [item["subject"] for item in rows(inspector).items]


def test_mail_appears_while_one_looks(box):
    async def scenario():
        async with inspecting(box.url) as (inspector, pilot):
            await sees(pilot, "no messages yet")
            await asyncio.to_thread(post, box, subject="Fresh", text="Hello there")
            await sees(pilot, "Fresh", "Hello there", "✓", "1 messages, 1 unread")
            await asyncio.to_thread(post, box, subject="Fresher")
            await until(pilot, lambda: subjects(inspector) == ["Fresher", "Fresh"])
            assert rows(inspector).item["subject"] == "Fresher"  # it follows

    run(scenario)


def test_without_follow_the_cursor_stays_on_its_message(box):
    async def scenario():
        post(box, subject="One")
        async with inspecting(box.url, remembered=Remembered(None)) as (inspector, pilot):
            await press(pilot, "F")
            assert "following" not in screen_text(inspector)
            await asyncio.to_thread(post, box, subject="Two")
            await until(pilot, lambda: len(subjects(inspector)) == 2)
            assert rows(inspector).item["subject"] == "One"
            await press(pilot, "F")
            assert rows(inspector).item["subject"] == "Two"

    run(scenario)


def test_rows_are_moved_through_with_vi_keys_and_arrows(box):
    async def scenario():
        for number in range(60):
            post(box, subject=f"Number {number}")
        async with inspecting(box.url) as (inspector, pilot):
            for keys, cursor in (
                (["j", "j", "k"], 1), (["down"], 2), (["up"], 1), (["G"], 59), (["g"], 0), (["end"], 59), (["home"], 0),
            ):  # fmt: skip
                await press(pilot, *keys)
                assert rows(inspector).cursor == cursor
            await press(pilot, "ctrl+d")
            half = rows(inspector).cursor
            await press(pilot, "ctrl+u")
            await press(pilot, "pagedown")
            assert 0 < half < rows(inspector).cursor
            await press(pilot, "pageup", "ctrl+f", "ctrl+b")
            assert rows(inspector).cursor == 0

    run(scenario)


def test_the_mouse_selects_opens_and_sorts(box):
    async def scenario():
        for subject in ("Cherry", "Apple", "Banana"):
            post(box, subject=subject)
        async with inspecting(box.url) as (inspector, pilot):
            await pilot.click("#messages", offset=(30, 2))
            assert rows(inspector).item["subject"] == "Apple"
            await pilot.click("#messages", offset=(30, 3), times=2)
            await until(pilot, lambda: inspector.focused.id == "message-text")
            await until(pilot, lambda: rows(inspector).item["read"])
            await pilot.click("#messages", offset=(30, 0))
            assert subjects(inspector) == ["Apple", "Banana", "Cherry"]
            await pilot.click("#messages", offset=(30, 0))
            assert subjects(inspector) == ["Cherry", "Banana", "Apple"]

    run(scenario)


def test_sort_goes_through_the_columns_and_back_to_time(box):
    async def scenario():
        for subject in ("Cherry", "Apple"):
            post(box, subject=subject)
        async with inspecting(box.url) as (inspector, pilot):
            titles = []
            while not titles or titles[-1]:
                await press(pilot, "s")
                titles.append(rows(inspector).sorted_by)
            assert titles == ["time UTC", "±", "outcome", "subject", "to", "from", "size", ""]
            assert subjects(inspector) == ["Apple", "Cherry"]

    run(scenario)


def test_search_finds_completes_and_shows_the_grammars_error(box):
    async def scenario():
        post(box, subject="Order 7", to="ann@example.net")
        post(box, subject="Newsletter", rcpt=("bob@example.net",))
        async with inspecting(box.url) as (inspector, pilot):
            await press(pilot, "slash", *"su")
            await press(pilot, "tab", *"order")
            assert inspector.query_one("#search", Input).value == "subject:order"
            await until(pilot, lambda: subjects(inspector) == ["Order 7"])
            await press(pilot, "enter")
            assert inspector.focused.id == "messages"
            await press(pilot, "escape")
            await until(pilot, lambda: len(subjects(inspector)) == 2)
            await press(pilot, "slash", *"sbject:x")
            await sees(pilot, "unknown field 'sbject' at character 1")
            await press(pilot, "escape")
            assert inspector.focused.id == "messages"

    run(scenario)


def test_filters_narrow_the_list_and_are_remembered(box, tmp_path):
    async def scenario():
        post(box, subject="Plain")
        post(box, compose(subject="Attached", files=[("a.pdf", "application/pdf", b"x")]))
        file = tmp_path / "settings" / "tui.json"
        async with inspecting(box.url, remembered=Remembered(file)) as (inspector, pilot):
            await press(pilot, "u")
            await press(pilot, "f")
            await until(pilot, lambda: subjects(inspector) == ["Plain"])
            await press(pilot, "f")
            await until(pilot, lambda: subjects(inspector) == [])
            await press(pilot, "f")
            await until(pilot, lambda: subjects(inspector) == ["Attached"])
        assert json.loads(file.read_text())["filter"] == "with attachments"
        async with inspecting(box.url, remembered=Remembered(file)) as (inspector, pilot):
            await until(pilot, lambda: subjects(inspector) == ["Attached"])

    run(scenario)


def test_unread_tag_and_delete_reach_the_sandbox(box, client):
    async def scenario():
        post(box, subject="One")
        post(box, subject="Two")
        async with inspecting(box.url) as (inspector, pilot):
            await press(pilot, "u")
            await until(pilot, lambda: "2 messages, 1 unread" in screen_text(inspector))
            await press(pilot, "u")
            await until(pilot, lambda: "2 messages, 2 unread" in screen_text(inspector))
            await pilot.press("t")
            await sees(pilot, "Tags of Two")
            await pilot.press(*"billing, late", "enter")
            await sees(pilot, "#billing #late")
            assert client.messages("tag:late")[0].subject == "Two"
            await press(pilot, "d")
            await until(pilot, lambda: subjects(inspector) == ["One"])
            await pilot.press("D")
            await sees(pilot, "Delete every message?")
            await pilot.press("enter")  # the harmless answer is first
            await quiet(pilot)
            assert len(client.messages()) == 1
            await pilot.press("D")
            await sees(pilot, "Yes, delete them")
            await pilot.press("j", "enter")
            await until(pilot, lambda: subjects(inspector) == [])
        assert client.messages() == []

    run(scenario)


def test_messages_and_attachments_are_saved_under_harmless_names(box, client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def scenario():
        name = post(box, compose(subject="One", files=[("../../.evil\x1b.pdf", "application/pdf", b"octets")]))
        async with inspecting(box.url) as (_, pilot):
            await pilot.press("w")
            await sees(pilot, f"{name}.eml")
            await pilot.press("enter")
            await until(pilot, (tmp_path / f"{name}.eml").exists)
            await told(pilot, "saved")
            await pilot.press("w")
            await sees(pilot, "File, or")
            await pilot.press("enter")
            await told(pilot, "is there already")
            await pilot.press("a")
            await sees(pilot, "Which attachment?")
            await pilot.press("enter")
            await sees(pilot, "File, or")
            await pilot.press("enter")
            await until(pilot, lambda: len(list(tmp_path.iterdir())) == 2)

    run(scenario)
    (whole,) = tmp_path.glob("*.eml")
    (saved,) = [path for path in tmp_path.iterdir() if path != whole]
    assert whole.read_bytes() == client.message(whole.stem).raw
    assert saved.read_bytes() == b"octets"
    assert saved.name[0] not in "./"


def test_the_html_is_opened_in_the_browser(box, monkeypatch):
    opened = []
    monkeypatch.setattr(Inspector, "open_url", lambda self, url: opened.append(url))

    async def scenario():
        post(box, subject="Plain")
        name = post(box, subject="Page", html="<p>Hello")
        async with inspecting(box.url) as (_, pilot):
            await press(pilot, "b")
            await until(pilot, lambda: opened == [f"{box.url}/sandbox/v1/messages/{name}/html"])
            await press(pilot, "j", "b")
            await told(pilot, "no HTML part")

    run(scenario)


@pytest.mark.parametrize(("key", "variable"), [("e", "EDITOR"), ("p", "PAGER")])
def test_editor_and_pager_get_the_source(box, client, tmp_path, monkeypatch, key, variable):
    script, copy = tmp_path / "program", tmp_path / "copy"
    script.write_text(f'#!/bin/sh\ncp "$2" {copy}\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv(variable, f"{script} -n")
    monkeypatch.setattr(Inspector, "suspend", lambda self: nullcontext())
    raw = b"From: noreply@example.com\r\nSubject: x\r\n\r\n\x1b[2Jhi\r\n"

    async def scenario():
        post(box, raw)
        async with inspecting(box.url) as (_, pilot):
            await press(pilot, key)
            await until(pilot, copy.exists)
            await quiet(pilot)

    run(scenario)
    assert b"\x1b" in raw
    assert (b"\x1b" in copy.read_bytes()) is (key == "e")
    assert copy.read_bytes() == raw if key == "e" else "␛[2Jhi".encode() in copy.read_bytes()


def test_a_program_that_is_not_there_and_a_terminal_that_stays_are_told(box, monkeypatch):
    monkeypatch.setenv("PAGER", "/nowhere/pager")

    async def scenario():
        post(box)
        async with inspecting(box.url) as (_, pilot):
            await press(pilot, "p")
            await told(pilot, "can't be handed")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Inspector, "suspend", lambda self: nullcontext())
                await press(pilot, "p")
                await told(pilot, "can't be started")

    run(scenario)


def test_codes_links_addresses_and_commands_are_copied(box, client):
    found = []

    async def scenario():
        text = "Your code is 482913, or go to https://shop.example/login?t=1\n"
        name = post(box, subject="Log in", text=text)
        async with inspecting(box.url) as (inspector, pilot):
            for number in range(6):
                await pilot.press("y")
                await sees(pilot, "code: 482913")
                await pilot.press(*["down"] * number, "enter")
                await until(pilot, lambda: len(inspector.screen_stack) == 1)
                await quiet(pilot)
                await until(pilot, lambda seen=tuple(found): inspector.clipboard not in ("", *seen[-1:]))
                found.append(inspector.clipboard)
        assert found[:5] == ["482913", "https://shop.example/login?t=1", "ann@example.net", "noreply@example.com", name]
        assert found[5].startswith("curl -sS ")

    run(scenario)
    printed = subprocess.run(["sh", "-c", found[5]], capture_output=True, check=True).stdout
    assert printed == client.messages()[0].raw


def test_what_happens_after_delivery_can_be_simulated(box, client):
    async def scenario():
        post(box, subject="One")
        async with inspecting(box.url) as (_, pilot):
            await pilot.press("m")
            await sees(pilot, "complaint")
            await pilot.press("enter")
            await told(pilot, "recipient.complained")
        assert any(
            event["type"] == "recipient.complained" for event in client._transport.json("GET", "/events")["items"]
        )

    run(scenario)


def test_the_tabs_of_a_message_show_it_from_every_side(box):
    async def scenario():
        post(
            box,
            compose(
                subject="Grüße",
                text="plain words",
                html='<h1 style="display:grid">Big</h1><script>no()</script><ul><li>one</ul><a href="https://x.example">here</a>',
                files=[("a.pdf", "application/pdf", b"x")],
            ),
        )
        async with inspecting(box.url) as (inspector, pilot):
            reader = inspector.panel("inbox").reading.query_one(Reader)
            await press(pilot, "enter")
            assert inspector.focused is reader
            for expected in (
                ["Big", "• one", "here", "[1]", "https://x.example"],
                ["Subject: Grüße", "MIME-Version: 1.0"],
                ["multipart/mixed", "multipart/alternative", "a.pdf", "application/pdf"],
                ["Subject: =?utf-8?", "Content-Type: multipart/mixed"],
                ["Return-Path:", "DKIM-Signature:"],
                ["ann@example.net", "✓ delivered", "recipient.delivered"],
                ["dkim", "spf", "dmarc"],
                ["display: grid  once", "lacking: Gmail web", "Can I email"],
                ["plain words"],
            ):
                await pilot.press("l")
                await until(pilot, lambda texts=expected: all(text in reader.plain for text in texts))
            assert "no()" not in reader.plain
            await press(pilot, "h")
            await until(pilot, lambda: "Can I email" in reader.plain)
            await press(pilot, "escape")
            assert inspector.focused.id == "messages"

    run(scenario)


def test_on_a_narrow_terminal_the_message_takes_the_lists_place(box):
    async def scenario():
        post(box, subject="One", text="the words inside")
        async with inspecting(box.url, size=(60, 20)) as (inspector, pilot):
            assert "the words inside" not in screen_text(inspector)
            await press(pilot, "enter")
            await sees(pilot, "the words inside")
            assert "search:" not in screen_text(inspector)
            await press(pilot, "escape")
            await sees(pilot, "search:")
            await pilot.resize_terminal(160, 48)
            await sees(pilot, "the words inside", "search:")

    run(scenario)


def test_from_a_message_to_its_conversation_and_back_and_to_the_error(box):
    async def scenario():
        refuse(box, error="oci.smtp.452.storage")
        post(box, subject="One")
        async with inspecting(box.url) as (inspector, pilot):
            await press(pilot, "v")
            await sees(pilot, "no longer there")  # this one was put in without a conversation
            await press(pilot, "r", "r")
            await press(pilot, "2")
            await sees(pilot, "✗ 452", "oci.smtp.452.storage")
            await press(pilot, "x")
            await until(pilot, lambda: inspector.panel().rows.item["id"] == "oci.smtp.452.storage")
            await sees(pilot, "System storage error")
            await press(pilot, "2", "r")
            await sees(pilot, "✗ 452")
            await press(pilot, "enter")
            assert inspector.focused.id == "transcript"
            await press(pilot, "y")
            assert "C: RCPT TO:<bob@example.net>" in inspector.clipboard
            await press(pilot, "o")
            await told(pilot, "no message came of it")
            await press(pilot, "escape")
            assert inspector.focused.id == "attempt-rows"

    run(scenario)


def test_attempts_are_searched(box):
    async def scenario():
        refuse(box, session="one", error="oci.smtp.535.credentials-invalid")
        refuse(box, session="two", error="oci.smtp.254.suppressed", client="10.0.0.9:1")
        async with inspecting(box.url, size=(160, 40)) as (inspector, pilot):
            panel = inspector.panel("attempts")
            await press(pilot, "2")
            await until(pilot, lambda: len(panel.rows.items) == 2)
            await sees(pilot, "2 attempts")
            await press(pilot, "slash", *"err", "tab", *"suppr", "enter")
            await until(pilot, lambda: [item["id"] for item in panel.rows.items] == ["two"])
            await sees(pilot, "error:suppr", "1 attempts matching")
            assert inspector.focused is panel.rows
            await press(pilot, "slash", *" is:nothing")
            await sees(pilot, "is: at character 1:", "refused, accepted, forced, open")
            await press(pilot, "enter", "escape")
            await until(pilot, lambda: len(panel.rows.items) == 2)
            await press(pilot, "slash", *"nobody-said-this")
            await sees(pilot, "no attempt matches")

    run(scenario)


def test_errors_are_searched_forced_and_disarmed(box, client):
    async def scenario():
        async with inspecting(box.url) as (inspector, pilot):
            await press(pilot, "4", "slash", *"452 storage", "enter")
            await sees(pilot, "1 of ", "oci.smtp.452.storage")
            await press(pilot, "o")
            await sees(pilot, "1 armed", "1 times", "everyone")
            assert [(fault.error, fault.times) for fault in client.faults()] == [("oci.smtp.452.storage", 1)]
            await press(pilot, "d")
            await until(pilot, lambda: client.faults() == [])
            await sees(pilot, "0 armed")
            await pilot.press("f")
            await sees(pilot, "Force oci.smtp.452.storage")
            await pilot.press("3", "tab", "tab", "tab", "tab", "tab", *"*@example.net", "enter")
            await sees(pilot, "3 times", "recipient=*@example.net")
            assert dict(client.faults()[0].match) == {"recipient": "*@example.net"}
            await press(pilot, "c")
            await until(pilot, lambda: client.faults() == [])
            await press(pilot, "escape")
            await sees(pilot, "90 of 90")
            await pilot.press("y")
            await sees(pilot, "email-sandbox fault add")
            await pilot.press("down", "enter")
            await until(pilot, lambda: inspector.clipboard.startswith("email-sandbox fault add oci."))

    run(scenario)


def test_a_wrong_wish_is_refused_in_the_apis_words(box):
    async def scenario():
        async with inspecting(box.url) as (_, pilot):
            await press(pilot, "4")
            await pilot.press("f")
            await sees(pilot, "How often")
            await pilot.press(*"many", "enter")
            await sees(pilot, "times")

    run(scenario)


def test_suppressions_are_added_and_cleared(box, client):
    async def scenario():
        async with inspecting(box.url) as (inspector, pilot):
            await press(pilot, "5")
            await sees(pilot, "in a minute", "sender", "noreply@example.com")
            await pilot.press("a")
            await sees(pilot, "Put on the suppression list")
            await pilot.press(*"bob@example.net", "enter")
            await sees(pilot, "suppression", "bob@example.net", "MANUAL")
            await press(pilot, "y")
            assert inspector.clipboard == "bob@example.net"
            await press(pilot, "d")
            await until(pilot, lambda: inspector.panel().rows.items[0]["kind"] == "sender")
            await press(pilot, "d")
            await told(pilot, "put the cursor on a suppression")
            await press(pilot, "enter")
            assert inspector.focused.id == "resource"
            await press(pilot, "escape")
            assert inspector.focused.id == "resources"

    run(scenario)


def test_with_several_providers_the_list_is_chosen():
    """By the row under the cursor; a row of no provider leaves the choice to the user."""

    async def scenario():
        with still_sandbox(providers=["oci", "ses"]) as box, Client(box.url) as client:
            client.rules.add(recipient="full@*", outcome="deferred")
            async with inspecting(box.url) as (inspector, pilot):
                await press(pilot, "5")
                await until(pilot, lambda: inspector.panel().rows.items)
                assert inspector.panel().rows.item["provider"] == "delivery"
                await pilot.press("a")
                await sees(pilot, "At which provider?", "oci", "ses")
                await pilot.press("down", "enter")
                await sees(pilot, "Put on the suppression list of ses")
                await pilot.press(*"bob@example.net", "enter")
                await sees(pilot, "suppression  bob@example.net")
                assert inspector.panel().rows.item["provider"] == "ses"

    run(scenario)


def test_the_clock_is_moved(box, client):
    async def scenario():
        async with inspecting(box.url) as (_, pilot):
            await press(pilot, "6")
            await sees(pilot, "Thursday, 2026-01-01 UTC", "real time", "nothing is due")
            for key, offset in (("m", 60), ("h", 3660), ("d", 90_060)):
                await press(pilot, key)
                await until(pilot, lambda offset=offset: client.clock()["offset"] == offset)
            await sees(pilot, "Friday, 2026-01-02", "+1d 1h from real time", "clock +1d 1h")
            await press(pilot, "0")
            await sees(pilot, "Thursday, 2026-01-01 UTC  real time")
            await pilot.press("a")
            await sees(pilot, "How far")
            await pilot.press(*["backspace"] * 2, *"2h", "enter")
            await until(pilot, lambda: client.clock()["offset"] == 7200)
            await pilot.press("s")
            await sees(pilot, "Set the clock")
            await pilot.press(*["backspace"] * 30, *"2030-06-01T00:00:00Z", "enter")
            await sees(pilot, "Saturday, 2030-06-01")
            await pilot.press("a")
            await sees(pilot, "How far")
            await pilot.press(*"x", "enter")
            await told(pilot, "is not a duration")

    run(scenario)


def test_the_next_thing_that_is_due_can_be_gone_to(box, client):
    client._transport.json("POST", "/rules", body={"recipient": "*", "reply": "452 4.2.2 Mailbox full"})
    post(box, subject="Waiting")

    async def scenario():
        async with inspecting(box.url) as (inspector, pilot):
            await press(pilot, "6")
            await sees(pilot, "ann@example.net")
            first = inspector.panel().rows.items[0]
            assert first["attempts"] == 1
            await press(pilot, "n")
            await until(pilot, lambda: inspector.panel().rows.items[0]["attempts"] == 2)
            await press(pilot, "enter")
            await until(pilot, lambda: inspector.panel().id is None and inspector.focused.id == "messages")

    run(scenario)


def test_the_timeline_tells_what_happens_and_leads_there(box):
    async def scenario():
        post(box, subject="One")
        refuse(box)
        async with inspecting(box.url) as (inspector, pilot):
            await press(pilot, "3")
            await sees(pilot, "message.accepted", "recipient.delivered", "attempt.refused")
            await asyncio.to_thread(post, box, subject="Two")
            await sees(pilot, "Two")
            await press(pilot, "f")
            await until(pilot, lambda: {item["type"] for item in inspector.panel().rows.items} == {"message.accepted"})
            await press(pilot, "f", "f")
            await until(pilot, lambda: {item["type"] for item in inspector.panel().rows.items} == {"attempt.refused"})
            await press(pilot, "enter")
            await sees(pilot, "RCPT TO:<bob@example.net>")

    run(scenario)


def test_keys_palette_theme_and_quit(box, tmp_path):
    async def scenario():
        post(box)
        remembered = Remembered(tmp_path / "tui.json")
        async with inspecting(box.url, size=(100, 44), remembered=remembered) as (inspector, pilot):
            await press(pilot, "question_mark")
            await sees(pilot, "Search", "Delete all", "$EDITOR", "Browser")
            await press(pilot, "escape")
            await press(pilot, "ctrl+p")
            await pilot.press(*"go to clock")
            await sees(pilot, "Go to clock")
            await pilot.press("enter", "enter")
            await sees(pilot, "real time")
            await press(pilot, "ctrl+t")
            assert inspector.theme == "textual-light"
            await press(pilot, "ctrl+r")
            await pilot.press("q")
        assert remembered.text("theme") == "textual-light"
        assert inspector.return_code == 0

    run(scenario)


def test_everything_can_be_reset_from_the_palette_after_a_question(box, client):
    async def scenario():
        post(box, subject="One")
        async with inspecting(box.url) as (inspector, pilot):
            inspector._ask_reset()
            await sees(pilot, "Remove all mail")
            await pilot.press("down", "enter")
            await until(pilot, lambda: subjects(inspector) == [])
        assert client.messages() == []

    run(scenario)


def test_every_key_is_pressed_by_some_test():
    """The keys of all panels, against the words of this file."""
    from sandbox_ui.tui.app import PANELS
    from sandbox_ui.tui.panels.inbox import Inbox
    from sandbox_ui.tui.panels.message import MessagePanel

    text = Path(__file__).read_text("utf-8")
    keys = {
        binding.key.split(",")[0] for panel in (*PANELS.values(), Inbox, MessagePanel) for binding in panel.BINDINGS
    }
    assert len(keys) > 20
    pressed = {key for key in keys if f'"{key}"' in text}
    assert keys - pressed - {"left", "right"} == set()
