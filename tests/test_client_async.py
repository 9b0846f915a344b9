"""The asynchronous client: the same methods and objects, cancelled cleanly, without a thread or socket left."""

import asyncio
import inspect
import smtplib
import threading

import pytest

import sandbox
from sandbox.client import AsyncClient, Client, NoMessageError

BUSY = "oci.smtp.455.per-minute"
SYNC_ONLY = {"interrupt", "arm", "disarm", "every", "take_in", "url_with_login"}
"""What only other parts of the client use."""


def send(box, subject="Welcome"):
    with box.oci.smtp.connect() as smtp:
        smtp.sendmail(
            "noreply@example.com", ["ann@example.net"], f"Subject: {subject}\r\nFrom: noreply@example.com\r\n\r\nHi"
        )


def public(kind):
    return {name for name in dir(kind) if not name.startswith("_")}


def test_it_has_everything_that_the_client_has():
    assert public(Client) - public(AsyncClient) == SYNC_ONLY
    for name in ("wait_for", "messages", "reset", "simulate", "assert_no_message"):
        assert getattr(AsyncClient(), name).__doc__ == getattr(Client, name).__doc__
        assert inspect.iscoroutinefunction(getattr(AsyncClient(), name))


def test_a_message_comes_with_all_its_content(email_sandbox):
    async def go():
        async with AsyncClient(email_sandbox.url) as box:
            waiting = asyncio.create_task(box.wait_for(subject="Welcome", timeout=120))
            await asyncio.to_thread(send, email_sandbox)
            message = await waiting
            email_sandbox.clear()  # so that asking again would fail
            assert (message.text.strip(), message.recipients) == ("Hi", ["ann@example.net"])
            assert message.raw.endswith(b"Hi\r\n")
            assert await box.messages() == []
            await box.assert_no_message()

    asyncio.run(go())


def test_many_wait_at_once(email_sandbox):
    async def go():
        async with AsyncClient(email_sandbox.url) as box:
            waiting = [asyncio.create_task(box.wait_for(subject=f"Number {n}.", timeout=120)) for n in range(20)]
            for number in range(20):
                await asyncio.to_thread(send, email_sandbox, f"Number {number}.")
            return [message.subject for message in await asyncio.gather(*waiting)]

    assert asyncio.run(go()) == [f"Number {n}." for n in range(20)]


def test_a_wait_that_is_cancelled_ends_its_thread(email_sandbox):
    before = threading.active_count()

    async def go():
        async with AsyncClient(email_sandbox.url) as box:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await box.wait_for(subject="Never", timeout=600)

    asyncio.run(go())
    assert threading.active_count() <= before


def test_a_wait_in_vain_is_the_same_failure(email_sandbox):
    async def go():
        async with AsyncClient(email_sandbox.url) as box:
            await box.wait_for(to="ann@example.net", timeout=0.05)

    with pytest.raises(NoMessageError, match=r"no message matched to='ann@example.net' within 0.05 s"):
        asyncio.run(go())


def test_faults_are_blocks_and_decorators(email_sandbox):
    async def go():
        async with AsyncClient(email_sandbox.url) as box:
            async with box.fault(BUSY) as fault:
                with pytest.raises(smtplib.SMTPResponseException):
                    await asyncio.to_thread(send, email_sandbox)
            assert fault.error == BUSY

            @box.fault(BUSY)
            async def sends():
                await asyncio.to_thread(send, email_sandbox)

            with pytest.raises(smtplib.SMTPResponseException):
                await sends()
            assert await box.unfired() == []
            assert await box.faults() == []

    asyncio.run(go())


def test_a_synchronous_fault_decorates_a_coroutine_function_for_its_whole_run(email_sandbox):
    @email_sandbox.fault(BUSY)
    async def sends():
        await asyncio.sleep(0)
        await asyncio.to_thread(send, email_sandbox)

    with pytest.raises(smtplib.SMTPResponseException):
        asyncio.run(sends())


def test_events_are_iterated_until_the_caller_has_seen_enough(email_sandbox):
    async def go():
        async with AsyncClient(email_sandbox.url) as box:
            await asyncio.to_thread(send, email_sandbox)
            stream = box.stream(since=0)
            async for event in stream:
                if event["type"] == "message.accepted":
                    break
            await stream.aclose()
            return event["data"]["subject"]

    assert asyncio.run(go()) == "Welcome"


def test_the_fixture_is_the_same_sandbox(email_sandbox, email_sandbox_async):
    send(email_sandbox)

    assert asyncio.run(email_sandbox_async.wait_for(subject="Welcome")) == email_sandbox.wait_for(subject="Welcome")
    assert isinstance(email_sandbox_async, sandbox.AsyncClient)
