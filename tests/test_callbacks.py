"""Programs on this machine are told what happens: by HTTP with retries, by SMTP for bounces."""

import asyncio
import hashlib
import hmac
import json

import pytest
from aiosmtpd.smtp import SMTP
from callback_listener import Listener
from plain_provider import message

from sandbox.app import SettingError
from sandbox.app.runtime import Runtime
from sandbox.core.magic import OUTCOME_DOMAIN
from sandbox.core.model import Event
from sandbox.core.postings import Posting
from sandbox.settings import Delivery, Settings
from sandbox.wire.callbacks import MailOutlet, PostOutlet, TargetError
from sandbox.wire.callbacks.loopback import resolve


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.close()


async def running(tell, **delivery):
    runtime = Runtime(Settings(data=":memory:", ports="auto", delivery=Delivery(**delivery)))
    await runtime.start()
    try:
        runtime.callbacks._pause = lambda _: asyncio.sleep(0)
        await tell(runtime)
    finally:
        await runtime.stop()


async def accept(runtime, name, recipient):
    record = message(name, {recipient: runtime.services.accounts.ready_made.clock.now()})
    record = type(record)(**{**record.__dict__, "provider": "oci"})
    event = {"account": "default", "at": 1.0, "type": "message.accepted", "message": name}
    await runtime.store.messages.accept(record, b"From: a@b.c\r\n\r\nx\r\n", [event])
    runtime.delivery.wake()


async def told(runtime, kind, number=1):
    """The log of callbacks, once there are `number` entries of a kind."""
    with runtime.stream.subscribe(None) as subscription:
        async with asyncio.timeout(60):
            while True:
                found = await runtime.store.events.since("default", types=(kind,))
                if len(found) >= number:
                    return found
                await subscription.take(5)


def test_events_are_posted_signed_and_logged(listener):
    async def tell(runtime):
        await accept(runtime, "m1", "r@x.test")
        (logged,) = await told(runtime, "callback.delivered")
        assert (logged.message, logged.data["answer"], logged.data["attempt"]) == ("m1", "200 OK", 1)

    asyncio.run(running(tell, callbacks=[{"url": listener.url, "types": ["recipient.delivered"], "secret": "shared"}]))
    ((path, headers, body),) = listener.seen
    posted = json.loads(body)
    assert path == "/hook?x=1"
    assert (posted["type"], posted["message"], posted["recipient"]) == ("recipient.delivered", "m1", "r@x.test")
    expected = hmac.new(b"shared", body, hashlib.sha256).hexdigest()
    assert headers["X-Email-Sandbox-Signature"] == f"sha256={expected}"


def test_a_target_that_fails_is_tried_again_and_each_try_is_logged(listener):
    listener.answers = [500, 503]

    async def tell(runtime):
        await accept(runtime, "m1", "r@x.test")
        assert (await told(runtime, "callback.delivered"))[0].data["attempt"] == 3
        assert [event.data["answer"][:3] for event in await told(runtime, "callback.failed", 2)] == ["500", "503"]

    asyncio.run(running(tell, callbacks=[{"url": listener.url, "types": ["message.accepted"]}]))
    assert len({body for _, _, body in listener.seen}) == 1


def test_a_target_that_is_down_is_given_up_and_can_be_told_again(listener):
    listener.answers = [500] * 4

    async def tell(runtime):
        await accept(runtime, "m1", "r@x.test")
        await told(runtime, "callback.failed", 4)
        (event,) = await runtime.store.events.since("default", types=("message.accepted",))
        assert await runtime.callbacks.replay(event) == 1
        assert len(await told(runtime, "callback.delivered")) == 1

    asyncio.run(running(tell, callbacks=[{"url": listener.url, "types": ["message.accepted"]}]))


class Mailbox:
    """A mail server of the user's, for bounces."""

    def __init__(self):
        self.mail = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the name that aiosmtpd looks for
        self.mail.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 Ok"


def test_bounces_reach_the_mail_server_of_the_settings():
    mailbox = Mailbox()

    async def story():
        loop = asyncio.get_running_loop()
        sessions = []

        def session():
            sessions.append(SMTP(mailbox, hostname="mailbox.test", loop=loop))
            return sessions[-1]

        server = await loop.create_server(session, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]

        async def tell(runtime):
            await accept(runtime, "m1", f"unknown-user@{OUTCOME_DOMAIN}")
            await told(runtime, "callback.delivered")

        await running(tell, bounce_smtp=f"127.0.0.1:{port}")
        server.close()
        await asyncio.gather(*(one._handler_coroutine for one in sessions), return_exceptions=True)

    asyncio.run(story())
    ((sender, recipients, content),) = mailbox.mail
    assert (sender, recipients) == ("<>", ["app@b.test"])
    assert b"report-type=delivery-status" in content
    assert b"Status: 5.1.1" in content


