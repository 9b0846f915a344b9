"""The keys of the inspector's other panels: attempts, timeline, errors, state and clock."""

import asyncio

import pytest
from tui_pilot import inspecting, press, run, sees, still_sandbox, told, until
from window_mail import post, refuse

from sandbox.client import Client


@pytest.fixture
def box():
    with still_sandbox() as running:
        yield running


@pytest.fixture
def client(box):
    with Client(box.url) as found:
        yield found


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
