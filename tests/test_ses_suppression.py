"""The suppression list: its operations, and what it does to mail."""

import datetime as dt

import pytest
from ses_kit import kit


@pytest.fixture(scope="module")
def ses():
    with kit(suppressed=["listed@Example.org"]) as made:
        yield made


def outcome(ses, message_id):
    return [one.outcome for one in ses.record(message_id).recipients]


def test_an_address_is_listed_shown_and_removed(ses):
    v2 = ses.v2
    v2.put_suppressed_destination(EmailAddress=" Ann@EXAMPLE.net ", Reason="COMPLAINT")
    found = v2.get_suppressed_destination(EmailAddress="Ann@example.NET")["SuppressedDestination"]
    assert (found["EmailAddress"], found["Reason"]) == ("Ann@example.net", "COMPLAINT")
    assert abs(found["LastUpdateTime"].timestamp() - dt.datetime.now(dt.UTC).timestamp()) < 600
    v2.put_suppressed_destination(EmailAddress="Ann@example.net", Reason="BOUNCE")
    assert v2.get_suppressed_destination(EmailAddress="Ann@example.net")["SuppressedDestination"]["Reason"] == "BOUNCE"
    v2.delete_suppressed_destination(EmailAddress="Ann@example.net")
    listed = v2.list_suppressed_destinations()["SuppressedDestinationSummaries"]
    assert "Ann@example.net" not in {row["EmailAddress"] for row in listed}


def test_lists_are_filtered_and_come_in_pages(ses):
    v2 = ses.v2
    for number, reason in enumerate(("BOUNCE", "COMPLAINT", "BOUNCE")):
        v2.put_suppressed_destination(EmailAddress=f"page{number}@example.net", Reason=reason)
    both = v2.list_suppressed_destinations()["SuppressedDestinationSummaries"]
    complaints = v2.list_suppressed_destinations(Reasons=["COMPLAINT"])["SuppressedDestinationSummaries"]
    assert [row["EmailAddress"] for row in complaints] == ["page1@example.net"]
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    assert v2.list_suppressed_destinations(StartDate=later)["SuppressedDestinationSummaries"] == []
    assert v2.list_suppressed_destinations(EndDate=later)["SuppressedDestinationSummaries"] == both
    first = v2.list_suppressed_destinations(PageSize=1)
    second = v2.list_suppressed_destinations(PageSize=100, NextToken=first["NextToken"])
    assert first["SuppressedDestinationSummaries"] + second["SuppressedDestinationSummaries"] == both


def test_mail_to_a_listed_address_is_accepted_and_not_sent(ses):
    message = ses.send("listed@example.org", "free@example.org")
    assert outcome(ses, message)[0] == "suppressed"
    ses.sandbox.call(ses.services.delivery.run_due())
    assert outcome(ses, message) == ["suppressed", "delivered"]


def test_a_configuration_set_overrides_the_account(ses):
    ses.v2.create_configuration_set(ConfigurationSetName="none", SuppressionOptions={"SuppressedReasons": []})
    ses.v2.create_configuration_set(
        ConfigurationSetName="complaints", SuppressionOptions={"SuppressedReasons": ["COMPLAINT"]}
    )
    for name in ("none", "complaints"):
        message = ses.send("listed@example.org", ConfigurationSetName=name)
        ses.sandbox.call(ses.services.delivery.run_due())
        assert outcome(ses, message) == ["delivered"]


def test_a_bounce_puts_an_address_on_the_list_but_not_the_simulators(ses):
    for address in ("nobody@nowhere.invalid", "bounce@simulator.amazonses.com"):
        ses.send(address)
    ses.sandbox.call(ses.services.delivery.run_due())
    listed = {row["EmailAddress"] for row in ses.v2.list_suppressed_destinations()["SuppressedDestinationSummaries"]}
    assert "nobody@nowhere.invalid" in listed
    assert "bounce@simulator.amazonses.com" not in listed


@pytest.mark.proves("ses.api.NotFoundException.suppression", "ses.api.BadRequestException.suppression-address")
def test_addresses_that_are_not_there_or_none(ses):
    v2 = ses.v2
    ses.refused("api.NotFoundException.suppression", v2.get_suppressed_destination, EmailAddress="free@example.org")
    ses.refused("api.NotFoundException.suppression", v2.delete_suppressed_destination, EmailAddress="free@example.org")
    for bad in ("free", "@example.org", "a@b", "a@b@example.org"):
        ses.refused(
            "api.BadRequestException.suppression-address",
            v2.put_suppressed_destination,
            EmailAddress=bad,
            Reason="BOUNCE",
        )


@pytest.mark.proves("ses.api.BadRequestException.suppression-sandbox")
def test_the_list_is_closed_in_the_sandbox():
    with kit(limits="sandbox") as ses:
        given = {"EmailAddress": "free@example.org", "Reason": "BOUNCE"}
        ses.refused("api.BadRequestException.suppression-sandbox", ses.v2.put_suppressed_destination, **given)


def test_a_tenant_has_a_list_of_its_own(ses):
    v2, mine = ses.v2, {"TenantName": "shop"}
    v2.create_tenant(**mine)
    v2.put_suppressed_destination(EmailAddress="Own@EXAMPLE.net", Reason="COMPLAINT", **mine)
    found = v2.get_suppressed_destination(EmailAddress="Own@example.net", **mine)["SuppressedDestination"]
    assert (found["EmailAddress"], found["Reason"], found["TenantName"]) == ("Own@example.net", "COMPLAINT", "shop")
    listed = v2.list_suppressed_destinations(**mine)["SuppressedDestinationSummaries"]
    assert [row["EmailAddress"] for row in listed] == ["Own@example.net"]
    ses.refused("api.NotFoundException.suppression", v2.get_suppressed_destination, EmailAddress="Own@example.net")
    v2.delete_suppressed_destination(EmailAddress="Own@example.net", **mine)
    assert v2.list_suppressed_destinations(**mine)["SuppressedDestinationSummaries"] == []
