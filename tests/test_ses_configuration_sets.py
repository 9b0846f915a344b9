"""Configuration sets and their event destinations, through both APIs."""

import pytest
from ses_kit import EVERY, kit

ARCHIVE = "arn:aws:ses:us-east-1:123456789012:mailmanager-archive/a-0123456789abcdef01234567"
STREAM = {
    "IamRoleArn": "arn:aws:iam::123456789012:role/r",
    "DeliveryStreamArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/s",
}


@pytest.fixture(scope="module")
def ses():
    with kit(verified_identities=["noreply@example.com", "example.com"]) as made:
        yield made


@pytest.fixture
def name(ses, request):
    made = "".join(letter for letter in request.node.name if letter.isalnum())[:60]
    ses.v2.create_configuration_set(ConfigurationSetName=made)
    return made


def shown(ses, name):
    found = ses.v2.get_configuration_set(ConfigurationSetName=name)
    del found["ResponseMetadata"]
    return found


def test_a_fresh_set_has_the_defaults(ses, name):
    assert shown(ses, name) == {
        "ConfigurationSetName": name,
        "DeliveryOptions": {"TlsPolicy": "OPTIONAL"},
        "ReputationOptions": {"ReputationMetricsEnabled": False},
        "SendingOptions": {"SendingEnabled": True},
        "Tags": [],
    }


def test_every_group_of_options_is_kept(ses):
    options = {
        "TrackingOptions": {"CustomRedirectDomain": "links.example.com", "HttpsPolicy": "REQUIRE"},
        "DeliveryOptions": {"TlsPolicy": "REQUIRE", "MaxDeliverySeconds": 600},
        "ReputationOptions": {"ReputationMetricsEnabled": True},
        "SendingOptions": {"SendingEnabled": False},
        "Tags": [{"Key": "team", "Value": "a"}],
        "SuppressionOptions": {"SuppressedReasons": ["COMPLAINT"]},
        "VdmOptions": {"DashboardOptions": {"EngagementMetrics": "ENABLED"}},
        "ArchivingOptions": {"ArchiveArn": ARCHIVE},
    }
    ses.v2.create_configuration_set(ConfigurationSetName="whole", **options)
    assert shown(ses, "whole") == {"ConfigurationSetName": "whole", **options}


