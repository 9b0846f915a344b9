"""IP address filters: whose mail is taken or refused before any rule is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from sandbox.core.accounts import Account
from sandbox.core.errors import Refusal
from sandbox.core.services import Services
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.receiving.rule_sets import check_name
from sandbox.providers.ses.records import record

KIND = "receipt-filter"
FILTERS = 100
"""Filters that an account may have (developer guide, email receiving quotas)."""


async def stored(services: Services, account: Account) -> Sequence[Mapping[str, Any]]:
    """The account's filters as `matching.admitted` wants them."""
    return [row.data for row in await services.store.resources.all(account.id, "ses", KIND)]


async def create_receipt_filter(call: Call) -> Mapping[str, Any]:
    """Add a filter."""
    name, wish = call.input["Filter"]["Name"], call.input["Filter"]["IpFilter"]
    check_name("filter.name", name)
    try:
        ip_network(wish["Cidr"], strict=False)
    except ValueError as error:
        raise Refusal("api.InvalidParameterValue.receiving", parameter="Invalid CIDR", resource=wish["Cidr"]) from error
    store = call.services.store.resources
    if len(await store.all(call.account.id, "ses", KIND)) >= FILTERS:
        raise Refusal("api.LimitExceeded.receiving", parameter="filters", limit=FILTERS)
    try:
        await store.add(record(call.account, KIND, name, {"Policy": wish["Policy"], "Cidr": wish["Cidr"]}))
    except DuplicateKeyError as error:
        raise Refusal("api.AlreadyExists.filter", resource=name) from error
    return {}


async def list_receipt_filters(call: Call) -> Mapping[str, Any]:
    """Every filter."""
    rows = await call.services.store.resources.all(call.account.id, "ses", KIND)
    return {"Filters": [{"Name": row.key, "IpFilter": dict(row.data)} for row in rows]}


async def delete_receipt_filter(call: Call) -> Mapping[str, Any]:
    """Remove a filter; one that does not exist is no error."""
    found = await call.services.store.resources.find(call.account.id, "ses", KIND, call.input["FilterName"])
    if found is not None:
        await call.services.store.resources.remove(found)
    return {}


V1: Mapping[str, Handler] = {
    "CreateReceiptFilter": create_receipt_filter,
    "DeleteReceiptFilter": delete_receipt_filter,
    "ListReceiptFilters": list_receipt_filters,
}
