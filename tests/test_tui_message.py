"""The keys with which one message is read, saved, copied from, handed to other programs, and its afterlife simulated."""

import stat
import subprocess
from contextlib import nullcontext

import pytest
from sandbox_ui.tui.app import Inspector
from sandbox_ui.tui.reader import Reader
from tui_pilot import inspecting, press, quiet, run, screen_text, sees, still_sandbox, told, until
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
