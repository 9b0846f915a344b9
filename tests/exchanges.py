"""Walks an exchange fixture: sends its requests as a client of the provider would, and compares the answers.

A fixture begins with comments (`# …`), `proves:` lines (catalog rows that it provokes by real behaviour) and
`settings:` lines (TOML). Then follow requests and answers, each after a line of dashes:

    ---                           a request: request line, headers, empty line, body
    POST /20170907/senders
    ---                           an answer: status, headers, empty line, JSON
    HTTP 200

The folder names the provider; `exchange_callers.py` says how its requests are authenticated, and which names are known
from the start. Directives stand before a request line: `advance: 61s`, `clock: stands still`, and `sign:` with a way of
getting the authentication wrong. Before the status of an answer stand `keep: NAME = field` and `keep: NAME =
header:etag`, for later `{{NAME}}`. `{{x * 3000}}` repeats a letter, `{{addresses * 51}}` lists address objects. In
answers `"*"` fits any value, objects may have more fields than are named, and a header without a value must be absent;
answers in XML are compared as a whole, where `*` fits any text.
"""

import dataclasses
import http.client
import json
import re
import tomllib
from urllib.parse import urlsplit

from exchange_callers import CALLERS

from sandbox.app import Sandbox
from sandbox.core.clock import parse_duration
from sandbox.settings import Settings

_HEAD = re.compile(r"#(?! *proves:)|proves:|settings:|$")
"""How a line before the first request begins; a claim in a comment would be read by nobody."""


@dataclasses.dataclass(kw_only=True)
class Block:
    """A request or an answer."""

    directives: list[tuple[str, str]]
    first: str
    headers: dict[str, str]
    body: str


@dataclasses.dataclass(kw_only=True)
class Exchanges:
    """A fixture file, read."""

    about: str
    proves: list[str]
    settings: dict
    turns: list[tuple[Block, Block]]


def read(text):
    """A fixture; `AssertionError` for one that shows nothing."""
    head, *blocks = re.split(r"^---\n", text, flags=re.MULTILINE)
    lines = head.splitlines()
    assert lines[0].startswith("# "), "the first line says what the fixture shows"
    strange = [line for line in lines if not _HEAD.match(line)]
    assert not strange, f"no comment, claim or setting: {strange}"
    found = [_block(block) for block in blocks]
    assert found, "a fixture has at least one request"
    assert len(found) % 2 == 0, "every request has an answer"
    return Exchanges(
        about=lines[0][2:],
        proves=[name for line in lines if line.startswith("proves:") for name in line[7:].replace(",", " ").split()],
        settings=tomllib.loads("\n".join(line[9:].strip() for line in lines if line.startswith("settings:"))),
        turns=list(zip(found[::2], found[1::2], strict=True)),
    )


def _block(text):
    head, _, body = text.partition("\n\n")
    lines = head.strip("\n").splitlines()
    directives = []
    while re.match(r"(advance|clock|sign|keep): ", lines[0]):
        name, _, value = lines.pop(0).partition(": ")
        directives.append((name, value))
    headers = dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in lines[1:])
    return Block(directives=directives, first=lines[0], headers=headers, body=body.strip("\n"))


def settings_of(table, provider):
    """Settings on free ports and in memory, with one provider and the fixture's own on top."""
    rows = {field.name: field for field in dataclasses.fields(Settings)}
    values = {
        name: rows[name].default_factory(**value) if isinstance(value, dict) else value for name, value in table.items()
    }
    return Settings(**{"data": ":memory:", "ports": "auto", "providers": [provider], **values})


def walk(exchanges, provider="oci"):
    """Run a fixture; returns the catalog ids that were real refusals."""
    with Sandbox(settings_of(exchanges.settings, provider)) as sandbox:
        Walker(sandbox, provider).run(exchanges.turns)
        return refusals(sandbox)


