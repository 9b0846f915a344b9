"""What a start loads and makes: nothing that the run does not need, and no key twice. Seconds are for benchmarks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import Sandbox
from sandbox.app import spare_keys

APIS = {"sandbox.providers.oci.api", "sandbox.providers.ses.api", "sandbox.providers.ibm.api"}


def loaded(code, **environment):
    """The modules that a program has loaded at its end."""
    command = [sys.executable, "-c", f"{code}\nimport sys; print('LOADED', *sys.modules)"]
    return set(
        subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})
        .stdout.rpartition("LOADED")[2]
        .split()
    )


def test_help_loads_no_part_of_a_sandbox():
    found = loaded(
        "import sys; sys.argv = ['x', '--help']\nfrom sandbox.cli import main\ntry: main()\nexcept SystemExit: pass"
    )
    assert not found & {"sandbox.settings", "sandbox.app", "sandbox.core", "asyncio", "ssl", "sqlite3", "http", "email"}


def test_the_plugin_loads_nothing_until_a_fixture_is_asked_for():
    before = loaded("import pytest")
    assert {
        name for name in loaded("import pytest, sandbox.pytest_plugin") - before if not name.startswith("sandbox")
    } <= {"importlib.metadata._meta"}


RUNNING = """
import sandbox
with sandbox.Sandbox() as box:
    box.wait_for_nothing = box.messages()
"""


def test_a_sandbox_without_api_calls_loads_no_api(tmp_path):
    found = loaded(RUNNING, XDG_CACHE_HOME=str(tmp_path))
    assert not found & APIS
    assert not found & {"textual", "httpx", "click.shell_completion", "sandbox.commands", "multiprocessing.pool"}


def test_an_api_call_loads_them(tmp_path):
    code = """
import sandbox, urllib.request, urllib.error
with sandbox.Sandbox() as box:
    try: urllib.request.urlopen(box.url + "/20170907/senders?compartmentId=c")
    except urllib.error.HTTPError as error: assert error.code == 401, error.code
"""
    assert "sandbox.providers.oci.api" in loaded(code, XDG_CACHE_HOME=str(tmp_path))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(spare_keys, "cache_folder", lambda: tmp_path / "cache" / "keys")
    return tmp_path / "cache" / "keys"


def keys_of(box):
    """Octets of the authority and of the API key that clients of a sandbox are given."""
    oci = box.ready["oci"]
    return Path(box.ready["ca_file"]).read_bytes(), Path(oci["key_file"]).read_bytes(), oci["fingerprint"]


def trusted(box):
    """Whether a client that trusts the authority gets through."""
    with box.oci.smtp.connect() as smtp:
        return smtp.noop()[0] == 250


def test_the_second_sandbox_has_the_keys_of_the_first(cache):
    with Sandbox() as box:
        first = keys_of(box)
    with Sandbox() as box:
        assert keys_of(box) == first
        assert trusted(box)
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert len(files) > 4
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
        assert cache.stat().st_mode & 0o777 == 0o700
    assert not [path for path in files if path.suffix not in (".pem", ".key")]


def test_two_at_once_never_mix_their_authorities(cache):
    with Sandbox() as one, Sandbox() as other:
        first, second = keys_of(one), keys_of(other)
        assert first[0] != second[0]
    with Sandbox() as box:
        assert keys_of(box) in (first, second)
        assert trusted(box)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_cache_that_others_can_write_is_not_used(cache):
    with Sandbox() as box:
        first = keys_of(box)
    cache.chmod(0o777)
    with Sandbox() as box:
        assert keys_of(box)[0] != first[0]


def test_a_cache_that_can_not_be_made_is_no_error(cache, tmp_path):
    (tmp_path / "cache").write_text("in the way")
    with Sandbox() as box:
        assert keys_of(box)


def test_a_damaged_key_is_made_anew(cache):
    with Sandbox() as box:
        keys_of(box)
    (cache / "tls" / "server.pem").write_bytes(b"torn")
    with Sandbox() as box:
        assert trusted(box)


def test_keys_can_be_fresh_each_time(cache):
    from sandbox.settings import Settings

    with Sandbox() as box:
        first = keys_of(box)
    with Sandbox(reuse_keys=False) as box:
        assert keys_of(box)[0] != first[0]
    assert Settings().reuse_keys
