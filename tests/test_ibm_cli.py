"""IBM in the command line and the Python client: `env`, `send`, recipes, `.ibm`, environment variables."""

import asyncio
import re
import subprocess
import sys

import httpx
import pytest
from click.testing import CliRunner

import sandbox
from sandbox import AsyncClient, recipes
from sandbox.cli import commands
from sandbox.client import ClientError, IbmConnection


@pytest.fixture(scope="module")
def box():
    with sandbox.Sandbox(providers=["ibm"]) as running:
        yield running


@pytest.fixture
def cli(box):
    box.reset()
    return lambda *arguments: CliRunner(env={"EMAIL_SANDBOX_URL": box.url}).invoke(commands, arguments)


@pytest.mark.parametrize("tool", recipes.names("ibm"))
def test_every_recipe_can_be_filled(cli, box, tool):
    printed = cli("env", "--provider", "ibm", "--for", tool)

    assert printed.exit_code == 0, printed.output
    assert re.search(r"\{\{\w+(\|\w+)?\}\}", printed.stdout) is None  # a password may have {{
    assert str(box.ibm.smtp.port) in printed.stdout or box.ibm.instance_id in printed.stdout


def test_the_only_provider_that_runs_need_not_be_named(cli, box):
    """Shell exports are what the client gives to programs that it starts."""
    exports = cli("env").stdout
    printed = subprocess.run(
        ["sh", "-c", f"{exports}\nenv"], check=True, capture_output=True, text=True, timeout=30
    ).stdout.splitlines()

    wanted = {name: value for name, value in box.environ.items() if name != "SSL_CERT_FILE"}
    assert {f"{name}={value}" for name, value in wanted.items()} <= set(printed)
    assert wanted["EVENT_NOTIFICATIONS_URL"] == box.ibm.service_url


def test_send_goes_through_the_smtp_interface(cli, box):
    sent = cli("send", "--provider", "ibm", "--subject", "from the command line")

    assert sent.exit_code == 0, sent.output
    assert "queued as" in sent.stdout
    assert box.wait_for(subject="from the command line").sender == box.ibm.sender


def test_send_explains_a_refusal(cli, tmp_path):
    report = tmp_path / "report.pdf"
    report.write_bytes(b"%PDF")

    refused = cli("send", "--attach", str(report))
    assert refused.exit_code == 1
    assert "attachments are not supported" in refused.stderr
    assert "ibm.smtp.554.attachments" in refused.stderr


def test_what_is_not_there_is_said(cli, box):
    assert "ibm has no API that takes mail" in cli("send", "--via", "https").stderr
    assert "does not run the provider 'oci'; it runs ibm" in cli("send", "--provider", "oci").stderr
    with pytest.raises(ClientError, match="does not run the provider 'oci'"):
        _ = box.oci


def test_the_sdk_recipe_lists_the_configuration(cli):
    pytest.importorskip("ibm_eventnotifications", reason="needs ibm-eventnotifications")
    script = cli("env", "--for", "ibm-python").stdout

    done = subprocess.run([sys.executable, "-c", script], check=True, timeout=60, capture_output=True, text=True)

    assert done.stdout == "ready-made example.com example.com\n"


def test_the_connection_serves_the_usual_libraries(box):
    ibm = box.ibm
    assert isinstance(ibm, IbmConnection)
    assert [one.stands_for for one in ibm.listeners] == [587, 465]
    assert ibm.django()["EMAIL_PORT"] == ibm.smtp.port
    assert ibm.flask()["MAIL_DEFAULT_SENDER"] == ibm.fastapi()["MAIL_FROM"] == "noreply@example.com"
    with ibm.smtp.connect() as smtp:
        assert smtp.noop()[0] == 250

    async def asked():
        async with AsyncClient(box.url) as client:
            return client.ibm

    assert asyncio.run(asked()) == ibm


def test_the_asynchronous_client_waits_for_mail_of_ibm(box):
    async def wait():
        async with AsyncClient(box.url) as client:
            return await client.wait_for(subject="seen")

    with box.ibm.smtp.connect() as smtp:
        smtp.sendmail(box.ibm.sender, ["ann@example.net"], f"From: {box.ibm.sender}\r\nSubject: seen\r\n\r\nx")
    assert asyncio.run(wait()).recipients == ["ann@example.net"]


def test_an_address_can_be_held_back_by_hand(cli, box):
    """The service has no suppression list of its own: a hard bounce adds nobody, the user of the sandbox may."""

    def send():
        with box.ibm.smtp.connect() as smtp:
            smtp.sendmail(box.ibm.sender, ["gone@nowhere.invalid"], f"From: {box.ibm.sender}\r\nSubject: x\r\n\r\nx")

    for _ in range(2):
        send()
    box.wait(outcome="hard_bounced", count=2)
    wish = {"provider": "ibm", "address": "gone@nowhere.invalid"}
    assert httpx.post(f"{box.url}/sandbox/v1/suppressions", json=wish, trust_env=False, timeout=60).status_code == 201
    send()
    assert box.wait_for(outcome="suppressed").recipients == ["gone@nowhere.invalid"]


def test_wrong_settings_are_told():
    for wish in ({"check_interval": "soon"}, {"allowed_ips": ["10.0.0.0/99"]}, {"dialect": "exim"}):
        with pytest.raises((ValueError, sandbox.client.ClientError)):
            sandbox.Sandbox(providers=["ibm"], ibm=wish).start()
