"""Stored conversations: short and long ones, and callers who go."""

import asyncio

import pytest
from store_jobs import run

from sandbox.core.model import Channel
from sandbox.core.store import SessionRecord, Store
from sandbox.core.store.sessions import FEW_LINES


def conversation(lines):
    said = [{"at": float(number), "side": "client", "text": f"NOOP {number}"} for number in range(lines)]
    return SessionRecord(
        id="s", account="default", provider="oci", channel=Channel.SMTP, client="127.0.0.1:1", user="", summary="",
        started=1.0, ended=2.0, lines=tuple(said),
    )  # fmt: skip


@pytest.mark.parametrize("lines", [1, FEW_LINES, FEW_LINES + 1])
@pytest.mark.parametrize("turns", range(4))
def test_a_conversation_is_stored_though_its_caller_goes(tmp_path, lines, turns):
    """Whenever that happens: the session that ended may be cut off while its transcript is being written."""

    async def story():
        store = Store(tmp_path / "store.db")
        task = asyncio.create_task(store.sessions.add(conversation(lines)))
        for _ in range(turns):
            await asyncio.sleep(0)
        begun = turns > 0
        task.cancel()
        await asyncio.wait([task])
        await store.close()
        again = Store(tmp_path / "store.db")
        found = await again.sessions.get("default", "s")
        await again.close()
        return begun, found

    begun, found = run(story())
    assert (found is not None) == begun
    if found is not None:
        assert len(found.lines) == lines
