"""The documentation says what the program does: generated parts are fresh, names are documented, examples exist."""

import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest

from sandbox.cli import COMMANDS, commands
from sandbox.commands.errors import catalogs
from sandbox.options import ALIASES, ROWS

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```(?:sh|bash|shell|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def generate():
    """The generator of the documentation, as a module."""
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_fresh(generate):
    documents = generate.documents()

    assert {path.name for path in documents} >= {"settings.md", "cli.md", "errors.md"}
    stale = [path.name for path in documents if generate.render(path.read_text("utf-8")) != path.read_text("utf-8")]
    assert stale == [], "make docs writes them anew"


_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def test_the_readme_leads_to_every_page_and_no_link_leads_nowhere():
    pages = [*DOCUMENTS, ROOT / "CONTRIBUTING.md", ROOT / "sandbox/README.md", *ROOT.glob("fixtures/**/README.md")]
    linked = {
        path: {(path.parent / name).resolve() for name in _LINK.findall(path.read_text("utf-8"))} for path in pages
    }

    assert set(DOCUMENTS[1:]) - linked[ROOT / "README.md"] == set()
    assert {str(target) for found in linked.values() for target in found if not target.exists()} == set()


def test_every_setting_is_documented_under_all_its_names():
    text = (ROOT / "docs/settings.md").read_text("utf-8")
    rows = [*ROWS, *ALIASES]

    assert len(rows) > 25
    assert [row.key for row in rows if f"`{row.flag}`" not in text or f"`{row.variable}`" not in text] == []


def test_every_row_of_every_catalog_is_documented():
    text = (ROOT / "docs/errors.md").read_text("utf-8")
    rows = [row for catalog in catalogs() for row in catalog]

    assert len(rows) >= 42
    assert [row.id for row in rows if f"### `{row.id}`" not in text] == []


def commands_in(text):
    """Command lines of the fenced shell blocks that run `email-sandbox`."""
    for block in _FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            for piece in re.split(r"&&|\||;", line.partition("#")[0]):
                match = re.search(r"(?:^|[\s$(/])email-sandbox\s+([^)]*)", piece)
                if match:
                    yield shlex.split(match[1].rstrip('"'))


def flags_of(command):
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}


def test_every_command_that_the_documentation_shows_exists_with_its_flags():
    shown = [words for path in DOCUMENTS for words in commands_in(path.read_text("utf-8"))]

    assert len(shown) > 4
    for words in shown:
        command = commands.get_command(click.Context(commands), words[0])
        assert command is not None, words
        flags = flags_of(command)
        if isinstance(command, click.Group):
            for inner in command.commands.values():
                flags |= flags_of(inner)
        assert [word for word in words if word.startswith("--") and word.partition("=")[0] not in flags] == [], words


def test_every_make_target_that_the_documentation_shows_exists():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    shown = {
        target
        for path in DOCUMENTS
        for block in _FENCE.findall(path.read_text("utf-8"))
        for target in re.findall(r"^make ([\w-]+)", block, re.MULTILINE)
    }

    assert shown <= targets


def test_every_command_has_a_section():
    text = (ROOT / "docs/cli.md").read_text("utf-8")

    assert [name for name in COMMANDS if f"## `email-sandbox {name}`" not in text] == []


def test_every_fixture_of_the_plugin_is_documented():
    text = (ROOT / "docs/pytest.md").read_text("utf-8")
    fixtures = re.findall(
        r"^def (email_sandbox\w*)", (ROOT / "sandbox/pytest_plugin.py").read_text("utf-8"), re.MULTILINE
    )

    assert "email_sandbox" in fixtures
    assert [name for name in [*fixtures, "--email-sandbox-url"] if f"`{name}" not in text] == []


def test_relative_links_lead_somewhere():
    for path in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
