"""The client against a running sandbox: messages, waiting and its explanation, faults, clock, accounts, stream."""

import smtplib
import socket
import threading
import time
from email.message import EmailMessage

import pytest

import sandbox
from sandbox.client import ApiError, Client, NoMessageError, UnreachableError
from sandbox.client.links import links_of
from sandbox.client.matching import query_of


def compose(subject="Welcome", to="ann@example.net", text="Hello", sender="noreply@example.com", html=None):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def send(box, message=None, *, sender=None, to=None):
    """Send as an ordinary program does; raises what smtplib raises."""
    connection = box.oci.smtp
    with smtplib.SMTP(connection.host, connection.port, timeout=20) as smtp:
        smtp.starttls(context=connection.ssl_context())
        smtp.login(connection.username, connection.password)
        smtp.send_message(message or compose(), from_addr=sender, to_addrs=to)


def test_a_message_has_everything_that_was_sent(email_sandbox):
    message = compose("Grüße", text="Click https://shop.example/a.\n", html='<a href="https://shop.example/b">b</a>')
    message.add_attachment(b"\x00\x01", maintype="application", subtype="zip", filename="invoice.zip")
    send(email_sandbox, message)

    found = email_sandbox.wait_for(subject="Grüße")

    assert (found.sender, found.recipients, found.subject) == ("noreply@example.com", ["ann@example.net"], "Grüße")
    assert found.text.strip() == "Click https://shop.example/a."
    assert "shop.example/b" in found.html
    assert found.links == ["https://shop.example/b", "https://shop.example/a"]
    assert found.headers["subject"] == "Grüße" or "=?" in found.headers["subject"]
    assert "X-Missing" not in found.headers
    assert [(part.filename, part.content) for part in found.attachments] == [("invoice.zip", b"\x00\x01")]
    assert found.email["To"] == "ann@example.net"
    assert found.raw.endswith(b"\r\n")
    assert (found.provider, found.channel) == ("oci", "smtp")
    assert found.outcome("ANN@example.net") == "delivered"
    with pytest.raises(KeyError, match="is not a recipient of"):
        found.outcome("bob@example.net")


def test_the_conversation_of_a_message_can_be_read(email_sandbox):
    send(email_sandbox)
    found = email_sandbox.wait_for(to="ann@example.net")
    for _ in range(1000):  # the transcript grows until the client has left
        transcript = email_sandbox.session(found.session).transcript
        if "221" in transcript:
            break

    assert "c: mail from:<noreply@example.com>" in transcript.lower()
    assert email_sandbox.oci.smtp.password not in transcript


def test_messages_are_listed_newest_first_and_over_page_ends(email_sandbox, monkeypatch):
    monkeypatch.setattr("sandbox.client.mail.PAGE", 2)
    for number in range(5):
        send(email_sandbox, compose(f"Number {number}"))

    assert [message.subject for message in email_sandbox.messages()] == [f"Number {n}" for n in (4, 3, 2, 1, 0)]
    assert [message.subject for message in email_sandbox.messages(limit=3)] == [f"Number {n}" for n in (4, 3, 2)]
    assert [message.subject for message in email_sandbox.messages(subject="number 3")] == ["Number 3"]
    assert [message.subject for message in email_sandbox.messages("subject:2 OR subject:3", to="ann@example.net")] == [
        "Number 3",
        "Number 2",
    ]


def test_values_of_matchers_are_taken_literally(email_sandbox):
    subject = 'He said "50% (or) more" \\ -done OR not'
    send(email_sandbox, compose(subject))

    assert email_sandbox.wait_for(subject=subject).subject == subject


def test_a_wait_ends_when_the_message_comes(email_sandbox):
    timer = threading.Timer(0.3, lambda: send(email_sandbox, compose("Late")))
    timer.start()
    started = time.monotonic()

    found = email_sandbox.wait_for(subject="Late", timeout=120)

    assert found.subject == "Late"
    assert time.monotonic() - started < 60
    timer.join()


