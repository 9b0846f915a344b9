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


WEB = {"starlette", "uvicorn", "anyio", "h11", "httptools", "sandbox.window", "sandbox.wire.http", "http.client"}
MAIL = {"aiosmtpd", "attr", "sandbox.wire.smtp", "smtplib"}
NAMES = {"dns", "sandbox.wire.dns", "sandbox.core.dns.zones"}
KEYS = {"cryptography", "dkim", "sandbox.wire.issuing", "sandbox.core.dkim", "sandbox.core.verdicts"}
CONTENT = {"email.parser", "email.policy", "html.parser", "sandbox.core.mime", "sandbox.core.reports.dsn"}
TABLES = {"tomllib", "sandbox.core.catalog", "sandbox.providers.ses.review", "sandbox.core.search"}
OTHERS = {"click", "textual", "httpx", "multiprocessing", "pickle", "difflib", "argparse", "sandbox.commands"}
"""What a start leaves to those who use it, by what it is for. A package stands for all that is in it."""


def found_of(found, wanted):
    """The modules of these packages that were loaded."""
    return {name for name in found for one in wanted if name == one or name.startswith(one + ".")}


def test_help_loads_no_part_of_a_sandbox():
    found = loaded(
        "import sys; sys.argv = ['x', '--help']\nfrom sandbox.cli import main\ntry: main()\nexcept SystemExit: pass"
    )
    mine = {"sandbox.settings", "sandbox.app", "sandbox.core", "sandbox.options", "sandbox.client"}
    assert not found_of(found, mine | {"asyncio", "ssl", "sqlite3", "http", "email", "dataclasses"})


def test_the_plugin_loads_nothing_until_a_fixture_is_asked_for():
    before = loaded("import pytest")
    own = {"sandbox", "sandbox.pytest_plugin"}
    assert loaded("import pytest, sandbox.pytest_plugin") - before - own <= {"importlib.metadata._meta"}


@pytest.fixture(scope="module")
def caches(tmp_path_factory):
    """A cache folder in which an earlier run has left its keys."""
    folder = tmp_path_factory.mktemp("caches")
    loaded("import sandbox\nwith sandbox.Sandbox() as box: box.oci.smtp.connect().close()", XDG_CACHE_HOME=str(folder))
    return str(folder)


def test_a_started_sandbox_has_loaded_nothing_that_waits_for_its_use(caches):
    found = loaded("import sandbox\nwith sandbox.Sandbox() as box: assert box.ready['oci']", XDG_CACHE_HOME=caches)
    assert {"sandbox.app.runtime", "sandbox.providers.oci.provision"} <= found
    assert not found_of(found, WEB | MAIL | NAMES | KEYS | CONTENT | TABLES | OTHERS | APIS)


def test_nor_has_one_that_a_fixture_gives(caches, tmp_path):
    """In a pytest that runs the plugin, and imports it as it was written: nothing is compiled again."""
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_it(email_sandbox):\n"
        "    email_sandbox.reset()\n"
        "    print('LOADED', *sys.modules)\n"
        "    for name in ('sandbox.app.runtime', 'sandbox.core.store.database'):\n"
        "        print('LOADER', type(sys.modules[name].__loader__).__name__)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", str(tmp_path)]
    environment = {**os.environ, "XDG_CACHE_HOME": caches, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = subprocess.run(
        [*command, "-p", "sandbox.pytest_plugin"], capture_output=True, text=True, check=True, env=environment
    )
    found = ran.stdout.rpartition("LOADED ")[2].partition("\n")[0].split()
    assert "sandbox.app.runtime" in found
    loads_itself = {"argparse", "difflib", "email.parser", "email.policy", "pickle", "tomllib"}
    assert not found_of(found, (WEB | MAIL | NAMES | KEYS | CONTENT | TABLES | OTHERS | APIS) - loads_itself)
    assert ran.stdout.count("LOADER SourceFileLoader") == 2


def test_mail_over_smtp_loads_no_web_server(caches):
    code = """
import sandbox, time
with sandbox.Sandbox() as box:
    with box.oci.smtp.connect() as smtp:
        smtp.sendmail(box.oci.sender, ["ann@example.net"], f"From: {box.oci.sender}\\r\\n\\r\\nhello")
"""
    found = loaded(code, XDG_CACHE_HOME=caches)
    assert "aiosmtpd.smtp" in found
    assert not found_of(found, (WEB | KEYS | OTHERS | APIS) - {"sandbox.wire.http"})


def test_serve_has_loaded_no_api_when_it_is_ready(caches):
    code = """
import os, sys
sys.argv = ["email-sandbox", "serve", "--ports", "auto", "--data", ":memory:"]
from sandbox.commands import serve
def announce(ready):
    print("LOADED", *sys.modules)
    sys.stdout.flush()
    os._exit(0)
serve.announce = announce
from sandbox.cli import main
main()
"""
    found = loaded(code, XDG_CACHE_HOME=caches)
    assert "sandbox.app.serve" in found
    assert not found_of(
        found, (WEB | MAIL | NAMES | KEYS | CONTENT | TABLES | OTHERS | APIS) - {"click", "sandbox.commands"}
    )


def test_what_serve_did_not_load_comes_by_itself(caches):
    """Once it is ready, so that the first clients need not wait."""
    code = """
import asyncio, sys
from sandbox.app.runtime import Runtime
from sandbox.settings import Settings
async def main():
    runtime = Runtime(Settings(data=":memory:", ports="auto"))
    await runtime.start()
    await runtime.warm_up()
    await runtime.stop()
asyncio.run(main())
"""
    found = loaded(code, XDG_CACHE_HOME=caches)
    assert {"starlette.applications", "aiosmtpd.smtp", "dns.message", *APIS} <= found


RUNNING = """
import sandbox
with sandbox.Sandbox() as box:
    box.wait_for_nothing = box.messages()
"""


def test_a_sandbox_without_api_calls_loads_no_api(tmp_path):
    found = loaded(RUNNING, XDG_CACHE_HOME=str(tmp_path))
    assert "sandbox.window.api" in found
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


HALFWAY = """
import socket, threading
import sandbox
for _ in range(3):
    with sandbox.Sandbox() as box:
        ports = [int(box.url.rpartition(":")[2]), box.oci.smtp.port, box.ses.smtp.port, box.ready["dns"]["port"]]
        clients = [socket.create_connection(("127.0.0.1", port)) for port in ports]
    for client in clients:
        client.close()
assert threading.enumerate() == [threading.main_thread()], threading.enumerate()
"""


def test_one_that_stops_while_its_services_are_being_loaded_leaves_nothing_behind(caches):
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", HALFWAY],
        capture_output=True, text=True, check=False, env={**os.environ, "XDG_CACHE_HOME": caches},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "Warning" not in ran.stderr
    assert "Traceback" not in ran.stderr
