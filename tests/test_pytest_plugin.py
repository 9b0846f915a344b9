"""The pytest plugin as a test suite meets it: isolation, settings, a sandbox elsewhere, and what it costs unused."""

import os
import smtplib
import subprocess
import sys

import pytest

from sandbox.inprocess import Sandbox

SENDING = """
import os
import smtplib
import subprocess
import sys

import pytest

BUSY = "oci.smtp.455.per-minute"

HELLO = "\\r\\nSubject: Hello\\r\\n\\r\\nHi\\r\\n"

def send(box, to="ann@example.net"):
    c = box.oci.smtp
    with smtplib.SMTP(c.host, c.port, timeout=20) as smtp:
        smtp.starttls(context=c.ssl_context())
        smtp.login(c.username, c.password)
        smtp.sendmail(box.oci.approved_sender, [to], "From: " + box.oci.approved_sender + HELLO)
"""


def run_suite(folder, text, *arguments, conftest="", ini="", environment=None):
    """Run pytest on one file as its own process, warnings as errors; its output and exit status."""
    (folder / "test_it.py").write_text(SENDING + text)
    (folder / "conftest.py").write_text(conftest)
    (folder / "pytest.ini").write_text(f"[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n{ini}\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **(environment or {})},
    )  # fmt: skip


def test_each_test_starts_clean(tmp_path):
    found = run_suite(
        tmp_path,
        """
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_it(email_sandbox, turn):
    assert email_sandbox.messages() == []
    assert email_sandbox.faults() == []
    assert email_sandbox.clock()["offset"] == 0
    send(email_sandbox)
    assert email_sandbox.wait_for(to="ann@example.net").subject == "Hello"
    email_sandbox.add_fault("oci.smtp.455.per-minute", must_fire=False)
    email_sandbox.advance("24h")
""",
    )
    assert (found.returncode, "3 passed" in found.stdout) == (0, True), found.stdout


def test_a_test_that_waits_in_vain_fails_with_what_arrived(tmp_path):
    found = run_suite(
        tmp_path,
        """
def test_it(email_sandbox):
    send(email_sandbox, to="bob@example.net")
    email_sandbox.wait_for(to="ann@example.net", timeout=0.05)
""",
    )
    assert found.returncode == 1
    assert "no message matched to='ann@example.net' within 0.05 s" in found.stdout
    assert "to is 'bob@example.net', not 'ann@example.net'" in found.stdout


def test_a_suite_chooses_its_settings(tmp_path):
    found = run_suite(
        tmp_path,
        """
def test_it(email_sandbox):
    assert email_sandbox.oci.approved_sender == "shop@example.org"
    send(email_sandbox)
    with pytest.raises(smtplib.SMTPResponseException, match="per minute"):
        send(email_sandbox)
    email_sandbox.advance("61s")
    send(email_sandbox)
""",
        conftest="""
import pytest

@pytest.fixture(scope="session")
def email_sandbox_settings():
    return {"oci": {"approved_senders": ["shop@example.org"], "limits": {"per_minute": 1}}}
""",
    )
    assert found.returncode == 0, found.stdout


def test_a_sandbox_elsewhere_gives_each_test_an_account_of_its_own(tmp_path):
    with Sandbox() as elsewhere:
        before = [account["account"] for account in elsewhere.accounts()]
        found = run_suite(
            tmp_path,
            """
@pytest.mark.parametrize("turn", [1, 2])
def test_it(email_sandbox, turn):
    assert email_sandbox.account
    assert email_sandbox.messages() == []
    send(email_sandbox)
    email_sandbox.wait_for(to="ann@example.net")
""",
            "--email-sandbox-url",
            elsewhere.url,
        )

        assert found.returncode == 0, found.stdout
        assert elsewhere.messages() == []
        assert [account["account"] for account in elsewhere.accounts()] == before


def test_a_url_where_nothing_answers_is_told_so(tmp_path):
    found = run_suite(tmp_path, "def test_it(email_sandbox): pass\n", "--email-sandbox-url", "http://127.0.0.1:9")

    assert found.returncode == 1
    assert "no email sandbox answers at http://127.0.0.1:9" in found.stdout


def test_unused_it_imports_nothing_but_itself(tmp_path):
    found = run_suite(
        tmp_path,
        """
def test_it():
    import sys
    heavy = {"httpx", "starlette", "uvicorn", "aiosmtpd", "cryptography", "textual", "click", "asyncio"}
    heavy |= {"sandbox.client", "sandbox.app"}
    assert "sandbox.pytest_plugin" in sys.modules
    assert heavy & set(sys.modules) == set()
""",
        "-p", "no:timeout", "-p", "no:anyio", "-p", "no:hypothesispytest",
    )  # fmt: skip
    assert found.returncode == 0, found.stdout


def test_the_server_is_the_same_for_the_whole_run(email_sandbox_server, email_sandbox):
    assert email_sandbox is email_sandbox_server


