"""Import and export jobs: files of the user's, read and written as the service would read and write those in S3."""

import csv
import io
import json
import urllib.error
import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ses_kit import kit

from sandbox.providers.ses.import_records import RecordError, read

PUT_SUPPRESSED = {"SuppressionListDestination": {"SuppressionListImportAction": "PUT"}}
DELETE_SUPPRESSED = {"SuppressionListDestination": {"SuppressionListImportAction": "DELETE"}}
PUT_CONTACTS = {"ContactListDestination": {"ContactListName": "readers", "ContactListImportAction": "PUT"}}
DELETE_CONTACTS = {"ContactListDestination": {"ContactListName": "readers", "ContactListImportAction": "DELETE"}}


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bucket")
    with kit(buckets=[{"name": "files", "folder": str(folder)}], limits="unlimited") as found:
        found.folder = folder
        found.v2.create_contact_list(
            ContactListName="readers",
            Topics=[
                {"TopicName": "sports", "DisplayName": "Sports", "DefaultSubscriptionStatus": "OPT_OUT"},
                {"TopicName": "news", "DisplayName": "News", "DefaultSubscriptionStatus": "OPT_IN"},
            ],
        )
        yield found


def imported(box, text, destination, data_format="CSV"):
    """Import a file of this text; the finished job."""
    (box.folder / "import.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    source = {"S3Url": "s3://files/import.txt", "DataFormat": data_format}
    job = box.v2.create_import_job(ImportDestination=destination, ImportDataSource=source)["JobId"]
    found = box.v2.get_import_job(JobId=job)
    assert (found["ImportDestination"], found["ImportDataSource"]) == (destination, source)
    return found


def counts(job):
    return job["JobStatus"], job["ProcessedRecordsCount"], job["FailedRecordsCount"]


@pytest.mark.parametrize(("text", "data_format"), [
    ("ann@EXAMPLE.net,BOUNCE\nbob@example.net,COMPLAINT\n", "CSV"),
    ("emailAddress,reason\r\nann@example.net,bounce\r\nbob@example.net,complaint\r\n", "CSV"),
    ('{"emailAddress":"ann@example.net","reason":"BOUNCE"}\n{"emailAddress":"bob@example.net","reason":"COMPLAINT"}\n', "JSON"),
])  # fmt: skip
def test_addresses_are_suppressed_and_released(box, text, data_format):
    assert counts(imported(box, text, PUT_SUPPRESSED, data_format)) == ("COMPLETED", 2, 0)
    listed = box.v2.list_suppressed_destinations()["SuppressedDestinationSummaries"]
    assert {one["EmailAddress"]: one["Reason"] for one in listed} == {
        "ann@example.net": "BOUNCE",
        "bob@example.net": "COMPLAINT",
    }
    assert counts(imported(box, text, DELETE_SUPPRESSED, data_format)) == ("COMPLETED", 2, 0)
    assert box.v2.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []


@pytest.mark.parametrize(("text", "data_format"), [
    (
        ("emailAddress,unsubscribeAll,attributesData,topicPreferences.sports,topicPreferences.news\n"
        'ann@example.net,false,"{""name"": ""Ann""}",OPT_IN,OPT_OUT\nbob@example.net,true,,,\n'),
        "CSV",
    ),
    (
        ('{"emailAddress":"ann@example.net","unsubscribeAll":false,"attributesData":"{\\"name\\": \\"Ann\\"}",'
        '"topicPreferences":[{"topicName":"sports","subscriptionStatus":"OPT_IN"},'
        '{"topicName":"news","subscriptionStatus":"OPT_OUT"}]}\n'
        '{"emailAddress":"bob@example.net","unsubscribeAll":true}\n'),
        "JSON",
    ),
])  # fmt: skip
def test_contacts_are_added_changed_and_removed(box, text, data_format):
    assert counts(imported(box, text, PUT_CONTACTS, data_format)) == ("COMPLETED", 2, 0)
    ann = box.v2.get_contact(ContactListName="readers", EmailAddress="ann@example.net")
    assert {one["TopicName"]: one["SubscriptionStatus"] for one in ann["TopicPreferences"]} == {
        "sports": "OPT_IN",
        "news": "OPT_OUT",
    }
    assert (ann["UnsubscribeAll"], ann["AttributesData"]) == (False, '{"name": "Ann"}')
    assert box.v2.get_contact(ContactListName="readers", EmailAddress="bob@example.net")["UnsubscribeAll"] is True
    again = text.replace("true", "false")
    assert counts(imported(box, again, PUT_CONTACTS, data_format)) == ("COMPLETED", 2, 0)
    assert box.v2.get_contact(ContactListName="readers", EmailAddress="bob@example.net")["UnsubscribeAll"] is False
    assert counts(imported(box, text, DELETE_CONTACTS, data_format)) == ("COMPLETED", 2, 0)
    assert box.v2.list_contacts(ContactListName="readers")["Contacts"] == []


@pytest.mark.parametrize(("text", "data_format", "found", "said"), [
    ("nobody,BOUNCE\n", "CSV", ("FAILED", 1, 1), "no email address: nobody"),
    ("ann@example.net,RUDE\n", "CSV", ("FAILED", 1, 1), "reason is BOUNCE or COMPLAINT; not RUDE"),
    ("ann@example.net\n", "CSV", ("FAILED", 1, 1), "no reason: ann@example.net"),
    ('{"emailAddress": \n', "JSON", ("FAILED", 1, 1), "not a JSON object"),
    (f"{'[' * 5000}\n", "JSON", ("FAILED", 1, 1), "not a JSON object"),
    (b"\xff\xfe\x00", "CSV", ("FAILED", 0, 1), "the file is not UTF-8"),
    ("kept@example.net,BOUNCE\nnobody,BOUNCE\n", "CSV", ("COMPLETED", 2, 1), "no email address: nobody"),
])  # fmt: skip
def test_what_can_t_be_read_is_counted_and_told(box, text, data_format, found, said):
    job = imported(box, text, PUT_SUPPRESSED, data_format)
    assert counts(job) == found
    assert said in job["FailureInfo"]["ErrorMessage"]


def test_jobs_are_listed_the_newest_first_by_destination(box):
    first = imported(box, "x@example.net,BOUNCE\n", PUT_SUPPRESSED)["JobId"]
    second = imported(box, "emailAddress\ny@example.net\n", PUT_CONTACTS)["JobId"]
    assert box.v2.list_import_jobs(ImportDestinationType="SUPPRESSION_LIST")["ImportJobs"][0]["JobId"] == first
    jobs = box.v2.list_import_jobs(PageSize=1)
    assert [one["JobId"] for one in jobs["ImportJobs"]] == [second]
    assert box.v2.list_import_jobs(NextToken=jobs["NextToken"])["ImportJobs"][0]["JobId"] == first


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.test", fullmatch=True), st.sampled_from(["BOUNCE", "COMPLAINT"])
        )
    )
)
def test_both_formats_read_alike(rows):
    table = io.StringIO()
    csv.writer(table).writerows(rows)
    lines = "".join(json.dumps({"emailAddress": address, "reason": reason}) + "\n" for address, reason in rows)
    wanted = [{"EmailAddress": address, "Reason": reason} for address, reason in rows]
    assert list(read(table.getvalue().encode(), "CSV", contacts=False)) == wanted
    assert list(read(lines.encode(), "JSON", contacts=False)) == wanted


