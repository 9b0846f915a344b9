"""The commands that talk to a running sandbox: what they print, and their exit status."""

import json
import re
import smtplib
import ssl
import subprocess
import sys
from email.message import EmailMessage

import pytest
from click.testing import CliRunner

from sandbox import recipes
from sandbox.cli import COMMANDS, commands
from sandbox.commands.terminal import columns, inert, inert_text


@pytest.fixture
def cli(email_sandbox):
    """Runs a command line against a clean sandbox."""

    def run(*arguments):
        return CliRunner(env={"EMAIL_SANDBOX_URL": email_sandbox.url}).invoke(commands, arguments)

    return run


def mail(box, subject, text="Hello", to="ann@example.net"):
    smtp = box.oci.smtp
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "noreply@example.com", to, subject
    message.set_content(text)
    with smtplib.SMTP(smtp.host, smtp.port, timeout=60) as connection:
        connection.starttls(context=ssl.create_default_context(cafile=smtp.ca_file))
        connection.login(smtp.username, smtp.password)
        connection.send_message(message)


def test_a_sent_message_is_listed_shown_and_waited_for(cli, email_sandbox):
    sent = cli("send", "--subject", "First mail", "--to", "ann@example.net", "--to", "bob@example.net")
    assert (sent.exit_code, sent.stdout) == (0, "250 Ok\n")

    waited = cli("wait", "subject:first", "--timeout", "10")
    listed = cli("messages", "rcpt:bob@example.net")
    message = email_sandbox.messages()[0]
    shown = cli("show", message.id)

    assert waited.exit_code == 0
    assert waited.stdout == listed.stdout
    assert listed.stdout.split() == [
        message.id, "delivered", "noreply@example.com", "ann@example.net", "+1", "First", "mail"
    ]  # fmt: skip
    assert "bob@example.net  delivered" in shown.stdout
    assert "Subject: First mail\n" in shown.stdout
    assert "Hello from email-sandbox." in shown.stdout


@pytest.mark.parametrize("port", ["25", "587", "465"])
def test_every_smtp_port_takes_a_message(cli, email_sandbox, port):
    assert cli("send", "--port", port).exit_code == 0
    assert email_sandbox.wait_for(to="ann@example.net").channel == "smtp"


def test_a_message_through_https_is_signed_and_accepted(cli, email_sandbox, tmp_path):
    whole = tmp_path / "message.eml"
    whole.write_bytes(b"From: noreply@example.com\r\nTo: ann@example.net\r\nSubject: raw\r\n\r\nHi\r\n")

    sent = cli("send", "--via", "https", "--file", str(whole))

    assert sent.exit_code == 0, sent.output
    assert "envelopeId" in sent.stdout
    assert email_sandbox.wait_for(subject="raw").channel == "https"


def test_a_refusal_is_printed_with_the_row_of_the_catalog_and_status_1(cli):
    refused = cli("send", "--from", "stranger@other.example")

    assert refused.exit_code == 1
    assert "535 Authorization failed: address stranger@other.example not authorized" in refused.stderr
    assert "oci.smtp.535." in refused.stderr


def test_attachments_and_html_are_sent(cli, email_sandbox, tmp_path):
    file = tmp_path / "data.bin"
    file.write_bytes(bytes(range(256)))

    assert cli("send", "--html", "<b>hi</b>", "--attach", str(file)).exit_code == 0

    message = email_sandbox.wait_for(to="ann@example.net")
    assert "<b>hi</b>" in message.html
    assert [part.content for part in message.attachments] == [bytes(range(256))]


def test_wait_ends_with_status_1_and_says_what_did_arrive(cli, email_sandbox):
    mail(email_sandbox, "Another")

    waited = cli("wait", "subject:never", "--timeout", "0.05")

    assert waited.exit_code == 1
    assert "no message matched 'subject:never' within 0.05 s" in waited.stderr
    assert "'Another'" in waited.stderr
    assert waited.stdout == ""


def test_output_for_programs_is_json(cli, email_sandbox):
    mail(email_sandbox, "As data")
    item = json.loads(cli("messages", "--json").stdout)[0]

    assert (item["subject"], item["envelope"]["rcpt_to"]) == ("As data", ["ann@example.net"])
    assert json.loads(cli("wait", "--json").stdout)[0]["id"] == item["id"]
    assert json.loads(cli("show", item["id"], "--json").stdout)["headers"]
    assert json.loads(cli("fault", "list", "--json").stdout) == []


def test_show_raw_gives_the_octets_as_accepted(email_sandbox):
    mail(email_sandbox, "Octets", text="\x1b[31mred\n")
    message = email_sandbox.wait_for(subject="Octets")

    shown = subprocess.run(
        [sys.executable, "-m", "sandbox", "show", message.id, "--raw", "--url", email_sandbox.url],
        capture_output=True,
        timeout=120,
        check=True,
    )

    assert shown.stdout == message.raw
    assert b"\r\n" in shown.stdout


def test_mail_cannot_steer_the_terminal(cli, email_sandbox):
    evil = "\x1b]0;owned\x07 \u202egnp.exe"
    mail(email_sandbox, evil, text=f"{evil}\r\nsecond\tline\x9b31m")

    shown = cli("show", email_sandbox.wait_for(to="ann@example.net").id).stdout
    listed = cli("messages").stdout

    for text in (shown, listed):
        assert not any(char in text for char in "\x1b\x07\u202e\x9b")
    assert "second\tline" in shown