def test_a_forced_error_is_what_the_program_under_test_sees(email_sandbox):
    connection = email_sandbox.oci.smtp
    with (
        email_sandbox.fault("oci.smtp.455.per-minute"),
        smtplib.SMTP(connection.host, connection.port, timeout=20) as smtp,
    ):
        smtp.starttls(context=connection.ssl_context())
        smtp.login(connection.username, connection.password)
        with pytest.raises(smtplib.SMTPResponseException) as caught:
            smtp.sendmail(email_sandbox.oci.approved_sender, ["ann@example.net"], "Subject: x\n\nx")
    assert caught.value.smtp_code == 455


def test_a_marker_chooses_limits_for_its_test_only(tmp_path):
    found = run_suite(
        tmp_path,
        """
@pytest.mark.email_sandbox(provider="oci", limits={"per_minute": 1})
@pytest.mark.parametrize("turn", [1, 2])
def test_limited(email_sandbox, email_sandbox_server, turn):
    assert email_sandbox is not email_sandbox_server
    send(email_sandbox)
    with pytest.raises(smtplib.SMTPResponseException, match="limit is 1"):
        send(email_sandbox)

@pytest.mark.email_sandbox(permissive=True)
def test_permissive(email_sandbox):
    c = email_sandbox.oci.smtp
    with smtplib.SMTP(c.host, c.port) as smtp:
        smtp.starttls(context=c.ssl_context())
        smtp.login("anybody", "anything")
        smtp.sendmail("any@where.example", ["ann@example.net"], "From: any@where.example" + HELLO)

def test_ordinary(email_sandbox, email_sandbox_server):
    assert email_sandbox is email_sandbox_server
    send(email_sandbox)
    send(email_sandbox)
""",
    )
    assert (found.returncode, "4 passed" in found.stdout) == (0, True), found.stdout


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        ('provider="nonsense"', "nonsense"),
        ('limits="nonsense"', "limits"),
        ("limit=3", "email_sandbox takes provider=, limits=, permissive= and must_fire= by name"),
        ("True", "email_sandbox takes provider=, limits=, permissive= and must_fire= by name"),
    ],
)
def test_a_marker_that_can_t_be_met_is_told(tmp_path, marker, told):
    found = run_suite(tmp_path, f"@pytest.mark.email_sandbox({marker})\ndef test_it(email_sandbox): pass\n")

    assert found.returncode == 1
    assert "1 error" in found.stdout
    assert told in found.stdout


def test_a_marker_forces_errors_for_the_whole_test(tmp_path):
    found = run_suite(
        tmp_path,
        """
@pytest.mark.email_sandbox_fault(BUSY, times=1)
def test_it(email_sandbox):
    with pytest.raises(smtplib.SMTPResponseException):
        send(email_sandbox)
    send(email_sandbox)
""",
    )
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("way", ["flag", "environment", "ini"])
def test_the_url_of_a_running_sandbox_comes_from_flag_environment_or_ini(tmp_path, way):
    text = 'def test_it(email_sandbox): assert email_sandbox.account and email_sandbox.url == "{}"\n'
    nowhere = "http://127.0.0.1:9"
    with Sandbox() as elsewhere:
        (tmp_path / "x").mkdir()
        given = [elsewhere.url, nowhere, nowhere] if way == "flag" else [None, elsewhere.url, nowhere]
        given = [None, None, elsewhere.url] if way == "ini" else given
        found = run_suite(
            tmp_path,
            text.format(elsewhere.url),
            *(["--email-sandbox-url", given[0]] if given[0] else []),
            environment={"EMAIL_SANDBOX_URL": given[1]} if given[1] else None,
            ini=f"email_sandbox_url = {given[2]}",
        )
    assert found.returncode == 0, found.stdout


def test_a_program_that_is_started_finds_everything_in_its_environment(tmp_path):
    found = run_suite(
        tmp_path,
        '''
PROGRAM = """
import os, smtplib, ssl
with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as smtp:
    smtp.starttls(context=ssl.create_default_context())
    smtp.login(os.environ["SMTP_USERNAME"], os.environ["SMTP_PASSWORD"])
    smtp.sendmail(os.environ["SMTP_SENDER"], ["ann@example.net"], "From: " + os.environ["SMTP_SENDER"] + "\\\\n\\\\nHi")
"""

def test_it(email_sandbox):
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, env={**os.environ, **email_sandbox.environ})
    assert email_sandbox.wait_for(to="ann@example.net").text.strip() == "Hi"
''',
    )
    assert found.returncode == 0, found.stdout


def test_many_runs_in_a_process_leave_nothing_behind(tmp_path):
    """No thread, no open file, no warning: warnings are errors in these runs."""
    (tmp_path / "many.py").write_text(
        """
import gc, os, sys, threading
import pytest

def count():
    gc.collect()
    return threading.active_count(), len(os.listdir("/proc/self/fd"))

first = None
for turn in range(4):
    assert pytest.main(["-q", "-p", "no:cacheprovider", "test_it.py"]) == 0
    first = first or count()
assert count() == first, (count(), first)
"""
    )
    run_suite(tmp_path, "def test_it(email_sandbox): send(email_sandbox)\n", "--collect-only")
    found = subprocess.run(
        [sys.executable, "-W", "error", "many.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
