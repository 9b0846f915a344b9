"""IAM, `/identity/token`: an access token for an API key, as the SDK's authenticators ask for it."""

from __future__ import annotations

import time
from urllib.parse import parse_qs

from starlette.responses import Response

from sandbox.core.errors import Refusal
from sandbox.providers.ibm import records, tokens
from sandbox.providers.ibm.answers import answer
from sandbox.wire.http import Exchange, Operation
from sandbox.wire.secret import secret_of

PREFIX = "/identity"
GRANT = "urn:ibm:params:oauth:grant-type:apikey"


async def get_token(exchange: Exchange) -> Response:
    """A bearer token that is valid for an hour."""
    form = parse_qs(exchange.body.decode("utf-8", "replace"), max_num_fields=100) if exchange.body else {}
    for name in ("grant_type", "apikey"):
        if not form.get(name, [""])[0]:
            raise Refusal("https.400.token-property", parameter=name)
    if form["grant_type"][0] != GRANT:
        raise Refusal("https.400.grant-type")
    digest = records.digest(form["apikey"][0])
    found = await exchange.services.store.resources.anywhere("ibm", "api-key", digest)
    if not found:
        raise Refusal("https.400.api-key")
    key, now = found[0], int(time.time())
    exchange.account = exchange.services.accounts.get(key.account)
    exchange.transcript.account = key.account
    token = tokens.make(
        await secret_of(exchange.services, "ibm"),
        account=key.account,
        service_id=str(key.data["serviceId"]),
        name=str(key.data["name"]),
        now=now,
        serial=exchange.account.ids.uuid(),
    )
    return answer(
        {
            "access_token": token,
            "refresh_token": "not_supported",
            "token_type": "Bearer",
            "expires_in": tokens.LIFETIME,
            "expiration": now + tokens.LIFETIME,
            "scope": "ibm openid",
        }
    )


OPERATIONS = (Operation(name="getTokenApiKey", method="POST", path="/token", call=get_token),)
