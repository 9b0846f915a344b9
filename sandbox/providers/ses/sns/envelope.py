"""What SNS posts: notifications and confirmations as JSON, with the signature that subscribers check."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SIGNED: Mapping[str, Sequence[str]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""The fields that the signature covers, in the order in which they are joined; those that are missing are left out.

Amazon SNS developer guide, "Verifying the signatures of Amazon SNS messages".
"""
_HASHES = {"1": hashes.SHA1, "2": hashes.SHA256}
AGENT = "Amazon Simple Notification Service Agent"


@dataclass(frozen=True, kw_only=True)
class Signer:
    """The key of the service, and where its certificate can be had."""

    key: rsa.RSAPrivateKey = field(repr=False)
    certificate_url: str


@dataclass(frozen=True, kw_only=True)
class Posting:
    """One request: headers and body."""

    headers: Mapping[str, str]
    body: bytes


def string_to_sign(fields: Mapping[str, str]) -> bytes:
    """The text that the signature covers: name and value of each signed field, each on lines of their own."""
    names = SIGNED[fields["Type"]]
    return "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields).encode()


def signature(fields: Mapping[str, str], key: rsa.RSAPrivateKey, version: str) -> str:
    """The signature in base64: RSA PKCS #1 v1.5 with SHA-1 for version 1, with SHA-256 for version 2."""
    return b64encode(key.sign(string_to_sign(fields), padding.PKCS1v15(), _HASHES[version]())).decode("ascii")


def signed(fields: Mapping[str, str], signer: Signer, version: str) -> dict[str, str]:
    """The fields of a message with those that prove where it comes from."""
    return {
        **fields,
        "SignatureVersion": version,
        "Signature": signature(fields, signer.key, version),
        "SigningCertURL": signer.certificate_url,
    }


def notification(
    *, message_id: str, topic: str, subject: str, message: str, timestamp: str, signer: Signer, version: str
) -> dict[str, str]:
    """A notification, without the URL that ends the subscription, which differs for each subscriber."""
    fields = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": topic,
        **({"Subject": subject} if subject else {}),
        "Message": message,
        "Timestamp": timestamp,
    }
    return signed(fields, signer, version)


def confirmation(
    *, message_id: str, topic: str, token: str, subscribe_url: str, timestamp: str, signer: Signer, version: str
) -> dict[str, str]:
    """What a new subscriber gets: a visit to the URL in it makes the subscription valid."""
    fields = {
        "Type": "SubscriptionConfirmation",
        "MessageId": message_id,
        "Token": token,
        "TopicArn": topic,
        "Message": (
            f"You have chosen to subscribe to the topic {topic}.\n"
            "To confirm the subscription, visit the SubscribeURL included in this message."
        ),
        "SubscribeURL": subscribe_url,
        "Timestamp": timestamp,
    }
    return signed(fields, signer, version)


def posting(fields: Mapping[str, str], subscription: str = "") -> Posting:
    """The request that carries a message to the subscriber."""
    return Posting(
        headers=_headers(fields, subscription),
        body=json.dumps(dict(fields), indent=2, ensure_ascii=False).encode(),
    )


def raw_posting(fields: Mapping[str, str], subscription: str) -> Posting:
    """The request for a subscriber who wants the message alone (RawMessageDelivery)."""
    headers = {**_headers(fields, subscription), "x-amz-sns-rawdelivery": "true"}
    return Posting(headers=headers, body=fields["Message"].encode())


def _headers(fields: Mapping[str, str], subscription: str) -> dict[str, str]:
    return {
        "x-amz-sns-message-type": fields["Type"],
        "x-amz-sns-message-id": fields["MessageId"],
        "x-amz-sns-topic-arn": fields["TopicArn"],
        **({"x-amz-sns-subscription-arn": subscription} if subscription else {}),
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": AGENT,
    }