@given(st.binary(max_size=200), st.sampled_from(["CSV", "JSON"]), st.booleans())
def test_no_file_raises_anything_but_its_own_error(octets, data_format, contacts):
    try:
        found = list(read(octets, data_format, contacts=contacts))
    except RecordError:
        return
    assert all(isinstance(one, dict | RecordError) for one in found)


@pytest.fixture(scope="module")
def sent(box):
    """Two messages: one that is delivered, one that bounces."""
    delivered = box.send("ann@gmail.com")
    bounced = box.send("bounce@simulator.amazonses.com")
    box.sandbox.call(box.services.delivery.run_due())
    return delivered, bounced


def export(box, source, data_format="CSV", **destination):
    job = box.v2.create_export_job(
        ExportDataSource=source, ExportDestination={"DataFormat": data_format, **destination}
    )["JobId"]
    assert box.v2.get_export_job(JobId=job)["JobStatus"] == "PROCESSING"
    box.account.clock.advance(5)
    return box.v2.get_export_job(JobId=job)


def insights(box, **more):
    now = box.account.clock.now()
    return {"MessageInsightsDataSource": {"StartDate": now - 86_400, "EndDate": now, **more}}


def fetched(job):
    with urllib.request.urlopen(job["ExportDestination"]["S3Url"]) as answer:
        return answer.read().decode()


