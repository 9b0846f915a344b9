"""DKIM signatures: made here and verified elsewhere, made elsewhere and verified here, and what spoils them."""

import base64
import re
import shutil
import subprocess
import time

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.core.delivered_copy import without
from sandbox.core.dkim import (
    KeyRecordError,
    SigningKey,
    make_private_key,
    parse_record,
    public_record,
    sign,
    signatures,
    verify,
)
from sandbox.core.raw_fields import join, split, with_crlf

PEM = make_private_key(1024)
RECORD = public_record(PEM)
KEY = SigningKey(domain="example.com", selector="s1", private_key=PEM)
NAMES = ("Date", "To", "From", "From", "Subject", "Message-Id", "Sender")
MESSAGE = (
    b"Received: by somewhere\r\nFrom: Ann <ann@example.com>\r\nTo: bob@example.net,\r\n  carol@example.net\r\n"
    b"Subject:  Two   blanks \t\r\nMESSAGE-ID: <1@example.com>\r\nDate: Sat, 21 Nov 2026 01:00:00 +0000\r\n\r\n"
    b"Hello  there \t\r\n\r\n.\r\nBye\xe9\r\n\r\n\r\n"
)

RFC8463 = b"""\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
"""
"""The example of RFC 8463 appendix A."""
RFC8463_KEYS = {
    "brisbane": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test": (
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/"
        "J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryO"
        "TIKT+l/K4w3QIDAQAB"
    ),
}


def by_dkimpy(message):
    return dkimpy.verify(message, dnsfunc=lambda *_args, **_more: RECORD.encode())


def ours(message, record=RECORD, now=1.0):
    parts = split(message)
    return [
        verify(parts, one, parse_record(record), now) if not one.problem else ("permerror", one.problem)
        for one in signatures(parts)
    ]


def signed(message=MESSAGE):
    return sign(message, KEY, NAMES) + message


# made here


def test_another_implementation_verifies_what_is_signed_here():
    assert by_dkimpy(signed())
    assert ours(signed()) == [("pass", "signed by example.com with selector s1")]


@pytest.mark.skipif(
    shutil.which("perl") is None
    or subprocess.run(["perl", "-MMail::DKIM::Verifier", "-e", "1"], check=False, capture_output=True).returncode != 0,
    reason="Perl's Mail::DKIM is not installed",
)
def test_a_third_implementation_agrees(tmp_path):
    script = tmp_path / "verify.pl"
    script.write_text(
        "use Mail::DKIM::Verifier; use Mail::DKIM::PublicKey; no warnings;\n"
        "*Mail::DKIM::PublicKey::fetch_async = sub { my ($class, %given) = @_;"
        " my $found = $given{Callbacks}{Success}->($class->parse($ENV{RECORD})); return sub { $found } };\n"
        "my $v = Mail::DKIM::Verifier->new(); binmode STDIN; local $/; $v->PRINT(<STDIN>); $v->CLOSE;\n"
        "print $v->result_detail;\n"
    )

    def judged(message):
        command = ["perl", str(script)]
        done = subprocess.run(command, input=message, env={"RECORD": RECORD}, capture_output=True, check=True)
        return done.stdout.decode().split()[0]

    assert judged(signed()) == "pass"
    assert judged(signed().replace(b"Bye", b"Bya")) == "fail"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"Bye", b"bye", "body was changed"),
        (b"ann@example.com", b"anna@example.com", "header field was changed"),
        (b"Subject:  Two", b"Subject:  2wo", "header field was changed"),
        (b"\r\n\r\nHello", b"\r\nSender: x@y.test\r\n\r\nHello", "header field was changed"),
        (b"\r\n\r\nHello", b"\r\nFrom: x@y.test\r\n\r\nHello", "header field was changed"),
        (b"s=s1", b"s=s2", "header field was changed"),
    ],
)
def test_a_change_spoils_the_signature_for_everybody(old, new, words):
    spoilt = signed().replace(old, new, 1)

    assert spoilt != signed()
    assert not by_dkimpy(spoilt)
    ((result, reason),) = ours(spoilt)
    assert result == "fail"
    assert words in reason


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject:  Two   blanks \t", b"SUBJECT: Two blanks"),
        (b"To: bob@example.net,\r\n  carol", b"To: bob@example.net, carol"),
        (b"Hello  there \t\r\n", b"Hello there\r\n"),
        (b"\r\n\r\n\r\n", b"\r\n"),
        (b"Received: by somewhere\r\n", b""),
    ],
)
def test_what_mail_servers_may_change_does_no_harm(old, new):
    head, _, rest = signed().partition(b"Received:")
    rest = b"Received:" + rest
    changed = head + rest.replace(old, new) if old != b"\r\n\r\n\r\n" else signed().removesuffix(b"\r\n\r\n")

    assert changed != signed()
    assert by_dkimpy(changed)
    assert ours(changed)[0][0] == "pass"


