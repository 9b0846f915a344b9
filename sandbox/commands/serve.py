"""`serve`: run a sandbox in the foreground, with a flag for every row of the settings table."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_origin

import click

from sandbox.commands.terminal import columns, failures
from sandbox.options import ALIASES, ROWS, Alias, Row, SettingsError, find_file, load
from sandbox.options.values import accepted
from sandbox.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def _flags(command: Command) -> Command:
    """Add a flag for each setting, in the order of the table."""
    rows: list[Row | Alias] = [*ALIASES, *ROWS]
    for row in reversed(rows):
        _flag(row)(command)
    return command


def _flag(row: Row | Alias) -> Callable[[Command], Command]:
    if isinstance(row, Alias):
        return click.option(row.flag, row.key, help=row.about, metavar="VALUE")
    if row.hint is bool:
        off = row.flag.replace("--", "--no-", 1)
        about = f"{row.about}  [default: {'on' if row.default else 'off'}]"
        return click.option(f"{row.flag}/{off}", row.key.replace(".", "__"), default=None, help=about)
    default = f"  [default: {shown_default(row)}]" if row.default not in ("", [], {}) else ""
    form = f" ({accepted(row)})" if row.hint in (int, float) and row.unit else ""
    return click.option(
        row.flag,
        row.key.replace(".", "__"),
        help=f"{row.about}{form}{default}",
        metavar="|".join(row.choices) if row.choices and row.hint is str else "VALUE",
        multiple=get_origin(row.hint) is list,
    )


def shown_default(row: Row) -> str:
    """The default as a flag would write it."""
    return ",".join(map(str, row.default)) if isinstance(row.default, list) else str(row.default)


@click.command()
@click.option("--config", metavar="FILE", help="Settings file  [default: email-sandbox.toml, if there is one]")
@click.option("--tui", is_flag=True, help="Show the inspector in this terminal; leaving it stops the sandbox.")
@_flags
def serve(config: str | None, *, tui: bool, **flags: Any) -> None:
    """Start the sandbox and run until it is told to stop.

    Every flag is also a key of the settings file and an environment variable: --oci-region is region in the section
    [oci], and EMAIL_SANDBOX_OCI_REGION. Flags win over the environment, the environment over the file.
    """
    with failures(2, SettingsError):
        settings = read_settings(config, flags)
    (_run_with_inspector if tui else _run)(settings)


def read_settings(config: str | None, flags: Mapping[str, Any]) -> Settings:
    """The settings in force for these flags, this environment and this folder; raises `SettingsError`."""
    given = {name.replace("__", "."): value for name, value in flags.items() if value not in (None, ())}
    names = {row.key: row.flag for row in ROWS} | {alias.key: alias.flag for alias in ALIASES}
    file = find_file(config, os.environ, Path.cwd())
    return load(given, os.environ, file, origin=names.__getitem__)


def _run(settings: Settings) -> None:
    from sandbox import app  # noqa: PLC0415 - with what follows, half a second that `--help` need not pay
    from sandbox.app.exposure import warned_of  # noqa: PLC0415 - see above
    from sandbox.core.errors import StoreError  # noqa: PLC0415 - see above

    for warning in warned_of(settings):
        click.echo(f"warning: {warning}", err=True)
    with failures(2, app.ListenerError, app.SettingError), failures(1, StoreError, OSError):
        try:
            app.run(settings, announce)
        except KeyboardInterrupt:  # where signals can't be handled by the loop
            return


def _run_with_inspector(settings: Settings) -> None:
    from sandbox import app  # noqa: PLC0415 - see above
    from sandbox.client.login import with_login  # noqa: PLC0415 - see above
    from sandbox.commands import tui  # noqa: PLC0415 - see above
    from sandbox.core.errors import StoreError  # noqa: PLC0415 - see above

    with (
        failures(2, app.ListenerError, app.SettingError),
        failures(1, StoreError, OSError),
        app.Sandbox(settings) as running,
    ):
        tui.show(with_login(running.url, settings.login))


def announce(ready: Mapping[str, Any]) -> None:
    """Print where to point clients, and the ready-made credentials."""
    click.echo(f"email-sandbox {ready['version']} is ready\n")
    shared = [("viewer, APIs", f"{ready['http']}  {ready['https']}"), ("CA file", ready["ca_file"])]
    if "dns" in ready:
        shared.append(("name server", _place(ready["dns"])))
    click.echo(columns(shared))
    for name, details in ready.items():
        if isinstance(details, Mapping) and "smtp" in details:
            click.echo(f"\n{name}\n" + columns(_lines(details), indent="  "))
    click.echo("\nsettings for your program: email-sandbox env    stop: Ctrl-C")


def _lines(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    listeners = [(f"smtp, {item['tls']}", _place(item)) for item in details["smtp"]]
    plain = [(name.replace("_", " "), str(value)) for name, value in details.items() if name != "smtp"]
    return [*listeners, *plain]


def _place(listener: Mapping[str, Any]) -> str:
    stands_for = f"  (for {listener['stands_for']})" if "stands_for" in listener else ""
    return f"{listener['host']}:{listener['port']}{stands_for}"