def test_each_group_can_be_replaced(ses, name):
    v2 = ses.v2
    v2.put_configuration_set_tracking_options(ConfigurationSetName=name, CustomRedirectDomain="links.example.com")
    v2.put_configuration_set_delivery_options(ConfigurationSetName=name, TlsPolicy="REQUIRE")
    v2.put_configuration_set_reputation_options(ConfigurationSetName=name, ReputationMetricsEnabled=True)
    v2.put_configuration_set_suppression_options(ConfigurationSetName=name, SuppressedReasons=[])
    v2.put_configuration_set_vdm_options(
        ConfigurationSetName=name, VdmOptions={"GuardianOptions": {"OptimizedSharedDelivery": "ENABLED"}}
    )
    v2.put_configuration_set_archiving_options(ConfigurationSetName=name, ArchiveArn=ARCHIVE)
    v2.put_configuration_set_sending_options(ConfigurationSetName=name, SendingEnabled=False)
    v2.update_configuration_set(
        ConfigurationSetName=name, MessageSecurityOptions={"SigningScheme": {"DefaultScheme": {}}}
    )
    found = shown(ses, name)
    assert found["TrackingOptions"] == {"CustomRedirectDomain": "links.example.com"}
    assert found["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
    assert found["ReputationOptions"] == {"ReputationMetricsEnabled": True}
    assert found["SuppressionOptions"] == {"SuppressedReasons": []}
    assert found["VdmOptions"] == {"GuardianOptions": {"OptimizedSharedDelivery": "ENABLED"}}
    assert found["ArchivingOptions"] == {"ArchiveArn": ARCHIVE}
    assert found["SendingOptions"] == {"SendingEnabled": False}
    assert found["MessageSecurityOptions"] == {"SigningScheme": {"DefaultScheme": {}}}
    v2.put_configuration_set_tracking_options(ConfigurationSetName=name)
    v2.put_configuration_set_sending_options(ConfigurationSetName=name, SendingEnabled=True)
    found = shown(ses, name)
    assert "TrackingOptions" not in found
    assert found["ReputationOptions"]["LastFreshStart"], "sending again begins the reputation anew"


def test_the_older_api_sees_and_changes_the_same_set(ses):
    v1 = ses.v1
    v1.create_configuration_set(ConfigurationSet={"Name": "older"})
    v1.create_configuration_set_tracking_options(
        ConfigurationSetName="older", TrackingOptions={"CustomRedirectDomain": "links.example.com"}
    )
    v1.update_configuration_set_tracking_options(
        ConfigurationSetName="older", TrackingOptions={"CustomRedirectDomain": "go.example.com"}
    )
    v1.put_configuration_set_delivery_options(ConfigurationSetName="older", DeliveryOptions={"TlsPolicy": "Require"})
    v1.update_configuration_set_reputation_metrics_enabled(ConfigurationSetName="older", Enabled=True)
    v1.update_configuration_set_sending_enabled(ConfigurationSetName="older", Enabled=False)
    wanted = ["eventDestinations", "trackingOptions", "deliveryOptions", "reputationOptions"]
    found = v1.describe_configuration_set(ConfigurationSetName="older", ConfigurationSetAttributeNames=wanted)
    del found["ResponseMetadata"]
    assert found == {
        "ConfigurationSet": {"Name": "older"},
        "EventDestinations": [],
        "TrackingOptions": {"CustomRedirectDomain": "go.example.com"},
        "DeliveryOptions": {"TlsPolicy": "Require"},
        "ReputationOptions": {"SendingEnabled": False, "ReputationMetricsEnabled": True},
    }
    v1.delete_configuration_set_tracking_options(ConfigurationSetName="older")
    assert "TrackingOptions" not in shown(ses, "older")
    found = v1.describe_configuration_set(ConfigurationSetName="older")
    assert "ReputationOptions" not in found, "only what is asked for"
    assert {"Name": "older"} in v1.list_configuration_sets()["ConfigurationSets"]
    v1.delete_configuration_set(ConfigurationSetName="older")
    assert "older" not in ses.v2.list_configuration_sets()["ConfigurationSets"]


def test_lists_come_in_pages(ses):
    for number in range(3):
        ses.v2.create_configuration_set(ConfigurationSetName=f"page-{number}")
    names, token = [], {}
    while True:
        page = ses.v2.list_configuration_sets(PageSize=2, **token)
        assert len(page["ConfigurationSets"]) <= 2
        names += page["ConfigurationSets"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert names == sorted(names)
    assert {"page-0", "page-1", "page-2"} <= set(names)


def test_event_destinations_of_every_kind(ses, name):
    topic = ses.sns.create_topic(Name="kinds")["TopicArn"]
    dimension = {"DimensionName": "kind", "DimensionValueSource": "MESSAGE_TAG", "DefaultDimensionValue": "none"}
    wanted = {
        "sns": {"SnsDestination": {"TopicArn": topic}},
        "bridge": {
            "EventBridgeDestination": {"EventBusArn": "arn:aws:events:us-east-1:123456789012:event-bus/default"}
        },
        "stream": {"KinesisFirehoseDestination": STREAM},
        "metrics": {"CloudWatchDestination": {"DimensionConfigurations": [dimension]}},
        "pinpoint": {
            "PinpointDestination": {"ApplicationArn": "arn:aws:mobiletargeting:us-east-1:123456789012:apps/x"}
        },
    }
    for key, target in wanted.items():
        ses.v2.create_configuration_set_event_destination(
            ConfigurationSetName=name,
            EventDestinationName=key,
            EventDestination={"Enabled": True, "MatchingEventTypes": EVERY, **target},
        )
    found = ses.v2.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]
    assert found == [{"Name": key, "Enabled": True, "MatchingEventTypes": EVERY, **wanted[key]} for key in wanted]
    older = ses.v1.describe_configuration_set(
        ConfigurationSetName=name, ConfigurationSetAttributeNames=["eventDestinations"]
    )
    shown = {one["Name"]: one for one in older["EventDestinations"]}
    assert shown["sns"]["SNSDestination"] == {"TopicARN": topic}
    assert shown["stream"]["KinesisFirehoseDestination"]["DeliveryStreamARN"] == STREAM["DeliveryStreamArn"]
    assert (
        shown["metrics"]["CloudWatchDestination"]["DimensionConfigurations"][0]["DimensionValueSource"] == "messageTag"
    )
    assert "renderingFailure" in shown["sns"]["MatchingEventTypes"]
    assert len(shown["sns"]["MatchingEventTypes"]) == 8, "delays and subscriptions are newer than this API"


def test_event_destinations_change_and_go(ses, name):
    v1, v2 = ses.v1, ses.v2
    topic = ses.sns.create_topic(Name="changes")["TopicArn"]
    mine = {"Name": "d", "Enabled": True, "MatchingEventTypes": ["send"], "SNSDestination": {"TopicARN": topic}}
    v1.create_configuration_set_event_destination(ConfigurationSetName=name, EventDestination=mine)
    v1.update_configuration_set_event_destination(
        ConfigurationSetName=name, EventDestination={**mine, "Enabled": False}
    )
    (found,) = v2.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]
    assert found == {
        "Name": "d",
        "Enabled": False,
        "MatchingEventTypes": ["SEND"],
        "SnsDestination": {"TopicArn": topic},
    }
    newer = {"Enabled": True, "MatchingEventTypes": ["BOUNCE"], "SnsDestination": {"TopicArn": topic}}
    v2.update_configuration_set_event_destination(
        ConfigurationSetName=name, EventDestinationName="d", EventDestination=newer
    )
    (found,) = v2.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]
    assert found == {"Name": "d", **newer}
    v1.delete_configuration_set_event_destination(ConfigurationSetName=name, EventDestinationName="d")
    assert v2.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"] == []


