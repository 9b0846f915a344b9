"""Turns what a user wrote for a setting into its value, or says what would have been accepted."""

from __future__ import annotations

import json
import math
import re
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

from sandbox.options.rows import Row

_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_KINDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a table",
}
_SHOWN = 60
"""Characters of a wrong value that its message repeats."""


class SettingsError(ValueError):
    """A setting that can't be used; the message names it and says what is accepted."""


def read(row: Row, value: Any, origin: str) -> Any:
    """The value of `row` as its type; text is read as flags and variables write it.

    Raises `SettingsError`, which starts with `origin`: the flag, the variable, or the file and key.
    """
    try:
        given = _parse(row.hint, value) if isinstance(value, str) else value
        found = _fit(row.hint, given)
        _check(row, found)
    except ValueError as error:
        raise SettingsError(f"{origin}: {_shown(row, value)}{accepted(row)}{_reason(error)}") from error
    return found


def _parse(hint: Any, text: str) -> Any:
    """Read the text of a flag or variable."""
    kind, stripped = _kind(hint), text.strip()
    if kind is UnionType:
        return _inline(stripped) if stripped.startswith("{") else stripped
    if kind is list:
        return _parse_list(hint, stripped)
    if kind is dict:
        return _inline(stripped) if stripped else {}
    if kind is bool:
        return _WORDS.get(stripped.lower(), stripped)
    if kind in (int, float):
        return kind(stripped)
    return text


def _parse_list(hint: Any, text: str) -> Any:
    if text.startswith("["):
        return _inline(text)
    if text.startswith("{"):
        return [_inline(text)]
    if get_args(hint) == (str,):
        return [item.strip() for item in text.split(",") if item.strip()]
    return text or []


def _inline(text: str) -> Any:
    """Read a list or table written as JSON or as TOML."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    import tomllib  # noqa: PLC0415 - few write settings so

    try:
        found = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError) as error:
        raise ValueError("neither JSON nor TOML") from error
    if set(found) != {"value"}:
        raise ValueError("neither JSON nor TOML")
    return found["value"]


def _kind(hint: Any) -> Any:
    return get_origin(hint) or hint


def _fit(hint: Any, value: Any) -> Any:
    """The value when it fits the annotation, with whole numbers made floats where those are wanted."""
    kind, inner = _kind(hint), get_args(hint)
    if hint is Any:
        return value
    if kind is UnionType:
        return _fit_any(inner, value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeMismatchError
    if kind is float and not math.isfinite(value):
        raise TypeMismatchError
    if kind is list:
        return [_fit(inner[0], item) for item in value]
    if kind is dict:
        return {str(name): _fit(inner[1], item) for name, item in value.items()}
    return value


class TypeMismatchError(ValueError):
    """A value of another type than the setting's; it has no message, since the accepted forms say it all."""


def _fit_any(hints: tuple[Any, ...], value: Any) -> Any:
    for hint in hints:
        try:
            return _fit(hint, value)
        except TypeMismatchError:
            continue
    raise TypeMismatchError


def _check(row: Row, value: Any) -> None:
    """Refuse a word, number or table key that the row does not allow."""
    if row.choices and isinstance(value, str) and value not in row.choices:
        raise TypeMismatchError
    if isinstance(value, int | float) and _outside(row, value):
        raise TypeMismatchError
    if row.pattern and not all(
        re.fullmatch(row.pattern, text) for text in ([value] if isinstance(value, str) else value)
    ):
        raise TypeMismatchError
    if isinstance(value, dict):
        _check_keys(row, value, every=False)
        if any(_outside(row, item) for item in value.values() if isinstance(item, int | float)):
            raise TypeMismatchError
    if isinstance(value, list) and row.keys:
        for item in value:
            _check_keys(row, item, every=True)


def _outside(row: Row, number: float) -> bool:
    return (row.least is not None and number < row.least) or (row.most is not None and number > row.most)


def _check_keys(row: Row, table: dict[str, Any], *, every: bool) -> None:
    if unknown := sorted(set(table) - set(row.keys)):
        raise ValueError(f"{unknown[0]!r} is none of its keys")
    if every and (missing := [name for name in row.keys if name not in table]):
        raise ValueError(f"{missing[0]!r} is missing")


def _shown(row: Row, value: Any) -> str:
    """The wrong value, where it can't hold a password."""
    if row.secret or row.keys or isinstance(value, dict | list):
        return "this is not "
    return f"{str(value)[:_SHOWN]!r} is not "


def accepted(row: Row) -> str:
    """What the setting may be, in words: `a whole number from 1`."""
    hints = get_args(row.hint) if _kind(row.hint) is UnionType else (row.hint,)
    return " or ".join(_in_words(row, hint) for hint in hints if hint is not NoneType)


def _in_words(row: Row, hint: Any) -> str:
    kind = _kind(hint)
    if kind is str and row.choices:
        return f"one of {', '.join(row.choices)}" if len(row.choices) > 2 else " or ".join(row.choices)
    words = _KINDS[kind]
    if kind is list:
        words += " of tables" if _kind(get_args(hint)[0]) is dict else " of texts"
    if row.keys and kind in (list, dict):
        words += f" with {', '.join(row.keys)}"
    if row.example:
        words += f" such as {row.example}"
    if row.unit and kind in (int, float):
        words += f" of {row.unit}"
    if row.least is not None and kind in (int, float, dict):
        words += " (numbers" if kind is dict else ""
        words += f" from {row.least:g}" + (f" to {row.most:g}" if row.most is not None else "")
        words += ")" if kind is dict else ""
    return words


def _reason(error: ValueError) -> str:
    detail = str(error) if error.args and not isinstance(error, TypeMismatchError) else ""
    return f" ({detail})" if detail.endswith(("keys", "missing", "TOML")) else ""
