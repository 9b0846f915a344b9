"""Makes the operations of the APIs from their models: decode, check, hand over to the handler, encode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from starlette.responses import Response

from sandbox.core.errors import Refusal
from sandbox.core.faults import FaultContext
from sandbox.core.model import Stage
from sandbox.providers.ses import constraints, read_json, read_query, write_json, write_xml
from sandbox.providers.ses.about import about
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.edge import is_sns, request_id
from sandbox.providers.ses.model import Name, OperationModel, ServiceModel, load
from sandbox.providers.ses.owner import owner
from sandbox.wire.http import Exchange, Operation

SUBMITTING = frozenset(
    {
        "SendBounce",
        "SendBulkEmail",
        "SendBulkTemplatedEmail",
        "SendCustomVerificationEmail",
        "SendEmail",
        "SendRawEmail",
        "SendTemplatedEmail",
    }
)
"""Operations that submit mail."""
EARLIER: Sequence[tuple[str, str, str]] = (
    ("ListContacts", "GET", "/v2/email/contact-lists/{ContactListName}/contacts"),
    ("ListImportJobs", "GET", "/v2/email/import-jobs"),
    ("PutEmailIdentityDkimSigningAttributes", "PUT", "/v1/email/identities/{EmailIdentity}/dkim/signing"),
    ("ListEmailIdentities", "GET", "/v2/email/identities"),
    ("ListConfigurationSets", "GET", "/v2/email/configuration-sets"),
)
"""Methods and paths that earlier releases of the SDKs use; input that has no body stands in the query string."""
AROUND = 1_048_576
"""Octets of a request besides the message's own text."""

Tables = Mapping[Name, Mapping[str, Handler]]


def rest(table: Mapping[str, Handler], prefix: str) -> Sequence[Operation]:
    """The operations of API v2 whose paths begin with `prefix`, fixed segments before variable ones."""
    model = load("v2")
    places = [(name, model.operation(name).method, model.operation(name).path) for name in model.names]
    return [
        Operation(
            name=name,
            method=method,
            path=path.removeprefix(prefix).rstrip("/"),
            call=partial(_rest, model, model.operation(name), table[name]),
            stage=_stage(name),
            body_limit=body_limit,
            about=_about(model, name),
        )
        for name, method, path in sorted([*places, *EARLIER], key=lambda place: place[2].replace("{", "~"))
        if name in table and path.startswith(prefix)
    ]


def query(tables: Tables) -> Operation:
    """The one operation of the AWS Query APIs, which chooses the one that the body names."""
    found = {
        name: {key: _query_operation(load(name), key, handler) for key, handler in table.items()}
        for name, table in tables.items()
    }

    def choose(exchange: Exchange) -> Operation:
        exchange.parameters = read_query.parameters(exchange.body)
        action, version = exchange.parameters.get("Action", ""), exchange.parameters.get("Version", "")
        if not action:
            raise Refusal("api.MissingAction.action")
        operation = found["sns" if is_sns(exchange) else "v1"].get(action)
        if operation is None:
            raise Refusal("api.InvalidAction.unknown", resource=action[:100], parameter=version[:20])
        return operation

    return Operation(name="query", method="POST", path="", call=_nothing, choose=choose, body_limit=body_limit)


def _query_operation(model: ServiceModel, name: str, handler: Handler) -> Operation:
    return Operation(
        name=name,
        method="POST",
        path="",
        call=partial(_query, model, model.operation(name), handler),
        stage=_stage(name),
        about=_about(model, name),
    )


def body_limit(exchange: Exchange) -> int:
    """Octets of a body: base64 takes 4/3 of a message, and a form percent-encodes some of that once more."""
    return exchange.state.rules.sizes(exchange.account).message * 2 + AROUND


def _stage(name: str) -> Stage:
    return Stage.REQUEST if name in SUBMITTING else Stage.CONTROL


def _about(model: ServiceModel, name: str) -> Callable[[Exchange], FaultContext] | None:
    return partial(_context, model, model.operation(name)) if name in SUBMITTING else None


def _context(model: ServiceModel, operation: OperationModel, exchange: Exchange) -> FaultContext:
    try:
        given = _input(model, operation, exchange)
    except Refusal:
        given = {}
    return about(exchange, given)


def _input(model: ServiceModel, operation: OperationModel, exchange: Exchange) -> dict[str, Any]:
    """The input of a call; what is asked about it before it is performed needs it too."""
    if exchange.document is None:
        exchange.document = _read(model, operation, exchange)
    found: dict[str, Any] = exchange.document
    return found


def _read(model: ServiceModel, operation: OperationModel, exchange: Exchange) -> dict[str, Any]:
    if not operation.input:
        return {}
    shape = model.shape(operation.input)
    if model.name == "v2":
        return read_json.read(model, shape, exchange.parameters, exchange.query, exchange.body)
    return read_query.read(model, shape, dict(exchange.parameters))


async def _perform(
    model: ServiceModel, operation: OperationModel, handler: Handler, exchange: Exchange
) -> Mapping[str, Any]:
    given = _input(model, operation, exchange)
    if operation.input:
        constraints.check(model, model.shape(operation.input), given)
    who = await owner(exchange.services, exchange.account)
    return await handler(Call(exchange=exchange, api=model.name, operation=operation.name, input=given, owner=who))


async def _rest(model: ServiceModel, operation: OperationModel, handler: Handler, exchange: Exchange) -> Response:
    output = await _perform(model, operation, handler, exchange)
    body = write_json.write(model, model.shape(operation.output), output) if operation.output else b"{}"
    return Response(body, media_type="application/json")


async def _query(model: ServiceModel, operation: OperationModel, handler: Handler, exchange: Exchange) -> Response:
    output = await _perform(model, operation, handler, exchange)
    return Response(write_xml.write(model, operation, output, request_id(exchange)), media_type="text/xml")


async def _nothing(exchange: Exchange) -> Response:
    raise AssertionError(f"{exchange.path} has no operation of its own")
