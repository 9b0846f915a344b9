"""The service's own SDK manages an instance, unchanged but for its URL; its models read every answer."""

import inspect
import json
import logging
import smtplib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from smtp_wire import Client, force

from sandbox.app import Sandbox
from sandbox.app.providers import load_providers
from sandbox.core.clock import to_iso
from sandbox.settings import Ibm, Settings

ibm = pytest.importorskip("ibm_eventnotifications.event_notifications_v1", reason="needs ibm-eventnotifications")
authenticators = pytest.importorskip("ibm_cloud_sdk_core.authenticators")
from ibm_cloud_sdk_core import ApiException  # noqa: E402 - after the skip

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
NAME_SERVERS = ("ns1.example.net.", "ns2.example.net.")
MESSAGE = b"From: orders@shop.example\r\nSubject: order\r\n\r\nthanks\r\n"


def settings(data=":memory:", **own):
    return Settings(data=str(data), ports="auto", providers=["ibm"], ibm=Ibm(**own))


def service(sandbox, ready=None, path="/event-notifications"):
    own = ready or sandbox.ready["ibm"]
    made = ibm.EventNotificationsV1(authenticator=authenticators.IAMAuthenticator(own["apikey"], url=sandbox.url))
    made.set_service_url(sandbox.url + path)
    return made


@pytest.fixture(scope="module")
def running():
    with Sandbox(settings()) as sandbox:
        yield sandbox


@pytest.fixture
def fresh(sandbox):
    """An account of its own: its SDK client, instance, and what it needs to send."""
    runtime = sandbox.runtime
    account = sandbox.call(runtime.services.accounts.create())
    sandbox.call(runtime.provision(account))
    own = sandbox.call(runtime.connection(account))["ibm"]
    return SimpleNamespace(
        sandbox=sandbox, account=account, own=own, sdk=service(sandbox, own), instance=own["instance_id"]
    )


def read(model, response, status=200):
    """The answer as the SDK's model reads it; it must not lose anything."""
    assert response.get_status_code() == status
    result = response.get_result()
    found = model.from_dict(result)
    assert set(found.to_dict()) == set(result)
    return found


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


def submit(here, sender="orders@shop.example", username=None, password=None):
    """(code, text) of the reply to MAIL, or to the message when MAIL was accepted."""
    own = here.own
    port = own["smtp"][0]["port"]
    import ssl

    with smtplib.SMTP("localhost", port, timeout=20) as client:
        client.starttls(context=ssl.create_default_context(cafile=here.sandbox.ready["ca_file"]))
        client.login(username or own["smtp_username"], password or own["smtp_password"])
        reply = client.mail(sender)
        if reply[0] != 250:
            return reply
        client.rcpt("ann@example.org")
        return client.data(MESSAGE.replace(b"orders@shop.example", sender.encode()))


def states(here, config):
    shown = read(ibm.SMTPConfiguration, here.sdk.get_smtp_configuration(here.instance, config.id)).config
    return shown.dkim.verification, shown.spf.verification, shown.en_authorization.verification


