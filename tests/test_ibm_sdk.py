"""The service's own SDK manages an instance, unchanged but for its URL; its models read every answer."""

import inspect
import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from ibm_kit import ApiException, authenticators, ibm, newcomer, read, service, settings, submit
from smtp_wire import Client, force

from sandbox.app import Sandbox
from sandbox.app.providers import load_providers
from sandbox.core.clock import to_iso

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def running():
    with Sandbox(settings()) as sandbox:
        yield sandbox


@pytest.fixture
def fresh(sandbox):
    return newcomer(sandbox)


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
