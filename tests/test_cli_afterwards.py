"""`simulate` and `rule`: what they do and print."""

import pytest
from click.testing import CliRunner
from test_cli_commands import mail

from sandbox.cli import commands
from sandbox.commands.afterwards import EVENTS, OUTCOMES
from sandbox.core.attempts import FollowUp
from sandbox.core.outcome_rules import _OUTCOMES


@pytest.fixture
def cli(email_sandbox):
    """Runs a command line against a clean sandbox."""

    def run(*arguments):
        return CliRunner(env={"EMAIL_SANDBOX_URL": email_sandbox.url}).invoke(commands, arguments)

    return run


def test_the_words_of_the_commands_are_those_of_the_core():
    assert set(EVENTS) == set(FollowUp)
    assert set(OUTCOMES) == set(_OUTCOMES)


def test_a_complaint_is_simulated_and_suppresses(cli, email_sandbox):
    mail(email_sandbox, "hello")
    message = email_sandbox.wait_for(query="outcome:delivered")
    done = cli("simulate", "complaint", message.id, "ann@example.net")
    assert done.exit_code == 0, done.output
    assert done.stdout == "ann@example.net: reported as spam by the recipient (delivered, now suppressed)\n"
    refused = cli("simulate", "complaint", message.id, "bob@example.net")
    assert refused.exit_code == 1
    assert "no recipient" in refused.stderr


def test_rules_are_added_listed_and_cleared(cli, email_sandbox):
    added = cli(
        "rule",
        "add",
        "--recipient",
        "*@example.net",
        "--header",
        "X-A=b*",
        "--reply",
        "452 4.2.2 full",
        "--attempts",
        "2",
    )
    assert added.exit_code == 0, added.output
    listed = cli("rule", "list")
    assert listed.stdout == added.stdout
    assert "recipient=*@example.net X-A=b*" in listed.stdout
    assert "452 4.2.2 full" in listed.stdout
    assert "2 attempts" in listed.stdout
    assert '"reply": "452 4.2.2 full"' in cli("rule", "list", "--json").stdout
    rule_id = listed.stdout.split()[0]
    assert cli("rule", "clear", rule_id).exit_code == 0
    assert "no rules" in cli("rule", "list").stderr


def test_a_wrong_rule_is_refused_in_words(cli):
    refused = cli("rule", "add", "--reply", "nonsense")
    assert refused.exit_code == 1
    assert "SMTP reply" in refused.stderr
