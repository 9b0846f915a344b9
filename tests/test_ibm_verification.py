"""What a configuration lets its users send: domains verified and suspended, clones of users, allowed addresses."""

import json
import smtplib

import pytest
from ibm_kit import ibm, newcomer, read, service, settings, submit

from sandbox.app import Sandbox
from sandbox.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
NAME_SERVERS = ("ns1.example.net.", "ns2.example.net.")


@pytest.fixture(scope="module")
def running():
    with Sandbox(settings()) as sandbox:
        yield sandbox


@pytest.fixture
def fresh(sandbox):
    return newcomer(sandbox)


def publish(here, config):
    """The records that a configuration asks for, in a zone of the account."""
    zones = here.sandbox.runtime.services.dns.zones
    call = here.sandbox.call
    call(zones.create(here.account, config.domain, zone_id=config.id, servers=NAME_SERVERS))
    for record in (config.config.dkim, config.config.spf):
        put_back(here, record)


def put_back(here, record):
    value = record.txt_value
    strings = " ".join(f'"{value[at : at + 255]}"' for at in range(0, len(value), 255))
    here.sandbox.call(here.sandbox.runtime.services.dns.zones.add(here.account, record.txt_name, "TXT", strings))


def withdraw(here, record):
    here.sandbox.call(here.sandbox.runtime.services.dns.zones.withdraw(here.account, record.txt_name, "TXT"))


def verified(here, domain="shop.example"):
    made = here.sdk.create_smtp_configuration(here.instance, name="shop", domain=domain)
    config = read(ibm.SMTPCreateResponse, made, 201)
    publish(here, config)
    here.sdk.update_verify_smtp(here.instance, config.id, type="dkim,spf,en_authorization")
    return config


def states(here, config):
    shown = read(ibm.SMTPConfiguration, here.sdk.get_smtp_configuration(here.instance, config.id)).config
    return shown.dkim.verification, shown.spf.verification, shown.en_authorization.verification


@pytest.mark.proves("ibm.smtp.550.not-verified", "ibm.smtp.550.suspended")
def test_a_deleted_dkim_record_suspends_and_a_restored_one_resumes(fresh):
    """By the periodic check on the account's clock, or at once when verification is asked for."""
    config = read(ibm.SMTPCreateResponse, fresh.sdk.create_smtp_configuration(fresh.instance, "s", "shop.example"), 201)
    username = fresh.own["smtp_username"]
    fresh.sdk.create_smtp_user(fresh.instance, config.id, username_to_clone=username)
    assert submit(fresh)[1] == b"5.7.1 <orders@shop.example>: Sender address rejected: domain is not verified"
    publish(fresh, config)
    fresh.sdk.update_verify_smtp(fresh.instance, config.id, type="dkim,spf,en_authorization")
    assert states(fresh, config) == ("SUCCESSFUL",) * 3
    assert submit(fresh)[0] == 250

    withdraw(fresh, config.config.dkim)
    assert submit(fresh)[0] == 250
    fresh.account.clock.advance(86_401)
    assert submit(fresh)[1] == b"5.7.1 <orders@shop.example>: Sender address rejected: sending is suspended"
    assert states(fresh, config) == ("FAILED", "SUCCESSFUL", "SUCCESSFUL")
    assert submit(fresh, "noreply@example.com")[0] == 250

    put_back(fresh, config.config.dkim)
    assert submit(fresh)[0] == 550
    fresh.account.clock.advance(86_401)
    assert submit(fresh)[0] == 250

    withdraw(fresh, config.config.spf)
    fresh.sdk.update_verify_smtp(fresh.instance, config.id, type="spf")
    assert submit(fresh)[0] == 550


def test_a_zone_of_the_ready_made_domain_takes_its_records_over(fresh):
    """The records of the configuration that comes with an account stand in DNS until the user has a zone there."""
    services = fresh.sandbox.runtime.services
    config = read(ibm.SMTPConfiguration, fresh.sdk.get_smtp_configuration(fresh.instance, fresh.own["smtp_config_id"]))
    for record in (config.config.dkim, config.config.spf):
        answer = fresh.sandbox.call(services.dns.lookup.query(fresh.account, record.txt_name, "TXT"))
        assert answer.records == (record.txt_value,)
    fresh.sandbox.call(services.dns.zones.create(fresh.account, "example.com", zone_id="z", servers=NAME_SERVERS))
    fresh.account.clock.advance(86_401)
    assert submit(fresh, "noreply@example.com")[0] == 550


def test_the_background_makes_the_periodic_check_too(fresh):
    """Nobody sends or asks: the stored state changes by itself."""
    import time

    config = verified(fresh)
    withdraw(fresh, config.config.spf)
    fresh.account.clock.advance(86_401)
    store = fresh.sandbox.runtime.services.store.resources
    for _ in range(600):
        row = fresh.sandbox.call(store.get(fresh.account.id, "ibm", "smtp-config", config.id))
        if row.data["verification"]["spf"] == "FAILED":
            break
        time.sleep(0.1)
    assert row.data["verification"] == {"dkim": "SUCCESSFUL", "spf": "FAILED", "en_authorization": "SUCCESSFUL"}


def test_a_permissive_sandbox_verifies_at_once():
    with Sandbox(Settings(data=":memory:", ports="auto", providers=["ibm"], permissive=True)) as sandbox:
        made = service(sandbox).create_smtp_configuration(sandbox.ready["ibm"]["instance_id"], "p", "p.example")
        config = read(ibm.SMTPCreateResponse, made, 201).config
        assert {config.dkim.verification, config.spf.verification, config.en_authorization.verification} == {
            "SUCCESSFUL"
        }


def test_a_clone_logs_in_for_both_domains(fresh):
    config = verified(fresh)
    made = read(ibm.SMTPUserResponse, fresh.sdk.create_smtp_user(fresh.instance, config.id), 201)
    assert submit(fresh, "noreply@example.com", made.username, made.password)[0] == 553
    fresh.sdk.create_smtp_user(fresh.instance, fresh.own["smtp_config_id"], username_to_clone=made.username)
    assert submit(fresh, "noreply@example.com", made.username, made.password)[0] == 250
    assert submit(fresh, username=made.username, password=made.password)[0] == 250
    fresh.sdk.delete_smtp_user(fresh.instance, config.id, made.id)
    assert submit(fresh, username=made.username, password=made.password)[0] == 553
    assert submit(fresh, "noreply@example.com", made.username, made.password)[0] == 250


def test_allowed_addresses_decide_who_may_log_in(fresh):
    """One account's subnets don't let a client in that another's keep out: it is told when it logs in."""
    url = f"/v1/instances/{fresh.instance}/smtp/config/{fresh.own['smtp_config_id']}/allowed_ips"
    request = fresh.sdk.prepare_request("PATCH", url, data=json.dumps({"subnets": ["10.0.0.0/8"]}).encode(),
                                        headers={"content-type": "application/json"})  # fmt: skip
    assert fresh.sdk.send(request).get_result()["subnets"] == ["10.0.0.0/8"]
    with pytest.raises(smtplib.SMTPAuthenticationError, match="Client host rejected") as refused:
        submit(fresh, "noreply@example.com")
    assert refused.value.smtp_code == 554
