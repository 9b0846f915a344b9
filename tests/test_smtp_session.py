"""Sessions: plain clients, TLS, secrets, silent and rude clients, failures of our own, and the stop."""

import asyncio
import logging
import resource
import smtplib
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from dialogues import sessions, settings_of
from smtp_wire import Client, stored

from sandbox.app import Sandbox
from sandbox.core.errors import StoreError
from sandbox.settings import Settings

MESSAGE = b"From: noreply@example.com\r\nSubject: x\r\n\r\ntext\r\n"


@pytest.fixture(scope="module")
def running():
    with Sandbox(settings_of("auth_failures = 1000")) as sandbox:
        yield sandbox


def ended(sandbox):
    return sessions(sandbox, sandbox.runtime.services.accounts.ready_made)


def texts(session):
    return [line["text"] for line in session.lines]


@pytest.mark.parametrize("stands_for", [25, 587, 465])
def test_smtplib_sends_through_every_port(sandbox, stands_for):
    oci = sandbox.ready["oci"]
    port = next(entry["port"] for entry in oci["smtp"] if entry["stands_for"] == stands_for)
    context = ssl.create_default_context(cafile=sandbox.ready["ca_file"])
    if stands_for == 465:
        client = smtplib.SMTP_SSL("127.0.0.1", port, context=context, timeout=60)
    else:
        client = smtplib.SMTP("127.0.0.1", port, timeout=60)
        client.starttls(context=context)
    with client:
        client.login(oci["smtp_username"], oci["smtp_password"])
        assert client.sendmail(oci["approved_sender"], ["a@example.org", "b@example.org"], MESSAGE) == {}
    ((record, octets),) = stored(sandbox)
    assert octets == MESSAGE
    assert record.envelope.rcpt_to == ("a@example.org", "b@example.org")
    assert record.envelope.user == oci["smtp_username"]
    assert ended(sandbox)[-1].messages == [record.id]


def test_nothing_sent_in_the_clear_behind_starttls_is_obeyed(sandbox):
    """CVE-2011-0411: injected commands are discarded, the transcript says so, and the state starts over."""
    client = Client(sandbox)
    client.reply()
    client.say("EHLO client.example")
    client.send(b"STARTTLS\r\nEHLO injected.example\r\nNOOP\r\n")
    assert client.reply() == b"220 Ready to start TLS\r\n"
    client.secure()
    assert client.say(f"AUTH PLAIN {client.secret}") == b"503 5.5.1 Error: send EHLO first\r\n"
    client.close()
    assert any("discarded" in text for text in texts(ended(sandbox)[-1]))


def test_no_secret_reaches_the_transcript_or_the_log(sandbox, caplog):
    """Neither as an initial response, nor as an answer, nor on the lines after a refused mechanism."""
    caplog.set_level(logging.DEBUG)
    client = Client(sandbox).ehlo()
    client.say("AUTH LOGIN")
    client.say("c2VjcmV0dXNlcg==")
    client.say("c2VjcmV0cGFzcw")
    client.say("AUTH c2VjcmV0cGFzcw")
    client.say("AUTH PLAIN AHNlY3JldHVzZXIAc2VjcmV0cGFzcw==")
    client.say("AUTH\tPLAIN c2VjcmV0cGFzcw")
    client.say("AUTH PLAIN")
    client.say(client.secret)
    client.close()
    said = "\n".join(texts(ended(sandbox)[-1])) + caplog.text
    assert "AUTH PLAIN ********" in said
    for secret in ("c2VjcmV0", "NlY3JldH", client.secret, sandbox.ready["oci"]["smtp_password"]):
        assert secret not in said


def test_a_failed_tls_handshake_is_told_to_both_sides(sandbox):
    """The client gets an alert, the transcript the reason."""
    port = next(entry["port"] for entry in sandbox.ready["oci"]["smtp"] if entry["tls"] == "implicit")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")
    assert any("TLS handshake failed: unsupported protocol" in text for text in texts(ended(sandbox)[-1]))


