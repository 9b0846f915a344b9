"""A draft becomes a message that says exactly what the draft says, whatever its fields contain."""

import time
from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.core import headers as core_headers
from sandbox.core.errors import Refusal
from sandbox.providers.oci import addresses, draft
from sandbox.providers.oci.compose import compose
from sandbox.providers.oci.draft import Mailbox

TEXT = st.text(max_size=300)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


def make(**changes):
    fields = {
        "sender": Mailbox(email="noreply@example.com"),
        "compartment": "c",
        "to": (Mailbox(email="ada@example.org"),),
        "cc": (),
        "bcc": (Mailbox(email="eve@example.org", name="Eve"),),
        "subject": "s",
        "text": "t",
        "html": "",
        "reply_to": (),
        "headers": {},
        "message_id": "",
    }
    return draft.Draft(**{**fields, **changes})


def composed(**changes):
    return compose(make(**changes), message_id="1@example.com", now=1_800_000_000.0, boundary="b0b0b0b0")


def one_line(text):
    """Header text as it may appear: runs of control characters are one space."""
    return " ".join("".join(" " if ord(c) < 32 or c in "\x7f\x85\u2028\u2029" else c for c in text).split())


@settings(deadline=None)
@given(subject=TEXT, name=TEXT, value=TEXT)
def test_no_text_ends_a_header_line(subject, name, value):
    raw = composed(subject=subject, to=(Mailbox(email="ada@example.org", name=name),), headers={"X-Custom": value})
    block = core_headers.split(raw, 262_144)
    assert {field.name for field in block.fields} <= {
        "Date", "From", "To", "Subject", "Message-ID", "X-Custom", "MIME-Version", "Content-Type",
        "Content-Transfer-Encoding",
    }  # fmt: skip
    assert max(map(len, raw.split(b"\r\n\r\n")[0].split(b"\r\n"))) <= 998
    assert b"eve@" not in raw
    expected = one_line(subject.encode("utf-8", "replace").decode())
    assert " ".join(block.decoded("subject").split()) == expected


@settings(deadline=None)
@given(name=st.text(max_size=80) | st.text(alphabet='<>@",;:()\\\\ =?ab', max_size=40))
def test_a_senders_name_is_never_read_as_another_sender(name):
    block = core_headers.split(composed(sender=Mailbox(email="noreply@example.com", name=name)), 262_144)
    assert core_headers.addresses(block.first("from")) == ["noreply@example.com"]


@settings(deadline=None)
@given(text=st.text(max_size=3000))
def test_a_body_comes_out_as_it_went_in(text):
    raw = composed(text=text or "x")
    body = message_from_bytes(raw, policy=policy.SMTP).get_payload(decode=True)
    wanted = (text or "x").replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    assert body.removesuffix(b"\r\n") == wanted.encode("utf-8", "replace").removesuffix(b"\r\n")


@pytest.mark.parametrize(
    ("line", "encoding"), [("x" * 70, "7bit"), ("x" * 900, "7bit"), ("x" * 999, "quoted-printable")]
)
def test_it_is_the_length_of_lines_that_needs_an_encoding_and_not_the_length_of_the_body(line, encoding):
    part = message_from_bytes(composed(text="\n".join([line] * 100)), policy=policy.default)
    assert part["Content-Transfer-Encoding"] == encoding


@pytest.mark.parametrize("length", range(60, 90))
def test_plain_words_are_folded_where_the_name_of_the_field_leaves_no_room(length):
    """RFC 5322 section 2.1.1: lines should have no more than 78 characters."""
    words = ("word " * length)[:length].strip()
    raw = composed(subject=words, headers={"X-Of-My-Own": words})
    assert max(map(len, raw.split(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78
    found = message_from_bytes(raw, policy=policy.default)
    assert (found["Subject"], found["X-Of-My-Own"]) == (words, words)


def test_lone_surrogates_do_not_break_a_message():
    raw = composed(subject="\ud800", text="\udfff", to=(Mailbox(email="ada@example.org", name="\ud800"),))
    assert message_from_bytes(raw, policy=policy.SMTP)["subject"] == "?"


@pytest.mark.parametrize("text", ["x" * 5000, "ü" * 5000, "a b" * 5000, "x\0y", "caf\u00e9 " * 300])
def test_both_parts_survive(text):
    message = message_from_bytes(composed(text=text, html=f"<p>{text}</p>"), policy=policy.default)
    plain = message.get_body(("plain",)).get_payload(decode=True).decode()
    assert plain == text


def test_large_fields_take_linear_time():
    """A field a hundred times as long may not take thousands of times as long."""
    started = time.process_time()
    composed(subject="é" * 200_000, text="é\r" * 500_000, headers={"X-A": "word " * 50_000})
    assert time.process_time() - started < 5


def test_only_blind_recipients_leave_a_sound_header():
    message = message_from_bytes(composed(to=()), policy=policy.default)
    assert message["to"] == "undisclosed-recipients:;"


@settings(deadline=None)
@given(
    body=st.dictionaries(
        st.sampled_from(
            ["sender", "recipients", "subject", "bodyText", "bodyHtml", "replyTo", "headerFields", "messageId"]
        ),
        ANY,
    )
)
def test_any_json_is_a_draft_or_a_refusal(body):
    try:
        assert draft.read(body).recipients
    except Refusal:
        return


@settings(deadline=None)
@given(
    sender=ANY,
    email=ANY,
    fields=ANY,
    recipients=st.dictionaries(st.sampled_from(["to", "cc", "bcc"]), ANY),
)
def test_any_json_inside_a_draft_is_a_draft_or_a_refusal(sender, email, fields, recipients):
    body = {
        "sender": {"compartmentId": "c", "senderAddress": sender},
        "recipients": {"to": [{"email": email}], **recipients},
        "subject": "s",
        "bodyText": "t",
        "headerFields": fields,
    }
    try:
        draft.read(body)
    except Refusal:
        return


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example",
        "a.b+c@sub.example.com",
        '"a b"@example.com',
        "x@[192.0.2.1]",
        "user@localhost",
        "!#$%@example.com",
    ],
)
def test_addresses_that_are_valid(address):
    assert addresses.valid(address)


@pytest.mark.parametrize(
    "address",
    ["", "@", "a@", "@b", "a", "a@b@c", ".a@b.c", "a..b@c.d", "a@-b.c", "a@b..c", "a b@c.d", "a@b c", "ü@b.c", "a@ü.c",
     "a@b.c\n", "a\r\nBcc: x@y.z", "<a@b.c>", "x" * 65 + "@b.c", "a@" + "b" * 256, "a@b.c,d@e.f"],
)  # fmt: skip
def test_addresses_that_are_not(address):
    assert not addresses.valid(address)