def refusals(sandbox):
    """Catalog ids of the refusals in every session, open or stored, that nobody forced."""
    services = sandbox.runtime.services
    records = []
    for account in services.accounts.all():
        records += services.sessions.all(account.id)  # before the stored ones: a session is stored before it is left
        records += sandbox.call(services.store.sessions.page(account.id, limit=1000))
    return {refusal["error"] for record in records for refusal in record.refusals if not refusal["forced"]}


def stand_still(sandbox):
    """Stop the ready-made account's clock, so that no slow machine decides what falls within a second."""

    async def stop():
        clock = sandbox.runtime.services.accounts.ready_made.clock
        now = clock.now()
        clock._source = lambda: now

    sandbox.call(stop())


class Walker:
    """Sends requests over one connection and remembers what they gave."""

    def __init__(self, sandbox, provider):
        self.sandbox = sandbox
        self.caller = CALLERS[provider](sandbox)
        self.names = dict(self.caller.names)
        self.host = urlsplit(sandbox.url).netloc
        self.connection = http.client.HTTPConnection(self.host, timeout=30)

    def run(self, turns):
        try:
            for request, expected in turns:
                self._compare(self._send(request), expected, request)
        finally:
            self.connection.close()

    def _fill(self, text):
        def value(match):
            name, _, times = match[1].partition(" * ")
            if name == "addresses":
                return json.dumps([{"email": f"a{number}@example.org"} for number in range(int(times))])
            return name * int(times) if times else self.names[name]

        return re.sub(r"\{\{(.+?)\}\}", value, text)

    def _send(self, block):
        method, target = self._fill(block.first).split(" ")
        body = (
            self._fill(block.body).replace("\n", "\r\n").encode()
            if _is_mail(block)
            else self._fill(block.body).encode()
        )
        headers = {"host": self.host, **{name: self._fill(value) for name, value in block.headers.items()}}
        mode = ""
        for name, value in block.directives:
            if name == "advance":
                self._advance(parse_duration(value).total_seconds())
            elif name == "clock":
                stand_still(self.sandbox)
            else:
                mode = value
        headers = self.caller.signed(mode, method, target, headers, body)
        self.connection.request(method, target, body or None, headers)
        response = self.connection.getresponse()
        return response, response.read()

    def _advance(self, seconds):
        async def move():
            self.sandbox.runtime.services.accounts.ready_made.clock.advance(seconds)

        self.sandbox.call(move())

    def _compare(self, answer, expected, request):
        response, body = answer
        shown = f"{request.first}\n{response.status} {body.decode()[:2000]}"
        assert f"HTTP {response.status}" == expected.first, shown
        for name in self.caller.always:
            assert response.headers[name], f"{name} is missing\n{shown}"
        for name, value in expected.headers.items():
            found = response.headers[name]
            assert found is not None if value == "*" else found == (self._fill(value) or None), f"{name}\n{shown}"
        if expected.body.startswith("<"):
            assert _looks_like(body.decode(), self._fill(expected.body)), shown
        elif expected.body:
            wanted = json.loads(self._fill(expected.body))
            assert fits(json.loads(body), wanted), f"wanted {json.dumps(wanted)}\n{shown}"
        self._keep(expected.directives, response, body)

    def _keep(self, directives, response, body):
        for _, wish in directives:
            name, _, source = wish.partition(" = ")
            kind, _, header = source.partition(":")
            self.names[name] = response.headers[header] if kind == "header" else json.loads(body)[source]


def _is_mail(block):
    return block.headers.get("content-type", "").startswith("message/")


def _looks_like(found, wanted):
    """Whether an XML text is the one wanted; line ends and indentation don't count, and `*` fits any text."""
    plain = "".join(line.strip() for line in wanted.splitlines())
    return re.fullmatch(re.escape(plain).replace(r"\*", "[^<]*"), found) is not None


def fits(found, wanted):
    """Whether an answer has everything that is wanted of it."""
    if wanted == "*":
        return found is not None
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(name in found and fits(found[name], wanted[name]) for name in wanted)
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(fits, found, wanted))
    return type(found) is type(wanted) and found == wanted
