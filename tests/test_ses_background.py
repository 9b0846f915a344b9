"""Which event is the first that SES has to do something about: what comes after it is read by what is loaded then."""

import pytest

from sandbox.core.model import Event
from sandbox.providers.ses.background import _may_concern


@pytest.mark.parametrize(
    ("kind", "message", "provider", "concerns"),
    [
        ("message.accepted", "m", "ses", True),
        ("recipient.hard_bounced", "m", "ses", True),
        ("recipient.delivered", "m", "oci", True),
        ("recipient.hard_bounced", "m", "oci", False),
        ("session.closed", None, "ses", False),
    ],
)
def test_what_concerns_ses_is_its_own_mail_and_mail_that_arrives_somewhere(kind, message, provider, concerns):
    event = Event(id=1, account="default", at=1.0, type=kind, message=message, data={"provider": provider})
    assert _may_concern(event) is concerns