@pytest.mark.proves(
    "ses.api.NotFoundException.configuration-set",
    "ses.api.ConfigurationSetDoesNotExist.configuration-set",
    "ses.api.AlreadyExistsException.configuration-set",
    "ses.api.ConfigurationSetAlreadyExists.configuration-set",
    "ses.api.BadRequestException.configuration-set-name",
    "ses.api.InvalidConfigurationSet.name",
)
def test_names_of_sets(ses, name):
    v1, v2 = ses.v1, ses.v2
    gone = "Configuration set <gone> does not exist."
    assert (
        ses.refused("api.NotFoundException.configuration-set", v2.get_configuration_set, ConfigurationSetName="gone")
        == gone
    )
    older = "api.ConfigurationSetDoesNotExist.configuration-set"
    assert ses.refused(older, v1.delete_configuration_set, ConfigurationSetName="gone") == gone
    taken = f"Configuration set <{name}> already exists."
    assert (
        ses.refused(
            "api.AlreadyExistsException.configuration-set", v2.create_configuration_set, ConfigurationSetName=name
        )
        == taken
    )
    older = "api.ConfigurationSetAlreadyExists.configuration-set"
    assert ses.refused(older, v1.create_configuration_set, ConfigurationSet={"Name": name}) == taken
    for bad in ("a b", "ä", "x" * 65):
        ses.refused(
            "api.BadRequestException.configuration-set-name", v2.create_configuration_set, ConfigurationSetName=bad
        )
        ses.refused("api.InvalidConfigurationSet.name", v1.create_configuration_set, ConfigurationSet={"Name": bad})


@pytest.mark.proves(
    "ses.api.BadRequestException.redirect-domain",
    "ses.api.InvalidTrackingOptions.redirect-domain",
    "ses.api.TrackingOptionsAlreadyExistsException.tracking",
    "ses.api.TrackingOptionsDoesNotExistException.tracking",
)
def test_tracking_options_that_cannot_be(ses, name):
    v1, v2 = ses.v1, ses.v2
    foreign, own = {"CustomRedirectDomain": "links.example.net"}, {"CustomRedirectDomain": "links.example.com"}
    ses.refused(
        "api.BadRequestException.redirect-domain",
        v2.put_configuration_set_tracking_options,
        ConfigurationSetName=name,
        **foreign,
    )
    create, update = v1.create_configuration_set_tracking_options, v1.update_configuration_set_tracking_options
    ses.refused(
        "api.InvalidTrackingOptions.redirect-domain", create, ConfigurationSetName=name, TrackingOptions=foreign
    )
    ses.refused(
        "api.TrackingOptionsDoesNotExistException.tracking", update, ConfigurationSetName=name, TrackingOptions=own
    )
    create(ConfigurationSetName=name, TrackingOptions=own)
    ses.refused(
        "api.TrackingOptionsAlreadyExistsException.tracking", create, ConfigurationSetName=name, TrackingOptions=own
    )


