"""The suites and versions of TLS that OCI's SMTP agrees to, as openssl and Python's ssl meet them."""

import shutil
import socket
import ssl
import subprocess

import pytest
from dialogues import sessions, settings_of
from smtp_wire import Client

from sandbox.app import Sandbox
from sandbox.providers.oci.smtp import CIPHERS
from sandbox.settings import Settings

DOCUMENTED = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": "ECDSA",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "ECDSA",
    "ECDHE-RSA-AES128-GCM-SHA256": "RSA-PSS",
    "ECDHE-ECDSA-AES128-SHA256": "ECDSA",
    "ECDHE-RSA-AES128-SHA256": "RSA-PSS",
    "DHE-RSA-AES256-SHA256": "RSA-PSS",
    "AES256-SHA256": "",
}
"""The documented suites, and which key signs the handshake; in the last the RSA key deciphers instead."""
REFUSED = [
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES256-SHA384",
    "DHE-RSA-AES128-SHA256",
    "DHE-RSA-AES256-GCM-SHA384",
    "AES128-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(settings_of("")) as running:
        yield running


def port_of(sandbox, stands_for):
    return next(entry["port"] for entry in sandbox.ready["oci"]["smtp"] if entry["stands_for"] == stands_for)


def openssl(sandbox, *options, stands_for=587):
    """What `openssl s_client` says about one connection."""
    command = ["openssl", "s_client", "-brief", "-CAfile", sandbox.ready["ca_file"], "-verify_return_error"]
    command += ["-connect", f"127.0.0.1:{port_of(sandbox, stands_for)}", "-verify_ip", "127.0.0.1", *options]
    command += ["-starttls", "smtp"] if stands_for != 465 else []
    done = subprocess.run(command, input=b"QUIT\r\n", capture_output=True, timeout=30, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


def handshake(sandbox, **wishes):
    """A verified connection to the port with implicit TLS; returns (suite, version)."""
    context = ssl.create_default_context(cafile=sandbox.ready["ca_file"])
    if "ciphers" in wishes:
        context.set_ciphers(wishes["ciphers"])
    context.minimum_version = wishes.get("least", context.minimum_version)
    context.maximum_version = wishes.get("most", context.maximum_version)
    with (
        socket.create_connection(("127.0.0.1", port_of(sandbox, 465)), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        return secured.cipher()[0], secured.version()


def test_the_list_is_the_documented_one():
    assert set(CIPHERS) == set(DOCUMENTED)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("stands_for", [587, 465])
@pytest.mark.parametrize("suite", DOCUMENTED)
def test_openssl_connects_with_each_documented_suite(sandbox, suite, stands_for):
    """By STARTTLS and by implicit TLS, with the certificate that the suite asks for, verified."""
    status, said = openssl(sandbox, "-tls1_2", "-cipher", suite, stands_for=stands_for)
    assert status == 0, said
    assert "Protocol version: TLSv1.2" in said
    assert f"Ciphersuite: {suite}" in said
    assert "Verification: OK" in said
    assert f"Signature type: {DOCUMENTED[suite]}" in said or not DOCUMENTED[suite]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("suite", REFUSED)
def test_openssl_is_refused_with_any_other_suite(sandbox, suite):
    """The client sees the alert, the transcript the reason."""
    status, said = openssl(sandbox, "-tls1_2", "-cipher", suite)
    assert status != 0
    assert "handshake failure" in said
    last = sessions(sandbox, sandbox.runtime.services.accounts.ready_made)[-1]
    assert "the TLS handshake failed: no shared cipher" in [line["text"] for line in last.lines]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_versions_are_refused(sandbox, version):
    status, said = openssl(sandbox, version, "-cipher", "DEFAULT:@SECLEVEL=0")
    assert status != 0
    assert "alert protocol version" in said


def test_a_client_with_no_wishes_gets_a_fast_suite(sandbox):
    assert handshake(sandbox) == ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLSv1.2")


def test_a_client_that_knows_rsa_only_gets_the_rsa_certificate(sandbox):
    assert handshake(sandbox, ciphers="aRSA+AESGCM") == ("ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2")


def test_tls_13_is_a_switch(sandbox):
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol version"):
        handshake(sandbox, least=ssl.TLSVersion.TLSv1_3)
    with Sandbox(settings_of("tls13 = true")) as modern:
        assert handshake(modern, least=ssl.TLSVersion.TLSv1_3)[1] == "TLSv1.3"
        assert handshake(modern, most=ssl.TLSVersion.TLSv1_2)[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_client_can_t_renegotiate(sandbox):
    """An R on its own line asks openssl for a new handshake; the server's refusal is final."""
    command = ["openssl", "s_client", "-CAfile", sandbox.ready["ca_file"], "-tls1_2"]
    command += ["-connect", f"127.0.0.1:{port_of(sandbox, 465)}"]
    done = subprocess.run(command, input=b"R\nNOOP\r\n", capture_output=True, timeout=30, check=False)
    assert done.returncode != 0
    assert b"250 " not in done.stdout


def test_a_handshake_in_the_first_moment_waits_for_the_certificate():
    """The RSA key takes some milliseconds to make; a client that is faster is not lost."""
    for _ in range(3):
        with Sandbox(settings_of("")) as fresh:
            assert handshake(fresh, ciphers="aRSA")[1] == "TLSv1.2"


def test_the_certificates_are_kept_for_the_next_start(tmp_path):
    def chains():
        return [(tmp_path / "tls" / name).read_bytes() for name in ("ca.pem", "server.pem", "server-rsa.pem")]

    wanted = Settings(data=str(tmp_path), ports="auto")
    with Sandbox(wanted) as first:
        handshake(first)
        made = chains()
    with Sandbox(wanted) as again:
        assert handshake(again, ciphers="aRSA")[1] == "TLSv1.2"
        assert chains() == made


@pytest.mark.parametrize("stands_for", [587, 465])
def test_the_end_of_a_session_is_told_under_tls(sandbox, stands_for):
    """With a close_notify (RFC 8446 section 6.1): a client can tell the end from an attacker who cut the line."""
    client = Client(sandbox, stands_for)
    if stands_for == 587:
        client.ehlo()
    else:
        client.reply()
    client.socket.suppress_ragged_eofs = False
    assert client.say("QUIT").startswith(b"221 ")
    assert client.reply() == b""
    client.close()
