"""Tags, dedicated IPs, tenants, reputation, endpoints, insights, metrics and the dashboard: what they mean locally."""

import datetime as dt

import pytest
from ses_kit import kit

from sandbox.core.attempts import FollowUp
from sandbox.core.dns.records import make

DOMAIN = "inbox.example"
DAY = 86_400


@pytest.fixture(scope="module")
def box():
    with kit(
        verified_identities=["noreply@example.com", DOMAIN],
        dedicated_ips=["192.0.2.1", "192.0.2.2"],
        limits="unlimited",
    ) as found:
        found.number = found.v2.create_tenant(TenantName="first")["TenantArn"].split(":")[4]
        yield found


def arn(box, resource):
    return f"arn:aws:ses:us-east-1:{box.number}:{resource}"


def tags(box, resource):
    found = box.v2.list_tags_for_resource(ResourceArn=arn(box, resource))["Tags"]
    return {one["Key"]: one["Value"] for one in found}


def test_tags_are_shared_with_the_operations_that_set_them(box):
    given = [{"Key": "team", "Value": "mail"}]
    box.v2.create_configuration_set(ConfigurationSetName="tagged", Tags=given)
    box.v2.create_dedicated_ip_pool(PoolName="tagged", Tags=given)
    box.v2.create_email_template(TemplateName="tagged", TemplateContent={"Subject": "x", "Text": "x"}, Tags=given)
    box.v2.create_contact_list(ContactListName="tagged", Tags=given)
    tenant = box.v2.create_tenant(TenantName="tagged", Tags=given)["TenantArn"].partition(":tenant/")[2]
    box.v2.create_multi_region_endpoint(
        EndpointName="tagged", Details={"RoutesDetails": [{"Region": "eu-west-1"}]}, Tags=given
    )
    for resource in (
        "configuration-set/tagged", "dedicated-ip-pool/tagged", "template/tagged", "contact-list/tagged",
        f"tenant/{tenant}", "multi-region-endpoint/tagged",
    ):  # fmt: skip
        assert tags(box, resource) == {"team": "mail"}, resource
    box.v2.tag_resource(
        ResourceArn=arn(box, "configuration-set/tagged"),
        Tags=[{"Key": "team", "Value": "post"}, {"Key": "stage", "Value": "test"}],
    )
    assert tags(box, "configuration-set/tagged") == {"team": "post", "stage": "test"}
    shown = box.v2.get_configuration_set(ConfigurationSetName="tagged")["Tags"]
    assert {one["Key"]: one["Value"] for one in shown} == {"team": "post", "stage": "test"}
    box.v2.untag_resource(ResourceArn=arn(box, "configuration-set/tagged"), TagKeys=["team", "never"])
    assert tags(box, "configuration-set/tagged") == {"stage": "test"}


def test_identities_are_tagged_by_address_and_by_domain(box):
    for name in (DOMAIN, "noreply@example.com"):
        box.v2.tag_resource(ResourceArn=arn(box, f"identity/{name}"), Tags=[{"Key": "k", "Value": ""}])
        assert tags(box, f"identity/{name}") == {"k": ""}
        box.v2.untag_resource(ResourceArn=arn(box, f"identity/{name}"), TagKeys=["k"])


def test_addresses_move_between_pools_and_come_back(box):
    box.v2.create_dedicated_ip_pool(PoolName="bulk")
    box.v2.put_dedicated_ip_in_pool(Ip="192.0.2.1", DestinationPoolName="bulk")
    assert [one["Ip"] for one in box.v2.get_dedicated_ips(PoolName="bulk")["DedicatedIps"]] == ["192.0.2.1"]
    box.v2.delete_dedicated_ip_pool(PoolName="bulk")
    assert box.v2.get_dedicated_ip(Ip="192.0.2.1")["DedicatedIp"]["PoolName"] == "ses-default-dedicated-pool"


def test_an_address_warms_up_on_the_account_s_clock(box):
    def warm():
        found = box.v2.get_dedicated_ip(Ip="192.0.2.2")["DedicatedIp"]
        return found["WarmupStatus"], found["WarmupPercentage"]

    box.v2.put_dedicated_ip_warmup_attributes(Ip="192.0.2.2", WarmupPercentage=50)
    assert warm() == ("IN_PROGRESS", 50)
    box.account.clock.advance(9 * DAY)
    assert warm() == ("IN_PROGRESS", 70)
    box.account.clock.advance(45 * DAY)
    assert warm() == ("DONE", 100)