def test_the_field_has_the_services_form_and_no_time():
    field = sign(MESSAGE, SigningKey(domain="d.test", selector="sel", private_key=make_private_key()), ("From", "To"))

    lines = field.decode().splitlines()
    assert lines[0] == "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; s=sel;"
    assert lines[1:3] == [" d=d.test;", " h=From:To;"]
    assert re.fullmatch(r" bh=[A-Za-z0-9+/]{43}=;", lines[3])
    assert re.fullmatch(r" b=[A-Za-z0-9+/]{72}", lines[4])
    assert all(line.startswith("   ") and len(line) <= 75 for line in lines[5:])
    assert sign(MESSAGE, KEY, NAMES) == sign(MESSAGE, KEY, NAMES)


# made elsewhere


def test_the_example_of_the_standard_holds():
    parts = split(with_crlf(RFC8463))

    found = [verify(parts, one, parse_record(RFC8463_KEYS[one.selector]), 1.0)[0] for one in signatures(parts)]
    assert found == ["pass", "pass"]


@pytest.mark.parametrize("form", [(head, body) for head in (b"relaxed", b"simple") for body in (b"relaxed", b"simple")])
@pytest.mark.parametrize("length", [False, True])
def test_signatures_of_another_implementation_hold(form, length):
    field = dkimpy.sign(MESSAGE, b"s1", b"example.com", PEM.encode(), canonicalize=form, length=length)

    assert ours(field + MESSAGE)[0][0] == "pass"
    assert ours((field + MESSAGE).replace(b"Hello", b"Hallo"))[0][0] == "fail"
    added = ours(field + MESSAGE + b"more\r\n")[0][0]
    assert added == ("pass" if length else "fail")


# what can't be right


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"v=1", b"v=2", "v= is not 1"),
        (b"a=rsa-sha256", b"a=rsa-sha1", "RFC 8301"),
        (b"From:From:", b"", "does not cover From"),
        (b" d=example.com;\r\n", b"", "d= is missing"),
        (b" d=example.com;", b" d=example.com; d=other.test;", "comes twice"),
        (b" d=example.com;", b" d=exa mple;", "no domain name"),
        (b" d=example.com;", b" d=example.com; i=@other.test;", "i= is outside"),
        (b" d=example.com;", b" d=example.com; l=x;", "l= is no number"),
        (b" d=example.com;", b" d=example.com; x=1;", "expired"),
        (b"relaxed/relaxed", b"loose/relaxed", "canonicalization"),
        (b" bh=", b" bh=*", "bh= is not base64"),
        (b"v=1;", b"v=1; \xff;", "is no tag"),
        (b"v=1;", b"v=1; " + b"x" * 20_000 + b"=1;", "longer than"),
    ],
)
def test_a_malformed_signature_is_a_permanent_error(old, new, words):
    ((result, reason),) = ours(signed().replace(old, new, 1), now=2.0)

    assert result == "permerror"
    assert words in reason


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("", "no tag"),
        ("v=DKIM1; k=rsa", "no p="),
        ("v=DKIM1; p=", "revoked"),
        ("v=DKIM2; p=abcd", "v=DKIM1"),
        ("k=rsa; v=DKIM1; p=abcd", "v=DKIM1"),
        ("v=DKIM1; p=!!!", "no public key"),
        ("v=DKIM1; p=aGVsbG8=", "no public key"),
        ("v=DKIM1; k=dsa; p=aGVsbG8=", "unknown key type"),
        ("v=DKIM1; k=ed25519; p=aGVsbG8=", "no public key"),
        (RECORD + "; s=tlsrpt", "not for email"),
        ("p=" + "A" * 20_000, "longer"),
    ],
)
def test_a_key_record_that_can_not_be_used_says_why(record, words):
    with pytest.raises(KeyRecordError, match=words):
        parse_record(record)


