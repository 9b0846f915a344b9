"""What logs and metrics say of mail that was accepted, relayed, bounced, suppressed and complained about."""

import datetime as dt

import oci
import pytest
from oci.loggingsearch import LogSearchClient
from oci.monitoring import MonitoringClient

from sandbox.app import Sandbox
from sandbox.core.attempts import FollowUp
from sandbox.providers.oci import log_query, metric_query
from sandbox.settings import Oci, Settings

AT_ONCE = {"retry_strategy": oci.retry.NoneRetryStrategy()}
TYPE = "com.oraclecloud.emaildelivery.emaildomain."


class Story:
    """A sandbox in which some mail had its fate."""

    def __init__(self, sandbox):
        self.sandbox, self.ready = sandbox, sandbox.ready["oci"]
        self.config = oci.config.from_file(self.ready["config_file"])
        self.here = self.ready["compartment"]
        services = sandbox.runtime.services
        account = services.accounts.ready_made
        mail = oci.email_data_plane.EmailDPClient(self.config, service_endpoint=sandbox.url, **AT_ONCE)
        models = oci.email_data_plane.models
        people = [models.EmailAddress(email=f"{name}@mail.example") for name in ("ann", "bob", "gone")]
        details = models.SubmitEmailDetails(
            sender=models.Sender(
                compartment_id=self.here, sender_address=models.EmailAddress(email="noreply@example.com", name="Shop")
            ),
            recipients=models.Recipients(to=people),
            subject="x",
            body_text="x",
            header_fields={"X-CampaignId": "999"},
        )
        self.message_id = mail.submit_email(details).data.message_id
        sandbox.call(services.delivery.run_due())
        (message,) = sandbox.call(services.store.messages.page(account.id, _all())).items
        for name, what in (("ann", FollowUp.COMPLAINT), ("bob", FollowUp.BOUNCE), ("ann", FollowUp.UNSUBSCRIBE)):
            sandbox.call(services.delivery.simulate(account, message.id, f"{name}@mail.example", what))

    def search(self, query, **options):
        now = dt.datetime.now(dt.UTC)
        details = oci.loggingsearch.models.SearchLogsDetails(
            time_start=now - dt.timedelta(hours=1), time_end=now + dt.timedelta(hours=1), search_query=query
        )
        client = LogSearchClient(self.config, service_endpoint=self.sandbox.url, **AT_ONCE)
        found = client.search_logs(details, **options).data
        assert found.summary.result_count == len(found.results)
        return [one.data["logContent"] for one in found.results]

    def metric(self, query):
        now = dt.datetime.now(dt.UTC)
        details = oci.monitoring.models.SummarizeMetricsDataDetails(
            namespace="oci_emaildelivery",
            query=query,
            start_time=now - dt.timedelta(hours=1),
            end_time=now + dt.timedelta(hours=1),
        )
        return self.monitoring.summarize_metrics_data(self.here, details).data

    @property
    def monitoring(self):
        return MonitoringClient(self.config, service_endpoint=self.sandbox.url, **AT_ONCE)


def _all():
    from sandbox.core.store.messages import Clause

    return Clause()


@pytest.fixture(scope="module")
def story():
    with Sandbox(Settings(data=":memory:", ports="auto", oci=Oci(suppressed=["gone@mail.example"]))) as sandbox:
        yield Story(sandbox)


def test_accepted_mail_is_logged_for_each_recipient(story):
    found = story.search(f"search \"{story.here}\" | type='{TYPE}outboundaccepted' | sort by datetime asc")
    fates = {one["data"]["recipient"]: one["data"].get("errorType") for one in found}
    assert fates == {"ann@mail.example": None, "bob@mail.example": None, "gone@mail.example": "Recipient suppressed"}
    first = next(one for one in found if one["data"]["recipient"] == "ann@mail.example")
    assert first["source"] == "example.com"
    assert first["oracle"]["compartmentid"] == story.here
    assert first["data"]["action"] == "accept"
    assert first["data"]["messageId"] == story.message_id
    assert first["data"]["headers"] == {"x-campaignid": "999"}
    assert first["data"]["smtpStatus"] == "250 2.1.5 ann@mail.example and options Ok"


