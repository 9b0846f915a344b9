"""Walks a dialogue: a recorded SMTP conversation, spoken again over a real socket and compared line by line.

A dialogue is a text file. Lines that begin with `#` are comments; the first says what the dialogue shows.

    proves: ID …            catalog rows that this conversation provokes by real behaviour
    settings: KEY = VALUE   a row of the settings (TOML), of the provider's section or of the top level
    listener: PORT          the provider's port to connect to, 587 unless said
    S: TEXT                 the server says exactly this line
    C: TEXT                 the client says this line (CRLF is added)
    octets: TEXT            the client sends this and nothing else; Python escapes such as \\r \\n \\x00 are understood
    fill N                  the client sends N octets of message text in lines
    repeat N: TEXT => REPLY the client says TEXT and gets REPLY, N times
    connect                 another connection; the ones before stay open
    tls                     the client makes the TLS handshake
    start                   greeting, EHLO, STARTTLS, handshake, EHLO
    login                   start, then AUTH PLAIN with the ready-made credential
    suppress ADDRESS        the address is put on the suppression list
    clock advance TIME      the account's clock moves
    wait closed             the server closes the connection
    stored N                there are N messages by now

The folder names the provider. `{host}`, `{username}`, `{user}` and `{secret}` stand for the values of the running
sandbox, as do `{acting}`, the secret of a client that names its user twice, and those that the provider's replies have
besides, such as OCI's `{sender_id}`. `{*}` fits any one word.
"""

import asyncio
import base64
import re
import socket
import ssl
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path

from sandbox.app import Sandbox
from sandbox.app.providers import load_providers
from sandbox.core.clock import parse_duration
from sandbox.core.policy import SuppressionCause, SuppressionReason
from sandbox.core.store.messages import Clause
from sandbox.settings import Settings

FOLDER = Path(__file__).parents[1] / "fixtures" / "dialogues"
PATIENCE = 60.0
"""Seconds after which a test gives up waiting; no result depends on it."""


@dataclass
class Dialogue:
    """A file, read."""

    name: str
    provider: str = "oci"
    about: str = ""
    proves: list[str] = field(default_factory=list)
    settings: str = ""
    listener: int = 587
    steps: list[tuple[int, str, str]] = field(default_factory=list)


def read(path):
    """Read a dialogue; `ValueError` names the line that is not understood."""
    dialogue = Dialogue(name=f"{path.parent.name}/{path.name}", provider=path.parent.name)
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        word, _, rest = line.partition(" ")
        if line.startswith("#"):
            if re.match(r"# *proves:", line):
                raise ValueError(f"{path}:{number}: a claim in a comment is read by nobody")
            dialogue.about = dialogue.about or line[1:].strip()
        elif word == "proves:":
            dialogue.proves += rest.replace(",", " ").split()
        elif word == "settings:":
            dialogue.settings += rest + "\n"
        elif word == "listener:":
            dialogue.listener = int(rest)
        elif word.rstrip(":") in Walk.STEPS:
            dialogue.steps.append((number, word.rstrip(":"), rest))
        elif line.strip():
            raise ValueError(f"{path}:{number}: {line!r} is no step of a dialogue")
    return dialogue


def settings_of(text, provider="oci"):
    """Settings for a sandbox in memory on free ports with one provider, changed as the TOML `text` says."""
    wanted = tomllib.loads(text)
    section = next(row.default_factory for row in fields(Settings) if row.name == provider)
    own = {row.name for row in fields(section)}
    rows = {provider: section(**{key: value for key, value in wanted.items() if key in own})}
    top = {key: value for key, value in wanted.items() if key not in own}
    return Settings(data=":memory:", ports="auto", providers=[provider], **rows, **top)


