"""What a topic is told when an identity begins to use it."""

from __future__ import annotations

import json

from sandbox.providers.ses.call import Call
from sandbox.providers.ses.sns import publishing

_WELCOME = (
    "You have successfully subscribed your Amazon SNS topic '{topic}' to receive '{kind}' notifications from Amazon SES"
    " for identity '{identity}'."
)


async def welcome(call: Call, topic: str, kind: str, identity: str) -> None:
    """Tell the topic which notifications it will get; a topic that there is not hears nothing."""
    text = _WELCOME.format(topic=topic, kind=kind, identity=identity)
    message = json.dumps({"notificationType": "AmazonSnsSubscriptionSucceeded", "message": text})
    await publishing.publish(call.services, call.account, topic, message)
