"""`errors`: the error catalogs, from the providers' own files, so that no sandbox has to run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from typing import Any

import click

from sandbox.commands.terminal import Failure
from sandbox.core.catalog import Catalog, ErrorEntry, load
from sandbox.core.faults import MAGIC_DOMAIN, MAGIC_STAGES
from sandbox.options.layers import known_providers

MEANING = {
    "documented": "the provider's documentation words it",
    "observed": "seen from the real service",
    "inferred": "what the service is expected to say; its documentation is silent",
}


def catalogs(provider: str | None = None) -> list[Catalog]:
    """The catalog of a provider, or of all; `Failure` names those there are."""
    known = known_providers()
    if provider is not None and provider not in known:
        raise Failure(f"there is no provider {provider!r}; known: {', '.join(known)}", 2)
    folder = resources.files("sandbox.providers")
    return [
        load(name, (folder / name / "errors.toml").read_text("utf-8")) for name in ([provider] if provider else known)
    ]


@click.command()
@click.option("--provider", help="One provider; else all.")
@click.option("--channel", type=click.Choice(["smtp", "https"]), help="One channel; else both.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def errors(provider: str | None, channel: str | None, *, as_json: bool) -> None:
    """List every error a provider can answer with: what brings it about, and how to force it."""
    rows = [row for catalog in catalogs(provider) for row in catalog if channel in (None, row.channel)]
    if as_json:
        click.echo(json.dumps([as_data(row) for row in rows], indent=2))
        return
    groups = sorted({(row.provider, row.channel) for row in rows}, key=lambda group: (group[0], group[1] != "smtp"))
    click.echo("\n\n".join(_group([row for row in rows if (row.provider, row.channel) == group]) for group in groups))


def as_data(row: ErrorEntry) -> dict[str, Any]:
    """A row as JSON-ready values, with how to force it."""
    return {**asdict(row), "force": {"command": force_command(row), "recipient": magic_recipient(row)}}


def force_command(row: ErrorEntry) -> str:
    """The command that forces the error."""
    return f"email-sandbox fault add {row.id}"


def magic_recipient(row: ErrorEntry) -> str | None:
    """The recipient that meets the error, for programs that can't be reconfigured; None where it comes too early."""
    return f"{row.id}@{MAGIC_DOMAIN}" if MAGIC_STAGES.intersection(row.stages) else None


def _group(rows: Sequence[ErrorEntry]) -> str:
    counts = Counter[str](row.evidence for row in rows)
    summary = ", ".join(f"{counts[word]} {word}" for word in MEANING if counts[word])
    title = f"{rows[0].provider} {rows[0].channel}: {len(rows)} errors ({summary})"
    parts = [title, "=" * len(title)]
    for evidence, meaning in MEANING.items():
        for source in dict.fromkeys(_heading_source(row) for row in rows if row.evidence == evidence):
            found = [row for row in rows if row.evidence == evidence and _heading_source(row) == source]
            parts += ["", f"{len(found)} {evidence}: {source or meaning}", *map(_describe, found)]
    return "\n".join(parts)


def _heading_source(row: ErrorEntry) -> str:
    """The source that rows are listed under: documented rows have few, the others have one each."""
    return row.source if row.evidence == "documented" else ""


def _describe(row: ErrorEntry) -> str:
    reply = " ".join(part for part in (str(row.status), row.code if row.channel == "https" else "", row.text) if part)
    lines = [f"\n  {row.id}", f"    reply    {reply}", f"    trigger  {row.trigger}"]
    if row.evidence != "documented":
        lines.append(f"    source   {row.source}")
    if row.unprovoked:
        lines.append(f"    only forced: {row.unprovoked}")
    lines.append(f"    force    {force_command(row)}   (at {', '.join(row.stages)})")
    return "\n".join(lines)
