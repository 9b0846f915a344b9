"""What an identity is given: a key of one's own, a MAIL FROM domain, policies, notifications, a configuration set."""

import base64
import contextlib
import json
import urllib.request

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from ses_kit import by_smtp, kit, publish

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "ses:Send*", "Resource": "*"}],
}


@pytest.fixture(scope="module")
def box():
    with kit(limits="unlimited") as running:
        yield running


def private_key(size=2048, kind=None):
    key = kind() if kind else rsa.generate_private_key(public_exponent=65537, key_size=size)
    form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key, base64.b64encode(key.private_bytes(*form)).decode()


@pytest.mark.proves("ses.api.BadRequestException.own-key", "ses.api.BadRequestException.not-verified-for-dkim")
def test_a_key_of_ones_own(box):
    key, text = private_key(1024)
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    own = {"DomainSigningSelector": "mine", "DomainSigningPrivateKey": text}
    made = box.v2.create_email_identity(EmailIdentity="own.test", DkimSigningAttributes=own)["DkimAttributes"]
    assert (made["SigningAttributesOrigin"], made["Tokens"], made["Status"]) == ("EXTERNAL", ["mine"], "PENDING")
    record = f'"v=DKIM1; k=rsa; p={base64.b64encode(spki).decode()}"'
    publish(box, "own.test", ("mine._domainkey.own.test", "TXT", record))
    assert box.v2.get_email_identity(EmailIdentity="own.test")["DkimAttributes"]["Status"] == "SUCCESS"
    message_id = box.send("ann@example.net", sender="a@own.test")
    assert "s=mine; d=own.test;" in box.copy(message_id, "ann@example.net")
    assert _dkim(box, message_id) == "pass"
    put = box.v2.put_email_identity_dkim_signing_attributes
    for wrong in ("AAAA", private_key(kind=ed25519.Ed25519PrivateKey.generate)[1]):
        box.refused(
            "api.BadRequestException.own-key",
            put,
            EmailIdentity="own.test",
            SigningAttributesOrigin="EXTERNAL",
            SigningAttributes={**own, "DomainSigningPrivateKey": wrong},
        )
    back = put(EmailIdentity="own.test", SigningAttributesOrigin="AWS_SES")
    assert (back["DkimStatus"], len(back["DkimTokens"])) == ("PENDING", 3)
    box.refused(
        "api.BadRequestException.not-verified-for-dkim",
        box.v2.put_email_identity_dkim_attributes,
        EmailIdentity="noreply@example.com",
        SigningEnabled=True,
    )


def _dkim(box, message_id):
    url = f"{box.sandbox.url}/sandbox/v1/messages/{box.record(message_id).id}"
    with urllib.request.urlopen(url) as answer:
        return json.loads(answer.read())["authentication"]["dkim"]["result"]


