"""Writes the generated parts of the documentation: settings, commands, error catalogs. `--check` only compares."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import click

from sandbox.cli import commands
from sandbox.commands.errors import MEANING, catalogs, force_command, magic_recipient
from sandbox.core.catalog import ErrorEntry
from sandbox.options import ALIASES, ROWS, Row
from sandbox.options.values import accepted

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 100
_PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end of generated: \2 -->)", re.DOTALL)
_PROVES = re.compile(r"^#?\s*proves:\s*(.+)$", re.MULTILINE)


def settings() -> str:
    """The settings table, a section of the file at a time."""
    parts = []
    for section in dict.fromkeys(row.section for row in ROWS):
        rows = [row for row in ROWS if row.section == section]
        parts.append(
            f"### {f'`[{section}]`' if section else 'Top level'}\n\n{_table(_SETTING_HEADS, map(_setting, rows))}"
        )
    aliases = [(f"`{one.key}`", one.about, f"`{one.flag}`", f"`{one.variable}`") for one in ALIASES]
    parts.append("### For all providers at once\n\n" + _table(("key", "what", "flag", "variable"), aliases))
    return "\n\n".join(parts)


_SETTING_HEADS = ("key", "what", "accepts", "default", "flag", "variable")


def _setting(row: Row) -> tuple[str, ...]:
    flag = f"`{row.flag}`, `{row.flag.replace('--', '--no-', 1)}`" if row.hint is bool else f"`{row.flag}`"
    return f"`{row.name}`", row.about, accepted(row), _default(row.default), flag, f"`{row.variable}`"


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, list):
        return ", ".join(f"`{item}`" for item in value) or "none"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`" if value not in ("", {}) else "none"


def command_line() -> str:
    """The help of every command."""
    return "\n\n".join(f"## `{name}`\n\n```text\n{text}\n```" for name, text in _helps(commands, "email-sandbox", None))


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    wide = {**command.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent, **wide)
    yield name, command.get_help(context)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None, inner
            yield from _helps(found, f"{name} {inner}", context)


def errors() -> str:
    """Every row of every catalog, by provider and channel."""
    proofs = proved()
    parts = []
    for catalog in catalogs():
        for channel in ("smtp", "https"):
            rows = [row for row in catalog if row.channel == channel]
            parts += [f"## {catalog.provider}, {channel}: {len(rows)} errors", _counts(rows)]
            parts += [_error(row, proofs.get(row.id, [])) for row in rows]
    return "\n\n".join(parts)


def _counts(rows: Sequence[ErrorEntry]) -> str:
    counts = {word: sum(row.evidence == word for row in rows) for word in MEANING}
    return ", ".join(f"{number} {word} ({MEANING[word]})" for word, number in counts.items() if number) + "."


def _error(row: ErrorEntry, proofs: Sequence[str]) -> str:
    reply = " ".join(part for part in (str(row.status), row.code if row.channel == "https" else "", row.text) if part)
    closing = ", then the connection is closed" if row.closes else ""
    facts = {
        "reply": f"`{reply}`{closing}",
        "observed": f"`{row.observed}`" if row.observed else "",
        "meaning": row.description,
        "trigger": row.trigger,
        "remedy": row.remedy,
        "only forced": row.unprovoked,
        "force": f"`{force_command(row)}` at {', '.join(row.stages)}",
        "magic recipient": f"`{magic_recipient(row)}`" if magic_recipient(row) else "",
        "evidence": f"{row.evidence}: {row.source}",
        "proved by": ", ".join(f"`{proof}`" for proof in proofs),
    }
    return f"### `{row.id}`\n\n" + "\n".join(f"- **{name}**: {text}" for name, text in facts.items() if text)


def proved() -> Mapping[str, Sequence[str]]:
    """Catalog id → the fixtures and tests that provoke it by real behaviour."""
    found: dict[str, list[str]] = {}
    fixtures = (path for kind in ("dialogues", "exchanges") for path in (ROOT / "fixtures" / kind).rglob("*.*"))
    for path in sorted(fixtures):
        claims = _PROVES.findall(path.read_text("utf-8", "replace"))
        _claim(found, path, (name for line in claims for name in re.split(r"[,\s]+", line)))
    for path in sorted((ROOT / "tests").glob("*.py")):
        _claim(found, path, _marked(ast.parse(path.read_text("utf-8"))))
    return found


def _marked(module: ast.Module) -> Iterator[str]:
    """The arguments of every `pytest.mark.proves`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.proves":
            yield from (str(name.value) for name in node.args if isinstance(name, ast.Constant))


def _claim(found: dict[str, list[str]], path: Path, names: Iterator[str]) -> None:
    known = {row.id for catalog in catalogs() for row in catalog}
    place = path.relative_to(ROOT).as_posix()
    for name in names:
        whole = name if name in known else f"{path.parent.name}.{name}"
        if whole in known and place not in found.setdefault(whole, []):
            found[whole].append(place)


def coverage(provider: str) -> str:
    """What of a provider's APIs is answered."""
    return str(_coverage_tables()["coverage"](provider))


def ses_coverage() -> str:
    """What of SES's APIs is answered, and what each operation does."""
    return str(runpy.run_path(str(ROOT / "docs" / "ses_coverage.py"))["coverage"]())


@cache
def _coverage_tables() -> Mapping[str, Any]:
    """The module that compares with the SDKs, which takes a second to import."""
    return runpy.run_path(str(ROOT / "docs" / "api_coverage.py"))


def _table(heads: Sequence[str], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


PARTS: Mapping[str, Callable[[], str]] = {
    "settings": settings,
    "commands": command_line,
    "errors": errors,
    "oci-coverage": partial(coverage, "oci"),
    "ibm-coverage": partial(coverage, "ibm"),
    "ses-coverage": ses_coverage,
}
"""Name of a generated part → what writes it."""


def render(text: str) -> str:
    """A document with its generated parts as they are to be now."""
    return _PART.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]()}\n\n{part[3]}", text)


def documents() -> list[Path]:
    """Documents with generated parts."""
    return [path for path in sorted((ROOT / "docs").glob("*.md")) if _PART.search(path.read_text("utf-8"))]


def main(arguments: Sequence[str]) -> int:
    """Write what is stale; with `--check`, only say so and return 1."""
    stale = [path for path in documents() if render(path.read_text("utf-8")) != path.read_text("utf-8")]
    for path in stale:
        print(("stale: " if "--check" in arguments else "written: ") + path.name)
        if "--check" not in arguments:
            path.write_text(render(path.read_text("utf-8")), "utf-8")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