@pytest.mark.parametrize("host", ["192.0.2.7", "198.51.100.1", "10.0.0.1", "169.254.169.254", "::ffff:192.0.2.7"])
def test_other_machines_are_never_told_unless_allowed(host):
    with pytest.raises(TargetError, match="callback_hosts"):
        asyncio.run(resolve(host, 80, ()))
    assert asyncio.run(resolve(host, 80, {host}))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1"])
def test_this_machine_may_be_told_by_all_its_names(host):
    assert asyncio.run(resolve(host, 80, ())) in {"127.0.0.1", "::1"}


def test_a_refused_target_is_logged_not_raised():
    outlet = PostOutlet({"url": "http://192.0.2.7/"})

    async def tell(runtime):
        await accept(runtime, "m1", "r@x.test")
        (event,) = await told(runtime, "message.accepted")
        fine, answer = await outlet.tell(event)
        assert not fine
        assert "callback_hosts" in answer
        await outlet.close()

    asyncio.run(running(tell))


@pytest.mark.parametrize(
    ("wish", "complaint"),
    [
        ({"url": "ftp://x"}, "not an http"),
        ({"url": "http://"}, "not an http"),
        ({"uri": "http://x"}, "uri"),
        ({}, "url"),
    ],
)
def test_wrong_callbacks_say_what_is_accepted(wish, complaint):
    with pytest.raises(TargetError, match=complaint):
        PostOutlet(wish)


def test_a_wrong_mail_server_says_what_is_accepted():
    with pytest.raises(TargetError, match="host:port"):
        MailOutlet("localhost", None)


def posting(url, body=b"x"):
    return Posting(url=url, headers={"X-Kind": "k"}, body=body, account="default", kind="Notification", message="m1")


def test_a_courier_keeps_the_order_tries_again_and_logs_each_try(listener):
    listener.answers = [500]

    async def tell(runtime):
        runtime.courier._pause = lambda _: asyncio.sleep(0)
        for number in range(3):
            runtime.services.courier.send(posting(listener.url, str(number).encode()))
        logged = await told(runtime, "callback.delivered", 3)
        assert [(event.message, event.data["attempt"], event.data["kind"]) for event in logged] == [
            ("m1", 2, "Notification"),
            ("m1", 1, "Notification"),
            ("m1", 1, "Notification"),
        ]
        assert len(await told(runtime, "callback.failed")) == 1

    asyncio.run(running(tell))
    assert [body for _, _, body in listener.seen] == [b"0", b"0", b"1", b"2"]
    assert listener.seen[0][1]["X-Kind"] == "k"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://localhost/",
        "http://[",
        "http://localhost:99999/",
        "http://192.0.2.7/",
        "not a url",
        "http://localhost:1/\x00\u2028",
    ],
)
def test_a_courier_says_where_it_cannot_or_must_not_go(url):
    async def tell(runtime):
        runtime.courier._pause = lambda _: asyncio.sleep(0)
        runtime.services.courier.send(posting(url))
        assert (await told(runtime, "callback.failed"))[0].data["url"] == url

    asyncio.run(running(tell))


def test_a_courier_stops_in_the_middle(listener):
    listener.answers = [500]

    async def tell(runtime):
        runtime.services.courier.send(posting(listener.url))
        await told(runtime, "callback.failed")
        await runtime.courier.close()
        runtime.services.courier.send(posting(listener.url))

    asyncio.run(running(tell))
    assert len(listener.seen) == 1


@pytest.mark.parametrize("delivery", [{"callbacks": [{"url": "ftp://localhost/x"}]}, {"bounce_smtp": "localhost"}])
def test_a_wrong_target_is_a_wrong_setting(delivery):
    runtime = Runtime(Settings(data=":memory:", ports="auto", delivery=Delivery(**delivery)))
    with pytest.raises(SettingError):
        asyncio.run(runtime.start())


def test_an_address_that_the_mail_server_cannot_be_told_is_a_failed_try():
    """It must not end the outlet: others wait behind it."""

    class Reports:
        async def raw(self, account, report):
            return b"Subject: x\r\n\r\nx\r\n"

    class Kept:
        reports = Reports()

    async def story():
        server = await asyncio.get_running_loop().create_server(lambda: SMTP(object()), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        event = Event(
            id=1, account="a", at=1.0, type="report.created", recipient="j\u00f6rg@b.test", data={"report": "r"}
        )
        try:
            return await MailOutlet(f"127.0.0.1:{port}", Kept()).tell(event)
        finally:
            server.close()

    fine, said = asyncio.run(story())
    assert not fine
    assert "ascii" in said