def test_short_keys_are_not_taken():
    key = serialization.load_pem_private_key(PEM.encode(), None).public_key()
    short = rsa.RSAPublicNumbers(e=65537, n=key.public_numbers().n >> 512 | 1).public_key()
    der = short.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    with pytest.raises(KeyRecordError, match="512 bits"):
        parse_record("v=DKIM1; p=" + base64.b64encode(der).decode())


def test_flags_of_the_record_count():
    assert ours(signed(), RECORD + "; h=sha1")[0] == ("permerror", "the key's record does not allow sha256")
    assert ours(signed(), RECORD + "; t=y:s; s=*; h=sha256:sha1")[0][0] == "pass"
    inside = signed().replace(b" d=example.com;", b" d=example.com; i=@sub.example.com;", 1)
    assert ours(inside, RECORD + "; t=s")[0][1].endswith("of the same domain")


# hostile messages


def hostile():
    yield b""
    yield b"\r\n"
    yield b"\r\n\r\nbody"
    yield b"no header at all"
    yield b" starts with a fold\r\nFrom: a@b.test\r\n\r\n"
    yield b"From: a@b.test"
    yield b"From: a@b.test\r\n" * 10_000 + b"\r\nx"
    yield b"".join(b"X-%d: y\r\n" % number for number in range(10_000)) + b"\r\n"
    yield b"From: \x00\xff\x80\r\n\r\n\x00\xff\r\r\n\n"
    yield b"DKIM-Signature: " + b"b=\t \r\n " * 3000 + b"\r\n\r\n"
    yield b"DKIM-Signature: ;;;===\r\n" * 100 + b"\r\n"
    yield b"From: a@b.test\r\n\r\n" + b"\r\n" * 500_000
    yield b"From: a@b.test\r\n\r\n" + b" " * 1_000_000


@pytest.mark.parametrize("message", list(hostile()), ids=lambda message: repr(message[:20]))
def test_hostile_messages_are_signed_and_looked_at_without_an_error(message):
    began = time.process_time()
    message = with_crlf(message)
    parts = split(message)
    fields = without(parts.fields, {b""})
    whole = join([sign(join(fields, parts.body), KEY, NAMES), *fields], parts.body)

    assert ours(whole)[0][0] == "pass"
    assert time.process_time() - began < 20


PRINTABLE = st.text(st.characters(codec="utf-8", exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=60)
FIELDS = st.lists(st.tuples(st.sampled_from(["From", "to", "SUBJECT", "X-y", "Date"]), PRINTABLE), max_size=8)


@settings(max_examples=60, deadline=None)
@given(FIELDS, st.binary(max_size=300))
def test_signing_leaves_every_octet_below_the_added_field_alone(fields, body):
    head = "".join(f"{name}: {value}\r\n" for name, value in fields).encode()
    message = with_crlf(head + b"\r\n" + body)
    parts = split(message)

    assert join(parts.fields, parts.body) == message
    whole = sign(message, KEY, NAMES) + message
    assert whole.endswith(message)
    assert ours(whole)[-1 if not fields else 0][0] == "pass"
