"""Identity, `/20160918`: its table of operations, and the collections that have no room here."""

from __future__ import annotations

from starlette.responses import Response

from sandbox.core.errors import Condition, Refusal
from sandbox.providers.oci import authorization, credentials, iam, memberships
from sandbox.wire.http import Exchange, Operation

PREFIX = "/20160918"
NOT_EMULATED = (
    "/dynamicGroups", "/identityProviders", "/networkSources", "/tagNamespaces", "/tagDefaults", "/domains",
    "/authenticationPolicies", "/availabilityDomains", "/workRequests", "/users/{userId}/authTokens",
    "/users/{userId}/customerSecretKeys", "/users/{userId}/mfaTotpDevices", "/users/{userId}/dbCredentials",
    "/users/{userId}/oauth2ClientCredentials", "/users/{userId}/uiPassword",
)  # fmt: skip
"""Collections of the real service that sending mail does not depend on."""
_SHAPES = ("{0}", "{0}/{{id}}", "{0}/{{id}}/{{part}}")


async def not_emulated(exchange: Exchange) -> Response:
    """An operation that the service has and the sandbox has not."""
    raise Refusal(Condition.NOT_EMULATED, resource=exchange.path)


_MISSING = tuple(
    Operation(name="notEmulated", method=method, path=form.format(collection), call=not_emulated)
    for collection in NOT_EMULATED
    for method in ("GET", "POST", "PUT", "DELETE")
    for form in _SHAPES
)
OPERATIONS = (
    *authorization.guarded((*credentials.OPERATIONS, *iam.OPERATIONS, *memberships.OPERATIONS)),
    *_MISSING,
)
