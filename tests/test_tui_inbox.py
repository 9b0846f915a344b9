"""The keys of the inspector's list of messages, and its mouse: moving, sorting, searching, filtering, changing."""

import asyncio
import json

import pytest
from sandbox_ui.tui.remembered import Remembered
from textual.widgets import Input
from tui_pilot import inspecting, press, quiet, rows, run, screen_text, sees, still_sandbox, subjects, until
from window_mail import compose, post

from sandbox.client import Client


@pytest.fixture
def box():
    with still_sandbox() as running:
        yield running


@pytest.fixture
def client(box):
    with Client(box.url) as found:
        yield found


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