def test_a_wait_in_vain_tells_what_arrived_and_what_was_refused(email_sandbox):
    send(email_sandbox, compose("Welcome", to="bob@example.net"))
    send(email_sandbox, compose("Reset your password", to="joann@example.net"))
    with pytest.raises(smtplib.SMTPResponseException):
        send(email_sandbox, sender="stranger@other.example")

    with pytest.raises(NoMessageError) as caught:
        email_sandbox.wait_for(to="ann@example.net", subject="Reset your password", timeout=0.1)

    lines = str(caught.value).splitlines()
    assert lines[0] == "no message matched to='ann@example.net', subject='Reset your password' within 0.1 s"
    assert lines[1] == "arrived (2), nearest first:"
    assert lines[2] == "  noreply@example.com -> joann@example.net  'Reset your password'"
    assert lines[3] == "      to is 'joann@example.net', not 'ann@example.net'"
    assert lines[4] == "  noreply@example.com -> bob@example.net  'Welcome'"
    assert "      subject is 'Welcome', not 'Reset your password'" in lines
    assert "refused (1):" in lines
    assert any("oci.smtp.535" in line and "stranger@other.example" in line for line in lines)
    assert isinstance(caught.value, AssertionError)


def test_a_wait_for_several_messages_needs_all_of_them(email_sandbox):
    send(email_sandbox)
    with pytest.raises(NoMessageError):
        email_sandbox.wait(count=2, timeout=0.05)
    send(email_sandbox)

    assert len(email_sandbox.wait(count=2, timeout=60)) == 2


def test_wrong_questions_are_answered_in_words(email_sandbox):
    with pytest.raises(ApiError, match="unknown field 'nonsense'"):
        email_sandbox.messages("nonsense:x")
    with pytest.raises(TypeError, match="'topic' is not a matcher; known: to, sender, subject"):
        email_sandbox.wait_for(topic="x")
    with pytest.raises(ApiError) as caught:
        email_sandbox.message("../status")
    assert caught.value.status == 404


def test_a_fault_strikes_for_the_length_of_the_block(email_sandbox):
    entry = next(row for row in email_sandbox.errors("oci") if row.id == "oci.smtp.455.per-minute")
    with email_sandbox.fault(entry.id, recipient="*@example.net") as fault:
        assert [armed.id for armed in email_sandbox.faults()] == [fault.id]
        with pytest.raises(smtplib.SMTPException) as caught:
            send(email_sandbox)
    assert "455" in str(caught.value)
    assert email_sandbox.faults() == []
    assert [(refusal.error, refusal.forced) for refusal in email_sandbox.refused()] == [(entry.id, True)]

    send(email_sandbox)


def test_a_fault_that_was_cleared_inside_its_block_is_no_error(email_sandbox):
    with email_sandbox.fault("oci.smtp.455.per-minute"):
        email_sandbox.clear_faults()


def test_catalog_entries_say_how_they_come_about(email_sandbox):
    entries = email_sandbox.errors("oci")

    assert len({entry.id for entry in entries}) == len(entries) > 40
    assert all(entry.text and entry.trigger and entry.stages for entry in entries)
    assert email_sandbox.error(entries[0].id) == entries[0]


def test_the_clock_moves_and_returns(email_sandbox):
    assert email_sandbox.clock()["offset"] == 0

    assert email_sandbox.advance("24h")["offset"] == 86_400
    assert email_sandbox.set_clock("2030-01-01T00:00:00Z")["now"].startswith("2030-01-01T00:00")
    assert email_sandbox.reset_clock()["offset"] == 0
    with pytest.raises(ApiError, match="is not a duration"):
        email_sandbox.advance("soon")


def test_reset_starts_over(email_sandbox):
    send(email_sandbox)
    email_sandbox.add_fault("oci.smtp.455.per-minute")
    email_sandbox.advance("1h")

    email_sandbox.reset()

    assert (email_sandbox.messages(), email_sandbox.faults(), email_sandbox.sessions()) == ([], [], [])
    assert email_sandbox.clock()["offset"] == 0
    send(email_sandbox)


def test_accounts_do_not_see_each_other(email_sandbox):
    fresh = email_sandbox.new_account()
    with Client(email_sandbox.url, fresh["account"]) as other:
        send(other, compose("Private"))
        other.wait_for(subject="Private")

        assert email_sandbox.messages() == []
        assert other.oci.smtp.username != email_sandbox.oci.smtp.username
        email_sandbox.remove_account(fresh["account"])
        with pytest.raises(ApiError):
            other.messages()


