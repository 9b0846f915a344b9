"""What both APIs refuse, where each has a row of its own for it."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.core.errors import Refusal
from sandbox.providers.ses.model import Name

ROWS: Mapping[str, tuple[str, str]] = {
    "duplicate-header": ("BadRequestException.duplicate-header", "BadRequestException.duplicate-header"),
    "no-from": ("BadRequestException.no-from-header", "BadRequestException.no-from-header"),
    "attachment": ("BadRequestException.attachment", "BadRequestException.attachment"),
    "tag": ("BadRequestException.message-tag", "BadRequestException.message-tag"),
    "not-verified": ("MessageRejected.unverified", "MessageRejected.unverified"),
    "account-paused": ("SendingPausedException.account", "AccountSendingPausedException.account"),
    "set-paused": ("SendingPausedException.configuration-set", "ConfigurationSetSendingPausedException.set"),
    "mail-from": ("MailFromDomainNotVerifiedException.domain", "MailFromDomainNotVerifiedException.domain"),
    "no-configuration-set": (
        "NotFoundException.configuration-set",
        "ConfigurationSetDoesNotExist.configuration-set",
    ),
    "configuration-set-exists": (
        "AlreadyExistsException.configuration-set",
        "ConfigurationSetAlreadyExists.configuration-set",
    ),
    "configuration-set-name": (
        "BadRequestException.configuration-set-name",
        "InvalidConfigurationSet.name",
    ),
    "no-event-destination": ("NotFoundException.event-destination", "EventDestinationDoesNotExist.event-destination"),
    "event-destination-exists": (
        "AlreadyExistsException.event-destination",
        "EventDestinationAlreadyExists.event-destination",
    ),
    "no-topic": ("BadRequestException.sns-topic", "InvalidSNSDestination.sns-topic"),
    "redirect-domain": ("BadRequestException.redirect-domain", "InvalidTrackingOptions.redirect-domain"),
    "no-contact-list": ("NotFoundException.contact-list", "NotFoundException.contact-list"),
    "no-topic-in-list": ("BadRequestException.topic", "BadRequestException.topic"),
    "no-template": ("NotFoundException.template", "TemplateDoesNotExist.template"),
    "template-exists": ("AlreadyExistsException.template", "AlreadyExists.template"),
    "template-empty": ("BadRequestException.template-empty", "InvalidTemplate.empty"),
    "template-syntax": ("BadRequestException.template-syntax", "InvalidTemplate.syntax"),
    "template-open-tracker": ("BadRequestException.template-open-tracker", "InvalidTemplate.open-tracker"),
    "template-size": ("BadRequestException.template-size", "InvalidTemplate.size"),
    "rendering-data": ("BadRequestException.rendering-data", "InvalidRenderingParameter.data"),
    "missing-attribute": ("BadRequestException.missing-attribute", "MissingRenderingAttribute.attribute"),
    "rendering": ("BadRequestException.rendering", "InvalidRenderingParameter.rendering"),
    "no-verification-template": (
        "NotFoundException.verification-template",
        "CustomVerificationEmailTemplateDoesNotExist.template",
    ),
    "verification-template-exists": (
        "AlreadyExistsException.verification-template",
        "CustomVerificationEmailTemplateAlreadyExists.template",
    ),
    "verification-content": (
        "BadRequestException.verification-content",
        "CustomVerificationEmailInvalidContent.content",
    ),
    "no-tenant": ("NotFoundException.tenant", "NotFoundException.tenant"),
    "tenant-paused": ("SendingPausedException.tenant", "SendingPausedException.tenant"),
    "tenant-resource": ("BadRequestException.tenant-resource", "BadRequestException.tenant-resource"),
    "entity-paused": ("SendingPausedException.entity", "SendingPausedException.entity"),
    "no-production": ("BadRequestException.production-access", "ProductionAccessNotGranted.account"),
    "sender-not-verified": ("BadRequestException.from-not-verified", "FromEmailAddressNotVerified.sender"),
}
"""What is wrong → the row of the newer API, the row of the older one."""


def refusal(api: Name, trouble: str, **params: object) -> Refusal:
    """The refusal that words a trouble for an API."""
    newer, older = ROWS[trouble]
    return Refusal(f"api.{older if api == 'v1' else newer}", **params)
