"""Contact lists: their operations, mail to contacts, and the ways out of a list."""

import http.client
import re
import smtplib
import ssl
from email import message_from_string
from email.policy import default
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.exceptions import ClientError
from ses_kit import EVERY, Topic, kit

from sandbox.core.attempts import FollowUp

TOPICS = [
    {
        "TopicName": "news",
        "DisplayName": "The <news>",
        "Description": "All of it",
        "DefaultSubscriptionStatus": "OPT_IN",
    },
    {"TopicName": "offers", "DisplayName": "Offers", "DefaultSubscriptionStatus": "OPT_OUT"},
]


@pytest.fixture(scope="module")
def topic():
    made = Topic()
    yield made
    made.close()


@pytest.fixture(scope="module")
def ses(topic):
    with kit(topics=[{"arn": "t", "endpoint": topic.url}]) as made:
        arn = made.sns.list_topics()["Topics"][0]["TopicArn"]
        made.v2.create_configuration_set(ConfigurationSetName="all")
        made.v2.create_configuration_set_event_destination(
            ConfigurationSetName="all",
            EventDestinationName="d",
            EventDestination={"Enabled": True, "MatchingEventTypes": EVERY, "SnsDestination": {"TopicArn": arn}},
        )
        made.v2.create_contact_list(
            ContactListName="friends", Topics=TOPICS, Description="Friends", Tags=[{"Key": "a", "Value": "b"}]
        )
        yield made


def add(ses, address, **more):
    ses.v2.create_contact(ContactListName="friends", EmailAddress=address, **more)


def show(ses, address):
    return ses.v2.get_contact(ContactListName="friends", EmailAddress=address)


def opted(topic, status):
    return [{"TopicName": topic, "SubscriptionStatus": status}]


def test_a_list_is_kept_and_changed(ses):
    found = ses.v2.get_contact_list(ContactListName="friends")
    assert (found["Topics"], found["Description"], found["Tags"]) == (TOPICS, "Friends", [{"Key": "a", "Value": "b"}])
    ses.v2.update_contact_list(ContactListName="friends", Description="All friends")
    found = ses.v2.get_contact_list(ContactListName="friends")
    assert (found["Topics"], found["Description"]) == (TOPICS, "All friends")
    (row,) = ses.v2.list_contact_lists()["ContactLists"]
    assert row["ContactListName"] == "friends"


def test_a_contact_is_kept_and_changed(ses):
    add(ses, "Ann@example.org", TopicPreferences=opted("news", "OPT_OUT"), AttributesData='{"name": "Ann"}')
    found = show(ses, "ann@example.org")
    assert found["EmailAddress"] == "Ann@example.org"
    assert found["TopicPreferences"] == opted("news", "OPT_OUT")
    assert found["TopicDefaultPreferences"] == opted("offers", "OPT_OUT")
    assert (found["UnsubscribeAll"], found["AttributesData"]) == (False, '{"name": "Ann"}')
    ses.v2.update_contact(
        ContactListName="friends", EmailAddress="ann@example.org", TopicPreferences=opted("offers", "OPT_IN")
    )
    found = show(ses, "ann@example.org")
    assert (found["TopicPreferences"], found["AttributesData"]) == (opted("offers", "OPT_IN"), '{"name": "Ann"}')
    ses.v2.update_contact(ContactListName="friends", EmailAddress="ann@example.org", UnsubscribeAll=True)
    assert show(ses, "ann@example.org")["UnsubscribeAll"] is True
    ses.v2.delete_contact(ContactListName="friends", EmailAddress="ann@example.org")