def test_messages_are_exported_behind_a_link(box, sent):
    delivered, bounced = sent
    job = export(box, insights(box))
    assert (job["JobStatus"], job["ExportSourceType"]) == ("COMPLETED", "MESSAGE_INSIGHTS")
    rows = {row["MessageId"]: row for row in csv.DictReader(io.StringIO(fetched(job)))}
    assert rows[delivered] | {"SendTime": ""} == {
        "MessageId": delivered,
        "SendTime": "",
        "FromEmailAddress": box.sender,
        "Destination": "ann@gmail.com",
        "Subject": "Hello",
        "Isp": "Gmail",
        "TenantName": "",
        "LastDeliveryEvent": "DELIVERY",
        "LastEngagementEvent": "",
    }
    assert rows[bounced]["LastDeliveryEvent"] == "PERMANENT_BOUNCE"
    assert job["Statistics"] == {"ProcessedRecordsCount": len(rows), "ExportedRecordsCount": len(rows)}


@pytest.mark.parametrize(("filters", "which"), [
    ({"Include": {"Isp": ["Gmail"]}}, [0]),
    ({"Exclude": {"Isp": ["Gmail"]}}, [1]),
    ({"Include": {"LastDeliveryEvent": ["PERMANENT_BOUNCE"]}}, [1]),
    ({"Include": {"Destination": ["*@gmail.com"], "Subject": ["hell"]}}, [0]),
    ({"Include": {"FromEmailAddress": ["nobody@example.com"]}}, []),
    ({"MaxResults": 1}, [1]),
])  # fmt: skip
def test_exports_are_filtered(box, sent, filters, which):
    lines = fetched(export(box, insights(box, **filters), "JSON")).splitlines()
    assert [json.loads(line)["MessageId"] for line in lines] == [sent[number] for number in which]


def test_metrics_are_exported_into_a_bucket(box, sent):
    now = box.account.clock.now()
    source = {
        "MetricsDataSource": {
            "Dimensions": {"ISP": ["Gmail"]},
            "Namespace": "VDM",
            "Metrics": [{"Name": "SEND", "Aggregation": "VOLUME"}, {"Name": "DELIVERY", "Aggregation": "RATE"}],
            "StartDate": now,
            "EndDate": now,
        }
    }
    job = export(box, source, S3Url="s3://files/out/metrics.csv")
    assert job["ExportDestination"]["S3Url"] == "s3://files/out/metrics.csv"
    rows = list(csv.DictReader(io.StringIO((box.folder / "out" / "metrics.csv").read_text("utf-8"))))
    assert [(row["Metric"], row["Aggregation"], row["Value"]) for row in rows] == [
        ("SEND", "VOLUME", "1"),
        ("DELIVERY", "RATE", "1.0"),
    ]


def test_an_export_that_was_cancelled_has_no_file(box, sent):
    job = box.v2.create_export_job(ExportDataSource=insights(box), ExportDestination={"DataFormat": "CSV"})["JobId"]
    box.v2.cancel_export_job(JobId=job)
    box.account.clock.advance(5)
    found = box.v2.get_export_job(JobId=job)
    assert found["JobStatus"] == "CANCELLED"
    assert "S3Url" not in found["ExportDestination"]
    assert job in [one["JobId"] for one in box.v2.list_export_jobs(JobStatus="CANCELLED")["ExportJobs"]]


def test_the_link_is_the_key(box, sent):
    """Nobody gets the file by guessing another job's or another token."""
    url = export(box, insights(box))["ExportDestination"]["S3Url"]
    head, _, name = url.rpartition("/")
    for wrong in (f"{head}/{'0' * 32}.csv", f"{head.rpartition('/')[0]}/none/{name}", f"{head}/.csv"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(wrong)
        assert caught.value.code == 404
        caught.value.close()
