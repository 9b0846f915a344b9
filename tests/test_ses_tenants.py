"""Sending for a tenant, through the API and by SMTP: what it may use, when it may send, whom its list holds back."""

import smtplib

import pytest
from ses_kit import kit

DOMAIN = "shop.example"


@pytest.fixture(scope="module")
def box():
    with kit(verified_identities=["noreply@example.com", DOMAIN], limits="unlimited") as found:
        made = found.v2.create_tenant(
            TenantName="acme", SuppressionAttributes={"SuppressedReasons": ["BOUNCE"], "SuppressionScope": "TENANT"}
        )
        found.tenant = made["TenantArn"]
        found.identity = f"{found.tenant.partition('tenant/')[0]}identity/{DOMAIN}"
        found.v2.create_tenant_resource_association(TenantName="acme", ResourceArn=found.identity)
        yield found


def entity(box, arn, status):
    box.v2.update_reputation_entity_customer_managed_status(
        ReputationEntityType="RESOURCE", ReputationEntityReference=arn, SendingStatus=status
    )


def by_smtp(box, tenant, sender=f"news@{DOMAIN}"):
    """What the end of the data is answered."""
    ses = box.sandbox.ready["ses"]
    listener = next(one for one in ses["smtp"] if one["tls"] == "implicit")
    with smtplib.SMTP_SSL(listener["host"], listener["port"]) as client:
        client.login(ses["smtp_username"], ses["smtp_password"])
        client.mail(sender)
        client.rcpt("ann@example.net")
        return client.data(f"From: {sender}\r\nSubject: x\r\nX-SES-TENANT: {tenant}\r\n\r\nHello\r\n")


def test_a_tenant_sends_with_what_it_has(box):
    message_id = box.send("ann@example.net", sender=f"news@{DOMAIN}", TenantName="acme")
    assert box.record(message_id).attributes["tenant"] == "acme"
    assert by_smtp(box, "acme")[0] == 250


@pytest.mark.proves(
    "ses.api.NotFoundException.tenant", "ses.api.BadRequestException.tenant-resource", "ses.smtp.554.no-tenant",
    "ses.smtp.554.tenant-resource",
)  # fmt: skip
def test_a_tenant_sends_with_nothing_else(box):
    box.refused(
        "api.NotFoundException.tenant",
        lambda **more: box.send("ann@example.net", **more),
        TenantName="none",
        sender=f"news@{DOMAIN}",
    )
    box.refused(
        "api.BadRequestException.tenant-resource",
        lambda **more: box.send("ann@example.net", **more),
        TenantName="acme",
        sender="noreply@example.com",
    )
    assert by_smtp(box, "none") == (554, b"Transaction failed: Tenant none does not exist.")
    code, text = by_smtp(box, "acme", "noreply@example.com")
    assert code == 554
    assert text.endswith(b"identity/noreply@example.com is not associated with the tenant.")


@pytest.mark.proves("ses.api.SendingPausedException.tenant", "ses.smtp.554.tenant-paused")
def test_a_tenant_that_is_disabled_sends_nothing(box):
    entity(box, box.tenant, "DISABLED")
    try:
        box.refused(
            "api.SendingPausedException.tenant",
            lambda **more: box.send("ann@example.net", **more),
            TenantName="acme",
            sender=f"news@{DOMAIN}",
        )
        assert by_smtp(box, "acme") == (554, b"Transaction failed: Sending paused for tenant acme.")
        assert box.send("ann@example.net", sender=f"news@{DOMAIN}"), "the account itself goes on"
    finally:
        entity(box, box.tenant, "REINSTATED")
    assert box.send("ann@example.net", sender=f"news@{DOMAIN}", TenantName="acme")


@pytest.mark.proves("ses.api.SendingPausedException.entity", "ses.smtp.554.entity-paused")
def test_an_identity_that_is_disabled_sends_nothing(box):
    entity(box, box.identity, "DISABLED")
    try:
        box.refused(
            "api.SendingPausedException.entity",
            lambda **more: box.send("ann@example.net", **more),
            sender=f"news@{DOMAIN}",
        )
        assert by_smtp(box, "")[1].decode() == f"Transaction failed: Sending paused for {box.identity}."
        assert box.send("ann@example.net")
    finally:
        entity(box, box.identity, "ENABLED")
    assert box.send("ann@example.net", sender=f"news@{DOMAIN}")


def test_a_tenant_s_own_list_decides_who_is_held_back(box):
    box.v2.put_suppressed_destination(EmailAddress="mine@example.net", Reason="BOUNCE", TenantName="acme")
    box.v2.put_suppressed_destination(EmailAddress="ours@example.net", Reason="BOUNCE")

    def held(**more):
        record = box.record(box.send("mine@example.net", "ours@example.net", sender=f"news@{DOMAIN}", **more))
        return [one.address for one in record.recipients if one.outcome == "suppressed"]

    assert held(TenantName="acme") == ["mine@example.net"]
    assert held() == ["ours@example.net"]