def test_contacts_are_filtered_and_come_in_pages(ses):
    add(ses, "f1@example.org", TopicPreferences=opted("news", "OPT_OUT"))
    add(ses, "f2@example.org", TopicPreferences=opted("news", "OPT_IN"))
    add(ses, "f3@example.org")
    add(ses, "f4@example.org", UnsubscribeAll=True)

    def found(status=None, topic=None, *, by_default=False):
        wish = {"FilteredStatus": status} if status else {}
        if topic:
            wish["TopicFilter"] = {"TopicName": topic, "UseDefaultIfPreferenceUnavailable": by_default}
        rows = ses.v2.list_contacts(ContactListName="friends", Filter=wish)["Contacts"]
        return {row["EmailAddress"][:2] for row in rows if row["EmailAddress"].startswith("f")}

    assert found() == {"f1", "f2", "f3", "f4"}
    assert found("OPT_IN") == {"f1", "f2", "f3"}
    assert found("OPT_OUT") == {"f4"}
    assert found("OPT_IN", "news") == {"f2"}
    assert found("OPT_IN", "news", by_default=True) == {"f2", "f3"}
    assert found("OPT_OUT", "news") == {"f1", "f4"}
    first = ses.v2.list_contacts(ContactListName="friends", PageSize=1)
    assert len(first["Contacts"]) == 1
    assert ses.v2.list_contacts(ContactListName="friends", NextToken=first["NextToken"])["Contacts"]


def options(topic=None):
    return {"ListManagementOptions": {"ContactListName": "friends", **({"TopicName": topic} if topic else {})}}


def outcome(ses, sent):
    ses.sandbox.call(ses.services.delivery.run_due())
    return [str(one.outcome) for one in ses.record(sent).recipients]


@pytest.mark.parametrize(
    ("contact", "about", "wanted"),
    [
        ({}, None, "delivered"),
        ({}, "news", "delivered"),
        ({}, "offers", "suppressed"),
        ({"TopicPreferences": opted("offers", "OPT_IN")}, "offers", "delivered"),
        ({"TopicPreferences": opted("news", "OPT_OUT")}, "news", "suppressed"),
        ({"TopicPreferences": opted("news", "OPT_OUT")}, None, "delivered"),
        ({"UnsubscribeAll": True, "TopicPreferences": opted("news", "OPT_IN")}, "news", "suppressed"),
        ({"UnsubscribeAll": True}, None, "suppressed"),
        (None, "news", "delivered"),
        (None, "offers", "suppressed"),
    ],
)
def test_contacts_get_what_they_want(ses, request, contact, about, wanted):
    address = "w" + re.sub(r"\W", "", request.node.callspec.id) + "@example.org"
    if contact is not None:
        add(ses, address, **contact)
    assert outcome(ses, ses.send(address, **options(about))) == [wanted]
    assert show(ses, address)["EmailAddress"] == address, "who gets mail of a list is on it"


def test_mail_to_somebody_who_left_bounces(ses, topic):
    add(ses, "left@example.org", UnsubscribeAll=True)
    sent = ses.send("left@example.org", ConfigurationSetName="all", **options("news"))
    bounce = topic.event("Bounce", sent)["bounce"]
    assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Permanent", "UnsubscribedRecipient")
    assert "unsubscribed from friends" in bounce["bouncedRecipients"][0]["diagnosticCode"]


def copy(ses, sent, recipient):
    return message_from_string(ses.copy(sent, recipient), policy=default)


def way_out(ses, recipient, topic=None, **more):
    """A message to a contact, and the address in its List-Unsubscribe field."""
    sent = ses.send(recipient, ConfigurationSetName="all", **options(topic), **more)
    found = re.fullmatch(r"<(https://.+)>", copy(ses, sent, recipient)["List-Unsubscribe"])
    return sent, found[1]


