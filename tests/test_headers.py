"""The linear header split on good, odd and hostile header blocks."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core import headers
from sandbox.core.errors import Condition, Refusal

LIMIT = 262_144


def test_fields_are_unfolded_and_kept_in_order():
    block = headers.split(b"From: a@b.c\r\nSubject: one\r\n two\r\nX-A:1\r\n\r\nbody: no\r\n", LIMIT)
    assert [(one.name, one.value) for one in block] == [("From", "a@b.c"), ("Subject", "one two"), ("X-A", "1")]


def test_a_message_of_headers_only_is_a_message():
    assert headers.split(b"Subject: x\r\n", LIMIT).first("subject") == "x"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\nbody",
        b"\r\n",
        b"no colon here\r\n\r\nbody",
        b"Subject: x\r\nbroken line\r\n\r\n",
        b"Sub ject: x\r\n\r\n",
    ],
)
def test_what_has_no_proper_headers_is_refused(raw):
    with pytest.raises(Refusal) as refused:
        headers.split(raw, LIMIT)
    assert refused.value.reason is Condition.UNPARSABLE


def test_a_header_block_over_the_limit_is_refused_and_one_at_the_limit_is_not():
    head = b"Subject: x\r\n"
    filler = b"X-F: " + b"y" * (LIMIT - len(head) - 5)
    assert headers.split(head + filler + b"\r\n\r\nbody", LIMIT)
    with pytest.raises(Refusal):
        headers.split(head + filler + b"z\r\n\r\nbody", LIMIT)
    with pytest.raises(Refusal):
        headers.split(b"X: y\r\n" * 100_000, LIMIT)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@b.c", ["a@b.c"]),
        ("Ann <a@b.c>", ["a@b.c"]),
        ('"Doe, Ann" <a@b.c>, b@b.c', ["a@b.c", "b@b.c"]),
        ("=?utf-8?q?J=C3=BCrgen?= <j@b.c>", ["j@b.c"]),
        ("Group: a@b.c, d@e.f;", ["a@b.c", "d@e.f"]),
        ("(comment) a@b.c", ["a@b.c"]),
        ("nobody", []),
        ("", []),
    ],
)
def test_addresses_of_a_field(value, expected):
    assert headers.addresses(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "(" * 300,
        '"' * 20_000,
        "." * 20_000,
        "<" * 5000,
        ("a" * 10 + "@b.c, ") * 5000,
        "a@b.c;" * 9000,
        '"' + "a" * 60000,
    ],
)
def test_hostile_address_fields_cost_no_time_and_raise_nothing(value):
    started = time.perf_counter()
    headers.addresses(value)
    assert time.perf_counter() - started < 2


def test_encoded_words_are_decoded_and_nonsense_is_left_alone():
    assert headers.decode_words("=?utf-8?b?w6R0?= x") == "ät x"
    for odd in ("=?nonsense?q?x?=", "=?utf-8?b?!!!?=", "=?idna?q?x?=", "=?utf-8?x?y?="):
        assert isinstance(headers.decode_words(odd), str)


@given(st.binary(max_size=2000))
def test_no_octets_make_the_split_raise_anything_but_a_refusal(raw):
    try:
        block = headers.split(raw, LIMIT)
    except Refusal:
        return
    assert block.fields
    for one in block:
        one.value.encode("utf-8")
