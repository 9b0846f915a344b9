"""Operations on contact lists and their contacts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.core.errors import Refusal
from sandbox.core.model import Resource
from sandbox.providers.ses import named, subscriptions
from sandbox.providers.ses.call import Call, Handler
from sandbox.providers.ses.paging import page
from sandbox.providers.ses.subscriptions import CONTACT, LIST

LISTS = 1
"""Contact lists of an account."""
TOPICS = 20
"""Topics of a list."""
_NO_LIST = "api.NotFoundException.contact-list"
_NO_CONTACT = "api.NotFoundException.contact"


async def create_list(call: Call) -> Mapping[str, Any]:
    """CreateContactList."""
    topics = call.input.get("Topics", [])
    _check_topics(topics)
    name, rows = call.input["ContactListName"], await named.rows(call, LIST)
    if any(row.key == name for row in rows):
        raise Refusal("api.AlreadyExistsException.contact-list", resource=name)
    if len(rows) >= LISTS:
        raise Refusal("api.LimitExceededException.contact-lists", limit=LISTS)
    data = {"topics": topics, "description": call.input.get("Description"), "tags": call.input.get("Tags", [])}
    await named.add(call, LIST, name, data, "api.AlreadyExistsException.contact-list")
    return {}


async def get_list(call: Call) -> Mapping[str, Any]:
    """GetContactList."""
    found = await _list(call)
    return {
        "ContactListName": found.key,
        "Topics": found.data["topics"],
        "Description": found.data["description"],
        "CreatedTimestamp": found.created,
        "LastUpdatedTimestamp": found.updated,
        "Tags": found.data["tags"],
    }


async def list_lists(call: Call) -> Mapping[str, Any]:
    """ListContactLists."""
    shown, token = page(
        await named.rows(call, LIST), size=call.input.get("PageSize"), token=call.input.get("NextToken")
    )
    rows = [{"ContactListName": row.key, "LastUpdatedTimestamp": row.updated} for row in shown]
    return {"ContactLists": rows, "NextToken": token}


async def update_list(call: Call) -> Mapping[str, Any]:
    """UpdateContactList: topics and description that are given replace those there are."""
    found, given = await _list(call), call.input
    _check_topics(given.get("Topics", []))
    names = {"Topics": "topics", "Description": "description"}
    await named.change(call, found, **{own: given[name] for name, own in names.items() if name in given})
    return {}


async def delete_list(call: Call) -> Mapping[str, Any]:
    """DeleteContactList; its contacts go with it."""
    found = await _list(call)
    for row in await subscriptions.contacts(call.services, call.account, found.key):
        await call.services.store.resources.remove(row)
    await call.services.store.resources.remove(found)
    return {}


async def create_contact(call: Call) -> Mapping[str, Any]:
    """CreateContact."""
    listed, given = await _list(call), call.input
    address = given["EmailAddress"]
    if address.count("@") != 1 or not all(address.split("@")):
        raise Refusal("api.BadRequestException.contact-address", address=address[:320])
    _check_contact(listed, given)
    row = subscriptions.new_contact(
        call.account,
        listed.key,
        address,
        preferences=given.get("TopicPreferences", ()),
        unsubscribed=given.get("UnsubscribeAll", False),
        attributes=given.get("AttributesData"),
    )
    taken = await subscriptions.contact(call.services, call.account, listed.key, address)
    if taken is not None:
        raise Refusal("api.AlreadyExistsException.contact", address=address)
    await named.add(call, CONTACT, row.key, row.data, "api.AlreadyExistsException.contact")
    return {}


async def get_contact(call: Call) -> Mapping[str, Any]:
    """GetContact."""
    listed = await _list(call)
    found = await _contact(call, listed)
    return {
        "ContactListName": listed.key,
        **_shown(listed, found),
        "AttributesData": found.data["attributes"],
        "CreatedTimestamp": found.created,
    }


async def update_contact(call: Call) -> Mapping[str, Any]:
    """UpdateContact: preferences that are given replace those there are; what is left out stays."""
    listed, given = await _list(call), call.input
    found = await _contact(call, listed)
    _check_contact(listed, given)
    names = {"TopicPreferences": "preferences", "UnsubscribeAll": "unsubscribed", "AttributesData": "attributes"}
    await named.change(call, found, **{own: given[name] for name, own in names.items() if name in given})
    return {}


async def delete_contact(call: Call) -> Mapping[str, Any]:
    """DeleteContact."""
    await call.services.store.resources.remove(await _contact(call, await _list(call)))
    return {}


async def list_contacts(call: Call) -> Mapping[str, Any]:
    """ListContacts: all, or those that a filter leaves."""
    listed, wish = await _list(call), call.input.get("Filter", {})
    rows = await subscriptions.contacts(call.services, call.account, listed.key)
    found = [row for row in rows if _passes(listed, row, wish)]
    shown, token = page(found, size=call.input.get("PageSize"), token=call.input.get("NextToken"))
    return {"Contacts": [_shown(listed, row) for row in shown], "NextToken": token}


def _passes(listed: Resource, row: Resource, wish: Mapping[str, Any]) -> bool:
    wanted, topic = wish.get("FilteredStatus"), wish.get("TopicFilter", {})
    if wanted is None:
        return True
    name = topic.get("TopicName")
    if not name:
        return bool(subscriptions.wants(listed, row, None) == (wanted == subscriptions.IN))
    own = subscriptions.OUT if row.data["unsubscribed"] else subscriptions.own(row, name)
    if own is None and topic.get("UseDefaultIfPreferenceUnavailable"):
        own = subscriptions.default(listed, name)
    return bool(own == wanted)


def _shown(listed: Resource, row: Resource) -> dict[str, Any]:
    return {
        "EmailAddress": row.data["address"],
        "TopicPreferences": row.data["preferences"],
        "TopicDefaultPreferences": subscriptions.defaults(listed, row),
        "UnsubscribeAll": row.data["unsubscribed"],
        "LastUpdatedTimestamp": row.updated,
    }


def _check_topics(topics: Sequence[Mapping[str, str]]) -> None:
    if len(topics) > TOPICS:
        raise Refusal("api.BadRequestException.topics", limit=TOPICS)
    names = [one["TopicName"] for one in topics]
    for name in names:
        if names.count(name) > 1:
            raise Refusal("api.BadRequestException.topic-twice", resource=name)


def _check_contact(listed: Resource, given: Mapping[str, Any]) -> None:
    for one in given.get("TopicPreferences", ()):
        if subscriptions.default(listed, one["TopicName"]) is None:
            raise Refusal("api.BadRequestException.topic", resource=one["TopicName"])
    try:
        json.loads(given.get("AttributesData") or "{}")
    except (ValueError, RecursionError) as error:
        raise Refusal("api.BadRequestException.contact-attributes") from error


async def _list(call: Call) -> Resource:
    return await named.existing(call, LIST, call.input["ContactListName"], _NO_LIST)


async def _contact(call: Call, listed: Resource) -> Resource:
    address = call.input["EmailAddress"]
    found = await subscriptions.contact(call.services, call.account, listed.key, address)
    if found is None:
        raise Refusal(_NO_CONTACT, address=address)
    return found


V2: Mapping[str, Handler] = {
    "CreateContact": create_contact,
    "CreateContactList": create_list,
    "DeleteContact": delete_contact,
    "DeleteContactList": delete_list,
    "GetContact": get_contact,
    "GetContactList": get_list,
    "ListContactLists": list_lists,
    "ListContacts": list_contacts,
    "UpdateContact": update_contact,
    "UpdateContactList": update_list,
}
