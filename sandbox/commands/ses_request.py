"""A signed SES request, made as the SDKs make it: Signature Version 4 with an access key."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx

from sandbox.client import SesConnection
from sandbox.providers.ses.signature import Request, Signed, sign

RAW = "/v2/email/outbound-emails"
SIGNED = ("content-type", "host", "x-amz-date")
PATIENCE = 30.0


def submit_raw(ses: SesConnection, sender: str, recipients: Sequence[str], raw: bytes) -> tuple[int, str]:
    """Submit a MIME message by API v2; HTTP status and body of the answer. `OSError` when nothing answers."""
    message = {
        "FromEmailAddress": sender,
        "Destination": {"ToAddresses": list(recipients)},
        "Content": {"Raw": {"Data": b64encode(raw).decode("ascii")}},
    }
    body = json.dumps(message).encode()
    try:
        answer = httpx.post(
            ses.endpoint + RAW, content=body, headers=_signed(ses, body), timeout=PATIENCE, trust_env=False
        )
    except httpx.TransportError as error:
        raise OSError(str(error)) from error
    return answer.status_code, answer.text.strip()


def _signed(ses: SesConnection, body: bytes) -> dict[str, str]:
    """The headers of the request with the signature."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "host": urlsplit(ses.endpoint).netloc.rpartition("@")[2],
        "content-type": "application/json",
        "x-amz-date": moment,
    }
    plan = Signed(
        key_id=ses.access_key_id,
        date=moment[:8],
        region=ses.region,
        service="ses",
        headers=SIGNED,
        signature="",
        moment=moment,
    )
    request = Request(method="POST", target=RAW, headers=list(headers.items()), body=body)
    made = sign(plan, request, ses.secret_access_key)
    scope = f"{ses.access_key_id}/{moment[:8]}/{ses.region}/ses/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={';'.join(SIGNED)}, Signature={made}"
    return {**headers, "authorization": authorization}
