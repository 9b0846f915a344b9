"""Makes the parts of a sandbox that are shaped by settings: delivery and callbacks."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.core.accounts import Accounts
from sandbox.core.clock import parse_duration
from sandbox.core.delivery import Delivery, DeliveryOptions
from sandbox.core.outcome_rules import make_rule
from sandbox.core.outcomes import Destinations, Outcomes, OwnOutcome
from sandbox.core.policy import Rules
from sandbox.core.retention import Keeper, read_limits
from sandbox.core.retries import RetrySchedule
from sandbox.core.services import Services
from sandbox.core.store import Store
from sandbox.settings import Settings
from sandbox.wire.callbacks import Callbacks, MailOutlet, Outlet, PostOutlet


class SettingError(ValueError):
    """A setting has the right form, but what it says can't be done; the message is ready to be printed."""


def make_keeper(settings: Settings, store: Store, accounts: Accounts) -> Keeper:
    """What keeps the store as small as the settings want it; `SettingError` names the limit that is wrong."""
    try:
        limits = read_limits(settings.store.retention)
    except ValueError as error:
        raise SettingError(f"store.retention: {error}") from error
    return Keeper(store, accounts, limits)


def make_delivery(
    settings: Settings,
    store: Store,
    accounts: Accounts,
    rules: Mapping[str, Rules],
    destinations: Destinations,
    own: Mapping[str, OwnOutcome],
) -> Delivery:
    """The delivery that the settings ask for; `SettingError` names the setting that is wrong."""
    wanted = settings.delivery
    try:
        wishes = [make_rule(wish, f"{number} of the settings") for number, wish in enumerate(wanted.rules, start=1)]
        lifetime = parse_duration(wanted.retry_lifetime).total_seconds()
    except ValueError as error:
        raise SettingError(f"delivery: {error}") from error
    return Delivery(
        store=store,
        accounts=accounts,
        rules=rules,
        outcomes=Outcomes(
            store,
            destinations,
            blackhole={domain.lower() for domain in wanted.blackhole_domains},
            rules=wishes,
            own=own,
        ),
        options=DeliveryOptions(schedule=RetrySchedule(lifetime=lifetime), soft_bounces=wanted.soft_bounces),
    )


def make_callbacks(settings: Settings, services: Services) -> Callbacks:
    """Who is told what happens; `SettingError` names the setting that is wrong."""
    wanted = settings.delivery
    try:
        outlets: list[Outlet] = [PostOutlet(wish, wanted.callback_hosts) for wish in wanted.callbacks]
        if wanted.bounce_smtp:
            outlets.append(MailOutlet(wanted.bounce_smtp, services.store, wanted.callback_hosts))
    except ValueError as error:
        raise SettingError(str(error)) from error
    return Callbacks(services, outlets)
