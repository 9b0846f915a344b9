"""Every operation of the control plane through the service's own Python SDK, whose models check each answer."""

import inspect
import re

import oci
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from oci.email import EmailClient, EmailClientCompositeOperations
from oci.email import models as m

from sandbox.app import Sandbox
from sandbox.providers.oci.rules import most_senders
from sandbox.settings import Oci, Settings

AT_ONCE = {
    "retry_strategy": oci.retry.NoneRetryStrategy(),
    "circuit_breaker_strategy": oci.circuit_breaker.NoCircuitBreakerStrategy(),
}
OPERATIONS = {
    name
    for name, function in inspect.getmembers(EmailClient, inspect.isfunction)
    if not name.startswith("_") and "resource_path" in inspect.getsource(function)
}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Settings(data=":memory:", ports="auto", oci=Oci())) as running:
        yield running


@pytest.fixture(scope="module")
def config(sandbox):
    return oci.config.from_file(sandbox.ready["oci"]["config_file"])


@pytest.fixture(scope="module")
def email(sandbox, config):
    return EmailClient(config, service_endpoint=sandbox.url, **AT_ONCE)


def sound(value, where=""):
    """Fails for an enum value that the SDK doesn't know, and for a required field that is missing."""
    if isinstance(value, list):
        for one in value:
            sound(one, where)
    elif hasattr(value, "attribute_map"):
        for name in value.attribute_map:
            found = getattr(value, name)
            place = f"{where}{type(value).__name__}.{name}"
            assert not (isinstance(found, str) and found == "UNKNOWN_ENUM_VALUE"), place
            required = "**[Required]**" in (inspect.getdoc(getattr(type(value), name)) or "")
            assert not (required and found is None), f"{place} is required"
            sound(found, f"{place}/")
    return value


class Recorder:
    """Calls operations by name, checks each answer, and remembers which were called."""

    def __init__(self, client):
        self.client = client
        self.called = set()

    def __getattr__(self, name):
        def call(*args, **kwargs):
            self.called.add(name)
            answer = getattr(self.client, name)(*args, **kwargs)
            assert re.search(r"[0-9A-F]{32}$", answer.headers["opc-request-id"])
            return sound(answer.data) if answer.data is not None else answer

        return call


def test_all_48_operations_answer_what_the_sdk_expects(sandbox, email):  # noqa: PLR0915 - one for each operation
    ready = sandbox.ready["oci"]
    here, tenancy = ready["compartment"], ready["tenancy"]
    assert len(OPERATIONS) == 48
    call = Recorder(email)
    pool = call.create_email_ip_pool(
        m.CreateEmailIpPoolDetails(compartment_id=here, name="pool", outbound_ips=["198.51.100.10"])
    )
    call.get_email_ip_pool(pool.id)
    assert call.list_email_ip_pools(here).items
    assert call.list_email_outbound_ips(here).items
    call.update_email_ip_pool(pool.id, m.UpdateEmailIpPoolDetails(description="d"))
    ips = ["198.51.100.11"]
    call.add_email_outbound_ip(m.AddEmailOutboundIpDetails(outbound_ips=ips), pool.id)
    call.remove_email_outbound_ip(m.RemoveEmailOutboundIpDetails(outbound_ips=ips), pool.id)
    call.add_email_ip_pool_lock(pool.id, m.AddLockDetails(type="FULL", message="m"))
    call.remove_email_ip_pool_lock(pool.id, m.RemoveLockDetails(type="FULL"))

    domain = call.create_email_domain(m.CreateEmailDomainDetails(compartment_id=here, name="all.example"))
    call.get_email_domain(domain.id)
    assert [one.id for one in call.list_email_domains(here, sort_by="ID", name="all.example").items] == [domain.id]
    call.update_email_domain(domain.id, m.UpdateEmailDomainDetails(description="d"))
    call.add_email_domain_lock(domain.id, m.AddLockDetails(type="DELETE"))
    call.remove_email_domain_lock(domain.id, m.RemoveLockDetails(type="DELETE"))
    dkim = call.create_dkim(m.CreateDkimDetails(email_domain_id=domain.id, name="sel"))
    assert call.get_dkim(dkim.id).txt_record_value.startswith("v=DKIM1; k=rsa; p=")
    (short,) = call.list_dkims(domain.id).items
    assert not hasattr(short, "cname_record_value")
    call.update_dkim(dkim.id, m.UpdateDkimDetails(description="d"))
    path = call.create_email_return_path(m.CreateEmailReturnPathDetails(parent_resource_id=domain.id))
    assert call.get_email_return_path(path.id).name == "iad1.rp.all.example"
    assert call.list_email_return_paths(compartment_id=here).items
    call.update_email_return_path(path.id, m.UpdateEmailReturnPathDetails(description="d"))
    call.add_return_path_lock(path.id, m.AddLockDetails(type="FULL"))
    call.remove_return_path_lock(path.id, m.RemoveLockDetails(type="FULL"))

    sender = call.create_sender(
        m.CreateSenderDetails(compartment_id=here, email_address="a@all.example", email_ip_pool_id=pool.id)
    )
    assert call.get_sender(sender.id).email_domain_id == domain.id
    assert {one.id for one in call.list_senders(here, email_ip_pool_id=pool.id)} == {sender.id}
    call.update_sender(sender.id, m.UpdateSenderDetails(email_ip_pool_id="", freeform_tags={"a": "b"}))
    call.add_sender_lock(sender.id, m.AddLockDetails(type="FULL"))
    call.remove_sender_lock(sender.id, m.RemoveLockDetails(type="FULL"))
    call.change_sender_compartment(sender.id, m.ChangeSenderCompartmentDetails(compartment_id=tenancy))
    call.delete_sender(sender.id)

    gone = call.create_suppression(m.CreateSuppressionDetails(compartment_id=tenancy, email_address="x@y.example"))
    call.get_suppression(gone.id)
    assert call.list_suppressions(tenancy)
    call.delete_suppression(gone.id)
    assert call.get_email_configuration(tenancy).smtp_submit_endpoint

    requests = call.list_work_requests(here).items
    assert {one.status for one in requests} == {"SUCCEEDED"}
    call.get_work_request(requests[0].id)
    assert call.list_work_request_logs(requests[0].id).items
    assert call.list_work_request_errors(requests[0].id).items == []

    moved = {"compartment_id": tenancy}
    call.change_email_domain_compartment(domain.id, m.ChangeEmailDomainCompartmentDetails(**moved))
    call.change_email_ip_pool_compartment(pool.id, m.ChangeEmailIpPoolCompartmentDetails(**moved))
    assert call.get_dkim(dkim.id).compartment_id == tenancy
    call.delete_email_return_path(path.id)
    call.delete_dkim(dkim.id)
    call.delete_email_domain(domain.id)
    call.delete_email_ip_pool(pool.id)
    assert call.called == OPERATIONS


