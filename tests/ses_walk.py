"""One plausible call of every operation of both APIs, in an order in which each finds what it needs.

`V1` and `V2` are lists of (operation, input); an input may be a function of `Known`, which remembers answers and the
sandbox's own facts.
"""

import base64
import datetime as dt

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SENDER, DOMAIN = "noreply@example.com", "inbox.example"
POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},'
    '"Action":["ses:SendEmail","ses:SendRawEmail"],"Resource":"*"}]}'
)
RAW = b"From: noreply@example.com\r\nTo: ann@example.net\r\nSubject: raw\r\n\r\nHello\r\n"
BUCKET = "walk-files"


class Known:
    """What earlier answers said, by operation, and the sandbox's own facts."""

    def __init__(self, account, received):
        self.account = account
        self.received = received
        self.now = dt.datetime.now(dt.UTC)
        self.answers = {}

    def __getitem__(self, operation):
        return self.answers[operation]

    def arn(self, resource):
        return f"arn:aws:ses:us-east-1:{self.account}:{resource}"

    def topic(self):
        return f"arn:aws:sns:us-east-1:{self.account}:walk"


def signing_key():
    """A private key as the API wants it: PKCS #8 in base64 on one line, without its frame."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return base64.b64encode(der).decode()


def text(data):
    return {"Data": data, "Charset": "UTF-8"}


def simple(subject):
    return {"Subject": text(subject), "Body": {"Text": text("Hello"), "Html": text("<p>Hello</p>")}}


def to(*addresses):
    return {"ToAddresses": list(addresses)}


VERIFICATION = {
    "FromEmailAddress": SENDER,
    "TemplateSubject": "Please verify",
    "TemplateContent": "<html><body>Please verify.</body></html>",
    "SuccessRedirectionURL": "https://example.com/yes",
    "FailureRedirectionURL": "https://example.com/no",
}
TEMPLATE_V1 = {
    "TemplateName": "older",
    "SubjectPart": "Hi {{name}}",
    "TextPart": "Hello {{name}}",
    "HtmlPart": "<p>{{name}}</p>",
}
RULE = {
    "Name": "store",
    "Enabled": True,
    "TlsPolicy": "Optional",
    "ScanEnabled": True,
    "Recipients": [DOMAIN],
    "Actions": [{"S3Action": {"BucketName": BUCKET, "ObjectKeyPrefix": "in/"}}, {"StopAction": {"Scope": "RuleSet"}}],
}

V1 = [
    ("VerifyEmailIdentity", {"EmailAddress": "older@example.org"}),
    ("VerifyEmailAddress", {"EmailAddress": "oldest@example.org"}),
    ("VerifyDomainIdentity", {"Domain": "older.example"}),
    ("VerifyDomainDkim", {"Domain": "older.example"}),
    ("ListIdentities", {"IdentityType": "Domain", "MaxItems": 10}),
    ("ListVerifiedEmailAddresses", {}),
    ("GetIdentityVerificationAttributes", {"Identities": ["older.example", SENDER, "unknown@example.org"]}),
    ("SetIdentityDkimEnabled", {"Identity": DOMAIN, "DkimEnabled": True}),
    ("GetIdentityDkimAttributes", {"Identities": ["older.example", DOMAIN]}),
    ("SetIdentityMailFromDomain", {"Identity": DOMAIN, "MailFromDomain": f"bounce.{DOMAIN}", "BehaviorOnMXFailure": "UseDefaultValue"}),
    ("GetIdentityMailFromDomainAttributes", {"Identities": [DOMAIN]}),
    ("SetIdentityNotificationTopic", lambda known: {"Identity": DOMAIN, "NotificationType": "Bounce", "SnsTopic": known.topic()}),
    ("SetIdentityFeedbackForwardingEnabled", {"Identity": DOMAIN, "ForwardingEnabled": True}),
    ("SetIdentityHeadersInNotificationsEnabled", {"Identity": DOMAIN, "NotificationType": "Bounce", "Enabled": True}),
    ("GetIdentityNotificationAttributes", {"Identities": [DOMAIN]}),
    ("PutIdentityPolicy", {"Identity": DOMAIN, "PolicyName": "walk", "Policy": POLICY}),
    ("ListIdentityPolicies", {"Identity": DOMAIN}),
    ("GetIdentityPolicies", {"Identity": DOMAIN, "PolicyNames": ["walk"]}),
    ("DeleteIdentityPolicy", {"Identity": DOMAIN, "PolicyName": "walk"}),
    ("CreateConfigurationSet", {"ConfigurationSet": {"Name": "older"}}),
    ("CreateConfigurationSetEventDestination", lambda known: {"ConfigurationSetName": "older", "EventDestination": {"Name": "topic", "Enabled": True, "MatchingEventTypes": ["send", "bounce"], "SNSDestination": {"TopicARN": known.topic()}}}),
    ("UpdateConfigurationSetEventDestination", lambda known: {"ConfigurationSetName": "older", "EventDestination": {"Name": "topic", "Enabled": False, "MatchingEventTypes": ["delivery"], "SNSDestination": {"TopicARN": known.topic()}}}),
    ("CreateConfigurationSetTrackingOptions", {"ConfigurationSetName": "older", "TrackingOptions": {"CustomRedirectDomain": DOMAIN}}),
    ("UpdateConfigurationSetTrackingOptions", {"ConfigurationSetName": "older", "TrackingOptions": {"CustomRedirectDomain": DOMAIN}}),
    ("PutConfigurationSetDeliveryOptions", {"ConfigurationSetName": "older", "DeliveryOptions": {"TlsPolicy": "Require"}}),
    ("UpdateConfigurationSetReputationMetricsEnabled", {"ConfigurationSetName": "older", "Enabled": True}),
    ("UpdateConfigurationSetSendingEnabled", {"ConfigurationSetName": "older", "Enabled": True}),
    ("DescribeConfigurationSet", {"ConfigurationSetName": "older", "ConfigurationSetAttributeNames": ["eventDestinations", "trackingOptions", "deliveryOptions", "reputationOptions"]}),
    ("ListConfigurationSets", {}),
    ("DeleteConfigurationSetTrackingOptions", {"ConfigurationSetName": "older"}),
    ("DeleteConfigurationSetEventDestination", {"ConfigurationSetName": "older", "EventDestinationName": "topic"}),
    ("CreateTemplate", {"Template": TEMPLATE_V1}),
    ("GetTemplate", {"TemplateName": "older"}),
    ("UpdateTemplate", {"Template": {**TEMPLATE_V1, "SubjectPart": "Hello {{name}}"}}),
    ("TestRenderTemplate", {"TemplateName": "older", "TemplateData": '{"name": "Ann"}'}),
    ("ListTemplates", {"MaxItems": 10}),
    ("SendEmail", {"Source": SENDER, "Destination": to("ann@example.net"), "Message": simple("older"), "ConfigurationSetName": "older", "Tags": [{"Name": "k", "Value": "v"}]}),
    ("SendRawEmail", {"RawMessage": {"Data": RAW}}),
    ("SendTemplatedEmail", {"Source": SENDER, "Destination": to("ann@example.net"), "Template": "older", "TemplateData": '{"name": "Ann"}'}),
    ("SendBulkTemplatedEmail", {"Source": SENDER, "Template": "older", "DefaultTemplateData": '{"name": "Ann"}', "Destinations": [{"Destination": to("ann@example.net")}, {"Destination": to("bob@example.net"), "ReplacementTemplateData": '{"name": "Bob"}'}]}),
    ("DeleteTemplate", {"TemplateName": "older"}),
    ("CreateCustomVerificationEmailTemplate", {"TemplateName": "older", **VERIFICATION}),
    ("GetCustomVerificationEmailTemplate", {"TemplateName": "older"}),
    ("UpdateCustomVerificationEmailTemplate", {"TemplateName": "older", "TemplateSubject": "Verify"}),
    ("ListCustomVerificationEmailTemplates", {"MaxResults": 10}),
    ("SendCustomVerificationEmail", {"EmailAddress": "fresh@example.org", "TemplateName": "older"}),
    ("DeleteCustomVerificationEmailTemplate", {"TemplateName": "older"}),
    ("DeleteConfigurationSet", {"ConfigurationSetName": "older"}),
    ("CreateReceiptRuleSet", {"RuleSetName": "walk"}),
    ("CreateReceiptRule", {"RuleSetName": "walk", "Rule": RULE}),
    ("UpdateReceiptRule", {"RuleSetName": "walk", "Rule": {**RULE, "ScanEnabled": False}}),
    ("DescribeReceiptRule", {"RuleSetName": "walk", "RuleName": "store"}),
    ("SetReceiptRulePosition", {"RuleSetName": "walk", "RuleName": "store"}),
    ("ReorderReceiptRuleSet", {"RuleSetName": "walk", "RuleNames": ["store"]}),
    ("DescribeReceiptRuleSet", {"RuleSetName": "walk"}),
    ("CloneReceiptRuleSet", {"OriginalRuleSetName": "walk", "RuleSetName": "copy"}),
    ("ListReceiptRuleSets", {}),
    ("DeleteReceiptRule", {"RuleSetName": "copy", "RuleName": "store"}),
    ("DeleteReceiptRuleSet", {"RuleSetName": "copy"}),
    ("CreateReceiptFilter", {"Filter": {"Name": "nobody", "IpFilter": {"Policy": "Block", "Cidr": "198.51.100.0/24"}}}),
    ("ListReceiptFilters", {}),
    ("DeleteReceiptFilter", {"FilterName": "nobody"}),
    ("SetActiveReceiptRuleSet", {"RuleSetName": "walk"}),
    ("DescribeActiveReceiptRuleSet", {}),
    ("SendBounce", lambda known: {"OriginalMessageId": known.received(), "BounceSender": SENDER, "BouncedRecipientInfoList": [{"Recipient": f"ann@{DOMAIN}", "BounceType": "DoesNotExist"}]}),
    ("GetSendQuota", {}),
    ("GetSendStatistics", {}),
    ("UpdateAccountSendingEnabled", {"Enabled": True}),
    ("GetAccountSendingEnabled", {}),
    ("DeleteVerifiedEmailAddress", {"EmailAddress": "oldest@example.org"}),
    ("DeleteIdentity", {"Identity": "older@example.org"}),
]  # fmt: skip

V2 = [
    ("GetAccount", {}),
    ("PutAccountDetails", {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://example.com", "ContactLanguage": "EN", "UseCaseDescription": "Receipts", "AdditionalContactEmailAddresses": [SENDER], "ProductionAccessEnabled": True}),
    ("PutAccountSendingAttributes", {"SendingEnabled": True}),
    ("PutAccountSuppressionAttributes", {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]}),
    ("PutAccountVdmAttributes", {"VdmAttributes": {"VdmEnabled": "ENABLED", "DashboardAttributes": {"EngagementMetrics": "ENABLED"}, "GuardianAttributes": {"OptimizedSharedDelivery": "ENABLED"}}}),
    ("PutAccountDedicatedIpWarmupAttributes", {"AutoWarmupEnabled": True}),
    ("PutAccountPricingAttributes", {"Plan": "ESSENTIALS"}),
    ("GetAccount", {}),
    ("CreateDedicatedIpPool", {"PoolName": "walk", "Tags": [{"Key": "k", "Value": "v"}]}),
    ("GetDedicatedIpPool", {"PoolName": "walk"}),
    ("ListDedicatedIpPools", {"PageSize": 10}),
    ("PutDedicatedIpInPool", {"Ip": "192.0.2.1", "DestinationPoolName": "walk"}),
    ("PutDedicatedIpWarmupAttributes", {"Ip": "192.0.2.1", "WarmupPercentage": 50}),
    ("GetDedicatedIp", {"Ip": "192.0.2.1"}),
    ("GetDedicatedIps", {"PoolName": "walk"}),
    ("PutDedicatedIpPoolScalingAttributes", {"PoolName": "walk", "ScalingMode": "MANAGED"}),
    ("CreateConfigurationSet", {"ConfigurationSetName": "walk", "Tags": [{"Key": "k", "Value": "v"}], "SendingOptions": {"SendingEnabled": True}, "ReputationOptions": {"ReputationMetricsEnabled": True}}),
    ("PutConfigurationSetSendingOptions", {"ConfigurationSetName": "walk", "SendingEnabled": True}),
    ("PutConfigurationSetReputationOptions", {"ConfigurationSetName": "walk", "ReputationMetricsEnabled": True}),
    ("PutConfigurationSetTrackingOptions", {"ConfigurationSetName": "walk", "CustomRedirectDomain": DOMAIN, "HttpsPolicy": "OPTIONAL"}),
    ("PutConfigurationSetDeliveryOptions", {"ConfigurationSetName": "walk", "TlsPolicy": "OPTIONAL", "SendingPoolName": "walk", "MaxDeliverySeconds": 600}),
    ("PutConfigurationSetSuppressionOptions", {"ConfigurationSetName": "walk", "SuppressedReasons": ["BOUNCE"]}),
    ("PutConfigurationSetVdmOptions", {"ConfigurationSetName": "walk", "VdmOptions": {"DashboardOptions": {"EngagementMetrics": "ENABLED"}}}),
    ("PutConfigurationSetArchivingOptions", lambda known: {"ConfigurationSetName": "walk", "ArchiveArn": known.arn("mailmanager-archive/a-" + "a" * 24)}),
    ("UpdateConfigurationSet", {"ConfigurationSetName": "walk", "MessageSecurityOptions": {"SigningScheme": {"DefaultScheme": {}}}}),
    ("CreateConfigurationSetEventDestination", lambda known: {"ConfigurationSetName": "walk", "EventDestinationName": "topic", "EventDestination": {"Enabled": True, "MatchingEventTypes": ["SEND", "BOUNCE"], "SnsDestination": {"TopicArn": known.topic()}}}),
    ("UpdateConfigurationSetEventDestination", lambda known: {"ConfigurationSetName": "walk", "EventDestinationName": "topic", "EventDestination": {"Enabled": False, "MatchingEventTypes": ["DELIVERY"], "SnsDestination": {"TopicArn": known.topic()}}}),
    ("GetConfigurationSetEventDestinations", {"ConfigurationSetName": "walk"}),
    ("GetConfigurationSet", {"ConfigurationSetName": "walk"}),
    ("ListConfigurationSets", {"PageSize": 10}),
    ("CreateEmailIdentity", {"EmailIdentity": "newer.example", "Tags": [{"Key": "k", "Value": "v"}], "ConfigurationSetName": "walk"}),
    ("CreateEmailIdentity", {"EmailIdentity": "newer@example.org"}),
    ("GetEmailIdentity", {"EmailIdentity": "newer.example"}),
    ("ListEmailIdentities", {"PageSize": 10}),
    ("PutEmailIdentityConfigurationSetAttributes", {"EmailIdentity": DOMAIN, "ConfigurationSetName": "walk"}),
    ("PutEmailIdentityFeedbackAttributes", {"EmailIdentity": DOMAIN, "EmailForwardingEnabled": True}),
    ("PutEmailIdentityDkimAttributes", {"EmailIdentity": DOMAIN, "SigningEnabled": True}),
    ("PutEmailIdentityDkimSigningAttributes", lambda _: {"EmailIdentity": "newer.example", "SigningAttributesOrigin": "EXTERNAL", "SigningAttributes": {"DomainSigningSelector": "own", "DomainSigningPrivateKey": signing_key()}}),
    ("PutEmailIdentityMailFromAttributes", {"EmailIdentity": "newer.example", "MailFromDomain": "bounce.newer.example", "BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}),
    ("CreateEmailIdentityPolicy", {"EmailIdentity": DOMAIN, "PolicyName": "walk", "Policy": POLICY}),
    ("UpdateEmailIdentityPolicy", {"EmailIdentity": DOMAIN, "PolicyName": "walk", "Policy": POLICY}),
    ("GetEmailIdentityPolicies", {"EmailIdentity": DOMAIN}),
    ("GetEmailIdentity", {"EmailIdentity": DOMAIN}),
    ("DeleteEmailIdentityPolicy", {"EmailIdentity": DOMAIN, "PolicyName": "walk"}),
    ("AssociateEmailIdentityCertificate", {"EmailIdentity": DOMAIN, "FromAddress": f"ann@{DOMAIN}", "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/walk"}),
    ("ListEmailIdentityCertificates", {"EmailIdentity": DOMAIN}),
    ("DisassociateEmailIdentityCertificate", {"EmailIdentity": DOMAIN, "FromAddress": f"ann@{DOMAIN}"}),
    ("CreateEmailTemplate", {"TemplateName": "newer", "TemplateContent": {"Subject": "Hi {{name}}", "Text": "Hello {{name}}", "Html": "<p>{{name}}</p>"}}),
    ("GetEmailTemplate", {"TemplateName": "newer"}),
    ("UpdateEmailTemplate", {"TemplateName": "newer", "TemplateContent": {"Subject": "Hello {{name}}", "Text": "Hello {{name}}"}}),
    ("TestRenderEmailTemplate", {"TemplateName": "newer", "TemplateData": '{"name": "Ann"}'}),
    ("ListEmailTemplates", {"PageSize": 10}),
    ("CreateContactList", {"ContactListName": "readers", "Topics": [{"TopicName": "sports", "DisplayName": "Sports", "DefaultSubscriptionStatus": "OPT_IN"}], "Description": "All"}),
    ("GetContactList", {"ContactListName": "readers"}),
    ("UpdateContactList", {"ContactListName": "readers", "Description": "Everybody"}),
    ("ListContactLists", {"PageSize": 10}),
    ("CreateContact", {"ContactListName": "readers", "EmailAddress": "ann@example.net", "TopicPreferences": [{"TopicName": "sports", "SubscriptionStatus": "OPT_IN"}], "AttributesData": '{"name": "Ann"}'}),
    ("GetContact", {"ContactListName": "readers", "EmailAddress": "ann@example.net"}),
    ("UpdateContact", {"ContactListName": "readers", "EmailAddress": "ann@example.net", "UnsubscribeAll": False}),
    ("ListContacts", {"ContactListName": "readers", "Filter": {"FilteredStatus": "OPT_IN", "TopicFilter": {"TopicName": "sports", "UseDefaultIfPreferenceUnavailable": True}}}),
    ("SendEmail", {"FromEmailAddress": SENDER, "Destination": to("ann@example.net"), "Content": {"Simple": simple("newer")}, "EmailTags": [{"Name": "k", "Value": "v"}], "ConfigurationSetName": "walk", "ListManagementOptions": {"ContactListName": "readers", "TopicName": "sports"}}),
    ("SendEmail", {"FromEmailAddress": SENDER, "Destination": to("bounce@simulator.amazonses.com"), "Content": {"Template": {"TemplateName": "newer", "TemplateData": '{"name": "Ann"}'}}}),
    ("SendEmail", {"Content": {"Raw": {"Data": RAW}}}),
    ("SendBulkEmail", {"FromEmailAddress": SENDER, "DefaultContent": {"Template": {"TemplateName": "newer", "TemplateData": '{"name": "Ann"}'}}, "BulkEmailEntries": [{"Destination": to("ann@example.net")}, {"Destination": to("bob@example.net"), "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": '{"name": "Bob"}'}}}]}),
    ("CreateCustomVerificationEmailTemplate", {"TemplateName": "newer", **VERIFICATION}),
    ("GetCustomVerificationEmailTemplate", {"TemplateName": "newer"}),
    ("UpdateCustomVerificationEmailTemplate", {"TemplateName": "newer", **VERIFICATION}),
    ("ListCustomVerificationEmailTemplates", {"PageSize": 10}),
    ("SendCustomVerificationEmail", {"EmailAddress": "freshest@example.org", "TemplateName": "newer"}),
    ("DeleteCustomVerificationEmailTemplate", {"TemplateName": "newer"}),
    ("PutSuppressedDestination", {"EmailAddress": "gone@example.net", "Reason": "BOUNCE"}),
    ("GetSuppressedDestination", {"EmailAddress": "gone@example.net"}),
    ("ListSuppressedDestinations", {"Reasons": ["BOUNCE"], "PageSize": 10}),
    ("DeleteSuppressedDestination", {"EmailAddress": "gone@example.net"}),
    ("GetMessageInsights", lambda known: {"MessageId": known["SendEmail"]["MessageId"]}),
    ("GetEmailAddressInsights", {"EmailAddress": "ann@example.net"}),
    ("BatchGetMetricData", lambda known: {"Queries": [{"Id": "sent", "Namespace": "VDM", "Metric": "SEND", "Dimensions": {"EMAIL_IDENTITY": "example.com"}, "StartDate": known.now - dt.timedelta(days=1), "EndDate": known.now}]}),
    ("ListRecommendations", {"PageSize": 10}),
    ("TagResource", lambda known: {"ResourceArn": known.arn(f"identity/{DOMAIN}"), "Tags": [{"Key": "k", "Value": "v"}]}),
    ("ListTagsForResource", lambda known: {"ResourceArn": known.arn(f"identity/{DOMAIN}")}),
    ("UntagResource", lambda known: {"ResourceArn": known.arn(f"identity/{DOMAIN}"), "TagKeys": ["k"]}),
    ("CreateTenant", {"TenantName": "acme", "Tags": [{"Key": "k", "Value": "v"}]}),
    ("GetTenant", {"TenantName": "acme"}),
    ("ListTenants", {"PageSize": 10}),
    ("PutTenantSuppressionAttributes", {"TenantName": "acme", "SuppressedReasons": ["BOUNCE"], "SuppressionScope": "TENANT"}),
    ("CreateTenantResourceAssociation", lambda known: {"TenantName": "acme", "ResourceArn": known.arn(f"identity/{DOMAIN}")}),
    ("ListTenantResources", {"TenantName": "acme"}),
    ("ListResourceTenants", lambda known: {"ResourceArn": known.arn(f"identity/{DOMAIN}")}),
    ("GetReputationEntity", lambda known: {"ReputationEntityType": "RESOURCE", "ReputationEntityReference": known["CreateTenant"]["TenantArn"]}),
    ("ListReputationEntities", {}),
    ("UpdateReputationEntityPolicy", lambda known: {"ReputationEntityType": "RESOURCE", "ReputationEntityReference": known["CreateTenant"]["TenantArn"], "ReputationEntityPolicy": "arn:aws:ses:us-east-1:aws:reputation-policy/strict"}),
    ("UpdateReputationEntityCustomerManagedStatus", lambda known: {"ReputationEntityType": "RESOURCE", "ReputationEntityReference": known["CreateTenant"]["TenantArn"], "SendingStatus": "DISABLED"}),
    ("GetReputationEntity", lambda known: {"ReputationEntityType": "RESOURCE", "ReputationEntityReference": known["CreateTenant"]["TenantArn"]}),
    ("DeleteTenantResourceAssociation", lambda known: {"TenantName": "acme", "ResourceArn": known.arn(f"identity/{DOMAIN}")}),
    ("DeleteTenant", {"TenantName": "acme"}),
    ("CreateMultiRegionEndpoint", {"EndpointName": "walk", "Details": {"RoutesDetails": [{"Region": "eu-west-1"}]}}),
    ("GetMultiRegionEndpoint", {"EndpointName": "walk"}),
    ("ListMultiRegionEndpoints", {"PageSize": 10}),
    ("DeleteMultiRegionEndpoint", {"EndpointName": "walk"}),
    ("PutDeliverabilityDashboardOption", {"DashboardEnabled": True, "SubscribedDomains": [{"Domain": DOMAIN}]}),
    ("GetDeliverabilityDashboardOptions", {}),
    ("CreateDeliverabilityTestReport", {"ReportName": "walk", "FromEmailAddress": SENDER, "Content": {"Simple": simple("test")}}),
    ("GetDeliverabilityTestReport", lambda known: {"ReportId": known["CreateDeliverabilityTestReport"]["ReportId"]}),
    ("ListDeliverabilityTestReports", {"PageSize": 10}),
    ("GetDomainStatisticsReport", lambda known: {"Domain": DOMAIN, "StartDate": known.now, "EndDate": known.now}),
    ("SendEmail", {"FromEmailAddress": f"ann@{DOMAIN}", "Destination": to("ann@example.net"), "Content": {"Simple": simple("campaign")}}),
    ("ListDomainDeliverabilityCampaigns", lambda known: {"SubscribedDomain": DOMAIN, "StartDate": known.now, "EndDate": known.now}),
    ("GetDomainDeliverabilityCampaign", lambda known: {"CampaignId": known["ListDomainDeliverabilityCampaigns"]["DomainDeliverabilityCampaigns"][0]["CampaignId"]}),
    ("GetBlacklistReports", {"BlacklistItemNames": ["192.0.2.1"]}),
    ("CreateImportJob", {"ImportDestination": {"SuppressionListDestination": {"SuppressionListImportAction": "PUT"}}, "ImportDataSource": {"S3Url": f"s3://{BUCKET}/suppressed.csv", "DataFormat": "CSV"}}),
    ("GetImportJob", lambda known: {"JobId": known["CreateImportJob"]["JobId"]}),
    ("ListImportJobs", {"ImportDestinationType": "SUPPRESSION_LIST", "PageSize": 10}),
    ("CreateExportJob", lambda known: {"ExportDataSource": {"MetricsDataSource": {"Dimensions": {"EMAIL_IDENTITY": ["example.com"]}, "Namespace": "VDM", "Metrics": [{"Name": "SEND", "Aggregation": "VOLUME"}], "StartDate": known.now, "EndDate": known.now}}, "ExportDestination": {"DataFormat": "JSON"}}),
    ("GetExportJob", lambda known: {"JobId": known["CreateExportJob"]["JobId"]}),
    ("ListExportJobs", {"PageSize": 10}),
    ("CancelExportJob", lambda known: {"JobId": known["CreateExportJob"]["JobId"]}),
    ("DeleteContact", {"ContactListName": "readers", "EmailAddress": "ann@example.net"}),
    ("DeleteContactList", {"ContactListName": "readers"}),
    ("DeleteEmailTemplate", {"TemplateName": "newer"}),
    ("DeleteEmailIdentity", {"EmailIdentity": "newer@example.org"}),
    ("DeleteConfigurationSetEventDestination", {"ConfigurationSetName": "walk", "EventDestinationName": "topic"}),
    ("DeleteConfigurationSet", {"ConfigurationSetName": "walk"}),
    ("DeleteDedicatedIpPool", {"PoolName": "walk"}),
]  # fmt: skip
