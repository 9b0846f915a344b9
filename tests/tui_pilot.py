"""Drives the inspector against a sandbox in this process, whose time stands still and whose ids repeat."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, contextmanager

from sandbox_ui.tui.app import Inspector

from sandbox.app import Sandbox
from sandbox.app.runtime import Runtime
from sandbox.client.transport import Transport
from sandbox.settings import Settings

NOON = 1_767_268_800.0
"""2026-01-01T12:00:00Z."""
PATIENCE = 120.0
TURNS = 8
"""How often everything on the screen has its turn before it is quiet: a message goes up from parent to parent."""


@contextmanager
def still_sandbox(**settings):
    """A sandbox whose real time stands still at noon of the first day of 2026, with one provider unless told otherwise."""
    given = Settings(data=":memory:", ports="auto", seed="snapshots", **{"providers": ["oci"], **settings})
    box = Sandbox(given)
    box.runtime = Runtime(given, source=lambda: NOON)
    with box:
        yield box


@asynccontextmanager
async def inspecting(url, *, size=(100, 30), dark=True, remembered=None, passing=lambda: 0.0):
    """The inspector on a screen of this size, once it is live and quiet."""
    inspector = Inspector(lambda: Transport(url), dark=dark, remembered=remembered, passing=passing)
    inspector.animation_level = "none"
    async with inspector.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "live" in screen_text(inspector).split("\n", 1)[0])
        await quiet(pilot)
        yield inspector, pilot


async def until(pilot, condition):
    """Let the program work until a condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "in vain:\n" + screen_text(pilot.app)
        await pilot.pause()
        await asyncio.sleep(0.01)


async def sees(pilot, *texts):
    """Wait until the screen shows all these."""
    await until(pilot, lambda: all(text in screen_text(pilot.app) for text in texts))


async def told(pilot, text):
    """Wait until a note in the corner says this."""
    await until(pilot, lambda: any(text in str(note.message) for note in pilot.app._notifications))


async def quiet(pilot):
    """Wait until nothing is being asked and nothing has to be drawn; what waits for the user may go on."""
    calm, end = 0, time.monotonic() + PATIENCE
    await pilot.pause()
    while calm < TURNS:
        assert time.monotonic() < end, "never quiet:\n" + screen_text(pilot.app)
        asking = not all(one.is_finished or one.group == "act" for one in pilot.app.workers)
        calm = 0 if asking else calm + 1
        await pilot.pause(0.01 if asking else 0)


async def press(pilot, *keys):
    """Press keys and let what they start come to its end."""
    await pilot.press(*keys)
    await quiet(pilot)


def run(scenario):
    """Play a scenario to its end."""
    asyncio.run(scenario())


def rows(inspector):
    """The list of messages."""
    return inspector.panel("inbox").inbox.rows


def subjects(inspector):
    """The subjects in the list of messages, from its top."""
    return [item["subject"] for item in rows(inspector).items]


def screen_text(app):
    """What is on the screen."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())
