"""Which operations of the providers' APIs the sandbox answers, compared with each provider's own SDK."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import oci
from ibm_eventnotifications.event_notifications_v1 import EventNotificationsV1

from sandbox.providers.ibm import api as ibm_api
from sandbox.providers.oci import (
    control,
    dns_control,
    identity_control,
    log_groups,
    log_search,
    metrics,
    submit,
)
from sandbox.wire.http import Operation

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "exchanges"
_REQUEST = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) /*(/\S+)", re.MULTILINE)


SdkOperation = tuple[str, str, str]
"""Name, method and path template below the API's prefix."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """One API: what the SDK's client of it can do, and the sandbox's table."""

    provider: str
    title: str
    sdk: Callable[[], Iterable[SdkOperation]]
    prefixes: Sequence[str]
    operations: Sequence[Operation]
    whole: bool = False
    """Whether operations that the sandbox lacks are listed one by one."""


def oci_operations(client: type) -> Iterator[SdkOperation]:
    """Each operation of a client of OCI's SDK."""
    for name, function in inspect.getmembers(client, inspect.isfunction):
        source = inspect.getsource(function)
        path, method = (
            re.search(rf"^\s+{word} = \"(.+)\"$", source, re.MULTILINE) for word in ("resource_path", "method")
        )
        if path and method and not name.startswith("_"):
            yield name, method[1], path[1]


def ibm_operations(prefix: str) -> Iterator[SdkOperation]:
    """Each operation of IBM's SDK below a prefix."""
    for name, function in inspect.getmembers(EventNotificationsV1, inspect.isfunction):
        source = inspect.getsource(function)
        path, method = (re.search(rf"\b{word} ?= ?'(.+?)'", source) for word in ("url", "method"))
        if path and method and path[1].startswith(prefix):
            yield name, method[1], path[1].removeprefix(prefix)


_OCI = (
    ("Email Delivery", oci.email.EmailClient, control, True),
    ("Email Delivery submission", oci.email_data_plane.EmailDPClient, submit, True),
    ("Identity", oci.identity.IdentityClient, identity_control, False),
    ("DNS", oci.dns.DnsClient, dns_control, False),
    ("Monitoring", oci.monitoring.MonitoringClient, metrics, False),
    ("Log search", oci.loggingsearch.LogSearchClient, log_search, True),
    ("Logging", oci.logging.LoggingManagementClient, log_groups, False),
)
APIS = (
    *(
        Api(
            provider="oci",
            title=title,
            sdk=partial(oci_operations, client),
            prefixes=(table.PREFIX,),
            operations=table.OPERATIONS,
            whole=whole,
        )
        for title, client, table, whole in _OCI
    ),
    Api(
        provider="ibm",
        title="Event Notifications",
        sdk=partial(ibm_operations, ibm_api.PREFIXES[-1]),
        prefixes=ibm_api.PREFIXES,
        operations=ibm_api.OPERATIONS,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One operation of the SDK."""

    name: str
    method: str
    path: str
    answered: bool
    fixtures: Sequence[str]


def rows(api: Api) -> list[Row]:
    """Every operation of the SDK's client, in the order of their paths."""
    shown = _fixtures(api.provider)
    return sorted(
        (
            Row(
                name=name,
                method=method,
                path=path,
                answered=_answered(api, method, path),
                fixtures=[file for file, calls in shown.items() if _shows(calls, method, api.prefixes, path)],
            )
            for name, method, path in api.sdk()
        ),
        key=lambda row: (row.path, row.method),
    )


def _answered(api: Api, method: str, path: str) -> bool:
    plain = _plain(path)
    found = (one for one in api.operations if one.method == method and _plain(one.path) == plain)
    return any(one.name != "notEmulated" for one in found)


def _plain(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "{}", path)


def _fixtures(provider: str) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Exchange fixture → the method and path of each of its requests."""
    return {
        path.stem: [(method, target.partition("?")[0]) for method, target in _REQUEST.findall(path.read_text("utf-8"))]
        for path in sorted((FIXTURES / provider).glob("*.http"))
    }


def _shows(calls: Sequence[tuple[str, str]], method: str, prefixes: Sequence[str], path: str) -> bool:
    expression = re.compile("[^/]+".join(map(re.escape, re.split(r"\{[^}]+\}", path))))
    return any(
        verb == method and target.startswith(prefix) and expression.fullmatch(target.removeprefix(prefix))
        for verb, target in calls
        for prefix in prefixes
    )


def coverage(provider: str) -> str:
    """A table for each API of a provider."""
    return "\n\n".join(_section(api) for api in APIS if api.provider == provider)


def _section(api: Api) -> str:
    found = rows(api)
    answered = [row for row in found if row.answered]
    lines = ["| operation | request | answered | shown by |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{row.name}` | `{row.method} {row.path}` | {'yes' if row.answered else 'no'} | {_named(row.fixtures)} |"
        for row in (found if api.whole else answered)
    ]
    missing = [f"`{row.name}`" for row in found if not row.answered]
    rest = f"\n\nNot answered: {', '.join(missing)}." if missing and not api.whole else ""
    head = f"### {api.title}, `{api.prefixes[0]}`: {len(answered)} of {len(found)} operations"
    return head + "\n\n" + "\n".join(lines) + rest


def _named(fixtures: Sequence[str]) -> str:
    more = f" and {len(fixtures) - 3} more" if len(fixtures) > 3 else ""
    return ", ".join(f"`{name}`" for name in fixtures[:3]) + more
