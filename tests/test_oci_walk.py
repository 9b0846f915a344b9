"""The walk through the service with its own command line: domain, SPF, DKIM, sender, mail, suppressions."""

import json

import dns.message
import dns.query
import dns.rdatatype
import pytest
from oci_tools import Cli

from sandbox.app import Sandbox
from sandbox.core.attempts import FollowUp
from sandbox.core.store.messages import Clause
from sandbox.settings import Oci, Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
REGION = "sa-saopaulo-1"
DOMAIN = "pizza.example"
SELECTOR = "pizza-sa-saopaulo-1-20241221"
CNAME = f"{SELECTOR}.{DOMAIN}.dkim.gru1.oracleemaildelivery.com"


@pytest.fixture(scope="module")
def sandbox():
    settings = Settings(data=":memory:", ports="auto", oci=Oci(region=REGION))
    with Sandbox(settings) as running:
        yield running


def ask(sandbox, name, rtype):
    """Record data from the sandbox's name server."""
    place = sandbox.ready["dns"]
    query = dns.message.make_query(name, rtype)
    answer, _ = dns.query.udp_with_fallback(query, place["host"], port=place["port"], timeout=10)
    return [row.to_text() for rrset in answer.answer for row in rrset if rrset.rdtype == dns.rdatatype.from_text(rtype)]


def record(name, rdata, rtype):
    return json.dumps([{"domain": name, "rdata": rdata, "rtype": rtype, "ttl": 3600}])


def patch(cli, compartment, name, rdata, rtype):
    return cli.json(
        *("dns", "record", "domain", "patch", "--compartment-id", compartment, "--zone-name-or-id", DOMAIN),
        *("--domain", name, "--scope", "GLOBAL", "--items", record(name, rdata, rtype)),
    )


