"""What a failed test is shown by the plugin, and what it keeps."""

from test_pytest_plugin import run_suite


def sections(output):
    """The lines of the report's sections on the sandbox."""
    return output.partition("- email sandbox -")[2].splitlines()[1:]


def test_the_report_of_a_failed_test_has_messages_refusals_and_transcripts(tmp_path):
    found = run_suite(
        tmp_path,
        """
def test_it(email_sandbox):
    send(email_sandbox)
    with email_sandbox.fault(BUSY), pytest.raises(smtplib.SMTPException):
        send(email_sandbox, to="bob@example.net")
    assert False, "the test's own reason"
""",
    )
    lines = sections(found.stdout)

    assert "the test's own reason" in found.stdout
    assert lines[0] == "messages (1), newest first:"
    assert lines[1].split() == ["outcome", "from", "to", "subject"]
    assert lines[2].split() == ["delivered", "noreply@example.com", "ann@example.net", "Hello"]
    assert lines[1].index("subject") == lines[2].index("Hello")
    assert lines[3] == "refused (1), newest first:"
    assert lines[4].startswith("  455 Maximum messages sent per minute")
    assert lines[4].endswith("(forced, oci.smtp.455.per-minute at MAIL)")
    said = [line.strip().lower() for line in lines]
    assert [line for line in said if line.startswith("oci smtp from 127.0.0.1:")][1].endswith("1 message accepted")
    assert said.count("c: auth plain ********") == 2
    assert "c: rcpt to:<ann@example.net>" in said


def test_a_passed_test_has_no_such_section(tmp_path):
    found = run_suite(tmp_path, "def test_it(email_sandbox): send(email_sandbox)\n", "-rA")

    assert found.returncode == 0
    assert "- email sandbox -" not in found.stdout


def test_a_failed_fixture_that_uses_the_sandbox_is_reported_as_well(tmp_path):
    found = run_suite(
        tmp_path,
        """
@pytest.fixture
def app(email_sandbox):
    raise RuntimeError("no app")

def test_it(app): pass
""",
    )
    assert sections(found.stdout)[:2] == ["no messages arrived", "nothing was refused"]


def test_a_forced_error_that_nobody_met_fails_the_test_at_teardown(tmp_path):
    found = run_suite(
        tmp_path,
        """
def test_in_a_block(email_sandbox):
    with email_sandbox.fault(BUSY, recipient="*@example.org"):
        send(email_sandbox)

def test_still_armed(email_sandbox):
    email_sandbox.add_fault(BUSY)
""",
    )
    lines = found.stdout.splitlines()

    assert found.returncode == 1
    assert "2 passed, 2 errors" in found.stdout
    assert "ERROR at teardown of test_in_a_block" in found.stdout
    at = lines.index("forced errors that nothing met (1):")
    assert lines[at + 1 : at + 3] == [
        "  oci.smtp.455.per-minute at BODY for recipient='*@example.org'",
        "the program under test never came so far; must_fire=False allows it",
    ]
    assert found.stdout.count("- email sandbox -") == 2
    assert "can't be asked" not in found.stdout


def test_a_forced_error_may_go_unmet_when_the_test_says_so_or_failed_anyway(tmp_path):
    found = run_suite(
        tmp_path,
        """
def test_told(email_sandbox):
    with email_sandbox.fault(BUSY, must_fire=False):
        pass

@pytest.mark.email_sandbox(must_fire=False)
def test_marked(email_sandbox):
    email_sandbox.add_fault(BUSY)

def test_by_chance(email_sandbox):
    email_sandbox.add_fault(BUSY, probability=0.5)

def test_cleared(email_sandbox):
    email_sandbox.add_fault(BUSY)
    email_sandbox.clear_faults()

def test_failed(email_sandbox):
    with email_sandbox.fault(BUSY):
        assert False
""",
    )
    assert "1 failed, 4 passed" in found.stdout, found.stdout
    assert "nothing met" not in found.stdout


def test_messages_and_transcripts_of_failed_tests_are_kept(tmp_path):
    found = run_suite(
        tmp_path,
        """
@pytest.mark.parametrize("fails", [False, True], ids=["good", "../bad"])
def test_it(email_sandbox, fails):
    send(email_sandbox)
    assert not fails
""",
        "--email-sandbox-keep=kept",
    )
    folders = [path.name for path in (tmp_path / "kept").iterdir()]
    (folder,) = (tmp_path / "kept").iterdir()

    assert folders == ["test_it.py-test_it-..-bad"]
    assert sorted(path.name for path in folder.iterdir()) == ["001-Hello.eml", "report.txt", "session-001.txt"]
    assert b"\r\nSubject: Hello\r\n\r\nHi\r\n" in (folder / "001-Hello.eml").read_bytes()
    assert "S: 354 " in (folder / "session-001.txt").read_text("utf-8")
    assert (folder / "report.txt").read_text("utf-8").startswith("messages (1), newest first:")
    assert f"messages and transcripts are in kept/{folder.name}" in found.stdout


def test_a_folder_that_can_t_be_written_is_told_and_changes_nothing_else(tmp_path):
    (tmp_path / "kept").write_text("a file")
    found = run_suite(tmp_path, "def test_it(email_sandbox): assert False\n", ini="email_sandbox_keep = kept")

    assert "1 failed" in found.stdout
    assert "not everything could be kept in kept/test_it.py-test_it: " in found.stdout


def test_a_test_is_shown_its_own_lines_and_the_errors_text_only(tmp_path):
    found = run_suite(
        tmp_path,
        """
def test_waiting(email_sandbox): email_sandbox.wait_for(to="nobody@example.net", timeout=0.1)
def test_a_typo(email_sandbox): email_sandbox.add_fault("oci.smtp.455.per-minut")
def test_a_matcher(email_sandbox): email_sandbox.messages(recipient="x")
""",
    )

    assert "no message matched to='nobody@example.net'" in found.stdout
    assert "did you mean oci.smtp.455.per-minute" in found.stdout
    assert "'recipient' is not a matcher" in found.stdout
    assert "sandbox/client" not in found.stdout


def test_a_marker_that_can_t_be_met_says_why_and_nothing_else(tmp_path):
    found = run_suite(
        tmp_path,
        """
@pytest.mark.email_sandbox(provider="pigeon")
def test_it(email_sandbox): pass
""",
    )

    assert "@pytest.mark.email_sandbox: providers: 'pigeon' is not a provider" in found.stdout
    assert "Traceback" not in found.stdout
    assert ".py:" not in found.stdout.partition("short test summary")[0]


def test_a_deferred_message_is_listed_with_when_it_is_tried_again(tmp_path):
    found = run_suite(
        tmp_path,
        """
def test_it(email_sandbox):
    with email_sandbox.rules.adding(recipient="ann@*", outcome="deferred"):
        send(email_sandbox)
        email_sandbox.wait_for(to="ann@example.net")
    assert False
""",
    )

    (line,) = [
        line for line in sections(found.stdout) if line.startswith("  ann@example.net, 'Hello': deferred until 2")
    ]
    assert "451" in line


def test_the_header_names_a_sandbox_elsewhere_without_its_login(tmp_path):
    url = "http://ann:hush@127.0.0.1:9"
    found = run_suite(tmp_path, "def test_it(): pass\n", f"--email-sandbox-url={url}", "-v")

    assert "email sandbox: http://127.0.0.1:9" in found.stdout
    assert "hush" not in found.stdout
