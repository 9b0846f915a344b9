"""Paths and parameters of MAIL and RCPT, and what one client may take."""

import pytest
from dialogues import settings_of
from smtp_wire import Client

from sandbox.app import Sandbox
from sandbox.core.errors import Condition, Refusal
from sandbox.wire.smtp.address import MAIL_PARAMETERS, parse_path
from sandbox.wire.smtp.limits import Limits, Turnstile
from sandbox.wire.smtp.lines import command_limit

RIGHT = {
    "<a@b.example>": "a@b.example",
    " <a@b.example>": "a@b.example",
    "a@b.example": "a@b.example",
    "<>": "",
    "<A.b+c=d@B-c.example>": "A.b+c=d@B-c.example",
    '<"a b\\"c>"@example.com>': '"a b\\"c>"@example.com',
    "<@one.example,@two.example:a@b.example>": "a@b.example",
    "<a@[192.0.2.1]>": "a@[192.0.2.1]",
    "<a@[IPv6:2001:db8::1]>": "a@[IPv6:2001:db8::1]",
    "<" + "l" * 64 + "@example.com>": "l" * 64 + "@example.com",
    "<a@localhost>": "a@localhost",
}
WRONG = [
    "<a>", "<a@>", "<@b.example>", "<a@b@c>", "<a..b@c.example>", "<.a@b.example>", "<a.@b.example>", "<a b@c.example>",
    "<a@b_c.example>", "<a@-b.example>", "<a@b-.example>", "<a@b..example>", "<a@b.example.>", "<a@[1.2.3]>",
    "<a@[IPv6:1]>", "<a@[b]>", '<"a@b.example>', "<a@b.example", "a@b.example>", "<<a@b.example>>", "<a(c)@b.example>",
    "<" + "l" * 65 + "@example.com>", "<a@" + "x" * 64 + ".example>", "<a@" + ".".join(["x" * 60] * 5) + ">",
    "<a,b@c.example>",
]  # fmt: skip


@pytest.mark.parametrize("text", RIGHT)
def test_a_path_that_is_right(text):
    assert parse_path(f"From:{text}", "FROM:", MAIL_PARAMETERS) == (RIGHT[text], {})


@pytest.mark.parametrize("text", WRONG)
def test_a_path_that_is_wrong(text):
    with pytest.raises(Refusal) as caught:
        parse_path(f"FROM:{text}", "FROM:", MAIL_PARAMETERS)
    assert caught.value.reason is Condition.INVALID_ADDRESS


def test_no_wrong_path_gets_through_a_session():
    """As sender and as recipient, over the wire; what the reply repeats is harmless, and the session goes on."""
    wrong = [
        *WRONG,
        "<" + "a" * 400 + "@b.example>",
        "<a@b.example\t>",
        "<a@\xe9.example>",
        "a",
        "<a@b.example>x=1",
        '<"a\\">',
    ]
    with Sandbox(settings_of("")) as sandbox:
        client = Client(sandbox).login()
        for text in wrong:
            said = client.say(f"MAIL FROM:{text}")
            assert said[:3] in (b"553", b"500", b"501"), (text, said)
            assert len(said) <= 512
            assert said[:-2].decode("ascii").isprintable()
        client.say("MAIL FROM:<noreply@example.com>")
        for text in [*wrong, "<>"]:
            said = client.say(f"RCPT TO:{text}")
            assert said[:3] in (b"553", b"500", b"501"), (text, said)
        assert client.say("DATA") == b"503 Need RCPT command\r\n"
        client.close()


def test_parameters_are_read_by_name():
    read = parse_path("FROM:<a@b.example> size=12 AUTH=a+40b BODY=8BITMIME", "FROM:", MAIL_PARAMETERS)
    assert read == ("a@b.example", {"SIZE": "12", "AUTH": "a+40b", "BODY": "8BITMIME"})


@pytest.mark.parametrize(
    "text", ["SIZE=", "SIZE=\u0663", "SIZE=1 SIZE=1", "SIZE=-1", "AUTH=a+4", "AUTH=", "BODY=x", "SIZE=" + "9" * 21]
)
def test_a_parameter_with_a_wrong_value(text):
    with pytest.raises(Refusal) as caught:
        parse_path(f"FROM:<a@b.example> {text}", "FROM:", MAIL_PARAMETERS)
    assert caught.value.reason is Condition.SYNTAX


def test_lines_have_the_limit_of_their_command():
    assert command_limit(b"auth plain") == 12_288
    assert command_limit(b"NOOP") == 512
    assert 512 < command_limit(b"MAIL FROM") < 2000


class Account:
    id = "a"

    class clock:  # noqa: N801 - stands for an attribute
        @staticmethod
        def now():
            return Account.time

    time = 0.0


def test_failures_age_on_the_clock_and_can_be_forgiven():
    turnstile = Turnstile(Limits(auth_failures=2, auth_failure_window=60))
    for moment in (0.0, 30.0):
        Account.time = moment
        assert not turnstile.locked_out(Account, "192.0.2.1")
        turnstile.failed(Account, "192.0.2.1")
    assert turnstile.locked_out(Account, "192.0.2.1")
    assert not turnstile.locked_out(Account, "192.0.2.2")
    Account.time = 60.0
    assert not turnstile.locked_out(Account, "192.0.2.1")
    turnstile.failed(Account, "192.0.2.1")
    assert turnstile.locked_out(Account, "192.0.2.1")
    turnstile.forget("a")
    assert not turnstile.locked_out(Account, "192.0.2.1")
