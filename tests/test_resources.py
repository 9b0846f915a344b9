"""Resources: the memory and the table never disagree."""

import asyncio

import pytest

from sandbox.core.model import Resource
from sandbox.core.store import Store
from sandbox.core.store.resources import DuplicateKeyError


def sender(account, key, **data):
    return Resource(
        account=account, provider="oci", kind="sender", id=f"id-{key}", key=key, data=data, created=1.0, updated=1.0
    )


def story(tell, path=None):
    async def run():
        store = Store(path)
        try:
            await tell(store)
        finally:
            await store.close()

    asyncio.run(run())


def test_keys_are_unique_within_an_account_and_found_anywhere():
    async def tell(store):
        await store.resources.add(sender("a", "x@y.z"))
        await store.resources.add(sender("b", "x@y.z"))
        with pytest.raises(DuplicateKeyError):
            await store.resources.add(sender("a", "x@y.z"))
        assert {one.account for one in await store.resources.anywhere("oci", "sender", "x@y.z")} == {"a", "b"}
        assert (await store.resources.find("b", "oci", "sender", "x@y.z")).account == "b"
        assert await store.resources.find("c", "oci", "sender", "x@y.z") is None

    story(tell)


def test_what_was_concluded_holds_until_a_resource_changes():
    counted = []

    async def tell(store):
        async def find():
            counted.append(1)
            return [(one.key, dict(one.data)) for one in await store.resources.all("a", "oci", "sender")]

        async def concluded():
            """Asked twice, found out once."""
            first = await store.resources.conclude("which senders", find)
            assert await store.resources.conclude("which senders", find) is first
            return first

        assert await concluded() == []
        one, other = [await store.resources.add(sender("a", key)) for key in ("one", "other")]
        assert await concluded() == [("one", {}), ("other", {})]
        await store.resources.change(one, 2.0, lambda data: {**data, "n": 1})
        assert await concluded() == [("one", {"n": 1}), ("other", {})]
        await store.resources.remove(other)
        assert await concluded() == [("one", {"n": 1})]
        store.resources.forget("a")
        assert await concluded() == []

    story(tell)
    assert len(counted) == 5


def test_several_are_stored_all_or_none():
    async def tell(store):
        await store.resources.add(sender("a", "taken"))
        with pytest.raises(DuplicateKeyError):
            await store.resources.add_all([sender("a", "new"), sender("a", "taken")])
        assert [one.key for one in await store.resources.all("a", "oci", "sender")] == ["taken"]

    story(tell)


def test_changes_and_removals_survive_a_restart(tmp_path):
    path = tmp_path / "store.db"

    async def write(store):
        kept, gone = await store.resources.add_all([sender("a", "kept", n=1), sender("a", "gone")])
        await store.resources.change(kept, 2.0, lambda data: {**data, "n": data["n"] + 1})
        await store.resources.change(kept, 3.0, lambda data: {**data, "n": data["n"] + 1})
        await store.resources.remove(gone)
        await store.resources.remove(gone)

    async def read(store):
        (kept,) = await store.resources.all("a", "oci", "sender")
        assert (kept.key, kept.data, kept.updated) == ("kept", {"n": 3}, 3.0)
        assert await store.resources.anywhere("oci", "sender", "gone") == []

    story(write, path)
    story(read, path)


def test_clearing_an_account_leaves_the_others():
    async def tell(store):
        await store.resources.add_all([sender("a", "x"), sender("b", "x")])
        await store.clear("a")
        assert await store.resources.all("a", "oci", "sender") == []
        assert len(await store.resources.all("b", "oci", "sender")) == 1

    story(tell)
