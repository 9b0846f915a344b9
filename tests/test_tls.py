"""The sandbox's certificate authority and what its contexts agree to."""

import ssl
import stat
import subprocess
import sys

import pytest

from sandbox.wire.certificates import Certificates
from sandbox.wire.tls import server_context
from sandbox.wire.whole_files import write_private

NAMES = ["localhost", "127.0.0.1", "::1"]


def handshake(server, client, name="localhost"):
    """Both ends in memory; returns the client's view of the connection."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname=name)
    far = server.wrap_bio(to_server, to_client, server_side=True)
    done = set()
    for _ in range(10):
        for end in (near, far):
            if end in done:
                continue
            try:
                end.do_handshake()
                done.add(end)
            except ssl.SSLWantReadError:
                pass
    assert len(done) == 2
    return near


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    found = Certificates(tmp_path_factory.mktemp("tls"), NAMES)
    found.prepare()
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_trusts_the_authority_connects_by_every_name(paths, name):
    client = ssl.create_default_context(cafile=paths.ca)
    assert handshake(server_context(paths), client, name).version() == "TLSv1.3"


def test_tls_13_can_be_left_out_and_older_than_12_is_refused(paths):
    client = ssl.create_default_context(cafile=paths.ca)
    assert handshake(server_context(paths, tls13=False), client).version() == "TLSv1.2"
    old = ssl.create_default_context(cafile=paths.ca)
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        handshake(server_context(paths), old)


def test_a_client_that_does_not_know_the_authority_refuses(paths):
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server_context(paths), ssl.create_default_context())


def test_the_chain_satisfies_the_strict_rules_of_openssl(paths):
    command = ["openssl", "verify", "-x509_strict", "-CAfile", str(paths.ca), str(paths.ordinary().chain)]
    assert subprocess.run(command, capture_output=True, text=True, check=False).returncode == 0


def test_the_authority_is_kept_and_the_certificate_renewed_for_new_names(tmp_path):
    first = Certificates(tmp_path, NAMES)
    leaf, authority = first.ordinary().chain.read_bytes(), first.ca.read_bytes()
    assert Certificates(tmp_path, NAMES).ordinary().chain.read_bytes() == leaf
    again = Certificates(tmp_path, [*NAMES, "mail.example.test"])
    assert again.ordinary().chain.read_bytes() != leaf
    assert again.ca.read_bytes() == authority


@pytest.mark.parametrize("wrong", ["another", "garbage", ""])
def test_a_certificate_without_its_key_is_renewed(tmp_path, wrong):
    first = Certificates(tmp_path / "one", NAMES).ordinary()
    keys = {"another": Certificates(tmp_path / "two", NAMES).ordinary().key.read_bytes(), "garbage": b"\x00key"}
    first.key.write_bytes(keys.get(wrong, b""))
    again = Certificates(tmp_path / "one", NAMES)
    assert handshake(server_context(again), ssl.create_default_context(cafile=again.ca)).version() == "TLSv1.3"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_keys_are_for_their_owner_only(paths, tmp_path):
    write_private(tmp_path / "secret", b"x")
    for file in (paths.ordinary().key, paths.ca.with_name("ca.key"), tmp_path / "secret"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