@pytest.mark.proves(
    "ses.api.BadRequestException.mail-from-domain",
    "ses.api.MailFromDomainNotVerifiedException.domain",
    "ses.smtp.554.mail-from",
)
def test_a_custom_mail_from_domain(box):
    identity = {"EmailIdentity": "noreply@example.com"}
    box.refused(
        "api.BadRequestException.mail-from-domain",
        box.v2.put_email_identity_mail_from_attributes,
        **identity,
        MailFromDomain="bounce.example.org",
    )
    box.v1.set_identity_mail_from_domain(
        Identity="noreply@example.com", MailFromDomain="bounce.example.com", BehaviorOnMXFailure="RejectMessage"
    )
    shown = box.v1.get_identity_mail_from_domain_attributes(Identities=["noreply@example.com"])
    assert shown["MailFromDomainAttributes"]["noreply@example.com"] == {
        "MailFromDomain": "bounce.example.com",
        "MailFromDomainStatus": "Pending",
        "BehaviorOnMXFailure": "RejectMessage",
    }
    send = {
        "FromEmailAddress": "noreply@example.com",
        "Destination": {"ToAddresses": ["ann@example.net"]},
        "Content": {"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}},
    }
    box.refused("api.MailFromDomainNotVerifiedException.domain", box.v2.send_email, **send)
    assert by_smtp(box) == (554, b"MAIL FROM domain not verified: DNS setup for MAIL FROM domain is invalid.")
    publish(
        box,
        "bounce.example.com",
        ("bounce.example.com", "MX", "10 feedback-smtp.us-east-1.amazonses.com."),
        ("bounce.example.com", "TXT", '"v=spf1 include:amazonses.com ~all"'),
    )
    message_id = box.v2.send_email(**send)["MessageId"]
    assert box.copy(message_id, "ann@example.net").startswith(f"Return-Path: <{message_id}@bounce.example.com>\r\n")
    found = box.v2.get_email_identity(**identity)["MailFromAttributes"]
    assert found["MailFromDomainStatus"] == "SUCCESS"
    box.v2.put_email_identity_mail_from_attributes(**identity)
    assert box.v2.get_email_identity(**identity)["MailFromAttributes"] == {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}


@pytest.mark.proves(
    "ses.api.AlreadyExistsException.policy",
    "ses.api.NotFoundException.policy",
    "ses.api.LimitExceededException.policies",
    "ses.api.InvalidPolicy.text",
    "ses.api.BadRequestException.policy",
)
def test_policies_of_an_identity(box):
    identity, text = {"EmailIdentity": "noreply@example.com"}, json.dumps(POLICY)
    box.v2.create_email_identity_policy(**identity, PolicyName="p0", Policy=text)
    twice = {**identity, "PolicyName": "p0", "Policy": text}
    box.refused("api.AlreadyExistsException.policy", box.v2.create_email_identity_policy, **twice)
    box.refused("api.NotFoundException.policy", box.v2.update_email_identity_policy, **{**twice, "PolicyName": "other"})
    box.refused("api.BadRequestException.policy", box.v2.update_email_identity_policy, **{**twice, "Policy": "{}"})
    older = {"Identity": "noreply@example.com", "PolicyName": "p0"}
    with pytest.raises(ClientError, match="InvalidPolicy"):
        box.v1.put_identity_policy(**older, Policy="nonsense")
    for number in range(1, 20):
        box.v1.put_identity_policy(Identity="noreply@example.com", PolicyName=f"p{number}", Policy=text)
    box.refused(
        "api.LimitExceededException.policies",
        box.v2.create_email_identity_policy,
        **{**twice, "PolicyName": "one-too-many"},
    )
    assert len(box.v1.list_identity_policies(Identity="noreply@example.com")["PolicyNames"]) == 20
    box.v2.delete_email_identity_policy(**identity, PolicyName="p1")
    box.v1.delete_identity_policy(**older)
    assert "p0" not in box.v2.get_email_identity_policies(**identity)["Policies"]
    found = box.v1.get_identity_policies(Identity="noreply@example.com", PolicyNames=["p0", "p2"])["Policies"]
    assert found == {"p2": text}


@contextlib.contextmanager
def lent(box, policy):
    """An identity of another account of the sandbox, with a policy; gives its ARN."""
    runtime, services = box.sandbox.runtime, box.services
    other = box.sandbox.call(services.accounts.create())
    box.sandbox.call(runtime.provision(other))
    row = box.sandbox.call(services.store.resources.all(other.id, "ses", "identity"))[0]
    number = box.sandbox.call(services.store.resources.all(other.id, "ses", "account"))[0].key
    data = {**row.data, "policies": {"p": json.dumps(policy)}}
    box.sandbox.call(services.store.resources.change(row, 0.0, lambda _: data))
    yield f"arn:aws:ses:us-east-1:{number}:identity/noreply@example.com"


def test_another_accounts_identity_by_its_policy():
    with kit(limits="unlimited") as box:
        box.v2.delete_email_identity(EmailIdentity="noreply@example.com")
        with lent(box, POLICY) as arn:
            assert box.send("ann@example.net", sender="noreply@example.com", FromEmailAddressIdentityArn=arn)
        denied = {**POLICY["Statement"][0], "Effect": "Deny"}
        with lent(box, {"Statement": [POLICY["Statement"][0], denied]}) as arn, pytest.raises(ClientError):
            box.send("ann@example.net", sender="noreply@example.com", FromEmailAddressIdentityArn=arn)


@pytest.mark.proves("ses.api.BadRequestException.forwarding", "ses.api.BadRequestException.no-identity")
def test_notifications_of_an_identity(box):
    identity = {"Identity": "noreply@example.com"}
    box_v1 = box.v1
    with pytest.raises(ClientError, match=r"InvalidParameterValue.*Identity 'nobody.test' does not exist\."):
        box_v1.set_identity_notification_topic(Identity="nobody.test", NotificationType="Bounce")
    with pytest.raises(ClientError, match="both bounce and complaint topics"):
        box_v1.set_identity_feedback_forwarding_enabled(**identity, ForwardingEnabled=False)
    topic = box.sns.create_topic(Name="feedback")["TopicArn"]
    for kind in ("Bounce", "Complaint"):
        box_v1.set_identity_notification_topic(**identity, NotificationType=kind, SnsTopic=topic)
    box_v1.set_identity_headers_in_notifications_enabled(**identity, NotificationType="Bounce", Enabled=True)
    box_v1.set_identity_feedback_forwarding_enabled(**identity, ForwardingEnabled=False)
    with pytest.raises(ClientError, match="both bounce and complaint topics"):
        box_v1.set_identity_notification_topic(**identity, NotificationType="Bounce")
    shown = box_v1.get_identity_notification_attributes(Identities=["noreply@example.com"])["NotificationAttributes"]
    assert shown["noreply@example.com"] == {
        "BounceTopic": topic,
        "ComplaintTopic": topic,
        "DeliveryTopic": "",
        "ForwardingEnabled": False,
        "HeadersInBounceNotificationsEnabled": True,
        "HeadersInComplaintNotificationsEnabled": False,
        "HeadersInDeliveryNotificationsEnabled": False,
    }
    box.v2.put_email_identity_feedback_attributes(EmailIdentity="noreply@example.com", EmailForwardingEnabled=True)


def test_feedback_by_mail_can_be_switched_off(box):
    """Bounces are told by a notification (RFC 3464) to the return path, unless the identity forwards none."""
    identity = {"EmailIdentity": "noreply@example.com"}
    address = "bounce@simulator.amazonses.com"
    assert _reports(box, box.send(address)) == 1
    box.v2.put_email_identity_feedback_attributes(**identity, EmailForwardingEnabled=False)
    try:
        assert _reports(box, box.send(address)) == 0
    finally:
        box.v2.put_email_identity_feedback_attributes(**identity, EmailForwardingEnabled=True)


def _reports(box, message_id):
    box.sandbox.call(box.services.delivery.run_due())
    return len(box.sandbox.call(box.services.store.reports.of_message(box.account.id, box.record(message_id).id)))


def test_an_identitys_own_configuration_set_is_used_when_a_send_names_none(box):
    box.v2.create_configuration_set(ConfigurationSetName="default-set")
    identity = {"EmailIdentity": "noreply@example.com"}
    box.v2.put_email_identity_configuration_set_attributes(**identity, ConfigurationSetName="default-set")
    assert box.v2.get_email_identity(**identity)["ConfigurationSetName"] == "default-set"
    record = box.record(box.send("ann@example.net"))
    assert record.attributes["configuration_set"] == "default-set"
    box.v2.put_email_identity_configuration_set_attributes(**identity)
    assert "configuration_set" not in box.record(box.send("ann@example.net")).attributes