def test_a_tenant_that_is_disabled_shows_it_everywhere(box):
    made = box.v2.create_tenant(
        TenantName="acme", SuppressionAttributes={"SuppressedReasons": ["BOUNCE"], "SuppressionScope": "TENANT"}
    )
    who = {"ReputationEntityType": "RESOURCE", "ReputationEntityReference": made["TenantArn"]}
    assert box.v2.get_reputation_entity(**who)["ReputationEntity"]["SendingStatusAggregate"] == "ENABLED"
    box.v2.update_reputation_entity_customer_managed_status(**who, SendingStatus="DISABLED")
    assert box.v2.get_tenant(TenantName="acme")["Tenant"]["SendingStatus"] == "DISABLED"
    found = box.v2.list_tenants(Filter={"SENDING_STATUS": "DISABLED", "TENANT_NAME_CONTAINS": "CM"})["Tenants"]
    assert [one["TenantName"] for one in found] == ["acme"]
    entities = box.v2.list_reputation_entities(Filter={"SENDING_STATUS": "DISABLED"})["ReputationEntities"]
    assert [one["ReputationEntityReference"] for one in entities] == [made["TenantArn"]]
    box.v2.put_tenant_suppression_attributes(TenantName="acme", SuppressedReasons=["COMPLAINT"])
    assert box.v2.get_tenant(TenantName="acme")["Tenant"]["SuppressionAttributes"] == {
        "SuppressedReasons": ["COMPLAINT"]
    }
    box.v2.delete_tenant(TenantName="acme")
    assert "acme" not in [one["TenantName"] for one in box.v2.list_tenants()["Tenants"]]


def test_resources_belong_to_tenants_from_both_sides(box):
    box.v2.create_email_template(TemplateName="owned", TemplateContent={"Subject": "x", "Text": "x"})
    resources = [arn(box, f"identity/{DOMAIN}"), arn(box, "template/owned")]
    for resource in resources:
        box.v2.create_tenant_resource_association(TenantName="first", ResourceArn=resource)
    listed = box.v2.list_tenant_resources(TenantName="first")["TenantResources"]
    assert {one["ResourceArn"]: one["ResourceType"] for one in listed} == dict(
        zip(resources, ("EMAIL_IDENTITY", "EMAIL_TEMPLATE"), strict=True)
    )
    only = box.v2.list_tenant_resources(TenantName="first", Filter={"RESOURCE_TYPE": "EMAIL_TEMPLATE"})
    assert [one["ResourceArn"] for one in only["TenantResources"]] == [resources[1]]
    (owner,) = box.v2.list_resource_tenants(ResourceArn=resources[0])["ResourceTenants"]
    assert owner["TenantName"] == "first"
    box.v2.delete_tenant_resource_association(TenantName="first", ResourceArn=resources[0])
    assert box.v2.list_resource_tenants(ResourceArn=resources[0])["ResourceTenants"] == []


@pytest.fixture(scope="module")
def mailing(box):
    """One message to three recipients: delivered and then read and reported, bounced, suppressed."""
    box.v2.put_suppressed_destination(EmailAddress="held@example.net", Reason="COMPLAINT")
    message_id = box.send(
        "ann@gmail.com", "gone@nowhere.invalid", "held@example.net",
        sender=f"news@{DOMAIN}", EmailTags=[{"Name": "campaign", "Value": "spring"}],
    )  # fmt: skip
    box.sandbox.call(box.services.delivery.run_due())
    record = box.record(message_id)
    for what in ("open", "click", "complaint"):
        box.sandbox.call(box.services.delivery.simulate(box.account, record.id, "ann@gmail.com", FollowUp(what)))
    return message_id


def test_insights_tell_what_became_of_each_recipient(box, mailing):
    found = box.v2.get_message_insights(MessageId=mailing)
    assert (found["FromEmailAddress"], found["Subject"]) == (f"news@{DOMAIN}", "Hello")
    assert found["EmailTags"] == [{"Name": "campaign", "Value": "spring"}]
    told = {one["Destination"]: [event["Type"] for event in one["Events"]] for one in found["Insights"]}
    assert told == {
        "ann@gmail.com": ["SEND", "DELIVERY", "OPEN", "CLICK", "COMPLAINT"],
        "gone@nowhere.invalid": ["SEND", "BOUNCE"],
        "held@example.net": ["SEND", "BOUNCE"],
    }
    details = {one["Destination"]: one["Events"][-1]["Details"] for one in found["Insights"]}
    assert details["ann@gmail.com"] == {"Complaint": {"ComplaintFeedbackType": "abuse"}}
    assert details["gone@nowhere.invalid"]["Bounce"]["BounceType"] == "PERMANENT"
    assert details["held@example.net"]["Bounce"]["BounceSubType"] == "OnAccountSuppressionList"
    assert {one["Destination"]: one["Isp"] for one in found["Insights"]}["ann@gmail.com"] == "Gmail"


def metric(box, name, **dimensions):
    now = dt.datetime.fromtimestamp(box.account.clock.now(), dt.UTC)
    query = {"Id": "q", "Namespace": "VDM", "Metric": name, "StartDate": now - dt.timedelta(days=1), "EndDate": now}
    found = box.v2.batch_get_metric_data(Queries=[{**query, **({"Dimensions": dimensions} if dimensions else {})}])
    (result,) = found["Results"]
    days = [one.astimezone(dt.UTC).date() for one in result["Timestamps"]]
    assert days == [now.date() - dt.timedelta(days=1), now.date()]
    return sum(result["Values"])


