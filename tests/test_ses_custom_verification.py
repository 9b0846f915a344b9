"""Custom verification mails: their templates, and the link that verifies an address and leads on."""

import http.client
import re
from email import message_from_bytes
from email.policy import default
from urllib.parse import urlsplit

import pytest
from ses_kit import kit

TEMPLATE = {
    "FromEmailAddress": "noreply@example.com",
    "TemplateSubject": "Please confirm",
    "TemplateContent": "<p>Welcome to the list.</p>",
    "SuccessRedirectionURL": "https://example.com/yes",
    "FailureRedirectionURL": "https://example.com/no",
}


@pytest.fixture(scope="module")
def ses():
    with kit() as made:
        yield made


def link_in(ses, message_id):
    read = message_from_bytes(ses.raw(message_id), policy=default)
    assert (read["Subject"], read["From"]) == ("Please confirm", "noreply@example.com")
    content = read.get_content()
    assert content.startswith("<p>Welcome to the list.</p>")
    return re.search(r'href="([^"]+)"', content)[1]


def visit(url):
    """Where a link leads; nothing outside is asked."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Location"]
    finally:
        connection.close()


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_mail_verifies_its_reader(ses, api):
    client, name, address = getattr(ses, api), f"story-{api}", f"new-{api}@example.org"
    client.create_custom_verification_email_template(TemplateName=name, **TEMPLATE)
    sent = client.send_custom_verification_email(EmailAddress=address, TemplateName=name)["MessageId"]
    assert ses.v2.get_email_identity(EmailIdentity=address)["VerificationStatus"] == "PENDING"
    assert visit(link_in(ses, sent)) == (302, TEMPLATE["SuccessRedirectionURL"])
    assert ses.v2.get_email_identity(EmailIdentity=address)["VerifiedForSendingStatus"] is True


def test_a_link_that_is_too_old_leads_elsewhere(ses):
    ses.v2.create_custom_verification_email_template(TemplateName="late", **TEMPLATE)
    sent = ses.v2.send_custom_verification_email(EmailAddress="late@example.org", TemplateName="late")["MessageId"]
    link = link_in(ses, sent)
    ses.sandbox.call(ses.services.delivery.advance(ses.account, 25 * 3600))
    assert visit(link) == (302, TEMPLATE["FailureRedirectionURL"])
    again = ses.v2.send_custom_verification_email(EmailAddress="late@example.org", TemplateName="late")["MessageId"]
    assert visit(link_in(ses, again)) == (302, TEMPLATE["SuccessRedirectionURL"])


def test_templates_are_shown_changed_listed_and_removed(ses):
    ses.v2.create_custom_verification_email_template(TemplateName="kept", Tags=[{"Key": "a", "Value": "b"}], **TEMPLATE)
    ses.v1.update_custom_verification_email_template(TemplateName="kept", TemplateSubject="Other")
    found = ses.v2.get_custom_verification_email_template(TemplateName="kept")
    assert (found["TemplateSubject"], found["TemplateContent"]) == ("Other", TEMPLATE["TemplateContent"])
    assert found["Tags"] == [{"Key": "a", "Value": "b"}]
    rows = ses.v1.list_custom_verification_email_templates()["CustomVerificationEmailTemplates"]
    assert "kept" in {row["TemplateName"] for row in rows}
    assert "TemplateContent" not in rows[0]
    ses.v2.delete_custom_verification_email_template(TemplateName="kept")
    ses.v1.delete_custom_verification_email_template(TemplateName="kept")
    rows = ses.v2.list_custom_verification_email_templates()["CustomVerificationEmailTemplates"]
    assert "kept" not in {row["TemplateName"] for row in rows}


@pytest.mark.proves(
    "ses.api.NotFoundException.verification-template",
    "ses.api.CustomVerificationEmailTemplateDoesNotExist.template",
    "ses.api.AlreadyExistsException.verification-template",
    "ses.api.CustomVerificationEmailTemplateAlreadyExists.template",
    "ses.api.BadRequestException.verification-content",
    "ses.api.CustomVerificationEmailInvalidContent.content",
    "ses.api.BadRequestException.from-not-verified",
    "ses.api.FromEmailAddressNotVerified.sender",
)
def test_templates_that_cannot_be(ses):
    create = {
        "v2": ses.v2.create_custom_verification_email_template,
        "v1": ses.v1.create_custom_verification_email_template,
    }
    ses.v2.create_custom_verification_email_template(TemplateName="taken", **TEMPLATE)
    rows = {
        "v2": (
            "AlreadyExistsException.verification-template",
            "BadRequestException.verification-content",
            "BadRequestException.from-not-verified",
        ),
        "v1": (
            "CustomVerificationEmailTemplateAlreadyExists.template",
            "CustomVerificationEmailInvalidContent.content",
            "FromEmailAddressNotVerified.sender",
        ),
    }
    for api, (exists, content, sender) in rows.items():
        ses.refused(f"api.{exists}", create[api], TemplateName="taken", **TEMPLATE)
        ses.refused(
            f"api.{content}", create[api], TemplateName="bad", **{**TEMPLATE, "SuccessRedirectionURL": "javascript:x"}
        )
        ses.refused(
            f"api.{sender}", create[api], TemplateName="bad", **{**TEMPLATE, "FromEmailAddress": "a@example.net"}
        )
    ses.refused(
        "api.NotFoundException.verification-template",
        ses.v2.delete_custom_verification_email_template,
        TemplateName="gone",
    )
    older = "api.CustomVerificationEmailTemplateDoesNotExist.template"
    ses.refused(older, ses.v1.send_custom_verification_email, EmailAddress="a@example.org", TemplateName="gone")


@pytest.mark.proves("ses.api.LimitExceededException.verification-templates")
def test_there_is_room_for_fifty():
    with kit() as ses:
        create = ses.v2.create_custom_verification_email_template
        for number in range(50):
            create(TemplateName=f"n{number}", **TEMPLATE)
        ses.refused("api.LimitExceededException.verification-templates", create, TemplateName="more", **TEMPLATE)


@pytest.mark.proves("ses.api.BadRequestException.production-access", "ses.api.ProductionAccessNotGranted.account")
def test_an_account_in_the_sandbox_sends_none():
    with kit(limits="sandbox") as ses:
        ses.v2.create_custom_verification_email_template(TemplateName="t", **TEMPLATE)
        given = {"EmailAddress": "a@example.org", "TemplateName": "t"}
        ses.refused("api.BadRequestException.production-access", ses.v2.send_custom_verification_email, **given)
        ses.refused("api.ProductionAccessNotGranted.account", ses.v1.send_custom_verification_email, **given)
