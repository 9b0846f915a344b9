"""What each action of a receipt rule does to a message that arrived."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.errors import Refusal
from sandbox.core.reports.assembly import Report, one_line
from sandbox.core.services import Services
from sandbox.providers.ses import buckets, identity
from sandbox.providers.ses.receiving import bounces, functions, notices
from sandbox.providers.ses.receiving.functions import Disposition
from sandbox.providers.ses.receiving.notices import Arrived
from sandbox.providers.ses.sns import publishing

PUBLISHED_OCTETS = 153_600
"""Octets of a message that the SNS action can publish; a larger one bounces."""
TOO_LARGE = {"SmtpReplyCode": "552", "StatusCode": "5.3.4", "Message": "Message too large"}


@dataclass(kw_only=True)
class Run:
    """A rule set at work on one message."""

    services: Services
    section: Any
    account: Account
    host: str
    """Name of the service's receiving host."""
    arrived: Arrived
    rule: str = ""
    recipients: Sequence[str] = ()
    """Those that the present rule is for."""
    done: list[dict[str, str]] = field(default_factory=list)
    """What was done: rule, action, detail."""
    reports: list[tuple[Report, Sequence[str]]] = field(default_factory=list)
    """Bounces, each with the recipients that it speaks of."""
    rejected: set[str] = field(default_factory=set)

    def note(self, action: str, detail: str) -> None:
        """Remember what was done."""
        self.done.append({"rule": self.rule, "action": action, "detail": one_line(detail)})

    async def tell(self, topic: str | None, told: Mapping[str, Any]) -> None:
        """Publish a notification, when the action has a topic."""
        if topic:
            text = json.dumps(told, ensure_ascii=False)
            about = (self.arrived.message, None)
            await publishing.publish(self.services, self.account, topic, text, subject=notices.SUBJECT, about=about)

    def notification(self, action: Mapping[str, Any], content: str | None = None) -> dict[str, Any]:
        """The notification about an action."""
        now = self.account.clock.now()
        return notices.notification(self.arrived, self.recipients, action, now, content)


async def add_header(run: Run, action: Mapping[str, Any]) -> Disposition:
    """Put a field in front, for every action that follows."""
    name, value = action["HeaderName"], one_line(action["HeaderValue"])
    run.arrived = replace(run.arrived, raw=f"{name}: {value}\r\n".encode() + run.arrived.raw)
    run.note("AddHeader", f"{name}: {value}")
    return Disposition.CONTINUE


async def store(run: Run, action: Mapping[str, Any]) -> Disposition:
    """Put the message into a bucket: a file when the bucket stands for a folder, else only a name."""
    bucket, key = action["BucketName"], action.get("ObjectKeyPrefix", "") + run.arrived.message_id
    problem = await _written(run, bucket, key)
    told = {"type": "S3", "bucketName": bucket, "objectKey": key}
    if action.get("ObjectKeyPrefix"):
        told["objectKeyPrefix"] = action["ObjectKeyPrefix"]
    run.note("S3", f"s3://{bucket}/{key}{problem}")
    await _told(run, action, told)
    return Disposition.CONTINUE


async def _written(run: Run, bucket: str, key: str) -> str:
    """Write the file when the bucket stands for a folder; what went wrong, if anything did."""
    if buckets.folder(run.section.buckets, bucket) is None:
        return ""
    try:
        await buckets.write(run.section.buckets, f"s3://{bucket}/{key}", run.arrived.raw)
    except Refusal:
        return ": the file can't be written"
    return ""


async def publish(run: Run, action: Mapping[str, Any]) -> Disposition:
    """Publish the message with its content; one that is too large for a topic bounces."""
    encoding = str(action.get("Encoding") or "UTF-8").upper()
    if len(run.arrived.raw) > PUBLISHED_OCTETS:
        run.note("SNS", f"too large for {action['TopicArn']}")
        return await bounce(run, {**TOO_LARGE, "Sender": f"MAILER-DAEMON@{run.host}"})
    told = {"type": "SNS", "topicArn": action["TopicArn"], "encoding": encoding}
    await run.tell(action["TopicArn"], run.notification(told, notices.content(run.arrived, encoding)))
    run.note("SNS", action["TopicArn"])
    return Disposition.CONTINUE


