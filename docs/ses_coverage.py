"""Which operations of Amazon SES the sandbox answers and what each does here, compared with botocore's own model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import botocore.session

from sandbox.providers.ses.api import handlers
from sandbox.providers.ses.call import Handler
from sandbox.providers.ses.model import Name


@dataclass(frozen=True, kw_only=True)
class Api:
    """One API: its name here and in botocore."""

    name: Name
    service: str
    title: str
    whole: bool = True
    """Whether operations that the sandbox lacks are listed one by one."""


APIS: Sequence[Api] = (
    Api(name="v2", service="sesv2", title="API v2"),
    Api(name="v1", service="ses", title="API v1"),
    Api(name="sns", service="sns", title="Amazon SNS, as much as events need", whole=False),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One operation of the service."""

    name: str
    request: str
    handler: Handler | None

    @property
    def does(self) -> str:
        """What it does here: the first line of its handler's description, without the operation's name in front."""
        said = ((self.handler.__doc__ if self.handler else None) or "").strip().partition("\n")[0]
        names = rf"(?:\w+, and )?{self.name}(?:, and \w+)?(?: of (?:either API|API v\d))?"
        more = re.sub(rf"^{names}(?:, (?=\w)|[:;] |\.$)", "", said)
        return f"{more[:1].upper()}{more[1:]}" or "As the service does."


def rows(api: Api) -> list[Row]:
    """Every operation that botocore's model of the service has, by name."""
    model = botocore.session.get_session().get_service_model(api.service)
    table: Mapping[str, Handler] = handlers(api.name)
    return [
        Row(name=name, request=_request(api, model.operation_model(name).http), handler=table.get(name))
        for name in sorted(model.operation_names)
    ]


def _request(api: Api, http: Mapping[str, str]) -> str:
    return f"{http['method']} {http['requestUri']}" if api.name == "v2" else "POST /"


def coverage() -> str:
    """A table for each API."""
    return "\n\n".join(_section(api) for api in APIS)


def _section(api: Api) -> str:
    found = rows(api)
    answered = [row for row in found if row.handler]
    lines = ["| operation | request | what it does here |", "| --- | --- | --- |"]
    lines += [
        f"| `{row.name}` | `{row.request}` | {row.does if row.handler else 'not answered'} |"
        for row in (found if api.whole else answered)
    ]
    head = f"### {api.title}: {len(answered)} of {len(found)} operations"
    return head + "\n\n" + "\n".join(lines)
