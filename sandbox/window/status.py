"""What runs here: version, listeners, how much there is, and what time it is."""

from __future__ import annotations

import time

from starlette.responses import Response

from sandbox.core.clock import to_iso
from sandbox.core.store.space import warnings_about
from sandbox.window import shapes
from sandbox.window.call import Call
from sandbox.window.problems import json_answer
from sandbox.window.state import used_quota


async def show(call: Call) -> Response:
    """GET /status."""
    await call.settle()
    store = call.services.store
    sessions, refused = await store.sessions.count(call.account.id)
    messages = await store.messages.counts(call.account.id)
    counts = {"messages": messages.pop("messages"), "unread": messages.pop("unread"), "outcomes": messages}
    counts |= {"sessions": sessions, "refused": refused, "open": len(call.services.sessions.all(call.account.id))}
    room = await store.space.room()
    listeners = {name: value for name, value in call.services.endpoints.items() if name != "smtp"}
    return json_answer(
        {
            "version": call.controls.version,
            "started": to_iso(call.controls.started),
            "uptime": round(max(0.0, time.time() - call.controls.started), 3),
            "account": call.account.id,
            "permissive": call.services.permissive,
            "providers": [
                {**await used_quota(call, state), "wording": state.wording}
                for state in call.services.providers.values()
            ],
            "listeners": {**listeners, **await call.controls.connection(call.account)},
            "counts": counts,
            "clock": shapes.clock(call.account),
            "last_event": await store.events.last_id(),
            "store": {"used": room.used, "file": room.file, "free": room.free},
            "warnings": [*call.controls.warnings, *warnings_about(room)],
        }
    )
