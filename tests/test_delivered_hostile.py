"""The delivered copy of hostile messages: it is signed, and nothing but what the service adds gets in."""

from __future__ import annotations

import time

import pytest
import window_mail
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oci_copies import HOST, fields_of, keys_of, record_of

from sandbox.app import Sandbox
from sandbox.core.dkim import parse_record, signatures, verify
from sandbox.core.raw_fields import split, with_crlf
from sandbox.providers.oci.delivered import delivered

HOSTILE = [
    b"",
    b"no header at all",
    b"From noreply Sat Nov 21\nFrom: a@example.com\n\nmbox\n",
    b" fold first\r\nFrom: a@example.com\r\n\r\n",
    b"From: a@example.com\r\n" * 10_000 + b"\r\nx\r\n",
    b"".join(b"X-%d: y\r\n" % number for number in range(10_000)) + b"\r\n",
    "From: Grüße <a@bücher.example>\r\nSubject: \U0001f4a3\r\n\r\n8 bit\r\n".encode(),
    b"From: \xff\x00@\x80\r\nDKIM-Signature: v=1; b=\r\n\r\n\xff\x00\r\n",
    b"From: a@example.com\r\n\r\n" + b"\r\n" * 200_000,
]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def account(sandbox, api):
    return sandbox.runtime.services.accounts.ready_made


@pytest.mark.parametrize("raw", HOSTILE, ids=lambda raw: repr(raw[:16]))
def test_hostile_messages_get_a_copy_with_a_signature_that_holds(sandbox, account, raw):
    services, began = sandbox.runtime.services, time.process_time()
    made = sandbox.call(delivered(services, sandbox.settings.oci, account, record_of(raw), raw, "ann@example.net"))
    parts = split(made.octets)

    assert time.process_time() - began < 20
    assert parts.body == split(with_crlf(raw)).body
    (key,) = [one for name, one in keys_of(sandbox, account).items() if HOST in name]
    assert verify(parts, signatures(parts)[0], parse_record(key.decode()), 0.0)[0] == "pass"


def test_an_envelope_can_not_add_fields(sandbox, account):
    raw = window_mail.compose()
    evil = "a@x.test\r\nX-Evil: yes"
    made = sandbox.call(
        delivered(sandbox.runtime.services, sandbox.settings.oci, account, record_of(raw, evil), raw, evil)
    )

    assert "X-Evil" not in fields_of(made.octets)


def test_the_null_sender_stays_null(sandbox, account):
    raw = window_mail.compose()
    record = record_of(raw, mail_from="")
    made = sandbox.call(
        delivered(sandbox.runtime.services, sandbox.settings.oci, account, record, raw, "ann@example.net")
    )

    assert made.octets.startswith(b"Return-Path: <>\r\n")
    assert made.return_path == ""


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_no_octet_of_the_body_changes_but_bare_line_feeds(sandbox, account, body):
    raw = b"From: a@example.com\r\n\r\n" + body
    made = sandbox.call(
        delivered(sandbox.runtime.services, sandbox.settings.oci, account, record_of(raw), raw, "ann@example.net")
    )

    assert split(made.octets).body == with_crlf(body)
