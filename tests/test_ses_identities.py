"""Identities: created, verified by link, by DNS or at once, signing, MAIL FROM, policies, and what is refused."""

import base64
import contextlib
import json
import re
import urllib.error
import urllib.request

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from ses_kit import kit

from sandbox.app import Sandbox
from sandbox.core.dns.records import make
from sandbox.core.store.messages import Clause
from sandbox.settings import Settings

DAY = 86_400
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "ses:Send*", "Resource": "*"}],
}


@pytest.fixture(scope="module")
def box():
    with kit(limits="unlimited") as running:
        yield running


def publish(box, domain, *records):
    """A zone of the sandbox's with these records: (name, type, data)."""
    made = [make(name, kind, 300, data) for name, kind, data in records]
    zones = box.services.dns.zones
    box.sandbox.call(zones.create(box.account, domain, zone_id=domain, servers=("ns1.dns.example",), records=made))


def cnames(domain, tokens):
    return [(f"{token}._domainkey.{domain}", "CNAME", f"{token}.dkim.amazonses.com.") for token in tokens]


def link(box, address):
    """The link in the newest mail to an address."""
    page = box.sandbox.call(box.services.store.messages.page(box.account.id, Clause()))
    newest = next(one for one in page.items if one.envelope.rcpt_to == (address,))
    raw = box.sandbox.call(box.services.store.messages.raw(box.account.id, newest.id)).decode()
    return re.search(r"http://\S+", raw)[0]


def opened(url):
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_an_address_is_verified_by_the_link_in_its_mail(box):
    address = "new.person@people.test"
    made = box.v2.create_email_identity(EmailIdentity=address, Tags=[{"Key": "team", "Value": "shop"}])
    assert (made["IdentityType"], made["VerifiedForSendingStatus"]) == ("EMAIL_ADDRESS", False)
    assert made["DkimAttributes"] == {
        "SigningEnabled": False,
        "Status": "NOT_STARTED",
        "SigningAttributesOrigin": "AWS_SES",
        "NextSigningKeyLength": "RSA_1024_BIT",
    }
    assert opened(link(box, address) + "x")[0] == 404
    assert opened(link(box, address))[0] == 200
    found = box.v2.get_email_identity(EmailIdentity=address)
    assert (found["VerificationStatus"], found["VerifiedForSendingStatus"]) == ("SUCCESS", True)
    assert found["Tags"] == [{"Key": "team", "Value": "shop"}]
    assert box.send("ann@example.net", sender=address)
    box.v2.delete_email_identity(EmailIdentity=address)
    with pytest.raises(ClientError, match="not verified"):
        box.send("ann@example.net", sender=address)


def test_the_link_is_good_for_a_day():
    with kit() as box:
        box.v1.verify_email_identity(EmailAddress="late@people.test")
        old = link(box, "late@people.test")
        box.account.clock.advance(DAY + 1)
        assert opened(old)[0] == 410
        status = box.v1.get_identity_verification_attributes(Identities=["late@people.test", "nobody@people.test"])
        assert status["VerificationAttributes"] == {"late@people.test": {"VerificationStatus": "Failed"}}
        box.v1.verify_email_identity(EmailAddress="late@people.test")
        assert opened(link(box, "late@people.test"))[0] == 200
        assert box.v1.list_verified_email_addresses()["VerifiedEmailAddresses"] == [
            "noreply@example.com",
            "late@people.test",
        ]


def test_a_domain_is_verified_by_the_cnames_of_easy_dkim(box):
    made = box.v2.create_email_identity(EmailIdentity="Shop.test")
    tokens = made["DkimAttributes"]["Tokens"]
    assert (made["DkimAttributes"]["Status"], len(tokens), len(tokens[0])) == ("PENDING", 3, 32)
    assert box.v2.get_email_identity(EmailIdentity="shop.test")["VerifiedForSendingStatus"] is False
    publish(box, "shop.test", *cnames("shop.test", tokens))
    found = box.v2.get_email_identity(EmailIdentity="SHOP.test")
    assert (found["DkimAttributes"]["Status"], found["VerifiedForSendingStatus"]) == ("SUCCESS", True)
    assert found["DkimAttributes"]["CurrentSigningKeyLength"] == "RSA_2048_BIT"
    assert "DKIM-Signature: v=1; a=rsa-sha256; q=dns/txt; c=relaxed/simple;\r\n\ts=" + tokens[0] in box.copy(
        box.send("ann@example.net", sender="anybody@mail.shop.test"), "ann@example.net"
    )


def test_two_of_three_cnames_are_not_enough(box):
    tokens = box.v2.create_email_identity(EmailIdentity="partly.test")["DkimAttributes"]["Tokens"]
    publish(box, "partly.test", *cnames("partly.test", tokens[:2]))
    assert box.v2.get_email_identity(EmailIdentity="partly.test")["VerificationStatus"] == "PENDING"


def test_sending_is_enough_to_make_the_service_look(box):
    made = box.v2.create_email_identity(EmailIdentity="eager.test")
    with pytest.raises(ClientError, match="not verified"):
        box.send("ann@example.net", sender="a@eager.test")
    publish(box, "eager.test", *cnames("eager.test", made["DkimAttributes"]["Tokens"]))
    assert box.send("ann@example.net", sender="a@eager.test")