@pytest.mark.parametrize(("name", "count"), [
    ("SEND", 3), ("DELIVERY", 1), ("PERMANENT_BOUNCE", 2), ("TRANSIENT_BOUNCE", 0), ("OPEN", 1), ("CLICK", 1),
    ("COMPLAINT", 1),
])  # fmt: skip
def test_metrics_count_by_day(box, mailing, name, count):
    assert metric(box, name, EMAIL_IDENTITY=DOMAIN) == count


def test_metrics_keep_to_their_dimensions(box, mailing):
    assert metric(box, "SEND", EMAIL_IDENTITY=f"news@{DOMAIN}", ISP="Gmail") == 1
    assert metric(box, "SEND", EMAIL_IDENTITY="example.com", ISP="Gmail") == 0
    assert metric(box, "SEND", CONFIGURATION_SET="none") == 0


def test_statistics_count_in_quarters_of_an_hour(box, mailing):
    points = box.v1.get_send_statistics()["SendDataPoints"]
    assert sum(one["DeliveryAttempts"] for one in points) >= 3
    assert sum(one["Bounces"] for one in points) >= 2
    assert sum(one["Complaints"] for one in points) == 1
    assert all(one["Timestamp"].minute % 15 == 0 and one["Timestamp"].second == 0 for one in points)


def test_the_dashboard_reports_on_a_domain(box, mailing):
    now = box.account.clock.now()
    overall = box.v2.get_domain_statistics_report(Domain=DOMAIN, StartDate=now, EndDate=now)["OverallVolume"]
    assert overall["VolumeStatistics"] == {
        "InboxRawCount": 0,
        "SpamRawCount": 1,
        "ProjectedInbox": 0,
        "ProjectedSpam": 1,
    }
    assert overall["ReadRatePercent"] == 100.0
    assert overall["DomainIspPlacements"][0]["IspName"] == "Gmail"
    (campaign,) = box.v2.list_domain_deliverability_campaigns(SubscribedDomain=DOMAIN, StartDate=now, EndDate=now)[
        "DomainDeliverabilityCampaigns"
    ]
    assert (campaign["Subject"], campaign["FromAddress"], campaign["ProjectedVolume"]) == ("Hello", f"news@{DOMAIN}", 3)
    same = box.v2.get_domain_deliverability_campaign(CampaignId=campaign["CampaignId"])["DomainDeliverabilityCampaign"]
    assert same == campaign


def test_a_deliverability_test_is_a_real_message(box):
    content = {"Simple": {"Subject": {"Data": "Test"}, "Body": {"Text": {"Data": "Hello"}}}}
    report = box.v2.create_deliverability_test_report(
        FromEmailAddress=f"news@{DOMAIN}", Content=content, ReportName="one"
    )
    box.sandbox.call(box.services.delivery.run_due())
    found = box.v2.get_deliverability_test_report(ReportId=report["ReportId"])
    assert found["DeliverabilityTestReport"]["DeliverabilityTestStatus"] == "COMPLETED"
    assert found["OverallPlacement"]["InboxPercentage"] == 100.0
    assert found["OverallPlacement"]["DkimPercentage"] == 100.0
    assert "Subject: Test" in found["Message"]


@pytest.mark.parametrize(("address", "valid", "evaluation"), [
    ("ann@example.net", "HIGH", None),
    ("ann.example.net", "LOW", "HasValidSyntax"),
    ("ann@nowhere.invalid", "LOW", "HasValidDnsRecords"),
    ("rude@example.net", "LOW", "MailboxExists"),
])  # fmt: skip
def test_an_address_is_judged_before_anything_is_sent(box, address, valid, evaluation):
    box.v2.put_suppressed_destination(EmailAddress="rude@example.net", Reason="BOUNCE")
    found = box.v2.get_email_address_insights(EmailAddress=address)["MailboxValidation"]
    assert found["IsValid"]["ConfidenceVerdict"] == valid
    if evaluation:
        assert found["Evaluations"][evaluation]["ConfidenceVerdict"] == "LOW"


@pytest.mark.parametrize(("address", "evaluation"), [
    ("postmaster@example.net", "IsRoleAddress"),
    ("ann@mailinator.com", "IsDisposable"),
    ("xkqzwvbtrpl@example.net", "IsRandomInput"),
])  # fmt: skip
def test_an_address_is_described(box, address, evaluation):
    found = box.v2.get_email_address_insights(EmailAddress=address)["MailboxValidation"]["Evaluations"]
    assert found[evaluation]["ConfidenceVerdict"] == "HIGH"


def test_recommendations_go_away_when_the_records_are_there(box):
    def kinds():
        found = box.v2.list_recommendations(Filter={"RESOURCE_ARN": arn(box, f"identity/{DOMAIN}")})["Recommendations"]
        return {one["Type"] for one in found}

    before = kinds()
    assert {"SPF", "DMARC"} <= before
    records = [
        make(DOMAIN, "TXT", 300, '"v=spf1 include:amazonses.com ~all"'),
        make(f"_dmarc.{DOMAIN}", "TXT", 300, '"v=DMARC1; p=none"'),
    ]
    zones = box.services.dns.zones
    box.sandbox.call(zones.create(box.account, DOMAIN, zone_id=DOMAIN, servers=("ns1.test",), records=records))
    assert kinds() == before - {"SPF", "DMARC"}
