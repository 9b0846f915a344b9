"""The service's own Python SDK can't tell the sandbox from the service."""

import re
from email import message_from_bytes, policy

import oci
import pytest
from oci.email import EmailClient
from oci.email import models as control
from oci.email_data_plane import EmailDPClient
from oci.email_data_plane import models as data
from oci_signing import another_key

from sandbox.app import Sandbox
from sandbox.core.faults import MAGIC_DOMAIN, make_fault
from sandbox.core.model import Stage
from sandbox.core.store.messages import Clause
from sandbox.providers.oci import PROVIDER
from sandbox.settings import Oci, Settings

ROWS = [entry for entry in PROVIDER.catalog() if entry.channel == "https"]
AT_ONCE = {
    "retry_strategy": oci.retry.NoneRetryStrategy(),
    "circuit_breaker_strategy": oci.circuit_breaker.NoCircuitBreakerStrategy(),
}


class Kit:
    """A sandbox with clients for it."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.ready = sandbox.ready["oci"]
        self.compartment, self.tenancy = self.ready["compartment"], self.ready["tenancy"]
        self.config = oci.config.from_file(self.ready["config_file"])
        self.mail = EmailDPClient(self.config, service_endpoint=sandbox.url, **AT_ONCE)
        self.control = EmailClient(self.config, service_endpoint=sandbox.url, **AT_ONCE)
        self.services = sandbox.runtime.services
        self.account = self.services.accounts.ready_made

    def email(self, **changes):
        fields = {
            "sender": data.Sender(
                compartment_id=self.compartment, sender_address=data.EmailAddress(email="noreply@example.com")
            ),
            "recipients": data.Recipients(to=[data.EmailAddress(email="ada@example.org")]),
            "subject": "Hello",
            "body_text": "Hello",
        }
        return data.SubmitEmailDetails(**{**fields, **changes})

    def stored(self):
        page = self.sandbox.call(self.services.store.messages.page(self.account.id, Clause()))
        return list(page.items)

    def newest(self):
        record = self.stored()[0]
        raw = self.sandbox.call(self.services.store.messages.raw(self.account.id, record.id))
        return record, message_from_bytes(raw, policy=policy.default)

    def create_sender(self, address):
        details = control.CreateSenderDetails(compartment_id=self.compartment, email_address=address)
        return self.control.create_sender(details)


@pytest.fixture(scope="module")
def kit():
    with Sandbox(Settings(data=":memory:", ports="auto", oci=Oci(suppressed=["gone@example.org"]))) as sandbox:
        yield Kit(sandbox)


@pytest.fixture
def armed(kit):
    """Arms errors for one test."""

    def arm(entry, **wish):
        kit.account.faults.add(make_fault("f1", entry, wish))

    yield arm
    kit.account.faults.clear()


def refused(call, *args, **kwargs):
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        call(*args, **kwargs)
    return caught.value


def test_an_email_by_its_fields_is_stored_as_composed(kit):
    answer = kit.mail.submit_email(
        kit.email(
            sender=data.Sender(
                compartment_id=kit.compartment,
                sender_address=data.EmailAddress(email="noreply@example.com", name="Nö Reply"),
            ),
            recipients=data.Recipients(
                to=[data.EmailAddress(email="ada@example.org", name='Ada "Countess" L.')],
                cc=[data.EmailAddress(email="ADA@example.org"), data.EmailAddress(email="bob@example.org")],
                bcc=[data.EmailAddress(email="eve@example.org")],
            ),
            subject="Grüße aus Zürich",
            body_html="<p>Grüße</p>",
            reply_to=[data.EmailAddress(email="desk@example.net")],
            header_fields={"X-Campaign": "spring"},
            message_id="1@mail.example.com",
        )
    ).data
    record, message = kit.newest()
    assert answer.message_id == "1@mail.example.com"
    assert (answer.envelope_id, answer.suppressed_recipients) == (record.envelope_id, [])
    assert record.envelope.mail_from == "noreply@example.com"
    assert record.envelope.rcpt_to == ("ada@example.org", "bob@example.org", "eve@example.org")
    assert message["subject"] == "Grüße aus Zürich"
    assert str(message["from"]) == "Nö Reply <noreply@example.com>"
    assert message["to"].addresses[0].display_name == 'Ada "Countess" L.'
    assert message["bcc"] is None
    assert "eve@" not in message.as_string()
    assert message["x-campaign"] == "spring"
    assert message["reply-to"].addresses[0].addr_spec == "desk@example.net"
    assert message.get_body(("plain",)).get_content().strip() == "Hello"
    assert message.get_body(("html",)).get_content().strip() == "<p>Grüße</p>"


def test_suppressed_recipients_come_back_as_objects(kit):
    recipients = data.Recipients(to=[data.EmailAddress(email="Gone@example.org", name="Gone")])
    answer = kit.mail.submit_email(kit.email(recipients=recipients)).data
    assert [(one.email, one.name) for one in answer.suppressed_recipients] == [("Gone@example.org", "Gone")]


def test_a_raw_message_is_stored_octet_by_octet(kit):
    raw = b"From: noreply@example.com\r\nSubject: raw\r\n\r\n.dot and \xff\r\n"
    answer = kit.mail.submit_raw_email(
        content_type="message/rfc822",
        compartment_id=kit.compartment,
        sender="noreply@example.com",
        recipients=["ada@example.org", "gone@example.org"],
        raw_message=raw,
    ).data
    record = kit.stored()[0]
    assert kit.sandbox.call(kit.services.store.messages.raw(kit.account.id, record.id)) == raw
    assert answer.suppressed_recipients == ["gone@example.org"]
    assert answer.message_id == record.message_id


def test_a_sender_lives_through_create_get_update_and_delete(kit):
    created = kit.create_sender("life@example.com")
    assert created.data.lifecycle_state == "CREATING"
    active = oci.wait_until(
        kit.control, kit.control.get_sender(created.data.id), "lifecycle_state", "ACTIVE", max_wait_seconds=5
    )
    details = control.UpdateSenderDetails(freeform_tags={"team": "sales"})
    updated = kit.control.update_sender(active.data.id, details, if_match=active.headers["etag"])
    assert updated.data.freeform_tags == {"team": "sales"}
    stale = refused(kit.control.update_sender, active.data.id, details, if_match=active.headers["etag"])
    assert (stale.status, stale.code) == (412, "NoEtagMatch")
    assert kit.control.delete_sender(active.data.id).status == 204
    assert refused(kit.control.get_sender, active.data.id).code == "NotAuthorizedOrNotFound"


def test_a_new_sender_can_send_at_once_and_a_deleted_one_cannot(kit):
    sender = kit.create_sender("fresh@example.com").data
    origin = data.Sender(compartment_id=kit.compartment, sender_address=data.EmailAddress(email="fresh@example.com"))
    assert kit.mail.submit_email(kit.email(sender=origin)).status == 200
    kit.control.delete_sender(sender.id)
    assert refused(kit.mail.submit_email, kit.email(sender=origin)).status == 404


def test_a_duplicate_sender_conflicts(kit):
    error = refused(kit.create_sender, "NOREPLY@example.com")
    assert (error.status, error.code) == (409, "Conflict")


def test_a_sender_moves_to_another_compartment(kit):
    sender = kit.create_sender("move@example.com").data
    details = control.ChangeSenderCompartmentDetails(compartment_id=kit.tenancy)
    assert kit.control.change_sender_compartment(sender.id, details).status == 200
    assert kit.control.get_sender(sender.id).data.compartment_id == kit.tenancy
    kit.control.delete_sender(sender.id)


def test_a_suppression_lives_through_create_list_and_delete(kit):
    details = control.CreateSuppressionDetails(compartment_id=kit.tenancy, email_address="Late@Example.org")
    created = kit.control.create_suppression(details).data
    assert (created.email_address, created.reason) == ("late@example.org", "MANUAL")
    found = kit.control.list_suppressions(kit.tenancy, email_address="late@example.org").data
    assert [one.id for one in found] == [created.id]
    assert refused(kit.control.create_suppression, details).status == 409
    assert kit.control.delete_suppression(created.id).status == 204
    assert refused(kit.control.get_suppression, created.id).status == 404


def test_every_page_is_fetched_once(kit):
    names = [f"page{number}@example.com" for number in range(7)]
    made = [kit.create_sender(name).data.id for name in names]
    try:
        found = oci.pagination.list_call_get_all_results(
            kit.control.list_senders, kit.compartment, limit=3, sort_by="EMAILADDRESS", domain="example.com"
        ).data
        assert [one.email_address for one in found] == ["noreply@example.com", *names]
        first = kit.control.list_senders(kit.compartment, limit=3)
        assert first.headers["opc-total-items"] == "8"
    finally:
        for sender in made:
            kit.control.delete_sender(sender)


def test_pages_hold_when_items_go_in_between(kit):
    made = {name: kit.create_sender(f"{name}@example.com").data.id for name in ("q1", "q2", "q3", "q4")}
    arguments = {"sort_by": "EMAILADDRESS", "limit": 3}
    first = kit.control.list_senders(kit.compartment, **arguments)
    kit.control.delete_sender(made.pop("q1"))
    second = kit.control.list_senders(kit.compartment, page=first.next_page, **arguments)
    try:
        assert [one.email_address for one in second.data] == ["q3@example.com", "q4@example.com"]
    finally:
        for sender in made.values():
            kit.control.delete_sender(sender)


def test_the_configuration_names_this_sandbox(kit):
    found = kit.control.get_email_configuration(kit.tenancy).data
    assert found.http_submit_endpoint == kit.sandbox.url
    assert found.smtp_submit_endpoint.startswith("127.0.0.1:")


def test_the_request_id_of_the_client_comes_back_first(kit):
    answer = kit.control.list_senders(kit.compartment, opc_request_id="0123456789ABCDEF")
    assert re.fullmatch(r"0123456789ABCDEF/[0-9A-F]{32}/[0-9A-F]{32}", answer.headers["opc-request-id"])


def test_a_wrong_key_is_refused_at_once(kit, tmp_path):
    from cryptography.hazmat.primitives import serialization

    wrong = tmp_path / "wrong.pem"
    wrong.write_bytes(
        another_key().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + b"OCI_API_KEY\n"
    )
    wrong.chmod(0o600)
    client = EmailDPClient({**kit.config, "key_file": str(wrong)}, service_endpoint=kit.sandbox.url)
    error = refused(client.submit_email, kit.email())
    assert (error.status, error.code) == (401, "NotAuthenticated")


def test_the_tls_listener_answers_alike(kit, monkeypatch):
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # they would win over the session's own
        monkeypatch.delenv(variable, raising=False)
    ready = kit.sandbox.ready
    client = EmailDPClient(kit.config, service_endpoint=ready["https"], **AT_ONCE)
    client.base_client.session.verify = ready["ca_file"]
    assert client.submit_email(kit.email()).status == 200


def test_each_account_has_its_own_senders(kit):
    async def fresh():
        account = await kit.services.accounts.create()
        await kit.sandbox.runtime.provision(account)
        return await kit.sandbox.runtime.connection(account)

    other = kit.sandbox.call(fresh())["oci"]
    sender = kit.create_sender("mine@example.com").data
    client = EmailClient(oci.config.from_file(other["config_file"]), service_endpoint=kit.sandbox.url, **AT_ONCE)
    assert [one.email_address for one in client.list_senders(other["compartment"]).data] == ["noreply@example.com"]
    assert refused(client.list_senders, kit.compartment).status == 404
    assert refused(client.get_sender, sender.id).status == 404
    kit.control.delete_sender(sender.id)


def test_there_are_rows_to_force():
    assert len(ROWS) >= 19 + 10


@pytest.mark.parametrize(
    ("entry", "stage"),
    [pytest.param(entry, stage, id=f"{entry.id}-{stage}") for entry in ROWS for stage in entry.stages],
)
def test_a_forced_row_is_what_the_client_sees(kit, armed, entry, stage):
    armed(entry, stage=str(stage), times=1)
    before = len(kit.stored())
    call = (lambda: kit.mail.submit_email(kit.email())) if stage is Stage.REQUEST else _list_senders(kit)
    if entry.status == 200:
        assert call().data.envelope_id
    else:
        error = refused(call)
        assert (error.status, error.code) == (entry.status, entry.code)
        assert re.fullmatch(re.sub(r"\\{\w+\\}", ".+", re.escape(entry.text)), error.message)
        assert "<" not in error.message
        assert error.headers["opc-request-id"]
    assert len(kit.stored()) == before, "a forced error stores nothing"
    assert call().status == 200, "once means once"


def _list_senders(kit):
    return lambda: kit.control.list_senders(kit.compartment)


def test_a_forced_error_strikes_only_what_it_matches(kit, armed):
    armed(kit.services.providers["oci"].catalog.get("https.500.internal"), match={"subject": "*invoice*"})
    assert kit.mail.submit_email(kit.email()).status == 200
    assert refused(kit.mail.submit_email, kit.email(subject="Your Invoice")).status == 500


def test_a_magic_recipient_asks_for_an_error(kit):
    magic = data.EmailAddress(email=f"oci.https.413.too-large@{MAGIC_DOMAIN}")
    error = refused(kit.mail.submit_email, kit.email(recipients=data.Recipients(bcc=[magic])))
    assert (error.status, error.message) == (413, "Message exceeds byte limit : limit is 2097152")


def test_retries_outlast_a_passing_error(kit, armed):
    armed(kit.services.providers["oci"].catalog.get("https.429.too-many-requests"), times=1)
    patient = oci.retry.RetryStrategyBuilder(
        max_attempts_check=True, max_attempts=2, retry_base_sleep_time_seconds=0, retry_max_wait_between_calls_seconds=0
    ).get_retry_strategy()
    assert kit.mail.submit_email(kit.email(), retry_strategy=patient).status == 200