def test_a_domain_is_verified_by_its_token_and_signs_only_with_dkim(box):
    token = box.v1.verify_domain_identity(Domain="token.test")["VerificationToken"]
    assert box.v1.verify_domain_identity(Domain="token.test")["VerificationToken"] == token
    shown = box.v1.get_identity_dkim_attributes(Identities=["token.test", "nobody.test"])["DkimAttributes"]
    assert shown == {"token.test": {"DkimEnabled": False, "DkimVerificationStatus": "NotStarted"}}
    publish(box, "token.test", ("_amazonses.token.test", "TXT", f'"{token}"'))
    status = box.v1.get_identity_verification_attributes(Identities=["token.test"])["VerificationAttributes"]
    assert status["token.test"] == {"VerificationStatus": "Success", "VerificationToken": token}
    copy = box.copy(box.send("ann@example.net", sender="a@token.test"), "ann@example.net")
    assert re.findall(r"; d=(\S+);", copy) == ["amazonses.com"]
    tokens = box.v1.verify_domain_dkim(Domain="token.test")["DkimTokens"]
    assert box.v1.verify_domain_dkim(Domain="token.test")["DkimTokens"] == tokens
    names = box.v1.list_identities(IdentityType="Domain", MaxItems=1)
    assert names["NextToken"]
    assert names["Identities"] + box.v1.list_identities(IdentityType="Domain", NextToken=names["NextToken"])[
        "Identities"
    ] == sorted(box.v1.list_identities(IdentityType="Domain")["Identities"])


def test_records_are_searched_for_three_days():
    with kit() as box:
        box.v2.create_email_identity(EmailIdentity="slow.test")
        box.v2.put_email_identity_mail_from_attributes(EmailIdentity="slow.test", MailFromDomain="bounce.slow.test")
        box.account.clock.advance(3 * DAY + 1)
        found = box.v2.get_email_identity(EmailIdentity="slow.test")
        assert found["VerificationStatus"] == found["DkimAttributes"]["Status"] == "FAILED"
        assert found["MailFromAttributes"]["MailFromDomainStatus"] == "FAILED"


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
    from test_ses_sending import by_smtp

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


@pytest.mark.proves(
    "ses.api.AlreadyExistsException.identity",
    "ses.api.NotFoundException.identity",
    "ses.api.BadRequestException.identity",
    "ses.api.ConflictException.details",
)
def test_what_is_refused_about_identities(box):
    box.refused(
        "api.AlreadyExistsException.identity", box.v2.create_email_identity, EmailIdentity="noreply@example.com"
    )
    for call in (box.v2.get_email_identity, box.v2.delete_email_identity):
        box.refused("api.NotFoundException.identity", call, EmailIdentity="nobody@example.org")
    for wrong in ("nobody", "a b@example.org", "-.test", "Ann <ann@example.org>"):
        box.refused("api.BadRequestException.identity", box.v2.create_email_identity, EmailIdentity=wrong)
    with pytest.raises(ClientError, match=r"Configuration set <none> does not exist\."):
        box.v2.create_email_identity(EmailIdentity="x.test", ConfigurationSetName="none")
    details = {"MailType": "MARKETING", "WebsiteURL": "https://example.com", "ProductionAccessEnabled": True}
    box.v2.put_account_details(**details)
    box.refused("api.ConflictException.details", box.v2.put_account_details, **details)


def test_deleting_is_idempotent_in_the_older_api(box):
    box.v1.delete_identity(Identity="nobody@example.org")
    box.v1.delete_verified_email_address(EmailAddress="nobody@example.org")


def test_an_identitys_own_configuration_set_is_used_when_a_send_names_none(box):
    box.v2.create_configuration_set(ConfigurationSetName="default-set")
    identity = {"EmailIdentity": "noreply@example.com"}
    box.v2.put_email_identity_configuration_set_attributes(**identity, ConfigurationSetName="default-set")
    assert box.v2.get_email_identity(**identity)["ConfigurationSetName"] == "default-set"
    record = box.record(box.send("ann@example.net"))
    assert record.attributes["configuration_set"] == "default-set"
    box.v2.put_email_identity_configuration_set_attributes(**identity)
    assert "configuration_set" not in box.record(box.send("ann@example.net")).attributes


def test_identities_are_listed_by_filters():
    with kit() as box:
        for name in ("shop.test", "ann@shop.test", "other.test"):
            box.v2.create_email_identity(EmailIdentity=name)
        listed = {
            key: [one["IdentityName"] for one in box.v2.list_email_identities(Filter={key: value})["EmailIdentities"]]
            for key, value in (
                ("IDENTITY_NAME_CONTAINS", "Shop"),
                ("IDENTITY_TYPE", "DOMAIN"),
                ("VERIFICATION_STATUS", "SUCCESS"),
            )
        }
        assert listed == {
            "IDENTITY_NAME_CONTAINS": ["ann@shop.test", "shop.test"],
            "IDENTITY_TYPE": ["other.test", "shop.test"],
            "VERIFICATION_STATUS": ["noreply@example.com"],
        }
        told = box.refused("api.BadRequestException.constraint", box.v2.list_email_identities, Filter={"COLOUR": "red"})
        assert "Map keys must satisfy constraint" in told


def test_a_permissive_sandbox_verifies_at_once():
    with Sandbox(Settings(data=":memory:", ports="auto", providers=["ses"], permissive=True)) as sandbox:
        from ses_kit import Kit

        box = Kit(sandbox)
        made = box.v2.create_email_identity(EmailIdentity="quick.test")
        assert (made["VerifiedForSendingStatus"], made["DkimAttributes"]["Status"]) == (True, "SUCCESS")
        assert box.send("ann@example.net", sender="somebody@elsewhere.test")
        for more in ({"config": Config(signature_version=UNSIGNED)}, {"region_name": "eu-west-1"}):
            options = {"region_name": "us-east-1", "aws_access_key_id": "any", "aws_secret_access_key": "any", **more}
            anybody = boto3.client("sesv2", endpoint_url=sandbox.url, **options)
            assert anybody.get_account()["SendingEnabled"] is True


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
