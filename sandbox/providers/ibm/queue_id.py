"""Queue ids as Postfix makes its long ones: the moment in base 52, a `z`, and the number of a file in base 51."""

from __future__ import annotations

from sandbox.core.accounts import Account

ALPHABET = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
"""Digits and consonants, so that no words come up; the last one is kept for the separator."""
FILES = 10_000_000


def queue_id(account: Account) -> str:
    """A new queue id of 15 characters or so, which sorts by time."""
    now = account.clock.now()
    seconds, micros = int(now), int(now % 1 * 1_000_000)
    file = account.ids.random.randrange(FILES // 10, FILES)
    return f"{_number(seconds, 52, 6)}{_number(micros, 52, 4)}z{_number(file, 51, 1)}"


def _number(value: int, base: int, digits: int) -> str:
    text = ""
    while value or len(text) < digits:
        value, digit = divmod(value, base)
        text = ALPHABET[digit] + text
    return text