def test_the_twelve_commands_in_order(sandbox):
    cli, ready = Cli(sandbox, REGION), sandbox.ready["oci"]
    here, tenancy = ready["compartment"], ready["tenancy"]
    services = sandbox.runtime.services
    cli.text("dns", "zone", "create", "--compartment-id", here, "--name", DOMAIN, "--zone-type", "PRIMARY")

    made = cli.json(
        *("email", "domain", "create", "--compartment-id", here, "--name", DOMAIN),
        *("--description", "Pizza", "--wait-for-state", "SUCCEEDED"),
    )["data"]
    assert (made["status"], made["operation-type"], made["percent-complete"]) == (
        "SUCCEEDED",
        "CREATE_EMAIL_DOMAIN",
        100.0,
    )
    assert made["resources"][0]["action-type"] == "CREATED"

    patch(cli, here, DOMAIN, "v=spf1 include:rp.oracleemaildelivery.com ~all", "TXT")
    assert ask(sandbox, DOMAIN, "TXT") == ['"v=spf1" "include:rp.oracleemaildelivery.com" "~all"']

    (domain,) = cli.json(
        *("email", "domain", "list", "--compartment-id", here, "--all", "--name", DOMAIN),
        *("--lifecycle-state", "ACTIVE", "--query", "data.items[].id"),
    )
    assert domain == made["resources"][0]["identifier"]
    assert domain.startswith(f"ocid1.emaildomain.oc1.{REGION}.")

    key = cli.json(
        *("email", "dkim", "create", "--email-domain-id", domain, "--name", SELECTOR),
        *("--description", "DKIM", "--wait-for-state", "SUCCEEDED"),
    )["data"]
    assert (key["status"], key["operation-type"]) == ("SUCCEEDED", "CREATE_DKIM")

    (dkim,) = cli.json(
        *("email", "dkim", "list", "--email-domain-id", domain, "--all", "--name", SELECTOR),
        *("--query", "data.items[].id"),
    )
    get = ("email", "dkim", "get", "--dkim-id", dkim, "--query")
    assert cli.json(*get, 'data."lifecycle-state"') == "NEEDS_ATTENTION"
    name = cli.json(*get, 'data."dns-subdomain-name"')
    assert name == f"{SELECTOR}._domainkey.{DOMAIN}."
    target = cli.json(*get, 'data."cname-record-value"')
    assert target == CNAME

    patch(cli, here, name.rstrip("."), target, "CNAME")
    whole = cli.json("email", "dkim", "get", "--dkim-id", dkim)["data"]
    assert (whole["lifecycle-state"], whole["lifecycle-details"]) == ("ACTIVE", "")
    assert ask(sandbox, name, "CNAME") == [f"{CNAME}."]
    published = "".join(ask(sandbox, name, "TXT")).replace('"', "").replace(" ", "")
    assert published == whole["txt-record-value"].replace(" ", "")

    sender = cli.json(
        *("email", "sender", "create", "--compartment-id", here, "--email-address", f"no-reply@{DOMAIN}"),
        *("--wait-for-state", "ACTIVE"),
    )["data"]
    assert (sender["lifecycle-state"], sender["email-domain-id"], sender["is-spf"]) == ("ACTIVE", domain, True)

    sent = cli.json(
        *("email-data-plane", "email-submitted-response", "submit-email", "--recipients"),
        '{"to": [{"email": "darmbrust@mail.example", "name": "Daniel Armbrust"}]}',
        "--sender",
        json.dumps({"compartmentId": here, "senderAddress": {"email": f"no-reply@{DOMAIN}", "name": "no-reply"}}),
        *("--subject", "Olá! Isso é um e-mail de teste.", "--body-text", "Olá!"),
    )["data"]
    (captured,) = sandbox.call(services.store.messages.page(services.accounts.ready_made.id, Clause())).items
    assert captured.subject == "Olá! Isso é um e-mail de teste."
    assert sent["message-id"] == captured.message_id

    account = services.accounts.ready_made
    sandbox.call(services.delivery.run_due())
    sandbox.call(services.delivery.simulate(account, captured.id, "darmbrust@mail.example", FollowUp.BOUNCE))

    cli.text("email", "suppression", "create", "--compartment-id", tenancy, "--email-address", "nao-sei@nada.example")
    table = cli.text(
        *("email", "suppression", "list", "--compartment-id", tenancy, "--all", "--query"),
        'data[].{"email-address":"email-address",reason:reason}',
        *("--output", "table"),
    )
    assert [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[0] == "|"] == [
        ["email-address", "reason"],
        ["nao-sei@nada.example", "MANUAL"],
        ["darmbrust@mail.example", "HARDBOUNCE"],
    ]


def test_the_command_line_waits_pages_and_reports_as_with_the_service(sandbox):
    cli, ready = Cli(sandbox, REGION), sandbox.ready["oci"]
    here = ready["compartment"]
    nobody = ("--compartment-id", ready["tenancy"], "--email-address", "nobody@x.example")
    assert cli.text("email", "suppression", "list", *nobody) == ""
    doubled = cli.run("email", "sender", "create", "--compartment-id", here, "--email-address", "noreply@example.com")
    assert doubled.returncode == 1
    assert '"status": 409' in doubled.stderr
    shown = cli.run("email", "sender", "list", "--compartment-id", here, "--limit", "1")
    assert "opc-next-page" in shown.stdout
    credential = cli.json("iam", "smtp-credential", "create", "--user-id", ready["user"], "--description", "d")["data"]
    assert len(credential["password"]) == 20
    assert credential["username"].startswith(f"{ready['user']}@{ready['tenancy']}.")
    third = cli.run("iam", "smtp-credential", "create", "--user-id", ready["user"], "--description", "d")
    assert '"LimitExceeded"' in third.stderr
    listed = cli.json("iam", "smtp-credential", "list", "--user-id", ready["user"])["data"]
    assert len(listed) == 2
    assert all("password" not in one for one in listed)