def request(ses, method, url, form=None):
    parts = urlsplit(url)
    context = ssl.create_default_context(cafile=ses.sandbox.ready["ca_file"])
    connection = http.client.HTTPSConnection(parts.netloc, context=context, timeout=30)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request(method, parts.path, urlencode(form, doseq=True) if form else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_mail_to_one_contact_has_the_ways_out(ses):
    text = "{{amazonSESUnsubscribeUrl}} " * 3
    sent, url = way_out(ses, "way@example.org", "news", text=text, html='<a href="{{amazonSESUnsubscribeUrl}}">x</a>')
    read = copy(ses, sent, "way@example.org")
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert read.get_body(("plain",)).get_content().split() == [url, url, "{{amazonSESUnsubscribeUrl}}"]
    assert "{{amazonSESUnsubscribeUrl}}" in read.get_body(("html",)).get_content(), "two of a message, in its order"
    both = ses.send("way@example.org", "other@example.org", text=text, **options("news"))
    read = copy(ses, both, "way@example.org")
    assert read["List-Unsubscribe"] is None
    assert url not in read.get_content()


def test_one_click_leaves_the_topic(ses, topic):
    sent, url = way_out(ses, "click@example.org", "news")
    status, page = request(ses, "POST", url, {"List-Unsubscribe": "One-Click"})
    assert status == 200
    assert "click@example.org" in page
    assert show(ses, "click@example.org")["TopicPreferences"] == opted("news", "OPT_OUT")
    told = topic.event("Subscription", sent)["subscription"]
    del told["timestamp"]
    assert told == {
        "contactList": "friends",
        "source": "UnsubscribeHeader",
        "newTopicPreferences": {
            "unsubscribeAll": False,
            "topicSubscriptionStatus": [{"topicName": "news", "subscriptionStatus": "OptOut"}],
        },
        "oldTopicPreferences": {"unsubscribeAll": False, "topicSubscriptionStatus": []},
    }
    assert request(ses, "POST", url, {"List-Unsubscribe": "One-Click"})[0] == 200
    assert outcome(ses, ses.send("click@example.org", **options("news"))) == ["suppressed"]


def test_one_click_leaves_the_list_when_there_was_no_topic(ses):
    _, url = way_out(ses, "all@example.org")
    assert request(ses, "POST", url, {"List-Unsubscribe": "One-Click"})[0] == 200
    assert show(ses, "all@example.org")["UnsubscribeAll"] is True


def test_the_page_shows_and_changes_preferences(ses):
    _, url = way_out(ses, "page@example.org", "news")
    status, page = request(ses, "GET", url)
    assert status == 200
    assert 'value="news" checked' in page
    assert 'value="offers">' in page
    assert "The &lt;news&gt;" in page
    assert show(ses, "page@example.org")["TopicPreferences"] == [], "looking changes nothing"
    status, page = request(ses, "POST", url, {"preferences": "update", "topic": ["offers"]})
    assert (status, "subscribed to Offers" in page) == (200, True)
    assert show(ses, "page@example.org")["TopicPreferences"] == opted("news", "OPT_OUT") + opted("offers", "OPT_IN")
    request(ses, "POST", url, {"preferences": "update", "all": "out"})
    assert show(ses, "page@example.org")["UnsubscribeAll"] is True


def test_the_page_is_for_those_who_were_given_its_address(ses):
    _, url = way_out(ses, "secret@example.org", "news")
    assert request(ses, "GET", url[:-4] + "AAAA")[0] == 404
    assert request(ses, "POST", url[:-4] + "AAAA", {"List-Unsubscribe": "One-Click"})[0] == 404
    for form in (None, {"List-Unsubscribe": "Two-Clicks"}, {"x": "y" * 20_000}):
        assert request(ses, "POST", url, form)[0] == 400
    ses.v2.delete_contact(ContactListName="friends", EmailAddress="secret@example.org")
    assert request(ses, "GET", url)[0] == 404


def test_a_simulated_unsubscription_is_one(ses, topic):
    sent = ses.send("later@example.org", ConfigurationSetName="all", **options("news"))
    topic.event("Delivery", sent)
    ses.sandbox.call(
        ses.services.delivery.simulate(ses.account, ses.record(sent).id, "later@example.org", FollowUp.UNSUBSCRIBE)
    )
    assert topic.event("Subscription", sent)["subscription"]["contactList"] == "friends"
    assert show(ses, "later@example.org")["TopicPreferences"] == opted("news", "OPT_OUT")


def by_smtp(ses, recipient, wish):
    ready = ses.sandbox.ready
    listener = next(one for one in ready["ses"]["smtp"] if one["tls"] == "starttls")
    with smtplib.SMTP(listener["host"], listener["port"]) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=ready["ca_file"]))
        smtp.login(ready["ses"]["smtp_username"], ready["ses"]["smtp_password"])
        text = f"From: {ses.sender}\nTo: {recipient}\nSubject: Hi\nX-SES-LIST-MANAGEMENT-OPTIONS: {wish}\n\nx\n"
        smtp.sendmail(ses.sender, [recipient], text)


