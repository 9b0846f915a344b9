"""Fixtures of more than one module."""

import httpx
import pytest
from hypothesis import settings
from smtp_wire import forget
from web_browser import chromium, watched

settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("exploring", deadline=None)
settings.load_profile("steady")
"""The same examples in each run, however slow the machine is; `--hypothesis-profile exploring` looks for new ones."""


@pytest.fixture
def sandbox(running):
    """A module's own `running` sandbox, which starts over after each test."""
    yield running
    forget(running)


@pytest.fixture
def api(sandbox):
    """The inspection API of a module's sandbox, which starts over before each test."""
    with httpx.Client(base_url=f"{sandbox.url}/sandbox/v1", trust_env=False, timeout=60) as client:
        client.post("/reset").raise_for_status()
        yield client


@pytest.fixture(scope="module")
def browser():
    """A running Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser, sandbox, api):
    """A page of it that must not fail; the module's sandbox starts over before each test."""
    with watched(browser, sandbox) as opened:
        yield opened
