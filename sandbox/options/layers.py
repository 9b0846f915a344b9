"""Puts the layers of settings on top of each other and makes the one `Settings` value of them."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sandbox import providers
from sandbox.options.rows import ALIASES, ROWS, SECTIONS, Alias, Row
from sandbox.options.values import SettingsError, read
from sandbox.settings import Settings

FILE_NAME = "email-sandbox.toml"
FILE_VARIABLE = "EMAIL_SANDBOX_CONFIG"

_BY_KEY: Mapping[str, Row | Alias] = {row.key: row for row in ROWS} | {alias.key: alias for alias in ALIASES}


def find_file(named: str | None, environ: Mapping[str, str], folder: Path) -> Path | None:
    """The settings file in force: the one named by `--config` or the environment, else the one in `folder`, if any.

    Raises `SettingsError` when a file that was named does not exist.
    """
    wished = named or environ.get(FILE_VARIABLE)
    if wished:
        path = Path(wished)
        if not path.is_file():
            raise SettingsError(f"{path}: there is no such settings file")
        return path
    default = folder / FILE_NAME
    return default if default.is_file() else None


def load(
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    *,
    origin: Callable[[str], str] = lambda key: key,
) -> Settings:
    """The settings in force: `overrides` before `environ` before `file` before the defaults.

    `overrides` has the shape of the file, or dotted keys, with values or with text as flags write it. `origin` names a
    key of it in messages. Raises `SettingsError` for an unknown key, a value that does not fit, an unreadable file.
    """
    values: dict[str, Any] = {}
    if file is not None:
        values |= _typed(_flat(_read_file(file), file.name), lambda key: f"{file.name}: {key}")
    values |= _typed(_from_environment(environ or {}), lambda key: _BY_KEY[key].variable)
    values |= _typed(_flat(overrides or {}, "settings"), origin)
    return _build(values)


def _read_file(file: Path) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - few programs have such a file

    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{file}: not a TOML file: {error}") from error


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """The variables that are settings; others with our prefix may be anyone's, such as an orchestrator's."""
    return {key: environ[row.variable] for key, row in _BY_KEY.items() if row.variable in environ}


def _flat(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Dotted keys of a nested table; refuses keys that are no settings."""
    found: dict[str, Any] = {}
    for key, value in _walk(table):
        if key in SECTIONS:
            raise SettingsError(f"{where}: {key} is a section, write [{key}] and its keys below")
        if key not in _BY_KEY:
            raise SettingsError(f"{where}: {key} is not a setting{_nearest(key)}")
        found[key] = value
    return found


def _walk(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping) and (name in SECTIONS or name not in _BY_KEY):
            yield from ((f"{name}.{inner}", item) for inner, item in value.items())
            if not value and name not in SECTIONS:
                yield name, value
        else:
            yield name, value


def _nearest(key: str) -> str:
    """The right key for a wrong one: by spelling, or the same name in another section."""
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes only

    name = key.rpartition(".")[2]
    close = get_close_matches(key, _BY_KEY, n=1, cutoff=0.7) or [row.key for row in ROWS if row.name == name]
    close = close or get_close_matches(key, _BY_KEY, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def _typed(values: Mapping[str, Any], origin: Callable[[str], str]) -> dict[str, Any]:
    """Values as their types, with aliases spread over the rows they stand for."""
    found: dict[str, Any] = {}
    for alias in ALIASES:
        if alias.key in values:
            found |= _spread(alias, values[alias.key], origin(alias.key))
    for row in ROWS:
        if row.key in values:
            found[row.key] = _read_all(row, values[row.key], origin(row.key))
    return found


def _spread(alias: Alias, value: Any, origin: str) -> dict[str, Any]:
    """An alias's value for each row that can have it; `SettingsError` when none can."""
    found: dict[str, Any] = {}
    errors: list[SettingsError] = []
    for row in alias.rows():
        try:
            found[row.key] = read(row, value, origin)
        except SettingsError as error:  # providers have words of their own: `sandbox` means nothing to the others
            errors.append(error)
    if not found:
        raise errors[0]
    return found


def _read_all(row: Row, value: Any, origin: str) -> Any:
    """Read one value, or the parts of a flag that was repeated (a tuple)."""
    if not isinstance(value, tuple):
        return read(row, value, origin)
    return [item for part in value for item in read(row, part, origin)]


def _build(values: Mapping[str, Any]) -> Settings:
    _check_providers(values.get("providers", []))
    sections: dict[str, Any] = {
        name: section(**{row.name: values[row.key] for row in ROWS if row.section == name and row.key in values})
        for name, section in SECTIONS.items()
    }
    plain = {row.name: values[row.key] for row in ROWS if not row.section and row.key in values}
    return Settings(**plain, **sections)


def known_providers() -> list[str]:
    """The providers that have a folder."""
    return sorted(module.name for module in pkgutil.iter_modules(providers.__path__) if module.ispkg)


def _check_providers(names: list[str]) -> None:
    known = known_providers()
    for name in names:
        if known and name not in known:
            raise SettingsError(f"providers: {name!r} is not a provider; known: {', '.join(known)}")