def test_a_client_that_closes_its_side_still_gets_its_answers(sandbox):
    """Half-closed sockets: what was sent before the end is obeyed."""
    client = Client(sandbox)
    client.send(b"EHLO client.example\r\nNOOP\r\n")
    client.socket.shutdown(socket.SHUT_WR)
    assert client.stream.read().endswith(b"250 Ok\r\n250 Ok\r\n")
    client.close()


def test_a_client_that_talks_before_the_greeting_is_answered_in_order(sandbox):
    client = Client(sandbox)
    client.send(b"EHLO client.example\r\nNOOP\r\nQUIT\r\n")
    answers = client.stream.read().splitlines()
    client.close()
    assert [answer[:4] for answer in answers] == [b"220 ", b"250-", b"250-", b"250 ", b"250 ", b"221 "]


def test_how_long_a_line_may_be_depends_on_nobody_else(sandbox):
    """The engine would keep one limit for all sessions, which each EHLO raises and each connection lowers."""
    line = f"MAIL FROM:<noreply@example.com> AUTH={'a' * 700}"
    client = Client(sandbox).login()
    assert client.say(line) == b"250 Ok\r\n"
    client.say("RSET")
    others = [Client(sandbox).ehlo(), Client(sandbox)]
    assert client.say(line) == b"250 Ok\r\n"
    assert client.say("RSET" + " " * 600) == b"500 5.5.2 Command line too long\r\n"
    for one in (client, *others):
        one.close()


def test_a_line_without_end_is_cut_off(sandbox):
    client = Client(sandbox)
    client.reply()
    with pytest.raises(OSError):
        for _ in range(200):
            client.send(b"A" * 65_536)
    client.close()
    assert any("oci.smtp.500.line-too-long" in refusal["error"] for refusal in ended(sandbox)[-1].refusals)


def sockets(sandbox):
    """How many sockets this process has open, once the loop has seen to what is closed."""
    sandbox.call(asyncio.sleep(0))
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(link.is_symlink() and str(link.readlink()).startswith("socket:") for link in links)


def test_a_client_that_never_reads_is_cut_off():
    """Replies that nobody reads don't pile up, and nothing of the connection stays."""
    with Sandbox(settings_of("idle_timeout = 0.5")) as sandbox:
        Client(sandbox).login().close()
        ended(sandbox)
        before = sockets(sandbox) if Path("/proc/self/fd").exists() else None
        client = Client(sandbox, room=4096)
        with pytest.raises(ConnectionError):
            while True:
                client.send(b"EHLO x\r\n" * 5000)
        client.close()
        assert "did not read" in ended(sandbox)[-1].extra["ended"]
        assert before is None or sockets(sandbox) <= before


def test_a_client_that_goes_on_sending_is_not_cut_off():
    """The time in which it may be silent starts over with each piece of the data, however long the whole takes."""
    with Sandbox(settings_of("idle_timeout = 4")) as sandbox:
        client = Client(sandbox).login().envelope()
        assert client.say("DATA").startswith(b"354 ")
        began = time.monotonic()
        client.send(MESSAGE)
        while time.monotonic() - began < 4.5:
            client.send(b"x" * 1998 + b"\r\n")
            time.sleep(0.3)
        client.send(b".\r\n")
        assert client.reply() == b"250 Ok\r\n"
        client.close()


# failures of our own


def failing(*_):
    raise RuntimeError("a secret detail")


