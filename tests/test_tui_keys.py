"""The keys that work everywhere in the inspector; and no key of any panel is without a test."""

from pathlib import Path

import pytest
from sandbox_ui.tui.remembered import Remembered
from tui_pilot import inspecting, press, run, sees, still_sandbox, subjects, until
from window_mail import post

from sandbox.client import Client

PRESSING = ("inbox", "message", "panels", "keys")
"""What the test modules that press keys are about."""


@pytest.fixture
def box():
    with still_sandbox() as running:
        yield running


@pytest.fixture
def client(box):
    with Client(box.url) as found:
        yield found


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
    """The keys of all panels, against the words of these modules."""
    from sandbox_ui.tui.app import PANELS
    from sandbox_ui.tui.panels.inbox import Inbox
    from sandbox_ui.tui.panels.message import MessagePanel

    text = "".join(Path(__file__).with_name(f"test_tui_{what}.py").read_text("utf-8") for what in PRESSING)
    keys = {
        binding.key.split(",")[0] for panel in (*PANELS.values(), Inbox, MessagePanel) for binding in panel.BINDINGS
    }
    assert len(keys) > 20
    pressed = {key for key in keys if f'"{key}"' in text}
    assert keys - pressed - {"left", "right"} == set()