@pytest.mark.parametrize("path", ["/event-notifications", ""])
def test_every_smtp_operation_with_and_without_the_path(fresh, path):
    sdk, instance = service(fresh.sandbox, fresh.own, path), fresh.instance
    made = read(ibm.SMTPCreateResponse, sdk.create_smtp_configuration(instance, "one", "one.example"), 201)
    assert made.config.dkim.txt_name.endswith("._domainkey.one.example")
    assert made.config.spf.verification == "PENDING"
    listed = read(ibm.SMTPConfigurationsList, sdk.list_smtp_configurations(instance, limit=1, offset=0, search="one"))
    assert (listed.total_count, listed.smtp_configurations[0].id) == (1, made.id)
    changed = sdk.update_smtp_configuration(instance, made.id, name="two", description="changed")
    assert read(ibm.SMTPConfiguration, changed).description == "changed"
    status = sdk.update_verify_smtp(instance, made.id, type="dkim,spf,en_authorization")
    found = read(ibm.SMTPVerificationUpdateResponse, status).status
    assert [(one.type, one.verification) for one in found] == [
        ("dkim", "FAILED"), ("spf", "FAILED"), ("en_authorization", "SUCCESSFUL"),
    ]  # fmt: skip
    user = read(ibm.SMTPUserResponse, sdk.create_smtp_user(instance, made.id, description="first"), 201)
    assert user.password
    assert len(user.username) == 20
    home = fresh.own["smtp_config_id"]
    clone = sdk.create_smtp_user(instance, home, description="clone", username_to_clone=user.username)
    assert "password" not in clone.get_result()
    assert read(ibm.SMTPUserResponse, clone, 201).username == user.username
    assert read(ibm.SMTPUsersList, sdk.list_smtp_users(instance, made.id)).users[0].id == user.id
    assert read(ibm.SMTPUser, sdk.get_smtp_user(instance, made.id, user.id)).description == "first"
    renamed = sdk.update_smtp_user(instance, made.id, user.id, description="renamed")
    assert read(ibm.SMTPUser, renamed).description == "renamed"
    assert read(ibm.SMTPAllowedIPs, sdk.get_smtp_allowed_ips(instance, made.id)).subnets == ["127.0.0.0/8", "::1/128"]
    assert sdk.delete_smtp_user(instance, made.id, user.id).get_status_code() == 204
    assert sdk.delete_smtp_configuration(instance, made.id).get_status_code() == 204
    with pytest.raises(ApiException, match="is not found") as gone:
        sdk.get_smtp_configuration(instance, made.id)
    assert gone.value.code == 404
    assert gone.value.global_transaction_id


def test_pagers_walk_through_every_page(fresh):
    sdk, instance = fresh.sdk, fresh.instance
    for number in range(4):
        sdk.create_smtp_configuration(instance, f"c{number}", f"c{number}.example")
        sdk.create_smtp_user(instance, fresh.own["smtp_config_id"], description=f"u{number}")
    configs = ibm.SmtpConfigurationsPager(client=sdk, instance_id=instance, limit=2).get_all()
    assert [one["name"] for one in configs][1:] == ["c0", "c1", "c2", "c3"]
    users = ibm.SmtpUsersPager(client=sdk, instance_id=instance, id=fresh.own["smtp_config_id"], limit=2).get_all()
    assert len(users) == 5


def test_the_sixth_user_is_refused(fresh):
    for _ in range(4):
        fresh.sdk.create_smtp_user(fresh.instance, fresh.own["smtp_config_id"])
    with pytest.raises(ApiException, match="A maximum of 5 users") as refused:
        fresh.sdk.create_smtp_user(fresh.instance, fresh.own["smtp_config_id"])
    assert refused.value.code == 409


def test_the_environment_configures_the_sdk(sandbox, monkeypatch):
    monkeypatch.setenv("EVENT_NOTIFICATIONS_URL", sandbox.url + "/event-notifications")
    monkeypatch.setenv("EVENT_NOTIFICATIONS_AUTH_TYPE", "iam")
    monkeypatch.setenv("EVENT_NOTIFICATIONS_AUTH_URL", sandbox.url)
    monkeypatch.setenv("EVENT_NOTIFICATIONS_APIKEY", sandbox.ready["ibm"]["apikey"])
    sdk = ibm.EventNotificationsV1.new_instance()
    assert sdk.list_smtp_configurations(sandbox.ready["ibm"]["instance_id"]).get_result()["total_count"] == 1