def test_the_composite_operation_waits_for_the_work_request(sandbox, email):
    details = m.CreateEmailDomainDetails(compartment_id=sandbox.ready["oci"]["compartment"], name="wait.example")
    composite = EmailClientCompositeOperations(email)
    found = composite.create_email_domain_and_wait_for_state(details, ["SUCCEEDED"]).data
    assert isinstance(found, m.WorkRequest)
    assert found.resources[0].entity_type == "emailDomain"


def test_a_key_that_is_brought_along_is_used_and_never_shown(sandbox, email):
    here = sandbox.ready["oci"]["compartment"]
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = key.private_bytes(*form).decode()
    domain = email.create_email_domain(m.CreateEmailDomainDetails(compartment_id=here, name="own.example")).data
    details = m.CreateDkimDetails(email_domain_id=domain.id, name="own", private_key=pem)
    made = email.create_dkim(details).data
    assert (made.is_imported, made.key_length) == (True, 2048)
    services = sandbox.runtime.services
    account = services.accounts.ready_made.id
    stored = sandbox.call(services.store.resources.get(account, "oci", "dkim", made.id))
    assert stored.data["privateKey"] == pem
    wanted = ("domainName", "name", "lifecycleState", "txtRecordValue", "cnameRecordValue", "dnsSubdomainName")
    assert set(wanted) <= set(stored.data)
    secret = pem.splitlines()[5]
    sessions = [*sandbox.call(services.store.sessions.page(account, limit=1000)), *services.sessions.all(account)]
    assert sessions
    assert not [one.id for one in sessions if secret in str(one.lines)]


def test_lists_of_both_shapes_are_read_to_their_end(sandbox, email):
    here = sandbox.ready["oci"]["compartment"]
    for number in range(5):
        email.create_sender(m.CreateSenderDetails(compartment_id=here, email_address=f"p{number}@pages.example"))
        email.create_email_domain(m.CreateEmailDomainDetails(compartment_id=here, name=f"p{number}.pages.example"))
    bare = oci.pagination.list_call_get_all_results(email.list_senders, here, domain="pages.example", limit=2).data
    assert len({one.id for one in bare}) == len(bare) == 5
    pages = oci.pagination.list_call_get_all_results(email.list_email_domains, here, limit=2, sort_by="NAME").data
    names = [one.name for one in pages]
    assert names == sorted(names)
    assert {f"p{number}.pages.example" for number in range(5)} <= set(names)


