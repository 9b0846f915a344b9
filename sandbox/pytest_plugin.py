"""The pytest plugin: one sandbox for the test run, clean for each test; imports nothing before a fixture is used."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator, Sequence
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from sandbox.client import AsyncClient, Client
    from sandbox.pytest_servers import Servers

MARKERS = (
    "email_sandbox(provider=, limits=, permissive=, must_fire=): what this test needs; whether its faults have to fire",
    "email_sandbox_fault(*errors, **wish): force errors for the whole test; takes what email_sandbox.fault() takes",
)
_BOX = pytest.StashKey["Client"]()
_SEEN = pytest.StashKey[list[tuple[str, str]]]()
"""What the sandbox saw when the test failed: sections of its report. A test is looked at once."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options; each is also an ini value and an environment variable."""
    group = parser.getgroup("email-sandbox")
    for name, metavar, about in (
        ("url", "URL", "use the email sandbox that runs at this URL, with a fresh account for each test"),
        ("keep", "DIR", "write the messages and transcripts of failed tests into this folder"),
    ):
        group.addoption(f"--email-sandbox-{name}", metavar=metavar, help=about)
        parser.addini(f"email_sandbox_{name}", about, default="")


class _AsWritten:
    """Finds the sandbox's own modules before pytest does, which compiles all of a plugin anew to rewrite its asserts.

    There are none that a test could fail at; without it, the first fixture after an installation takes three times as
    long.
    """

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Where such a module is; None for any other."""
        return PathFinder.find_spec(name, path, target) if name.startswith("sandbox.") else None


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known, and the sandbox quick to import."""
    finder = _AsWritten()
    sys.meta_path.insert(0, finder)
    config.add_cleanup(lambda: sys.meta_path.remove(finder))
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which sandbox is used when it is not the run's own."""
    url = chosen(config, "url")
    if not url:
        return None
    from sandbox.client.login import without_login  # noqa: PLC0415 - for runs with a sandbox elsewhere

    return f"email sandbox: {without_login(url)[0]}"


def chosen(config: pytest.Config, name: str) -> str:
    """An option: the flag before the environment before the ini file; empty when it is not set."""
    flag = config.getoption(f"--email-sandbox-{name}")
    return str(flag or os.environ.get(f"EMAIL_SANDBOX_{name.upper()}") or config.getini(f"email_sandbox_{name}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the sandbox saw to the report of a failed test."""
    report = yield
    box = item.stash.get(_BOX, None)
    if report.failed and box is not None:
        if _SEEN not in item.stash:
            _look(item, box)
        seen = item.stash[_SEEN]
        report.sections += seen
        item.stash[_SEEN] = []
    return report


def _look(item: pytest.Item, box: Client) -> None:
    """Note what the sandbox saw, while it is there."""
    from sandbox.pytest_failures import describe, keep  # noqa: PLC0415 - for failed tests that used the fixture

    folder = chosen(item.config, "keep")
    kept = [("email sandbox kept", keep(box, folder, item.nodeid))] if folder else []
    item.stash[_SEEN] = [("email sandbox", describe(box)), *kept]


@pytest.fixture(scope="session")
def email_sandbox_settings() -> dict[str, Any]:
    """Settings of the sandbox, in the shape of the settings file; override it in `conftest.py`."""
    return {}


@pytest.fixture(scope="session")
def _email_sandbox_servers(request: pytest.FixtureRequest, email_sandbox_settings: dict[str, Any]) -> Iterator[Servers]:
    from sandbox.pytest_servers import Servers  # noqa: PLC0415 - paid for by tests that use the fixture

    with Servers(chosen(request.config, "url"), email_sandbox_settings) as servers:
        yield servers


@pytest.fixture(scope="session")
def email_sandbox_server(_email_sandbox_servers: Servers) -> Client:
    """One running sandbox per test process, on free ports and in memory; or the one of `--email-sandbox-url`."""
    return _email_sandbox_servers.ordinary()


@pytest.fixture
def email_sandbox(request: pytest.FixtureRequest, _email_sandbox_servers: Servers) -> Iterator[Client]:
    """A clean sandbox for each test: messages, faults, clock and provider state start over."""
    wish = _wish(request.node)
    must_fire = wish.pop("must_fire", True)
    special = _special(_email_sandbox_servers, wish) if any(wish.values()) else None
    server: Client = special or request.getfixturevalue("email_sandbox_server")
    with _email_sandbox_servers.clean(server) as box:
        request.node.stash[_BOX] = box
        for marker in request.node.iter_markers("email_sandbox_fault"):
            box.arm(marker.args, marker.kwargs)
        yield box
        if must_fire and _SEEN not in request.node.stash:
            _check_faults(request.node, box)


@pytest.fixture
def email_sandbox_async(email_sandbox: Client) -> AsyncClient:
    """The sandbox of `email_sandbox` for tests that are coroutines, whichever plugin runs them."""
    from sandbox.client import AsyncClient  # noqa: PLC0415 - paid for by tests that use the fixture

    return AsyncClient.around(email_sandbox)


def _wish(node: pytest.Item) -> dict[str, Any]:
    """What the markers of a test ask for; the nearest counts."""
    wish: dict[str, Any] = {}
    for marker in node.iter_markers("email_sandbox"):
        if marker.args or set(marker.kwargs) - {"provider", "limits", "permissive", "must_fire"}:
            pytest.fail("email_sandbox takes provider=, limits=, permissive= and must_fire= by name", pytrace=False)
        wish = {**marker.kwargs, **wish}
    return wish


def _special(servers: Servers, wish: dict[str, Any]) -> Client:
    from sandbox.options import SettingsError  # noqa: PLC0415 - for tests that have the marker

    try:
        return servers.special(wish)
    except SettingsError as error:
        problem = str(error)
    pytest.fail(f"@pytest.mark.email_sandbox: {problem}", pytrace=False)


def _check_faults(item: pytest.Item, box: Client) -> None:
    unmet = box.unfired()
    if unmet:
        _look(item, box)
        which = "\n".join(f"  {fault}" for fault in unmet)
        pytest.fail(
            f"forced errors that nothing met ({len(unmet)}):\n{which}\n"
            "the program under test never came so far; must_fire=False allows it",
            pytrace=False,
        )