class Walk:
    """One dialogue with one sandbox."""

    STEPS = (
        "S", "C", "octets", "fill", "repeat", "connect", "tls", "start", "login", "suppress", "clock", "wait", "stored",
    )  # fmt: skip

    def __init__(self, sandbox, dialogue):
        self.sandbox = sandbox
        self.dialogue = dialogue
        self.account = sandbox.runtime.services.accounts.ready_made
        self.rules = sandbox.runtime.services.providers[dialogue.provider].rules
        own = sandbox.ready[dialogue.provider]
        personality = personality_of(sandbox, dialogue.provider)
        self.port = next(entry["port"] for entry in own["smtp"] if entry["stands_for"] == dialogue.listener)
        self.values = {
            "{host}": personality.dialect.host,
            "{username}": own["smtp_username"],
            "{user}": own.get("user", own["smtp_username"]),
            "{secret}": plain(own["smtp_username"], own["smtp_password"]),
            "{acting}": plain(own["smtp_username"], own["smtp_password"], acting=own["smtp_username"]),
            "{username_64}": encoded(own["smtp_username"]),
            "{password_64}": encoded(own["smtp_password"]),
            **self._details(personality),
        }
        self.open = []
        self.where = ""

    def _details(self, personality):
        if personality.details is None:
            return {}
        found = self.sandbox.call(personality.details(self.sandbox.runtime.services, self.account, ""))
        return {f"{{{name}}}": value for name, value in found.items()}

    def run(self):
        """Speak every line; returns the stored sessions, oldest first."""
        try:
            self.connect("")
            for number, word, rest in self.dialogue.steps:
                self.where = f"{self.dialogue.name}, line {number}"
                getattr(self, word.lower())(self._filled(rest))
        finally:
            for connection, stream in self.open:
                stream.close()
                connection.close()
        return sessions(self.sandbox, self.account)

    def _filled(self, text):
        for name, value in self.values.items():
            text = text.replace(name, value)
        return text

    def connect(self, _):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        if self.dialogue.listener == 465:
            connection = self._context().wrap_socket(connection, server_hostname="localhost")
        self.open.append((connection, connection.makefile("rb")))

    def _context(self):
        return ssl.create_default_context(cafile=self.sandbox.ready["ca_file"])

    def tls(self, _):
        connection, stream = self.open.pop()
        stream.close()
        connection = self._context().wrap_socket(connection, server_hostname="localhost")
        self.open.append((connection, connection.makefile("rb")))

    def c(self, text):
        self.open[-1][0].sendall(text.encode() + b"\r\n")

    def s(self, text):
        said = self.open[-1][1].readline()
        expression = re.escape(text).replace(r"\{\*\}", r"\S+") + "\r\n"
        assert re.fullmatch(expression.encode(), said), f"{self.where}: expected {text!r}, the server said {said!r}"

    def octets(self, text):
        self.open[-1][0].sendall(text.encode("latin-1").decode("unicode_escape").encode("latin-1"))

    def fill(self, text):
        lines, rest = divmod(int(text), 64)
        self.open[-1][0].sendall((b" " + b"x" * 61 + b"\r\n") * lines + b"y" * rest)

    def repeat(self, text):
        count, _, exchange = text.partition(": ")
        said, _, reply = exchange.partition(" => ")
        for _ in range(int(count)):
            self.c(said)
            self.s(reply)

    def start(self, _):
        assert self._reply().startswith(b"220 ")
        for under_tls in (self.dialogue.listener == 465, True):
            self.c("EHLO client.example")
            assert self._reply().startswith(b"250 ")
            if not under_tls:
                self.c("STARTTLS")
                assert self._reply().startswith(b"220 ")
                self.tls("")

    def _reply(self):
        """The last line of the next reply."""
        line = self.open[-1][1].readline()
        while line[3:4] == b"-":
            line = self.open[-1][1].readline()
        return line

    def login(self, _):
        self.start("")
        self.c(f"AUTH PLAIN {self.values['{secret}']}")
        assert self._reply().startswith(b"235 ")

    def suppress(self, address):
        cause = SuppressionCause(reason=SuppressionReason.MANUAL, detail="", source="", message_id="")
        row = self.sandbox.call(self.rules.suppression(self.account, address, cause))
        self.sandbox.call(self.sandbox.runtime.services.store.resources.add(row))

    def clock(self, text):
        self.account.clock.advance(parse_duration(text.removeprefix("advance ")).total_seconds())

    def wait(self, _):
        rest = self.open[-1][1].read()
        assert rest == b"", f"{self.where}: expected the end of the connection, the server said {rest!r}"

    def stored(self, number):
        page = self.sandbox.call(self.sandbox.runtime.services.store.messages.page(self.account.id, Clause()))
        assert page.total == int(number), f"{self.where}: {page.total} messages are stored"


def personality_of(sandbox, provider):
    """How a provider of a running sandbox speaks SMTP."""
    (found,) = load_providers([provider])
    section = getattr(sandbox.runtime.settings, provider)
    return found.smtp(section, found.region(section))


def encoded(text):
    """Base64, as AUTH LOGIN wants it."""
    return base64.b64encode(text.encode()).decode()


def plain(username, password, *, acting=""):
    """The secret of AUTH PLAIN; `acting` is the identity that somebody claims besides."""
    return base64.b64encode(f"{acting}\0{username}\0{password}".encode()).decode()


def sessions(sandbox, account):
    """The account's stored sessions, oldest first, once all that are open have ended."""
    services = sandbox.runtime.services
    sandbox.call(asyncio.wait_for(_all_ended(services, account), PATIENCE))
    return sandbox.call(services.store.sessions.page(account.id))[::-1]


async def _all_ended(services, account):
    while services.sessions.all(account.id):  # noqa: ASYNC110 - the end of a session is no event of its own
        await asyncio.sleep(0.002)


def walk(path):
    """Speak the dialogue of a file with a sandbox of its own; returns the dialogue and the stored sessions."""
    dialogue = read(path)
    with Sandbox(settings_of(dialogue.settings, dialogue.provider)) as sandbox:
        return dialogue, Walk(sandbox, dialogue).run()