@pytest.mark.proves("oci.smtp.451.server-error", "oci.smtp.421.execute")
def test_an_internal_error_is_answered_without_its_text_and_the_third_ends_the_session(sandbox, monkeypatch, caplog):
    rules = sandbox.runtime.services.providers["oci"].rules
    client = Client(sandbox).login()
    with monkeypatch.context() as broken:
        broken.setattr(rules, "sizes", failing)
        assert client.say("MAIL FROM:<noreply@example.com>") == b"451 Server error\r\n"
        assert client.say("MAIL FROM:<noreply@example.com>") == b"451 Server error\r\n"
    assert client.say("MAIL FROM:<noreply@example.com>") == b"250 Ok\r\n"
    with monkeypatch.context() as broken:
        broken.setattr(rules, "suppressed", failing)
        said = client.say("RCPT TO:<reader@example.org>")
    assert said == b"421 4.4.0 Problem attempting to execute commands. Please try again later\r\n"
    assert client.reply() == b""
    client.close()
    last = ended(sandbox)[-1]
    assert [refusal["error"] for refusal in last.refusals] == [
        "oci.smtp.451.server-error", "oci.smtp.451.server-error", "oci.smtp.421.execute",
    ]  # fmt: skip
    assert "a secret detail" in caplog.text


def test_an_internal_error_at_a_recipient_ends_the_transaction(sandbox, monkeypatch):
    """What the client said before it may be half done; nothing of it gets into the next message."""
    rules = sandbox.runtime.services.providers["oci"].rules
    client = Client(sandbox).login().envelope(recipient="first@example.org")
    with monkeypatch.context() as broken:
        broken.setattr(rules, "suppressed", failing)
        assert client.say("RCPT TO:<second@example.org>") == b"451 Server error\r\n"
    assert client.say("DATA") == b"503 Need RCPT command\r\n"
    assert client.envelope(recipient="third@example.org").message(MESSAGE) == b"250 Ok\r\n"
    client.close()
    assert [record.envelope.rcpt_to for record, _ in stored(sandbox)] == [("third@example.org",)]


@pytest.mark.proves("oci.smtp.451.processing")
def test_an_error_while_the_message_is_processed_ends_the_transaction_only(sandbox, monkeypatch):
    rules = sandbox.runtime.services.providers["oci"].rules
    client = Client(sandbox).login().envelope()
    with monkeypatch.context() as broken:
        broken.setattr(rules, "envelope_id", failing)
        assert client.message(MESSAGE) == b"451 Error in Processing\r\n"
    assert stored(sandbox) == []
    assert client.envelope().message(MESSAGE) == b"250 Ok\r\n"
    client.close()


@pytest.mark.proves("oci.smtp.452.storage")
def test_a_store_that_can_t_grow_refuses_and_the_session_goes_on(tmp_path):
    """A real limit on the size of files: 452, nothing kept, and 250 again once there is room."""
    with Sandbox(Settings(data=str(tmp_path / "data"), ports="auto")) as sandbox:
        client = Client(sandbox).login()
        big = MESSAGE + (b"z" * 998 + b"\r\n") * 1500
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
        try:
            assert client.envelope().message(big) == b"452 System storage error\r\n"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert client.envelope().message(big) == b"250 Ok\r\n"
        client.close()
        assert [octets for _, octets in stored(sandbox)] == [big]


def test_a_store_error_is_no_permanent_refusal(sandbox, monkeypatch):
    async def full(*_):
        raise StoreError("no space")

    client = Client(sandbox).login().envelope()
    with monkeypatch.context() as broken:
        broken.setattr(sandbox.runtime.services.store.messages, "accept", full)
        assert client.message(MESSAGE) == b"452 System storage error\r\n"
    client.close()


# the stop