@pytest.mark.proves(
    "ses.api.NotFoundException.event-destination",
    "ses.api.EventDestinationDoesNotExist.event-destination",
    "ses.api.AlreadyExistsException.event-destination",
    "ses.api.EventDestinationAlreadyExists.event-destination",
    "ses.api.BadRequestException.event-destination-name",
    "ses.api.BadRequestException.event-types",
    "ses.api.BadRequestException.event-destination-kind",
    "ses.api.LimitExceededException.event-destinations",
    "ses.api.LimitExceededException.dimensions",
    "ses.api.BadRequestException.sns-topic",
    "ses.api.InvalidSNSDestination.sns-topic",
)
def test_event_destinations_that_cannot_be(ses, name):
    v1, v2 = ses.v1, ses.v2
    fine = {"Enabled": True, "MatchingEventTypes": ["SEND"], "KinesisFirehoseDestination": STREAM}
    older = {
        "Name": "d",
        "Enabled": True,
        "MatchingEventTypes": ["send"],
        "SNSDestination": {"TopicARN": "arn:aws:sns:us-east-1:123456789012:gone"},
    }

    def create(row, key, wish):
        given = {"ConfigurationSetName": name, "EventDestinationName": key, "EventDestination": wish}
        return ses.refused(row, v2.create_configuration_set_event_destination, **given)

    v2.create_configuration_set_event_destination(
        ConfigurationSetName=name, EventDestinationName="d", EventDestination=fine
    )
    create("api.AlreadyExistsException.event-destination", "d", fine)
    create("api.BadRequestException.event-destination-name", "d d", fine)
    create("api.BadRequestException.event-types", "e", {**fine, "MatchingEventTypes": []})
    create("api.BadRequestException.event-destination-kind", "e", {"MatchingEventTypes": ["SEND"]})
    create(
        "api.BadRequestException.event-destination-kind",
        "e",
        {**fine, "PinpointDestination": {"ApplicationArn": "arn:x"}},
    )
    topic = {"MatchingEventTypes": ["SEND"], "SnsDestination": {"TopicArn": "arn:aws:sns:us-east-1:123456789012:gone"}}
    assert create("api.BadRequestException.sns-topic", "e", topic).endswith(":gone> not found.")
    dimensions = [
        {"DimensionName": f"d{number}", "DimensionValueSource": "LINK_TAG", "DefaultDimensionValue": "x"}
        for number in range(11)
    ]
    create(
        "api.LimitExceededException.dimensions",
        "e",
        {"MatchingEventTypes": ["SEND"], "CloudWatchDestination": {"DimensionConfigurations": dimensions}},
    )
    ses.refused(
        "api.InvalidSNSDestination.sns-topic",
        v1.create_configuration_set_event_destination,
        ConfigurationSetName=name,
        EventDestination=older,
    )
    topic = ses.sns.create_topic(Name="taken")["TopicArn"]
    taken = {**older, "SNSDestination": {"TopicARN": topic}}
    ses.refused(
        "api.EventDestinationAlreadyExists.event-destination",
        v1.create_configuration_set_event_destination,
        ConfigurationSetName=name,
        EventDestination=taken,
    )
    for row, call in (("NotFoundException", v2), ("EventDestinationDoesNotExist", v1)):
        text = ses.refused(
            f"api.{row}.event-destination",
            call.delete_configuration_set_event_destination,
            ConfigurationSetName=name,
            EventDestinationName="gone",
        )
        assert text == f"No EventDestination found for <{name}>"
    ses.refused(
        "api.NotFoundException.event-destination",
        v2.update_configuration_set_event_destination,
        ConfigurationSetName=name,
        EventDestinationName="gone",
        EventDestination=fine,
    )
    for number in range(9):
        v2.create_configuration_set_event_destination(
            ConfigurationSetName=name, EventDestinationName=f"n{number}", EventDestination=fine
        )
    create("api.LimitExceededException.event-destinations", "eleventh", fine)