def test_faults_are_armed_listed_and_cleared(cli):
    added = cli("fault", "add", "oci.smtp.455.per-minute", "--recipient", "*@example.net", "--times", "2")
    assert added.exit_code == 0, added.output
    fault = added.stdout.split()[0]

    assert "recipient=*@example.net  2 times" in cli("fault", "list").stdout
    assert "455" in cli("send").stderr
    assert "fired 1" in cli("fault", "list").stdout
    cli("fault", "clear", fault)
    assert cli("fault", "list").stderr == "no faults\n"
    cli("fault", "add", "oci.smtp.455.per-minute")
    cli("fault", "clear")
    assert cli("send").exit_code == 0


def test_a_fault_of_no_catalog_row_is_refused_in_words(cli):
    refused = cli("fault", "add", "oci.smtp.999.nonsense")

    assert refused.exit_code == 1
    assert "there is no error 'oci.smtp.999.nonsense'" in refused.stderr


def test_the_clock_is_shown_moved_set_and_reset(cli):
    assert "real time" in cli("clock").stdout
    assert "from real time" in cli("clock", "advance", "24h").stdout
    assert cli("clock", "set", "2030-01-31T12:00:00Z").stdout.startswith("2030-01-31T12:00:0")
    assert "(real time)" in cli("clock", "reset").stdout
    assert cli("clock", "advance", "soon").exit_code == 1


def test_reset_empties_the_sandbox(cli, email_sandbox):
    mail(email_sandbox, "Gone")
    assert cli("reset").exit_code == 0
    assert cli("messages").stderr == "no messages\n"


def test_an_account_can_be_chosen(cli, email_sandbox):
    account = email_sandbox.new_account()["account"]
    mail(email_sandbox, "Mine")

    assert cli("messages", "--account", account).stderr == "no messages\n"
    assert "there is no account 'nope'" in cli("messages", "--account", "nope").stderr
    email_sandbox.remove_account(account)


@pytest.mark.parametrize(
    "command", [["messages"], ["wait"], ["show", "x"], ["fault", "list"], ["clock"], ["reset"], ["env"], ["send"]]
)
def test_without_a_sandbox_one_line_says_how_to_start_one(command):
    found = CliRunner().invoke(commands, [*command, "--url", "http://127.0.0.1:9"])

    assert found.exit_code == 2
    assert found.stderr.count("\n") == 1
    assert "email-sandbox serve" in found.stderr


def test_errors_lists_every_row_with_its_trigger_and_needs_no_sandbox():
    listed = CliRunner().invoke(commands, ["errors", "--provider", "oci"])
    rows = json.loads(CliRunner().invoke(commands, ["errors", "--provider", "oci", "--json"]).stdout)

    assert listed.exit_code == 0
    assert {row["evidence"] for row in rows} <= {"documented", "observed", "inferred"}
    for row in rows:
        assert f"  {row['id']}\n" in listed.stdout
        assert f"trigger  {row['trigger']}" in listed.stdout
        assert row["force"]["command"] in listed.stdout
    smtp = [row for row in rows if row["channel"] == "smtp" and row["evidence"] == "documented"]
    assert f"({len(smtp)} documented" in listed.stdout
    assert "\n23 documented: " in listed.stdout
    assert "\n19 documented: " in listed.stdout
    only = CliRunner().invoke(commands, ["errors", "--channel", "https"]).stdout
    assert "oci.smtp." not in only
    assert CliRunner().invoke(commands, ["errors", "--provider", "nope"]).exit_code == 2


def test_every_command_of_the_table_exists_and_explains_itself():
    for name in COMMANDS:
        found = CliRunner().invoke(commands, [name, "--help"])
        assert found.exit_code == 0
        assert "Usage:" in found.stdout


@pytest.mark.parametrize("tool", recipes.names("oci"))
def test_every_recipe_can_be_filled(cli, email_sandbox, tool):
    printed = cli("env", "--for", tool)

    assert printed.exit_code == 0, printed.output
    assert re.search(r"\{\{\w+(\|\w+)?\}\}", printed.stdout) is None  # a password may have {{
    connection = email_sandbox.oci
    assert (
        str(connection.smtp.port) in printed.stdout
        or connection.config_file in printed.stdout
        or connection.user in printed.stdout
        or connection.approved_sender in printed.stdout
    )


def test_there_are_recipes_and_an_unknown_tool_is_told_them(cli):
    assert {"python", "postfix", "swaks", "mailx", "sendmail", "javamail", "nodemailer", "oci-config"} <= set(
        cli("env", "--for", "list").stdout.split()
    )
    refused = cli("env", "--for", "../../pyproject")
    assert refused.exit_code == 2
    assert "postfix" in refused.stderr


def test_shell_exports_survive_eval(cli, email_sandbox):
    exports = cli("env").stdout

    printed = subprocess.run(
        ["sh", "-c", f'{exports}\nprintf %s "$SMTP_PASSWORD"'], check=True, capture_output=True, text=True, timeout=120
    )

    assert printed.stdout == email_sandbox.oci.smtp.password


@pytest.mark.parametrize("value", ["plain", "quo'te", 'dou"ble', "back\\slash", "$HOME `x` ^:", "ünï"])
def test_values_are_written_so_that_the_format_reads_them_back(value):
    echoed = subprocess.run(
        ["sh", "-c", recipes.fill("printf %s {{x|shell}}", {"x": value})], capture_output=True, check=True
    )

    assert echoed.stdout.decode() == value
    assert json.loads(recipes.fill("{{x|string}}", {"x": value})) == value


def test_inert_text_shows_what_it_took_the_power_from():
    assert inert("a\x1b\n\x7f\x85\u2066\u2028b") == "a\u241b\u240a\u2421\ufffd\ufffd\ufffdb"
    assert inert_text("a\r\n\tb\x1b\rc") == "a\n\tb\u241b\u240dc"
    assert columns([("a", "bb"), ("ccc", "d")], indent="> ") == "> a    bb\n> ccc  d"