def test_no_transcript_shows_a_secret(fresh):
    """Neither the key in a token request, nor the token, nor the password of a new user."""
    made = fresh.sdk.create_smtp_user(fresh.instance, fresh.own["smtp_config_id"]).get_result()
    services = fresh.sandbox.runtime.services
    pages = [services.store.sessions.page(account.id, limit=1000) for account in services.accounts.all()]
    said = "\n".join(line["text"] for page in pages for session in fresh.sandbox.call(page) for line in session.lines)
    assert "POST /identity/token" in said
    assert made["username"] in said
    for secret in (fresh.own["apikey"], made["password"], "eyJ"):
        assert secret not in said


@pytest.mark.parametrize("authenticator", [
    authenticators.NoAuthAuthenticator(), authenticators.BearerTokenAuthenticator("anything"),
])  # fmt: skip
def test_without_the_check_of_tokens_anybody_may_call(authenticator):
    with Sandbox(settings(verify_tokens=False)) as sandbox:
        sdk = ibm.EventNotificationsV1(authenticator=authenticator)
        sdk.set_service_url(sandbox.url)
        assert sdk.list_smtp_configurations(sandbox.ready["ibm"]["instance_id"]).get_status_code() == 200


def test_a_wrong_api_key_is_told_in_iams_words(sandbox):
    sdk = service(sandbox, {"apikey": "nobodys"})
    with pytest.raises(ApiException, match="Provided API key could not be found") as refused:
        sdk.list_smtp_configurations(sandbox.ready["ibm"]["instance_id"])
    assert refused.value.code == 400


# verification


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


# metrics


def test_metrics_and_the_status_of_a_message_by_its_queue_id(fresh):
    services, call = fresh.sandbox.runtime.services, fresh.sandbox.call
    told = submit(fresh, "noreply@example.com")
    queue_id = told[1].decode().rpartition(" ")[2]
    client = Client(fresh.sandbox, provider="ibm")
    from dialogues import plain

    client.secret = plain(fresh.own["smtp_username"], fresh.own["smtp_password"])
    client.login().envelope(recipient="gone@nowhere.invalid")
    client.message(b"From: noreply@example.com\r\nSubject: lost\r\n\r\nx\r\n")
    client.close()
    call(services.delivery.run_due())
    status = fresh.sdk.get_notifications_status(fresh.instance, queue_id).get_result()
    assert status["status"] == "success"
    assert status["details"]["status_message"].startswith("ann@example.org: 250 ")
    now = fresh.account.clock.now()
    wanted = {"gte": to_iso(now - 3600)[:19] + "Z", "lte": to_iso(now + 60)[:19] + "Z",
              "smtp_config_id": fresh.own["smtp_config_id"]}  # fmt: skip
    metrics = read(ibm.Metrics, fresh.sdk.get_metrics(fresh.instance, **wanted)).metrics
    assert {one.key: one.doc_count for one in metrics} == {"submitted": 2, "success": 1, "deferred": 0, "bounced": 1}
    assert sum(bucket.doc_count for bucket in metrics[0].histogram.buckets) == 2
    one = fresh.sdk.get_metrics(fresh.instance, notification_id=queue_id, **wanted).get_result()["metrics"]
    assert {each["key"]: each["doc_count"] for each in one}["bounced"] == 0
    bounces = read(ibm.BounceMetrics, fresh.sdk.get_bounce_metrics(fresh.instance, **wanted))
    (bounce,) = bounces.metrics
    assert (bounce.email_address, bounce.subject, bounce.ip_address) == ("gone@nowhere.invalid", "lost", "127.0.0.1")
    assert bounce.error_message


# a data folder