def test_identity_answers_what_the_sdk_expects(sandbox, config):
    ready, im = sandbox.ready["oci"], oci.identity.models
    call = Recorder(oci.identity.IdentityClient(config, service_endpoint=sandbox.url, **AT_ONCE))
    tenancy = ready["tenancy"]
    before = {one.id for one in call.list_users(tenancy)}
    user = call.create_user(im.CreateUserDetails(compartment_id=tenancy, name="ada", description="d"))
    call.get_user(user.id)
    assert ready["user"] in before
    assert {one.id for one in call.list_users(tenancy)} == {*before, user.id}
    call.update_user(user.id, im.UpdateUserDetails(description="e"))
    group = call.create_group(im.CreateGroupDetails(compartment_id=tenancy, name="g", description="d"))
    member = call.add_user_to_group(im.AddUserToGroupDetails(user_id=user.id, group_id=group.id))
    call.get_user_group_membership(member.id)
    policy = call.create_policy(
        im.CreatePolicyDetails(
            compartment_id=tenancy,
            name="p",
            description="d",
            statements=["Allow group g to use email-family in tenancy"],
        )
    )
    call.update_policy(policy.id, im.UpdatePolicyDetails(description="e"))
    compartment = call.create_compartment(
        im.CreateCompartmentDetails(compartment_id=tenancy, name="c", description="d")
    )
    assert {one.id for one in call.list_compartments(tenancy)} == {compartment.id, ready["compartment"]}
    credential = call.create_smtp_credential(im.CreateSmtpCredentialDetails(description="d"), user.id)
    assert len(credential.password) == 20
    call.list_smtp_credentials(user.id)
    call.update_smtp_credential(user.id, credential.id, im.UpdateSmtpCredentialDetails(description="e"))
    call.delete_smtp_credential(user.id, credential.id)
    assert call.get_tenancy(tenancy).home_region_key == "IAD"
    assert len(call.list_regions()) == 46
    call.list_region_subscriptions(tenancy)
    call.delete_policy(policy.id)
    call.delete_user(user.id)
    assert call.list_user_group_memberships(tenancy, group_id=group.id) == []


def test_a_key_uploaded_for_another_user_signs_as_that_user(sandbox, config):
    ready, im = sandbox.ready["oci"], oci.identity.models
    admin = oci.identity.IdentityClient(config, service_endpoint=sandbox.url, **AT_ONCE)
    user = admin.create_user(im.CreateUserDetails(compartment_id=ready["tenancy"], name="bob", description="d")).data
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.PEM, spki).decode()
    uploaded = admin.upload_api_key(user.id, im.CreateApiKeyDetails(key=public)).data
    sound(uploaded)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    own = {
        "user": user.id,
        "tenancy": ready["tenancy"],
        "fingerprint": uploaded.fingerprint,
        "key_content": key.private_bytes(*form).decode(),
        "region": "us-ashburn-1",
    }
    client = EmailClient(own, service_endpoint=sandbox.url, **AT_ONCE)
    with pytest.raises(oci.exceptions.ServiceError) as refused:
        client.list_senders(ready["compartment"])
    assert (refused.value.status, refused.value.code) == (404, "NotAuthorizedOrNotFound")
    admin.create_policy(
        im.CreatePolicyDetails(
            compartment_id=ready["tenancy"],
            name="inspectors",
            description="d",
            statements=["Allow any-user to inspect approved-senders in tenancy"],
        )
    )
    assert client.list_senders(ready["compartment"]).status == 200
    with pytest.raises(oci.exceptions.ServiceError) as refused:
        client.create_sender(m.CreateSenderDetails(compartment_id=ready["compartment"], email_address="x@y.example"))
    assert refused.value.status == 404
    admin.delete_api_key(user.id, uploaded.fingerprint)
    with pytest.raises(oci.exceptions.ServiceError) as refused:
        client.list_senders(ready["compartment"])
    assert refused.value.status == 401


def test_an_account_has_as_many_approved_senders_as_its_limits_say():
    limits = {"approved_senders": 2}
    with Sandbox(Settings(data=":memory:", ports="auto", oci=Oci(limits=limits, approved_senders=["a@b.test"]))) as one:
        config = oci.config.from_file(one.ready["oci"]["config_file"])
        client = EmailClient(config, service_endpoint=one.url, **AT_ONCE)

        def add(address):
            wish = m.CreateSenderDetails(compartment_id=one.ready["oci"]["compartment"], email_address=address)
            return client.create_sender(wish).data

        second = add("c@b.test")
        with pytest.raises(oci.exceptions.ServiceError) as refused:
            add("d@b.test")
        assert (refused.value.status, refused.value.code) == (400, "LimitExceeded")
        client.delete_sender(second.id)
        add("d@b.test")


@pytest.mark.parametrize(("wish", "most"), [("trial", 2_000), ("paid", 10_000), ("unlimited", None), ({}, 10_000)])
def test_the_presets_know_how_many_senders_there_may_be(wish, most):
    assert most_senders(wish) == most
