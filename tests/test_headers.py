"""The linear header split on good, odd and hostile header blocks."""

import time
from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.core import headers
from sandbox.core.errors import Condition, Refusal

LIMIT = 262_144


def test_fields_are_unfolded_and_kept_in_order():
    block = headers.split(b"From: a@b.c\r\nSubject: one\r\n two\r\nX-A:1\r\n\r\nbody: no\r\n", LIMIT)
    assert [(one.name, one.value) for one in block] == [("From", "a@b.c"), ("Subject", "one two"), ("X-A", "1")]


def test_the_line_that_an_mbox_has_in_front_is_no_field_and_a_field_of_the_same_name_is_one():
    assert headers.split(b"From ann@b.c Mon Jan 1 10:00:00 2026\r\nTo: d@e.f\r\n\r\n", LIMIT).all("from") == []
    assert headers.split(b"From : ann@b.c\r\nTo: d@e.f\r\n\r\n", LIMIT).all("from") == ["ann@b.c"]


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


SIZE = LIMIT - 100
"""About as long as a field can be."""
HOSTILE = [
    "(",
    ")",
    "()",
    '"',
    '""',
    "\\",
    "<",
    ">",
    "<>",
    "@",
    ".",
    ",",
    ";",
    ":",
    "a:;",
    "[",
    "[]",
    " ",
    "a ",
    "\t(",
    "x<",
    "<@a,",
]
HOSTILE_FIELDS = {
    **{repr(part): part * (SIZE // len(part)) for part in HOSTILE},
    "blanks behind a comma": "a@b.c," + " " * (SIZE - 10) + '"',
    "blanks in a name": '"a' + " " * (SIZE - 10) + "(",
    "many addresses": "Ann Example <aaaaaaaaaa@b.c>, " * (SIZE // 30),
    "an open quote": '"' + "a" * (SIZE - 1),
    "escapes": '"' + '\\"' * (SIZE // 2),
}


SECONDS = 0.75
"""Many times what a reading in one pass takes, and a small part of what one takes that goes back again and again."""


def busy(work, value):
    """Seconds of processor time of this thread that `work(value)` takes."""
    began = time.thread_time()
    work(value)
    return time.thread_time() - began


@pytest.mark.parametrize("value", HOSTILE_FIELDS.values(), ids=HOSTILE_FIELDS)
def test_hostile_address_fields_cost_no_time_and_raise_nothing(value):
    assert busy(headers.addresses, value) < SECONDS


def test_no_more_addresses_are_read_than_any_message_has():
    assert len(headers.addresses("a@b.c, " * 5000)) == headers.ADDRESSES


def test_the_addresses_of_all_fields_of_a_name_are_read_once_each():
    block = headers.split(b"From: a@b.c, d@e.f\r\nTo: x@y.z\r\nfrom: A <a@b.c>\r\n\r\n", LIMIT)
    assert block.addresses("from") == ["a@b.c", "d@e.f"]


LOCAL = st.sampled_from(["a", "ann.b", "ann+tag", "!#$%&'*+/=?^_`{|}~-", '"a, b"', '"a \\" b"'])
MAILBOX = st.tuples(
    st.sampled_from(
        ["{}", "<{}>", "Ann <{}>", '"Doe, Ann" <{}>', "(c (d)) {}", "{} (c)", "Group: {};", "<@r.x:{}>", " {} "]
    ),
    st.tuples(LOCAL, st.sampled_from(["b.c", "example.com", "[192.0.2.1]"])).map("@".join),
)


PLAIN = st.text("ab1.!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=6)


@given(st.text("ab1 ", max_size=6), PLAIN, st.text("ab1.-", min_size=1, max_size=6), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_single_address_is_read_as_it_is_among_others(words, local, domain, bracketed):
    """The short way that a plain field takes finds what the long one does, which an empty mailbox behind it forces."""
    address = f"{local}@{domain}"
    value = f"{words}<{address}> " if bracketed else f" {address} "
    assert headers.addresses(value) == headers.addresses(value + ",") == [address]


@given(st.lists(MAILBOX, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_well_formed_fields_are_read_as_python_reads_them(mailboxes):
    value = ",".join(form.format(address) for form, address in mailboxes)
    assert headers.addresses(value) == [address for _, address in getaddresses([value])]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x =?utf-8?q?J=C3=BC?= y", "x Jü y"),
        ("=?utf-8?q?a?= \t =?utf-8?b?Yg==?= c", "ab c"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü"),
        ("=?iso-8859-1*en?Q?a_b=E4?=", "a bä"),
        ("=?utf-8?Q?How are you??=", "How are you?"),
        ("ü =?utf-8?q?=C3=BC?=", "ü ü"),
        ("=?utf-8?b?YQ?=", "a"),
        ("=?nonsense?q?=E4?=", "ä"),
        ("=?utf-8?q?open", "=?utf-8?q?open"),
        ("a =? b ?= c", "a =? b ?= c"),
    ],
)
def test_encoded_words(value, expected):
    assert headers.decode_words(value) == expected


HOSTILE_WORDS = {
    "words": "=?utf-8?q?a?= " * (SIZE // 14),
    "beginnings": ("=?a?q?" + "x" * 240) * (SIZE // 246),
    "beginnings and blanks": "=?u?q?a " * 990 + " " * (SIZE - 8000),
    "marks": "=?" * (SIZE // 2),
    "punycode": "=?punycode?q?" + "a" * (SIZE // 2) + "-" + "9" * (SIZE // 2 - 20) + "?=",
    "idna": "=?idna?q?" + "a." * (SIZE // 2 - 10) + "?=",
    "one long word": "=?utf-8?q?" + "=41" * (SIZE // 3 - 10) + "?=",
    "long base64": "=?utf-8?b?" + "YWFh" * (SIZE // 4 - 10) + "?=",
}


@pytest.mark.parametrize("value", HOSTILE_WORDS.values(), ids=HOSTILE_WORDS)
def test_hostile_encoded_words_cost_no_time(value):
    assert busy(headers.decode_words, value) < SECONDS


@pytest.mark.parametrize("field", [b"a:\r\n", b"a: b\r\n c\r\n", b"From: a@b.c\r\n", b"x: y\n"])
def test_a_block_of_many_small_lines_costs_no_time(field):
    raw = field.lstrip() + field * (SIZE // len(field)) + field[-2:].lstrip(b"y") + b"body"
    assert busy(lambda raw: headers.split(raw, LIMIT).addresses("from"), raw) < SECONDS


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
