"""Identities: created, verified by link, by DNS or at once, listed, deleted, and what is refused."""

import re
import urllib.error
import urllib.request

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from ses_kit import kit, publish

from sandbox.app import Sandbox
from sandbox.core.store.messages import Clause
from sandbox.settings import Settings

DAY = 86_400


@pytest.fixture(scope="module")
def box():
    with kit(limits="unlimited") as running:
        yield running


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
    box.v1.verify_domain_identity(Domain="other.test")
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
