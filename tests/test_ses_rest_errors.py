"""What receiving, tags, pools, jobs, tenants and the rest refuse, each row of the catalog by real behaviour."""

import datetime as dt
import re

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from exchanges import refusals
from ses_kit import CATALOG, kit

DOMAIN = "inbox.example"
NOW = dt.datetime.now(dt.UTC)
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/walk"


def arn(resource):
    return lambda box: f"arn:aws:ses:us-east-1:{box.number}:{resource}"


def rule(*actions, name="rule", recipients=()):
    return {"RuleSetName": "main", "Rule": {"Name": name, "Actions": list(actions), "Recipients": list(recipients)}}


def bounce(**more):
    return {"BounceAction": {"SmtpReplyCode": "550", "Message": "No", "Sender": "noreply@example.com", **more}}


def header(name, value):
    return {"AddHeaderAction": {"HeaderName": name, "HeaderValue": value}}


INVALID = "api.InvalidParameterValue.receiving"
V1 = [
    ("api.ValidationError.constraint", "CreateReceiptRuleSet", {"RuleSetName": "no blanks"}),
    ("api.ValidationError.constraint", "CreateReceiptRuleSet", {"RuleSetName": "-begins"}),
    ("api.ValidationError.name", "CreateReceiptRuleSet", {"RuleSetName": "x" * 65}),
    ("api.AlreadyExists.rule-set", "CreateReceiptRuleSet", {"RuleSetName": "main"}),
    ("api.AlreadyExists.rule-set", "CloneReceiptRuleSet", {"OriginalRuleSetName": "main", "RuleSetName": "main"}),
    ("api.RuleSetDoesNotExist.name", "CloneReceiptRuleSet", {"OriginalRuleSetName": "none", "RuleSetName": "copy"}),
    ("api.RuleSetDoesNotExist.name", "DescribeReceiptRuleSet", {"RuleSetName": "none"}),
    ("api.RuleSetDoesNotExist.name", "SetActiveReceiptRuleSet", {"RuleSetName": "none"}),
    ("api.RuleSetDoesNotExist.name", "DeleteReceiptRule", {"RuleSetName": "none", "RuleName": "rule"}),
    ("api.AlreadyExists.rule", "CreateReceiptRule", rule(name="there")),
    ("api.RuleDoesNotExist.name", "CreateReceiptRule", {**rule(), "After": "none"}),
    ("api.RuleDoesNotExist.name", "UpdateReceiptRule", rule(name="none")),
    ("api.RuleDoesNotExist.name", "DescribeReceiptRule", {"RuleSetName": "main", "RuleName": "none"}),
    ("api.RuleDoesNotExist.name", "SetReceiptRulePosition", {"RuleSetName": "main", "RuleName": "none"}),
    ("api.RuleDoesNotExist.name", "ReorderReceiptRuleSet", {"RuleSetName": "main", "RuleNames": ["none"]}),
    (INVALID, "ReorderReceiptRuleSet", {"RuleSetName": "main", "RuleNames": []}),
    ("api.CannotDelete.active-rule-set", "DeleteReceiptRuleSet", {"RuleSetName": "main"}),
    ("api.LimitExceeded.receiving", "CreateReceiptRule", rule(*[header("X-A", "b")] * 11)),
    ("api.LimitExceeded.receiving", "CreateReceiptRule", rule(recipients=[f"a{n}@{DOMAIN}" for n in range(101)])),
    ("api.InvalidS3Configuration.bucket", "CreateReceiptRule", rule({"S3Action": {"BucketName": "No_Bucket"}})),
    ("api.InvalidS3Configuration.bucket", "CreateReceiptRule", rule({"S3Action": {"BucketName": "192.168.1.1"}})),
    ("api.InvalidSnsTopic.topic", "CreateReceiptRule", rule({"SNSAction": {"TopicArn": "not-an-arn"}})),
    (
        "api.InvalidSnsTopic.topic",
        "CreateReceiptRule",
        rule({"SNSAction": {"TopicArn": "arn:aws:sns:us-east-1:123456789012:none"}}),
    ),
    ("api.InvalidLambdaFunction.function", "CreateReceiptRule", rule({"LambdaAction": {"FunctionArn": "no function"}})),
    (INVALID, "CreateReceiptRule", rule(bounce(SmtpReplyCode="soft"))),
    (INVALID, "CreateReceiptRule", rule(bounce(StatusCode="5.1"))),
    (INVALID, "CreateReceiptRule", rule(header("No Blank", "x"))),
    (INVALID, "CreateReceiptRule", rule(header("X-Two", "lines\r\nX-Injected: yes"))),
    (INVALID, "CreateReceiptRule", rule({**bounce(), **header("X-A", "b")})),
    (INVALID, "CreateReceiptRule", rule(recipients=["no domain"])),
    (INVALID, "CreateReceiptRule", rule(recipients=["a b@example.com"])),
    (INVALID, "CreateReceiptRule", rule(recipients=["user@.example.com"])),
    (INVALID, "CreateReceiptFilter", {"Filter": {"Name": "f", "IpFilter": {"Policy": "Block", "Cidr": "300.1.1.1"}}}),
    (
        "api.AlreadyExists.filter",
        "CreateReceiptFilter",
        {"Filter": {"Name": "there", "IpFilter": {"Policy": "Block", "Cidr": "192.0.2.0/24"}}},
    ),
    (
        "api.MessageRejected.original",
        "SendBounce",
        {
            "OriginalMessageId": "none",
            "BounceSender": "noreply@example.com",
            "BouncedRecipientInfoList": [{"Recipient": f"ann@{DOMAIN}", "BounceType": "DoesNotExist"}],
        },
    ),
]
DATES = {"StartDate": NOW, "EndDate": NOW - dt.timedelta(days=2)}
V2 = [
    ("api.BadRequestException.arn", "ListTagsForResource", {"ResourceArn": "identity"}),
    ("api.NotFoundException.tagged", "ListTagsForResource", {"ResourceArn": arn("identity/none.example")}),
    ("api.NotFoundException.tagged", "TagResource", {"ResourceArn": arn("colour/red"), "Tags": []}),
    (
        "api.BadRequestException.tag",
        "TagResource",
        {"ResourceArn": arn(f"identity/{DOMAIN}"), "Tags": [{"Key": "aws:own", "Value": ""}]},
    ),
    (
        "api.BadRequestException.tag",
        "TagResource",
        {"ResourceArn": arn(f"identity/{DOMAIN}"), "Tags": [{"Key": "k", "Value": "x" * 257}]},
    ),
    (
        "api.BadRequestException.tags",
        "TagResource",
        {"ResourceArn": arn(f"identity/{DOMAIN}"), "Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]},
    ),
    ("api.BadRequestException.pool-name", "CreateDedicatedIpPool", {"PoolName": "No Pool"}),
    ("api.AlreadyExistsException.pool", "CreateDedicatedIpPool", {"PoolName": "managed"}),
    ("api.AlreadyExistsException.pool", "CreateDedicatedIpPool", {"PoolName": "ses-default-dedicated-pool"}),
    ("api.NotFoundException.pool", "GetDedicatedIpPool", {"PoolName": "none"}),
    ("api.NotFoundException.pool", "GetDedicatedIps", {"PoolName": "none"}),
    (
        "api.NotFoundException.pool",
        "PutConfigurationSetDeliveryOptions",
        {"ConfigurationSetName": "there", "SendingPoolName": "none"},
    ),
    (
        "api.NotFoundException.pool",
        "CreateConfigurationSet",
        {"ConfigurationSetName": "other", "DeliveryOptions": {"SendingPoolName": "none"}},
    ),
    (
        "api.BadRequestException.pool-scaling",
        "PutDedicatedIpPoolScalingAttributes",
        {"PoolName": "managed", "ScalingMode": "STANDARD"},
    ),
    (
        "api.BadRequestException.managed-pool",
        "PutDedicatedIpInPool",
        {"Ip": "192.0.2.1", "DestinationPoolName": "managed"},
    ),
    ("api.NotFoundException.dedicated-ip", "GetDedicatedIp", {"Ip": "192.0.2.9"}),
    ("api.BadRequestException.warm-up", "PutDedicatedIpWarmupAttributes", {"Ip": "192.0.2.1", "WarmupPercentage": 101}),
    ("api.BadRequestException.tenant-name", "CreateTenant", {"TenantName": "a b"}),
    ("api.AlreadyExistsException.tenant", "CreateTenant", {"TenantName": "acme"}),
    ("api.NotFoundException.tenant", "GetTenant", {"TenantName": "none"}),
    (
        "api.AlreadyExistsException.association",
        "CreateTenantResourceAssociation",
        {"TenantName": "acme", "ResourceArn": arn(f"identity/{DOMAIN}")},
    ),
    (
        "api.NotFoundException.association",
        "DeleteTenantResourceAssociation",
        {"TenantName": "acme", "ResourceArn": arn("identity/noreply@example.com")},
    ),
    (
        "api.NotFoundException.reputation",
        "GetReputationEntity",
        {"ReputationEntityType": "RESOURCE", "ReputationEntityReference": arn("tenant/none/tn-1")},
    ),
    (
        "api.BadRequestException.reputation",
        "UpdateReputationEntityCustomerManagedStatus",
        {
            "ReputationEntityType": "RESOURCE",
            "ReputationEntityReference": arn("template/none"),
            "SendingStatus": "DISABLED",
        },
    ),
    (
        "api.BadRequestException.reputation-policy",
        "UpdateReputationEntityPolicy",
        {
            "ReputationEntityType": "RESOURCE",
            "ReputationEntityReference": arn(f"identity/{DOMAIN}"),
            "ReputationEntityPolicy": "arn:aws:ses:us-east-1:aws:reputation-policy/kind",
        },
    ),
    (
        "api.BadRequestException.endpoint-routes",
        "CreateMultiRegionEndpoint",
        {"EndpointName": "same", "Details": {"RoutesDetails": [{"Region": "us-east-1"}]}},
    ),
    (
        "api.AlreadyExistsException.endpoint",
        "CreateMultiRegionEndpoint",
        {"EndpointName": "there", "Details": {"RoutesDetails": [{"Region": "eu-west-1"}]}},
    ),
    ("api.NotFoundException.endpoint", "GetMultiRegionEndpoint", {"EndpointName": "none"}),
    (
        "api.BadRequestException.certificate-address",
        "AssociateEmailIdentityCertificate",
        {"EmailIdentity": DOMAIN, "FromAddress": "ann@elsewhere.test", "CertificateArn": CERTIFICATE},
    ),
    (
        "api.AlreadyExistsException.certificate",
        "AssociateEmailIdentityCertificate",
        {"EmailIdentity": DOMAIN, "CertificateArn": CERTIFICATE},
    ),
    (
        "api.NotFoundException.certificate",
        "DisassociateEmailIdentityCertificate",
        {"EmailIdentity": "noreply@example.com"},
    ),
    (
        "api.BadRequestException.bucket",
        "CreateImportJob",
        {
            "ImportDestination": {"SuppressionListDestination": {"SuppressionListImportAction": "PUT"}},
            "ImportDataSource": {"S3Url": "s3://none/file.csv", "DataFormat": "CSV"},
        },
    ),
    (
        "api.BadRequestException.object",
        "CreateImportJob",
        {
            "ImportDestination": {"SuppressionListDestination": {"SuppressionListImportAction": "PUT"}},
            "ImportDataSource": {"S3Url": "s3://files/none.csv", "DataFormat": "CSV"},
        },
    ),
    (
        "api.BadRequestException.object",
        "CreateImportJob",
        {
            "ImportDestination": {"SuppressionListDestination": {"SuppressionListImportAction": "PUT"}},
            "ImportDataSource": {"S3Url": "s3://files/../../etc/passwd", "DataFormat": "CSV"},
        },
    ),
    (
        "api.BadRequestException.import-destination",
        "CreateImportJob",
        {"ImportDestination": {}, "ImportDataSource": {"S3Url": "s3://files/none.csv", "DataFormat": "CSV"}},
    ),
    ("api.NotFoundException.job", "GetImportJob", {"JobId": "none"}),
    ("api.NotFoundException.job", "CancelExportJob", {"JobId": "none"}),
    (
        "api.BadRequestException.export-source",
        "CreateExportJob",
        {"ExportDataSource": {}, "ExportDestination": {"DataFormat": "CSV"}},
    ),
    (
        "api.BadRequestException.export-finished",
        "CancelExportJob",
        {"JobId": lambda box: box.finished},
    ),
    ("api.NotFoundException.message", "GetMessageInsights", {"MessageId": "none"}),
    (
        "api.BadRequestException.dates",
        "BatchGetMetricData",
        {"Queries": [{"Id": "a", "Namespace": "VDM", "Metric": "SEND", **DATES}]},
    ),
    ("api.NotFoundException.dashboard-domain", "GetDomainStatisticsReport", {"Domain": "none.example", **DATES}),
    ("api.NotFoundException.campaign", "GetDomainDeliverabilityCampaign", {"CampaignId": "none"}),
    ("api.BadRequestException.blacklist", "GetBlacklistReports", {"BlacklistItemNames": ["example.com"]}),
    ("api.NotFoundException.report", "GetDeliverabilityTestReport", {"ReportId": "none"}),
    (
        "api.LimitExceededException.rest",
        "PutDeliverabilityDashboardOption",
        {"DashboardEnabled": True, "SubscribedDomains": [{"Domain": DOMAIN}] * 6},
    ),
]


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bucket")
    settings = {
        "verified_identities": ["noreply@example.com", DOMAIN],
        "dedicated_ips": ["192.0.2.1"],
        "buckets": [{"name": "files", "folder": str(folder)}],
    }
    with kit(**settings) as found:
        found.number = found.v2.create_tenant(TenantName="acme")["TenantArn"].split(":")[4]
        found.v1.create_receipt_rule_set(RuleSetName="main")
        found.v1.set_active_receipt_rule_set(RuleSetName="main")
        found.v1.create_receipt_rule(**rule(name="there"))
        found.v1.create_receipt_filter(
            Filter={"Name": "there", "IpFilter": {"Policy": "Allow", "Cidr": "192.0.2.0/24"}}
        )
        found.v2.create_dedicated_ip_pool(PoolName="managed", ScalingMode="MANAGED")
        found.v2.create_configuration_set(
            ConfigurationSetName="there", DeliveryOptions={"SendingPoolName": "managed", "TlsPolicy": "REQUIRE"}
        )
        found.v2.create_tenant_resource_association(TenantName="acme", ResourceArn=arn(f"identity/{DOMAIN}")(found))
        found.v2.create_multi_region_endpoint(
            EndpointName="there", Details={"RoutesDetails": [{"Region": "eu-west-1"}]}
        )
        found.v2.associate_email_identity_certificate(EmailIdentity=DOMAIN, CertificateArn=CERTIFICATE)
        found.finished = found.v2.create_export_job(
            ExportDataSource={"MessageInsightsDataSource": {"StartDate": NOW, "EndDate": NOW}},
            ExportDestination={"DataFormat": "CSV"},
        )["JobId"]
        found.account.clock.advance(60)
        yield found


def filled(given, box):
    return {name: value(box) if callable(value) else value for name, value in given.items()}


def fits(text, template):
    return re.fullmatch(".+".join(map(re.escape, re.split(r"\{\w+\}", template))), text, re.DOTALL)


@pytest.mark.proves(
    "ses.api.ValidationError.constraint", "ses.api.ValidationError.name", "ses.api.AlreadyExists.rule-set",
    "ses.api.AlreadyExists.rule", "ses.api.AlreadyExists.filter", "ses.api.RuleSetDoesNotExist.name",
    "ses.api.RuleDoesNotExist.name", "ses.api.CannotDelete.active-rule-set", "ses.api.LimitExceeded.receiving",
    "ses.api.InvalidS3Configuration.bucket", "ses.api.InvalidSnsTopic.topic",
    "ses.api.InvalidLambdaFunction.function", "ses.api.InvalidParameterValue.receiving",
    "ses.api.MessageRejected.original",
    "ses.api.BadRequestException.arn", "ses.api.NotFoundException.tagged", "ses.api.BadRequestException.tag",
    "ses.api.BadRequestException.tags", "ses.api.BadRequestException.pool-name", "ses.api.AlreadyExistsException.pool",
    "ses.api.NotFoundException.pool", "ses.api.BadRequestException.pool-scaling",
    "ses.api.BadRequestException.managed-pool", "ses.api.NotFoundException.dedicated-ip",
    "ses.api.BadRequestException.warm-up", "ses.api.BadRequestException.tenant-name",
    "ses.api.AlreadyExistsException.tenant", "ses.api.NotFoundException.tenant",
    "ses.api.AlreadyExistsException.association", "ses.api.NotFoundException.association",
    "ses.api.NotFoundException.reputation", "ses.api.BadRequestException.reputation",
    "ses.api.BadRequestException.reputation-policy", "ses.api.BadRequestException.endpoint-routes",
    "ses.api.AlreadyExistsException.endpoint", "ses.api.NotFoundException.endpoint",
    "ses.api.BadRequestException.certificate-address", "ses.api.AlreadyExistsException.certificate",
    "ses.api.NotFoundException.certificate", "ses.api.BadRequestException.bucket",
    "ses.api.BadRequestException.object", "ses.api.BadRequestException.import-destination",
    "ses.api.NotFoundException.job", "ses.api.BadRequestException.export-source",
    "ses.api.BadRequestException.export-finished", "ses.api.NotFoundException.message",
    "ses.api.BadRequestException.dates",
    "ses.api.NotFoundException.dashboard-domain", "ses.api.NotFoundException.campaign",
    "ses.api.BadRequestException.blacklist", "ses.api.NotFoundException.report",
    "ses.api.LimitExceededException.rest",
)  # fmt: skip
@pytest.mark.parametrize(
    ("api", "row", "operation", "given"),
    [("v1", *one) for one in V1] + [("v2", *one) for one in V2],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refusal(box, api, row, operation, given):
    with pytest.raises(ClientError) as caught:
        getattr(box.v1 if api == "v1" else box.v2, xform_name(operation))(**filled(given, box))
    entry, answer = CATALOG.get(row), caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (entry.code, entry.status)
    assert fits(answer["Error"]["Message"], entry.text), (answer["Error"]["Message"], entry.text)
    assert entry.id in refusals(box.sandbox)
