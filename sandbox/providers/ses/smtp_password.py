"""The SMTP password that belongs to a secret access key, different in every region."""

from __future__ import annotations

import base64
import hmac

_DATE, _SERVICE, _TERMINAL, _MESSAGE = "11111111", "ses", "aws4_request", "SendRawEmail"
_VERSION = b"\x04"


def smtp_password(secret: str, region: str) -> str:
    """44 characters of base64.

    Source: Amazon SES developer guide, Obtaining SMTP credentials by converting existing AWS credentials.
    """
    key = ("AWS4" + secret).encode()
    for part in (_DATE, region, _SERVICE, _TERMINAL, _MESSAGE):
        key = hmac.digest(key, part.encode(), "sha256")
    return base64.b64encode(_VERSION + key).decode("ascii")
