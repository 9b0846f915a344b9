"""Every row of every provider's catalog is provoked by real behaviour, or says why it can't be."""

import ast
from pathlib import Path

import dialogues
import exchanges
import pytest

from sandbox.app.providers import load_providers, provider_names

ROOT = Path(__file__).parents[1]
CATALOGS = {provider.name: provider.catalog() for provider in load_providers(provider_names())}
ENTRIES = [entry for catalog in CATALOGS.values() for entry in catalog]
READERS = {".smtp": dialogues.read, ".http": lambda path: exchanges.read(path.read_text("utf-8"))}
"""How the walkers read a fixture, so that what is claimed here is what they check."""


def proved_by_fixtures():
    """Catalog id → the dialogue and exchange fixtures that claim it."""
    claims = {}
    for path in sorted((ROOT / "fixtures").rglob("*")):
        if path.suffix in READERS:
            for name in READERS[path.suffix](path).proves:
                claims.setdefault(name, []).append(path.relative_to(ROOT).as_posix())
    return claims


def proved_by_tests():
    """Catalog id → the test functions marked with `proves`."""
    claims = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for name in _marked(node):
                    claims.setdefault(name, []).append(f"{path.name}::{node.name}")
    return claims


def _marked(function):
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.proves":
            yield from (argument.value for argument in decorator.args if isinstance(argument, ast.Constant))


CLAIMS = {}
for source in (proved_by_fixtures(), proved_by_tests()):
    for claimed, places in source.items():
        CLAIMS.setdefault(claimed, []).extend(places)


def test_there_are_rows_and_claims():
    assert len(ENTRIES) >= 42
    assert len(CLAIMS) >= 42


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_a_row_is_provoked_naturally_or_says_why_not(entry):
    if entry.unprovoked:
        assert entry.id not in CLAIMS, "provoked after all: drop its excuse"
    else:
        assert entry.id in CLAIMS, "no fixture or test provokes it"


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_a_claim_names_a_row(name):
    assert name in {entry.id for entry in ENTRIES}, CLAIMS[name]


def test_the_documented_catalog_of_oci_is_complete():
    """23 SMTP rows and 19 HTTPS rows stand in the provider's troubleshooting page."""
    documented = [entry for entry in CATALOGS["oci"] if entry.evidence == "documented" and "Common" in entry.source]
    assert sum(entry.channel == "smtp" for entry in documented) == 23
    assert sum(entry.channel == "https" for entry in documented) == 19


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_a_row_explains_itself(entry):
    provider, channel, _ = entry.id.split(".", 2)
    assert (provider, {"api": "https"}.get(channel, channel)) == (entry.provider, entry.channel)
    assert str(entry.status) in entry.id or (entry.code and entry.code in entry.id)
    assert len(entry.trigger) > 10
    assert entry.remedy or entry.status < 300
    assert "\r" not in entry.text
    assert "\n" not in entry.text
