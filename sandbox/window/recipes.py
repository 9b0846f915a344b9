"""Client settings for programs and libraries, filled with the account's listeners and credentials."""

from __future__ import annotations

from starlette.responses import Response

from sandbox import recipes
from sandbox.window.call import Call
from sandbox.window.operation import Operation, Parameter
from sandbox.window.problems import json_answer


async def show(call: Call) -> Response:
    """GET /recipes."""
    wanted = call.choice("provider", sorted(call.services.providers))
    listeners = {name: value for name, value in call.services.endpoints.items() if name != "smtp"}
    connection = {**listeners, **await call.controls.connection(call.account)}
    items = [
        {"provider": provider, "tool": tool, "text": recipes.fill(recipes.template(provider, tool), values)}
        for provider in ([wanted] if wanted else call.services.providers)
        if connection[provider].get("smtp")
        for values in [recipes.values(connection, provider)]
        for tool in recipes.names(provider)
    ]
    return json_answer({"items": items, "next": None, "total": len(items)})


OPERATIONS = (
    Operation(
        method="GET",
        path="/recipes",
        handler=show,
        summary="Client settings to paste, for each program and library",
        answer="Recipes",
        parameters=(Parameter(name="provider", about="only this provider's"),),
        also={400: "there is no such provider"},
    ),
)
"""What the table of the inspection API has on client settings."""
