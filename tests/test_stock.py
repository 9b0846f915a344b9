"""Every reply that the SMTP engine words by itself is known, and said in the provider's words instead."""

import ast
import re
from pathlib import Path

import aiosmtpd.smtp
import pytest
from dialogues import settings_of
from smtp_wire import Client

from sandbox.app import Sandbox
from sandbox.app.providers import load_providers
from sandbox.core.errors import Condition
from sandbox.core.model import Channel
from sandbox.wire.dialect import Dialect
from sandbox.wire.smtp.session import SmtpSession
from sandbox.wire.stock import STOCK, Reply, meaning

TREE = ast.parse(Path(aiosmtpd.smtp.__file__).read_text("utf-8"))


def wording(node):
    """The text of a string literal, with `{}` for what an f-string fills in; None for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return node.value.decode("latin-1") if isinstance(node, ast.Constant) and isinstance(node.value, bytes) else None


def replies():
    """Every literal of the engine that begins as a reply does."""
    parts = {id(part) for node in ast.walk(TREE) if isinstance(node, ast.JoinedStr) for part in node.values}
    texts = {wording(node) for node in ast.walk(TREE) if id(node) not in parts}
    return sorted(text for text in texts if text and re.match(r"(?:[2-5]\d\d|\{\})[ -]", text))


def test_the_scan_finds_the_replies():
    assert len(replies()) >= 50


@pytest.mark.parametrize("text", replies())
def test_a_stock_reply_is_known(text):
    assert text in STOCK


@pytest.mark.parametrize("text", STOCK)
def test_a_known_reply_still_exists(text):
    assert text in replies()


@pytest.mark.parametrize("text", STOCK)
def test_a_stock_reply_has_words_of_the_provider(text):
    meant = STOCK[text]
    if isinstance(meant, Condition):
        catalog = load_providers(["oci"])[0].catalog()
        assert any(meant in entry.on for entry in catalog if entry.channel is Channel.SMTP)
    else:
        assert isinstance(getattr(Dialect, meant, None), str)


def test_what_the_engine_fills_in_is_recognised():
    assert meaning('500 Error: command "XYZZY" not recognized') is Condition.UNKNOWN_COMMAND
    assert meaning("500 Error: (OSError) no space") is Condition.INTERNAL_ERROR
    assert meaning(b"334 VXNlcm5hbWU6") == "plain_challenge"
    assert meaning("599 never heard of") is Condition.INTERNAL_ERROR


def test_a_command_left_to_the_engine_answers_in_the_provider_s_words(monkeypatch):
    """With our own VRFY and NOOP replaced by the engine's, the client sees none of the engine's words."""

    async def vrfy(conversation, argument):
        await conversation.wire.push("502 Could not VRFY " + argument)
        await conversation.wire.push("250 OK")
        await conversation.wire.push(Reply("250 ours"))

    from sandbox.wire.smtp import commands

    changed = {**commands.COMMANDS, "VRFY": commands.Command(run=vrfy, stage=commands.Stage.OTHER)}
    monkeypatch.setattr(commands, "COMMANDS", changed)
    assert SmtpSession.push is not aiosmtpd.smtp.SMTP.push
    with Sandbox(settings_of("")) as sandbox:
        client = Client(sandbox).ehlo()
        assert client.say("VRFY x") == b"502 VRFY command is disabled\r\n"
        assert client.reply() == b"250 Ok\r\n"
        assert client.reply() == b"250 ours\r\n"
        client.close()