@pytest.mark.proves("oci.smtp.421.mail-system-failure")
def test_the_stop_tells_every_session_and_waits_for_it(tmp_path):
    """Waiting for a command, inside the data, and in the middle of a TLS handshake."""
    data = str(tmp_path / "data")
    sandbox = Sandbox(Settings(data=data, ports="auto")).start()
    idle, busy, shaking = Client(sandbox).login(), Client(sandbox).login().envelope(), Client(sandbox)
    assert busy.say("DATA").startswith(b"354 ")
    busy.send(b"From: noreply@example.com\r\n")
    shaking.reply()
    shaking.say("EHLO client.example")
    shaking.say("STARTTLS")
    (bell,) = (one for one in sandbox.runtime._network._smtp if one.service)
    object.__setattr__(bell.service._endpoint.limits, "linger", 600.0)
    began = time.monotonic()
    sandbox.stop()
    assert time.monotonic() - began < 60
    for client in (idle, busy):
        assert client.reply() == b"421 4.3.0 Mail system failure, closing transmission channel\r\n"
        assert client.reply() == b""
        client.close()
    shaking.close()
    with Sandbox(Settings(data=data, ports="auto")) as again:
        refused = [refusal["error"] for session in ended(again) for refusal in session.refusals]
    assert refused == ["oci.smtp.421.mail-system-failure"] * 2


def test_a_message_that_is_being_accepted_at_the_stop_is_stored_and_acknowledged(tmp_path, monkeypatch):
    data = str(tmp_path / "data")
    sandbox = Sandbox(Settings(data=data, ports="auto")).start()
    messages = sandbox.runtime.services.store.messages
    accept, reached, go_on = messages.accept, threading.Event(), asyncio.Event()

    async def slowly(*arguments):
        reached.set()
        await go_on.wait()
        return await accept(*arguments)

    monkeypatch.setattr(messages, "accept", slowly)
    client = Client(sandbox).login().envelope()
    assert client.say("DATA").startswith(b"354 ")
    client.send(MESSAGE + b".\r\n")
    assert reached.wait(60)
    stopping = threading.Thread(target=sandbox.stop)
    stopping.start()
    sandbox._loop.call_soon_threadsafe(sandbox._loop.call_later, 0.2, go_on.set)
    assert client.reply() == b"250 Ok\r\n"
    assert client.reply().startswith(b"421 4.3.0 ")
    client.close()
    stopping.join()
    with Sandbox(Settings(data=data, ports="auto")) as again:
        assert [octets for _, octets in stored(again)] == [MESSAGE]


def test_a_client_that_hangs_up_after_its_data_loses_nothing(sandbox):
    """The message was handed over completely: it is stored although nobody hears the 250."""
    client = Client(sandbox).login().envelope()
    assert client.say("DATA").startswith(b"354 ")
    client.send(MESSAGE + b".\r\n")
    client.close()
    ended(sandbox)
    assert [octets for _, octets in stored(sandbox)] == [MESSAGE]


def test_failures_of_one_account_do_not_lock_out_another():
    """Each account's programs fail for themselves, though they share a client address."""
    with Sandbox(settings_of("auth_failures = 2")) as sandbox:
        services = sandbox.runtime.services
        other = sandbox.call(services.accounts.create())
        sandbox.call(sandbox.runtime.provision(other))
        found = sandbox.call(services.store.resources.all(other.id, "oci", "smtp-credential"))[0]
        from dialogues import plain

        client = Client(sandbox).ehlo()
        for _ in range(2):
            assert client.say(f"AUTH PLAIN {plain(found.key, 'wrong')}").startswith(b"535 ")
        assert client.say(f"AUTH PLAIN {plain(found.key, found.data['password'])}").startswith(b"421 Too many auth")
        client.close()
        Client(sandbox).login().close()


@pytest.mark.proves("oci.smtp.421.timeout")
def test_a_client_that_drips_its_data_is_cut_off():
    """An octet now and then keeps the line from being idle, but not for ever."""
    with Sandbox(settings_of("idle_timeout = 1.5")) as sandbox:
        client = Client(sandbox).login().envelope()
        assert client.say("DATA").startswith(b"354 ")
        began = time.monotonic()
        said = client.drip(0.2)
        client.close()
        assert said == b"421 Timeout waiting for data from client\r\n"
        assert time.monotonic() - began < 60
        assert stored(sandbox) == []