def test_what_became_of_it_is_logged_too(story):
    found = story.search(f"search \"{story.here}\" | type='{TYPE}outboundrelayed' | sort by datetime asc")
    assert sorted(one["data"]["action"] for one in found) == ["bounce", "complaint", "relay", "relay", "unsubscribe"]
    bounce = next(one["data"] for one in found if one["data"]["action"] == "bounce")
    assert (bounce["errorType"], bounce["bounceCode"], bounce["bounceCategory"]) == ("hard", "5.1.1", "bad-mailbox")
    assert bounce["receivingDomain"] == "mail.example"
    assert "headers" not in next(one["data"] for one in found if one["data"]["action"] == "unsubscribe")


def test_queries_select_by_any_field(story):
    assert (
        len(story.search(f"search \"{story.here}\" | data.action='relay' and data.recipient='ann@mail.example'")) == 1
    )
    assert len(story.search(f'search "{story.here}" | where data.headers."x-campaignid" = \'9*\' | limit 2')) == 2
    assert story.search("search \"ocid1.compartment.oc1..other\" | data.action='relay'") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EmailsAccepted", 2.0),
        ("EmailsRelayed", 2.0),
        ("EmailsSuppressed", 1.0),
        ("EmailsHardBounced", 1.0),
        ("EmailComplaints", 1.0),
        ("EmailsListUnsubscribed", 1.0),
    ],
)
def test_metrics_count_recipients(story, name, value):
    found = story.metric(f'{name}[1d]{{resourceDomain = "example.com"}}.sum()')
    assert sum(point.value for stream in found for point in stream.aggregated_datapoints) == value
    assert found[0].dimensions["resourceId"].startswith("ocid1.emailsender.")
    assert story.metric(f'{name}[1h]{{resourceDomain = "other.example"}}.sum()') == []


def test_streams_are_listed(story):
    details = oci.monitoring.models.ListMetricsDetails(namespace="oci_emaildelivery")
    found = story.monitoring.list_metrics(story.here, details).data
    assert {"EmailsAccepted", "EmailsRelayed", "EmailsSuppressed"} <= {one.name for one in found}
    assert {one.dimensions["resourceDomain"] for one in found} == {"example.com"}


@pytest.mark.parametrize(
    "text",
    ["", "find x", 'search "x" |', 'search "x" | a = ', 'search "x" | (a = 1', 'search "x" | sort', "\0", "(" * 9000],
)
def test_a_log_query_that_makes_no_sense_is_refused(text):
    with pytest.raises(log_query.QueryError):
        log_query.parse(text)


@pytest.mark.parametrize("text", ["", "A", "A[1h]", "A[1h].total()", "A[0m].sum()", "A[1h]{x}.sum()", "A[9d].sum()"])
def test_a_metric_query_that_makes_no_sense_is_refused(text):
    with pytest.raises(metric_query.QueryError):
        metric_query.parse(text)


def test_metric_queries_filter_and_group():
    query = metric_query.parse(
        'EmailsAccepted[5m]{resourceDomain =~ "a.*|b.*", resourceId != "x"}.groupBy(resourceDomain).mean()'
    )
    assert query.fits({"resourceDomain": "a.example", "resourceId": "y"})
    assert not query.fits({"resourceDomain": "c.example", "resourceId": "y"})
    assert not query.fits({"resourceDomain": "a.example", "resourceId": "x"})
    assert query.group({"resourceDomain": "a.example", "resourceId": "y"}) == (("resourceDomain", "a.example"),)
    assert query.value({1: 2, 2: 4}) == 3.0