def test_a_restart_keeps_the_instance_and_adds_what_the_settings_gained(tmp_path):
    """Credentials and DKIM keys stay; a new domain gets a configuration with the same user, and is the one shown."""
    shown = []
    for own in ({}, {"domain": "second.example", "api_keys": ["an-api-key"]}):
        with Sandbox(settings(tmp_path, **own)) as sandbox:
            ready = sandbox.ready["ibm"]
            listed = service(sandbox, ready).list_smtp_configurations(ready["instance_id"]).get_result()
            shown.append((ready, listed["smtp_configurations"]))
            here = SimpleNamespace(sandbox=sandbox, own=ready)
            assert submit(here, "noreply@example.com")[0] == 250
            if own:
                assert submit(here, "noreply@second.example", password="an-api-key")[0] == 250
    (before, first), (after, both) = shown
    same = ("instance_id", "apikey", "smtp_username", "smtp_password")
    assert [before[name] for name in same] == [after[name] for name in same]
    assert [one["domain"] for one in both] == ["example.com", "second.example"]
    assert both[0] == first[0]
    assert (before["domain"], after["domain"]) == ("example.com", "second.example")


# what goes wrong


@pytest.mark.proves("ibm.https.500.internal", "ibm.https.503.unavailable")
def test_failures_inside_are_answered_in_the_services_form(tmp_path, monkeypatch, caplog):
    with caplog.at_level(logging.CRITICAL), Sandbox(settings(tmp_path)) as sandbox:
        sdk, instance = service(sandbox), sandbox.ready["ibm"]["instance_id"]
        resources = sandbox.runtime.services.store.resources

        async def fail(*_):
            raise RuntimeError("a fault below the wire")

        sdk.list_smtp_configurations(instance)
        with monkeypatch.context() as broken:
            broken.setattr(resources, "all", fail)
            with pytest.raises(ApiException, match="Internal server error") as refused:
                sdk.list_smtp_configurations(instance)
            assert refused.value.code == 500
        store = tmp_path / "store.db"
        store.rename(tmp_path / "elsewhere")
        with pytest.raises(ApiException, match="temporarily unavailable") as refused:
            sdk.create_smtp_configuration(instance, "x", "x.example")
        assert refused.value.code == 503
        (tmp_path / "elsewhere").rename(store)
        assert sdk.create_smtp_configuration(instance, "x", "x.example").get_status_code() == 201
    assert sqlite3.connect(store).execute("SELECT count(*) FROM resources WHERE kind = 'smtp-config'").fetchone() == (
        2,
    )


ENTRIES = [entry for entry in load_providers(["ibm"])[0].catalog() if entry.channel == "https"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_a_forced_error_is_read_by_the_sdk(sandbox, entry):
    """Every row, as the exception that the SDK makes of it; nothing was changed."""
    force(sandbox, entry.id, "ibm", times=1, match={"user": "iam-*"})
    instance = sandbox.ready["ibm"]["instance_id"]
    with pytest.raises(ApiException) as refused:
        service(sandbox).create_smtp_configuration(instance, "forced", "forced.example")
    said = entry.text.format(
        parameter="instance_id", resource=f"/event-notifications/v1/instances/{instance}/smtp/config"
    )
    assert (refused.value.code, refused.value.message) == (entry.status, said)
    assert service(sandbox).list_smtp_configurations(instance, search="forced").get_result()["total_count"] == 0


def test_the_sixth_user_is_refused_however_many_ask_at_once(fresh):
    """Of twelve that ask at the same moment, four find room beside the ready-made user."""
    sdks = [service(fresh.sandbox, fresh.own) for _ in range(4)]

    def ask(number):
        try:
            return sdks[number % 4].create_smtp_user(fresh.instance, fresh.own["smtp_config_id"]).get_status_code()
        except ApiException as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, range(12))) == [201] * 4 + [409] * 8


def test_the_sdk_has_no_smtp_operation_that_is_not_answered():
    """A new release of the SDK shows here."""
    from sandbox.providers.ibm.api import OPERATIONS

    known = {one.name.lower() for one in OPERATIONS}
    theirs = {
        name.replace("_", "")
        for name, _ in inspect.getmembers(ibm.EventNotificationsV1, inspect.isfunction)
        if "smtp" in name and not name.startswith("_")
    }
    assert len(theirs) == 12
    assert theirs <= known
