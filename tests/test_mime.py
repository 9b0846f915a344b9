"""Taking messages apart, hostile ones included."""

import time
from email.message import EmailMessage

import pytest

from sandbox.core import mime


def composed():
    message = EmailMessage()
    message["Subject"] = "Größe"
    message["From"] = "a@b.c"
    message.set_content("plain ☂")
    message.add_alternative("<p>html <b>☂</b></p>", subtype="html")
    message.get_payload()[1].add_related(b"\x89PNG", "image", "png", cid="<logo>")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="räksmörgås.pdf")
    return message.as_bytes()


def test_text_html_and_attachments_are_told_apart():
    content = mime.read(composed())
    assert content.text.strip() == "plain ☂"
    assert "<b>☂</b>" in content.html
    assert [(a.filename, a.content_type, a.content_id, a.octets) for a in content.attachments] == [
        ("", "image/png", "logo", b"\x89PNG"),
        ("räksmörgås.pdf", "application/pdf", "", b"%PDF"),
    ]
    assert ("Subject", "Größe") in content.headers
    assert content.problems == ()


def test_an_attached_message_is_one_part():
    outer = EmailMessage()
    outer.set_content("see below")
    inner = EmailMessage()
    inner["Subject"] = "inside"
    inner.set_content("x")
    outer.add_attachment(inner)
    (attachment,) = mime.read(outer.as_bytes()).attachments
    assert attachment.content_type == "message/rfc822"
    assert b"Subject: inside" in attachment.octets


HEAD = b"From: a@b.c\r\nContent-Type: "
HOSTILE = {
    "semicolons": HEAD + b"text/plain" + b";" * 50_000 + b"\r\n\r\nx",
    "parts": HEAD + b"multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 200_000,
    "deep": b"From: a@b.c\r\n"
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000)),
    "nested messages": HEAD + b"message/rfc822\r\n\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 5000,
    "charset idna": HEAD + b"text/plain; charset=idna\r\n\r\n\xff",
    "charset rot13": HEAD + b"text/plain; charset=rot13\r\n\r\nnop",
    "charset punycode": HEAD + b"text/plain; charset=punycode\r\n\r\na-" + b"9" * 1_000_000,
    "charset with NUL": HEAD + b"text/plain; charset=\x00\r\n\r\nx",
    "bad base64": HEAD + b"text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!=",
    "rfc2231 pieces": HEAD + b"a/b;" + b"".join(b' name*%d="x";' % n for n in range(3000)) + b"\r\n\r\nx",
    "no headers": b"\r\njust text",
    "nothing": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_end_in_content_or_a_note(name):
    started = time.thread_time()
    content = mime.read(HOSTILE[name])
    mime.plain(content.html)
    assert time.thread_time() - started < 5
    assert isinstance(content.text, str)


def test_what_is_not_shown_is_noted():
    assert mime.read(HOSTILE["parts"]).problems


def test_words_of_html_leave_scripts_and_styles_out():
    assert mime.plain("<style>x{}</style><p>Hello&nbsp;<b>you</b></p><script>bad()</script>") == "Hello you"
