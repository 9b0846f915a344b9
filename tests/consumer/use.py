"""What an outside program writes, with the types that it relies on; checked, never run."""

import asyncio
from collections.abc import Iterator
from email.message import EmailMessage
from typing import assert_type

import sandbox
from sandbox.client import (
    Attachment,
    CatalogEntry,
    Fault,
    NoMessageError,
    OciConnection,
    Refused,
    Report,
    Rule,
    Session,
    Simulated,
    SmtpConnection,
)


def look(box: sandbox.Client) -> str:
    message = box.wait_for(to="ann@example.net", subject="Welcome", timeout=2.0)
    assert_type(message, sandbox.Message)
    assert_type(box.messages("subject:x", limit=3, outcome="delivered"), list[sandbox.Message])
    assert_type(message.recipients, list[str])
    assert_type(message.attachments, list[Attachment])
    assert_type(message.inline_images, dict[str, Attachment])
    assert_type(message.email, EmailMessage)
    assert_type(message.outcome("ann@example.net"), str)
    assert_type(box.sessions(refused=True), list[Session])
    assert_type(box.refused(), list[Refused])
    box.assert_no_message(sender="x@example.com")
    message.verify(dkim="pass", spf=None)
    return message.code + message.link("/confirm") + message.normal_form + message.unsubscribe_link


def force(box: sandbox.Client) -> None:
    with box.fault("oci.smtp.455.per-minute", times=2, recipient="*@example.net") as fault:
        assert_type(fault, Fault)

    @box.fault("oci.smtp.455.per-minute", None, "oci.smtp.421.server-error", must_fire=False)
    def call(number: int) -> str:
        return str(number)

    assert_type(call(1), str)
    assert_type(box.errors("oci"), list[CatalogEntry])
    assert_type(box.simulate("complaint", box.wait_for()), Simulated)
    assert_type(box.rules.add(recipient="*@bad.example", outcome="hard_bounced"), Rule)
    assert_type(box.reports(), list[Report])


def point(box: sandbox.Client) -> OciConnection:
    assert_type(box.oci.smtp, SmtpConnection)
    assert_type(box.oci.sdk_config(), dict[str, str])
    assert_type(box.environ, dict[str, str])
    return box.oci


async def later(url: str) -> None:
    async with sandbox.AsyncClient(url) as box:
        assert_type(await box.wait_for(subject="Welcome"), sandbox.Message)
        assert_type(await box.messages(), list[sandbox.Message])
        async with box.fault("oci.smtp.455.per-minute") as fault:
            assert_type(fault, Fault)
        async for event in box.stream():
            print(event["id"])


def fixture() -> Iterator[sandbox.Sandbox]:
    with sandbox.Sandbox(permissive=True) as box:
        assert_type(box, sandbox.Sandbox)
        yield box


def main() -> None:
    try:
        asyncio.run(later("http://127.0.0.1:8025"))
    except NoMessageError as error:
        print(error)