async def bounce(run: Run, action: Mapping[str, Any]) -> Disposition:
    """Tell the sender that the message was not taken; a message without a sender is dropped in silence."""
    failed = bounces.of_action(action, run.recipients)
    said = failed[0].diagnostic
    run.rejected |= set(run.recipients)
    if not await _may_send(run, action["Sender"]):
        run.note("Bounce", f"{said}: not sent, since {action['Sender']} is not verified")
    elif not run.arrived.source:
        run.note("Bounce", f"{said}: not sent, since the message has no sender")
    else:
        made = bounces.Bounce(
            sender=action["Sender"],
            recipient=run.arrived.source,
            words=action["Message"],
            reporting_mta=f"dns; {run.host}",
            arrived=run.arrived.at,
            failed=failed,
        )
        report = bounces.report(run.account, made, run.arrived.raw, run.account.clock.now())
        run.reports.append((report, list(run.recipients)))
        run.note("Bounce", said)
    told = {
        "type": "Bounce",
        "smtpReplyCode": action["SmtpReplyCode"],
        "statusCode": failed[0].status,
        "message": action["Message"],
        "sender": action["Sender"],
    }
    await _told(run, action, told)
    return Disposition.CONTINUE


async def _may_send(run: Run, sender: str) -> bool:
    if sender.endswith(f"@{run.host}"):  # the service's own
        return True
    return await identity.sending(run.services, run.account, sender) is not None


async def invoke(run: Run, action: Mapping[str, Any]) -> Disposition:
    """Call a function, and do what it says when it is waited for."""
    arn, kind = action["FunctionArn"], action.get("InvocationType") or "Event"
    told = {"type": "Lambda", "functionArn": arn, "invocationType": kind}
    event = notices.function_event(run.arrived, run.recipients, told, run.account.clock.now())
    url = functions.endpoint(run.section.functions, arn)
    disposition = Disposition.CONTINUE
    if not url:
        run.note("Lambda", f"{arn}: no endpoint is set for it in ses.functions")
    elif kind == "Event":
        run.services.courier.send(functions.posting(url, event, account=run.account.id, message=run.arrived.message))
        run.note("Lambda", f"{arn}: called without waiting")
    else:
        posting = functions.posting(url, event, account=run.account.id, message=run.arrived.message)
        answer = await run.services.courier.ask(posting, functions.TIMEOUT)
        disposition = functions.disposition(answer.body) if answer.fine else Disposition.CONTINUE
        run.note("Lambda", f"{arn}: {answer.said}, {disposition}")
    await _told(run, action, told)
    return disposition


async def stop(run: Run, action: Mapping[str, Any]) -> Disposition:
    """End the rule set."""
    run.note("Stop", "no further rules")
    await _told(run, action, {"type": "Stop"})
    return Disposition.STOP_RULE_SET


async def hand_over(run: Run, action: Mapping[str, Any]) -> Disposition:
    """Record that the message is for WorkMail, which is not emulated."""
    run.note("WorkMail", action["OrganizationArn"])
    await _told(run, action, {"type": "WorkMail", "organizationArn": action["OrganizationArn"]})
    return Disposition.CONTINUE


async def connect(run: Run, action: Mapping[str, Any]) -> Disposition:
    """Record that the message is for a contact centre, which is not emulated."""
    run.note("Connect", action["InstanceARN"])
    return Disposition.CONTINUE


async def _told(run: Run, action: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    """Tell the action's own topic, without the content."""
    topic = action.get("TopicArn")
    await run.tell(topic, run.notification({**told, **({"topicArn": topic} if topic else {})}))


ACTIONS: Mapping[str, Callable[[Run, Mapping[str, Any]], Awaitable[Disposition]]] = {
    "AddHeaderAction": add_header,
    "S3Action": store,
    "SNSAction": publish,
    "BounceAction": bounce,
    "LambdaAction": invoke,
    "StopAction": stop,
    "WorkmailAction": hand_over,
    "ConnectAction": connect,
}
