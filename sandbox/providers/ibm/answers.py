"""The answers of the API: JSON, and the errors of Event Notifications and of IAM."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from sandbox.core.catalog import ErrorEntry

MORE_INFO = "https://cloud.ibm.com/apidocs/event-notifications#error-handling"
AUTHENTICATION = "https://cloud.ibm.com/apidocs/event-notifications#event-notifications-api-authentication"


def answer(value: Any, status: int = 200) -> Response:
    """A JSON answer; without a body for None."""
    if value is None:
        return Response(status_code=status)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode("utf-8", "replace"), status, media_type="application/json")


def problem(entry: ErrorEntry, text: str, trace: str) -> Response:
    """The error of Event Notifications that carries a catalog row; `trace` is the id of the call."""
    about = AUTHENTICATION if entry.status in (401, 403) else MORE_INFO
    error = {"code": entry.code, "message": text, "more_info": about}
    return answer({"status_code": entry.status, "trace": trace, "errors": [error]}, entry.status)


def iam_problem(entry: ErrorEntry, text: str, trace: str) -> Response:
    """The error of IAM that carries a catalog row."""
    context = {"requestId": trace, "requestType": "incoming.Identity_Token", "operation": "Identity Token"}
    return answer({"errorCode": entry.code, "errorMessage": text, "context": context}, entry.status)
