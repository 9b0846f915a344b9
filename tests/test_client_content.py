"""What a message says, made easy to test: links, codes, embedded images, unsubscribing, snapshots, verdicts."""

from email.message import EmailMessage

import pytest

from sandbox.client import ContentError
from sandbox.client.codes import codes_of


def compose(**fields):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "noreply@example.com", "ann@example.net", "Welcome"
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return message


def deliver(box, message):
    with box.oci.smtp.connect() as smtp:
        smtp.send_message(message)
    return box.wait_for(outcome="delivered")


@pytest.mark.parametrize(
    ("text", "html", "codes"),
    [
        ("Your code is 482913.", "", ["482913"]),
        ("Your code: 123 456 (valid 15 minutes)", "", ["123456"]),
        ("Use 123-456 as your verification code", "", ["123456"]),
        ("G-4829 is no number here; PIN 0042", "", ["0042"]),
        ("Enter the code AB12-CD34 to go on", "", ["AB12-CD34"]),
        ("", "<style>.code{color:#123456}</style><p>Your code</p><h1>739104</h1>", ["739104"]),
        ("© 2026. Call +1 555 0100. Total $1234.00", "", []),
        ("code: https://shop.example/123456?n=654321", "", []),
        ("We were founded in 1999. Your one-time password is 5521 and your order 7788 is here", "", ["5521"]),
    ],
)
def test_the_likeliest_code_comes_first_and_other_numbers_are_none(text, html, codes):
    assert codes_of(text, html)[: max(1, len(codes))] == codes


def test_a_message_without_a_code_or_the_link_says_what_it_has(email_sandbox):
    message = compose()
    message.set_content("See https://a.example/x and https://a.example/y")
    found = deliver(email_sandbox, message)

    assert found.link("/x") == "https://a.example/x"
    with pytest.raises(ContentError, match=r"no code in .*; its text begins 'See https"):
        _ = found.code
    with pytest.raises(ContentError, match=r"more than one \(2\) link in .*: https://a.example/x, https://a.example/y"):
        found.link()
    with pytest.raises(ContentError, match="no link with '/z' in "):
        found.link("/z")


def test_embedded_images_are_found_by_their_content_id(email_sandbox):
    message = compose()
    message.set_content("x")
    message.add_alternative('<img src="cid:logo@shop">', subtype="html")
    message.get_payload()[1].add_related(b"\x89PNG", "image", "png", cid="<logo@shop>")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    found = deliver(email_sandbox, message)

    assert {name: part.content for name, part in found.inline_images.items()} == {"logo@shop": b"\x89PNG"}
    assert [part.filename for part in found.attachments if not part.content_id] == ["a.pdf"]


@pytest.mark.parametrize(
    ("value", "post", "link", "one_click"),
    [
        (
            "<mailto:out@example.com>, <https://shop.example/out>",
            "List-Unsubscribe=One-Click",
            "https://shop.example/out",
            True,
        ),
        ("<https://shop.example/out>", None, "https://shop.example/out", False),
        ("<mailto:out@example.com>", None, "mailto:out@example.com", False),
        (None, None, "", False),
    ],
)
def test_the_unsubscribe_link_is_the_one_of_the_header(email_sandbox, value, post, link, one_click):
    fields = {"List_Unsubscribe": value, "List_Unsubscribe_Post": post}
    message = compose(**{name: text for name, text in fields.items() if text})
    message.set_content("x")
    found = deliver(email_sandbox, message)

    assert (found.unsubscribe_link, found.one_click) == (link, one_click)


def test_the_normal_form_of_two_runs_is_the_same(email_sandbox):
    forms = []
    for number in (1, 2):
        email_sandbox.clear()
        message = compose(
            Date=f"Thu, 0{number} Jan 2026 00:00:00 +0000",
            Message_ID=f"<{number}@x.example>",
            References="<0@y.example>",
        )
        message.set_content("Hello Ann\n")
        message.add_alternative(f'<p>Hello</p><img src="cid:{number}@logo">', subtype="html")
        message.get_payload()[1].add_related(b"\x89PNG", "image", "png", cid=f"<{number}@logo>")
        forms.append(deliver(email_sandbox, message).normal_form)

    assert forms[0] == forms[1]
    lines = [line.strip() for line in forms[0].splitlines()]
    assert {"Date: <date>", "Message-ID: <id-1>", "References: <id-2>", "Hello Ann", "(4 octets)"} <= set(lines)
    assert "Content-ID: <id-3>" in lines
    assert '<p>Hello</p><img src="cid:id-3">' in lines
    assert "boundary" not in forms[0]


def test_verdicts_are_verified_and_a_wrong_one_is_told_with_its_reason(email_sandbox):
    message = compose()
    message.set_content("x")
    found = deliver(email_sandbox, message)
    results = {name: verdict["result"] for name, verdict in found.authentication.items()}

    assert set(results) == {"dkim", "spf", "dmarc"}
    found.verify(**results)
    with pytest.raises(ContentError) as caught:
        found.verify(dkim="nonsense", spf=None, dmarc=None)
    assert f"  dkim is {results['dkim']!r} (" in str(caught.value)
    assert str(caught.value).endswith(", not 'nonsense'")