def test_the_stream_resumes_after_an_event(email_sandbox):
    send(email_sandbox)
    email_sandbox.wait_for(to="ann@example.net")
    first = email_sandbox.stream(since=0)
    seen = next(event for event in first if event["type"] == "message.accepted")
    first.close()
    send(email_sandbox, compose("Second"))

    again = email_sandbox.stream(since=seen["id"])
    accepted = next(event for event in again if event["type"] == "message.accepted")
    again.close()

    assert accepted["id"] > seen["id"]
    assert accepted["data"]["subject"] == "Second"


def test_nothing_that_answers_is_told_in_one_line():
    with Client("http://127.0.0.1:9") as client, pytest.raises(UnreachableError, match="no email sandbox answers at"):
        client.status()


def test_what_is_no_sandbox_is_told_so():
    """Another program on the port answers in its own way."""
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(page)

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with Client(url) as client, pytest.raises(UnreachableError, match="is no email sandbox"):
            client.status()
        thread.join()


def test_the_stream_ends_when_the_sandbox_stops():
    box = sandbox.Sandbox().start()
    with Client(box.url) as client:
        seen, connected = [], threading.Event()

        def listen():
            for event in client.stream(since=0):
                seen.append(event["type"])
                connected.set()

        thread = threading.Thread(target=listen)
        send(box)
        thread.start()
        assert connected.wait(60)
        box.stop()
        thread.join(60)

    assert not thread.is_alive()
    assert "message.accepted" in seen


def test_the_https_side_needs_the_ca_and_takes_it(email_sandbox):
    https = email_sandbox.connection()["https"]
    with Client(https, ca_file=email_sandbox.oci.smtp.ca_file) as client:
        assert client.status()["version"] == sandbox.__version__
    with Client(https) as stranger, pytest.raises(UnreachableError, match="certificate"):
        stranger.status()


def test_sdk_settings_are_complete(email_sandbox):
    oci = email_sandbox.oci

    assert set(oci.sdk_config()) == {"user", "tenancy", "fingerprint", "key_file", "region"}
    assert oci.endpoint == email_sandbox.url
    assert oci.approved_sender == "noreply@example.com"
    assert (oci.smtp.stands_for, oci.smtp.tls) == (587, "starttls")
    assert oci.smtp.password not in repr(oci)


@pytest.mark.parametrize(
    ("text", "html", "links"),
    [
        ("see https://a.example/x.", "", ["https://a.example/x"]),
        ("(https://a.example/x_(y))", "", ["https://a.example/x_(y)"]),
        ("https://a.example/t_ *https://a.example/u_*", "", ["https://a.example/t_", "https://a.example/u_"]),
        ("<https://a.example/?a=1&b=2>,", "", ["https://a.example/?a=1&b=2"]),
        (
            "",
            '<a href="https://a.example/?a=1&amp;b=2">x</a><img src="https://t.example">',
            ["https://a.example/?a=1&b=2"],
        ),
        ("https://a.example", '<A HREF=" https://a.example ">', ["https://a.example"]),
        ("none", "<a>none</a>", []),
    ],
)
def test_links_are_found_as_written(text, html, links):
    assert links_of(text, html) == links


def test_matchers_become_the_search_grammar():
    assert query_of("a OR b", {"to": 'x"y', "subject": None}) == r'(a OR b) to:"x\"y"'
    assert query_of("", {"sender": "a@b.example"}) == '(from:"a@b.example" OR envfrom:"a@b.example")'
    assert query_of("as it is", {}) == "as it is"


def test_the_public_names_are_there_and_typed_lazily():
    assert set(sandbox.__all__) <= set(dir(sandbox))
    assert sandbox.Client is Client
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = sandbox.nonsense


def test_a_sandbox_in_this_process_takes_settings_and_ends_completely():
    threads = threading.active_count()
    with sandbox.Sandbox(oci={"approved_senders": ["@shop.example"]}) as box:
        assert box.ready["http"] == box.url
        send(box, compose(sender="a@shop.example"))
        assert box.wait_for(sender="a@shop.example").subject == "Welcome"
    box.stop()

    assert threading.active_count() == threads
    with pytest.raises(UnreachableError):
        box.status()
