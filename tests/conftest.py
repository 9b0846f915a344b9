"""Fixtures of more than one module."""

import pytest
from smtp_wire import forget


@pytest.fixture
def sandbox(running):
    """A module's own `running` sandbox, which starts over after each test."""
    yield running
    forget(running)