@pytest.mark.proves("ses.smtp.554.no-contact-list", "ses.smtp.554.no-topic")
def test_smtp_names_lists_in_a_field(ses):
    by_smtp(ses, "smtp@example.org", "friends; topic=news")
    assert show(ses, "smtp@example.org")
    for wish, text in (
        ("nobody", "List with name: nobody doesn't exist."),
        ("friends; topic=none", "Topic with name: none"),
    ):
        with pytest.raises(smtplib.SMTPDataError) as caught:
            by_smtp(ses, "smtp@example.org", wish)
        assert caught.value.smtp_code == 554
        assert text in caught.value.smtp_error.decode()


@pytest.mark.proves(
    "ses.api.NotFoundException.contact-list",
    "ses.api.AlreadyExistsException.contact-list",
    "ses.api.LimitExceededException.contact-lists",
    "ses.api.BadRequestException.topics",
    "ses.api.BadRequestException.topic-twice",
    "ses.api.NotFoundException.contact",
    "ses.api.AlreadyExistsException.contact",
    "ses.api.BadRequestException.contact-address",
    "ses.api.BadRequestException.topic",
    "ses.api.BadRequestException.contact-attributes",
)
def test_lists_and_contacts_that_cannot_be(ses):
    v2, one = ses.v2, {"DisplayName": "x", "DefaultSubscriptionStatus": "OPT_IN"}
    assert (
        ses.refused("api.LimitExceededException.contact-lists", v2.create_contact_list, ContactListName="second")
        == "A maximum of 1 Lists allowed per account."
    )
    ses.refused("api.AlreadyExistsException.contact-list", v2.create_contact_list, ContactListName="friends")
    many = [{**one, "TopicName": f"t{number}"} for number in range(21)]
    ses.refused("api.BadRequestException.topics", v2.update_contact_list, ContactListName="friends", Topics=many)
    ses.refused(
        "api.BadRequestException.topic-twice",
        v2.update_contact_list,
        ContactListName="friends",
        Topics=[{**one, "TopicName": "t"}] * 2,
    )
    missing = "List with name: gone doesn't exist."
    assert ses.refused("api.NotFoundException.contact-list", v2.get_contact_list, ContactListName="gone") == missing
    contact = {"ContactListName": "friends", "EmailAddress": "nobody@example.org"}
    assert (
        ses.refused("api.NotFoundException.contact", v2.get_contact, **contact)
        == "nobody@example.org doesn't exist in List."
    )
    add(ses, "twice@example.org")
    taken = {"ContactListName": "friends", "EmailAddress": "TWICE@example.org"}
    assert (
        ses.refused("api.AlreadyExistsException.contact", v2.create_contact, **taken)
        == "TWICE@example.org already exists in List."
    )
    ses.refused(
        "api.BadRequestException.contact-address", v2.create_contact, ContactListName="friends", EmailAddress="nobody"
    )
    ses.refused("api.BadRequestException.topic", v2.create_contact, **contact, TopicPreferences=opted("none", "OPT_IN"))
    ses.refused("api.BadRequestException.contact-attributes", v2.create_contact, **contact, AttributesData="{")
    with pytest.raises(ClientError, match=missing):
        ses.send("a@example.org", ListManagementOptions={"ContactListName": "gone"})
    with pytest.raises(ClientError, match="Topic with name: none"):
        ses.send("a@example.org", **options("none"))


def test_a_list_goes_with_its_contacts():
    with kit() as ses:
        ses.v2.create_contact_list(ContactListName="short", Topics=TOPICS)
        ses.v2.create_contact(ContactListName="short", EmailAddress="a@example.org")
        ses.v2.delete_contact_list(ContactListName="short")
        ses.v2.create_contact_list(ContactListName="short", Topics=TOPICS)
        assert ses.v2.list_contacts(ContactListName="short")["Contacts"] == []
