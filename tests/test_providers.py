"""What the providers' folders promise by name is there, and takes what it will be called with."""

import inspect
from dataclasses import fields

import pytest

from sandbox.app.providers import load_providers, provider_names
from sandbox.core.late import Late
from sandbox.settings import Settings
from sandbox.wire.provider import Provider

ARGUMENTS = {
    "region": 1, "rules": 3, "smtp": 2, "routes": 2, "provision": 3, "connection": 3, "delivered": 6, "outcome": 1,
    "background": 2, "names": 5,
}  # fmt: skip
"""How many each function of a provider is called with."""
PROVIDERS = load_providers(provider_names())
LATE = [(provider, name) for provider in PROVIDERS for name in ARGUMENTS if isinstance(getattr(provider, name), Late)]


def test_every_function_of_a_provider_is_looked_at():
    assert len(PROVIDERS) == 3
    assert len(LATE) > 25
    plain = {"name", "title", "listeners", "catalog"}
    assert {field.name for field in fields(Provider)} == {*ARGUMENTS, *plain}


@pytest.mark.parametrize(("provider", "name"), LATE, ids=lambda value: getattr(value, "name", value))
def test_what_is_imported_late_is_there_and_takes_its_arguments(provider, name):
    function = getattr(provider, name).function
    inspect.signature(function).bind(*range(ARGUMENTS[name]))


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_the_listeners_have_their_rows_in_the_settings(provider):
    ports = Settings().port
    assert {one.setting: one.port for one in provider.listeners} == {
        one.setting: getattr(ports, one.setting) for one in provider.listeners
    }
    assert {one.tls for one in provider.listeners} == {"starttls", "implicit"}


def test_a_late_function_is_imported_by_its_first_call_and_raises_what_it_raises():
    parse = Late("sandbox.core.clock:parse_duration")
    assert "function" not in vars(parse)
    assert parse("90s").total_seconds() == 90
    with pytest.raises(ValueError, match="not a duration"):
        parse("soon")
    with pytest.raises(ModuleNotFoundError):
        Late("sandbox.core.nothing:at_all")()
