"""Mail to contacts of a list: who does not want it, and who joins the list by getting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.core.accounts import Account
from sandbox.core.model import Resource
from sandbox.core.services import Services
from sandbox.core.store.resources import DuplicateKeyError
from sandbox.providers.ses import subscriptions
from sandbox.providers.ses.suppressing import UNSUBSCRIBED

if TYPE_CHECKING:  # the review asks this room, not the other way round
    from sandbox.providers.ses.review import Case


async def held_back(case: Case) -> dict[str, str]:
    """The recipients who don't want a message of the list that it names → why; others become contacts.

    Raises `Refusal` for a list or a topic that there is not.
    """
    name = case.attributes.get("list")
    if not name:
        return {}
    listed = await subscriptions.contact_list(case.services, case.account, str(name))
    if listed is None:
        raise case.refuse("no-contact-list", resource=str(name))
    topic = case.attributes.get("topic") or None
    if topic and subscriptions.default(listed, str(topic)) is None:
        raise case.refuse("no-topic-in-list", resource=str(topic))
    found: dict[str, str] = {}
    for address in case.submission.envelope.rcpt_to:
        contact = await _known(case.services, case.account, listed, address)
        if not subscriptions.wants(listed, contact, str(topic) if topic else None):
            found[address] = UNSUBSCRIBED
    return found


async def _known(services: Services, account: Account, listed: Resource, address: str) -> Resource:
    found = await subscriptions.contact(services, account, listed.key, address)
    if found is not None:
        return found
    made = subscriptions.new_contact(account, listed.key, address)
    try:
        return await services.store.resources.add(made)
    except DuplicateKeyError:
        return await subscriptions.contact(services, account, listed.key, address) or made
