"""The pytest plugin: one sandbox for the test run, clean for each test; imports nothing before a fixture is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sandbox.client import Client


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options."""
    group = parser.getgroup("email-sandbox")
    group.addoption(
        "--email-sandbox-url",
        metavar="URL",
        help="use the email sandbox that runs at this URL, with a fresh account for each test",
    )


@pytest.fixture(scope="session")
def email_sandbox_settings() -> dict[str, Any]:
    """Settings of the sandbox, in the shape of the settings file; override it in `conftest.py`."""
    return {}


@pytest.fixture(scope="session")
def email_sandbox_server(request: pytest.FixtureRequest, email_sandbox_settings: dict[str, Any]) -> Iterator[Client]:
    """One running sandbox per test process, on free ports and in memory; or the one of `--email-sandbox-url`."""
    url = request.config.getoption("--email-sandbox-url")
    with _running(url, email_sandbox_settings) as server:
        yield server


def _running(url: str | None, settings: dict[str, Any]) -> Client:
    if url:
        from sandbox.client import Client  # noqa: PLC0415 - paid for by tests that use the fixture

        return Client(url)
    from sandbox.inprocess import Sandbox  # noqa: PLC0415 - see above

    return Sandbox(**settings)


@pytest.fixture
def email_sandbox(request: pytest.FixtureRequest, email_sandbox_server: Client) -> Iterator[Client]:
    """A clean sandbox for each test: messages, faults, clock and provider state start over."""
    if request.config.getoption("--email-sandbox-url"):
        yield from _fresh_account(email_sandbox_server)
    else:
        email_sandbox_server.reset()
        yield email_sandbox_server


def _fresh_account(server: Client) -> Iterator[Client]:
    """A client of an account that exists for one test, so that tests on a shared sandbox don't meet."""
    from sandbox.client import Client  # noqa: PLC0415 - see above

    account = server.new_account()["account"]
    try:
        with Client(server.url, account) as client:
            yield client
    finally:
        server.remove_account(account)
