"""Hosted zones: what boto3's `route53` publishes is what the name server answers and identities are verified by."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from exchanges import refusals
from hypothesis import given, settings
from hypothesis import strategies as st
from ses_kit import CATALOG, kit

from sandbox.core.errors import Refusal
from sandbox.providers.ses.route53.xml import read


@pytest.fixture(scope="module")
def box():
    with kit(region="eu-west-1", limits="unlimited") as running:
        yield running


@pytest.fixture(scope="module")
def route53(box):
    own = box.sandbox.ready["ses"]
    return boto3.client(
        "route53",
        endpoint_url=box.sandbox.url,
        region_name=own["region"],
        aws_access_key_id=own["access_key_id"],
        aws_secret_access_key=own["secret_access_key"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def change(action, name, kind, *values, ttl=300):
    records = [{"Value": value} for value in values]
    return {"Action": action, "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": records}}


def refused(box, row, call, **given):
    entry = CATALOG.get(f"api.{row}")
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (entry.code, entry.status)
    assert entry.id in refusals(box.sandbox)
    return answer["Error"]["Message"]


def test_a_domain_is_verified_by_what_route_53_publishes(box, route53):
    made = route53.create_hosted_zone(Name="Shop.example", CallerReference="1", HostedZoneConfig={"Comment": "shop"})
    zone = made["HostedZone"]
    assert (zone["Name"], zone["Config"]["Comment"], zone["ResourceRecordSetCount"]) == ("shop.example.", "shop", 2)
    assert len(made["DelegationSet"]["NameServers"]) == 4
    tokens = box.v2.create_email_identity(EmailIdentity="shop.example")["DkimAttributes"]["Tokens"]
    changes = [
        change("CREATE", f"{token}._domainkey.shop.example", "CNAME", f"{token}.dkim.amazonses.com") for token in tokens
    ]
    changes.append(change("UPSERT", "shop.example", "TXT", '"v=spf1 include:amazonses.com ~all"'))
    info = route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": changes})["ChangeInfo"]
    route53.get_waiter("resource_record_sets_changed").wait(Id=info["Id"])
    assert box.v2.get_email_identity(EmailIdentity="shop.example")["VerifiedForSendingStatus"] is True
    assert box.send("ann@example.net", sender="orders@shop.example")

    sets = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    found = {(one["Name"], one["Type"]): [value["Value"] for value in one["ResourceRecords"]] for one in sets}
    assert found["shop.example.", "TXT"] == ['"v=spf1 include:amazonses.com ~all"']
    assert len(found) == 6
    assert [one["Name"] for one in route53.list_hosted_zones()["HostedZones"]] == ["shop.example."]
    by_name = route53.list_hosted_zones_by_name(DNSName="shop.example")["HostedZones"]
    assert [one["Id"] for one in by_name] == [zone["Id"]]
    assert route53.get_hosted_zone(Id=zone["Id"])["HostedZone"]["ResourceRecordSetCount"] == 6

    refused(box, "HostedZoneNotEmpty.records", route53.delete_hosted_zone, Id=zone["Id"])
    gone = [{"Action": "DELETE", "ResourceRecordSet": one} for one in sets if one["Type"] not in ("SOA", "NS")]
    route53.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": gone})
    route53.delete_hosted_zone(Id=zone["Id"])
    refused(box, "NoSuchHostedZone.zone", route53.get_hosted_zone, Id=zone["Id"])


@pytest.mark.proves(
    "ses.api.HostedZoneNotEmpty.records",
    "ses.api.NoSuchHostedZone.zone",
    "ses.api.HostedZoneAlreadyExists.reference",
    "ses.api.ConflictingDomainExists.name",
    "ses.api.InvalidDomainName.name",
    "ses.api.InvalidChangeBatch.batch",
    "ses.api.InvalidInput.missing",
)
def test_what_route_53_refuses(box, route53):
    zone = route53.create_hosted_zone(Name="own.example", CallerReference="2")["HostedZone"]["Id"]
    make = route53.create_hosted_zone
    refused(box, "HostedZoneAlreadyExists.reference", make, Name="other.example", CallerReference="2")
    refused(box, "ConflictingDomainExists.name", make, Name="own.example.", CallerReference="3")
    refused(box, "InvalidDomainName.name", make, Name="a..b", CallerReference="4")
    refused(box, "InvalidInput.missing", make, Name="", CallerReference="5")
    for wrong, told in [
        (change("CREATE", "x.own.example", "A", "not an address"), "rdata"),
        (change("CREATE", "x.elsewhere.example", "A", "192.0.2.1"), "not in own.example"),
        (change("DELETE", "x.own.example", "A", "192.0.2.1"), "but it was not found"),
        (change("CREATE", "own.example", "NS", "ns.own.example"), "but it already exists"),
    ]:
        batch = {"Changes": [change("UPSERT", "kept.own.example", "A", "192.0.2.9"), wrong]}
        batch_call = {"HostedZoneId": zone, "ChangeBatch": batch}
        assert told in refused(box, "InvalidChangeBatch.batch", route53.change_resource_record_sets, **batch_call)
    names = [one["Name"] for one in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]]
    assert "kept.own.example." not in names, "a batch is made whole or not at all"


@pytest.mark.proves("ses.api.InvalidInput.xml")
def test_a_body_that_is_no_xml(box, route53):
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    route53.meta.events.register_first("before-sign.route53.CreateHostedZone", _body(bomb), unique_id="body")
    try:
        refused(box, "InvalidInput.xml", route53.create_hosted_zone, Name="x.example", CallerReference="6")
    finally:
        route53.meta.events.unregister("before-sign.route53.CreateHostedZone", unique_id="body")


def _body(text):
    def replace(request, **_):
        request.data = text.encode()

    return replace


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_body_is_read_or_refused(body):
    try:
        read(body)
    except Refusal as refusal:
        assert refusal.reason == "api.InvalidInput.xml"  # noqa: PT017 - most bodies are refused, few are not
