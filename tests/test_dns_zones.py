"""Zones: every fixture's questions, changes and their versions, and what a provider publishes itself."""

import asyncio
import tomllib
from pathlib import Path

import pytest
from dns_world import add_zone, world

from sandbox.core.dns.changes import Operation, change, patch, replaced
from sandbox.core.dns.records import RecordError, make, shown
from sandbox.core.dns.zones import records_of
from sandbox.core.errors import NotFoundError
from sandbox.core.store.resources import DuplicateKeyError

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures" / "zones").glob("*.toml"))


def test_there_are_zones():
    assert len(FIXTURES) >= 4


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_zone_answers_as_written(path):
    fixture = tomllib.loads(path.read_text("utf-8"))
    assert len(fixture["question"]) >= 5

    async def ask():
        async with world() as (accounts, zones, authority):
            for zone in fixture["zone"]:
                await add_zone(accounts, zones, zone["name"], zone["records"])
            for question in fixture["question"]:
                name, rtype = question["ask"].split()
                found = await authority.resolve(accounts.ready_made, name, rtype)
                assert found.status == question["status"], question
                if found.status == "found":
                    assert [shown(one.rtype, one.rdata) for one in found.records] == question["records"]
                if found.status != "loop":
                    links = [link.rdata.rstrip(".") for link in found.aliases]
                    assert links == question.get("aliases", []), question
                denied = found.status in ("no-data", "no-name")
                assert (found.soa is not None) == denied, question

    asyncio.run(ask())


def test_a_denial_lives_as_long_as_the_soa_says():
    async def ask():
        async with world() as (accounts, zones, authority):
            await add_zone(accounts, zones, "example.com", [])
            return await authority.resolve(accounts.ready_made, "x.example.com", "A")

    assert asyncio.run(ask()).soa.ttl == 1800


def test_a_provider_publishes_names_of_its_own():
    names = {
        "provider.test": {"SOA": ["ns.provider.test. root.provider.test. 1 2 3 4 60"]},
        "spf.provider.test": {"TXT": ['"v=spf1 -all"']},
        "alias.provider.test": {"CNAME": ["spf.provider.test."]},
    }

    async def ask():
        async with world(names) as (accounts, zones, authority):
            await add_zone(accounts, zones, "example.com", [["k.example.com", "CNAME", "spf.provider.test"]])
            asked = ["k.example.com", "alias.provider.test", "provider.test", "no.provider.test"]
            return [await authority.resolve(accounts.ready_made, name, "TXT") for name in asked]

    own, alias, empty, absent = asyncio.run(ask())

    assert [own.status, alias.status, empty.status, absent.status] == ["found", "found", "no-data", "no-name"]
    assert own.records == alias.records
    assert (own.own, alias.own) == (True, False)
    assert (empty.soa.domain, absent.soa.domain, absent.soa.ttl) == ("provider.test", "provider.test", 60)


def test_a_change_makes_a_version_of_what_it_touches():
    async def walk():
        async with world() as (accounts, zones, _):
            account = accounts.ready_made
            first = await add_zone(accounts, zones, "example.com", [["a.example.com", "A", "192.0.2.1"]])
            second = await zones.add(account, "B.example.com.", "TXT", "one two")
            same = await zones.add(account, "b.example.com", "TXT", '"one" "two"')
            third = await zones.withdraw(account, "b.example.com")
            return first, second, same, third

    first, second, same, third = asyncio.run(walk())

    assert [zone.data["version"] for zone in (first, second, same, third)] == [1, 2, 2, 3]
    assert third.data["serial"] == first.data["serial"] + 2
    versions = {(one.domain, one.rtype): one.version for one in records_of(second)}
    assert versions["a.example.com", "A"] == versions["example.com", "NS"] == 1
    assert versions["b.example.com", "TXT"] == versions["example.com", "SOA"] == 2
    soa = next(one for one in records_of(third) if one.rtype == "SOA")
    assert soa.rdata.split()[2] == str(third.data["serial"])
    assert set(records_of(third)) - {soa} <= set(records_of(first))


def test_the_records_that_come_with_a_zone_stay():
    async def walk():
        async with world() as (accounts, zones, _):
            zone = await add_zone(accounts, zones, "example.com", [["example.com", "TXT", "x"]])
            await zones.withdraw(accounts.ready_made, "example.com")
            emptied = await zones.edit(accounts.ready_made, zone, lambda records: replaced(zone.key, records, []))
            return sorted(record.rtype for record in records_of(emptied))

    assert asyncio.run(walk()) == ["NS", "NS", "SOA"]


def test_two_changes_at_the_same_time_both_happen():
    async def walk():
        async with world() as (accounts, zones, _):
            await add_zone(accounts, zones, "example.com", [])
            account = accounts.ready_made
            await asyncio.gather(*(zones.add(account, f"h{n}.example.com", "A", "192.0.2.1") for n in range(20)))
            return await zones.find(account.id, "example.com")

    zone = asyncio.run(walk())
    assert sum(record.rtype == "A" for record in records_of(zone)) == 20
    assert zone.data["version"] == 21


@pytest.mark.parametrize(
    ("domain", "rtype", "rdata", "field"),
    [
        ("www.example.com", "CNAME", "two.example.net", "rtype"),
        ("www.example.com", "A", "192.0.2.1", "rtype"),
        ("other.org", "A", "192.0.2.1", "domain"),
        ("notexample.com", "A", "192.0.2.1", "domain"),
        ("example.com", "SOA", "a. b. 1 2 3 4 5", "rtype"),
        ("example.com", "CNAME", "a.example.net", "rtype"),
    ],
)
def test_records_that_cannot_stand_together_are_refused(domain, rtype, rdata, field):
    async def walk():
        async with world() as (accounts, zones, _):
            rows = [["www.example.com", "CNAME", "one.example.net"]]
            zone = await add_zone(accounts, zones, "example.com", rows)
            wish = change(Operation.ADD, domain, rtype=rtype, rdata=rdata, ttl=60)
            with pytest.raises(RecordError) as caught:
                await zones.edit(accounts.ready_made, zone, lambda records: patch(zone.key, records, [wish]))
            assert caught.value.field == field
            assert (await zones.find(accounts.ready_made.id, "example.com")).data == zone.data

    asyncio.run(walk())


def test_accounts_have_zones_of_their_own():
    async def walk():
        async with world() as (accounts, zones, authority):
            other = await accounts.create()
            await add_zone(accounts, zones, "example.com", [["a.example.com", "A", "192.0.2.1"]])
            await add_zone(accounts, zones, "example.com", [["a.example.com", "A", "192.0.2.2"]], other)
            with pytest.raises(DuplicateKeyError):
                await zones.create(other, "Example.COM.", zone_id="again", servers=["ns.example."])
            found = [await authority.resolve(one, "a.example.com", "A") for one in (accounts.ready_made, other)]
            with pytest.raises(NotFoundError):
                await zones.add(other, "a.example.org", "A", "192.0.2.3")
            return [one.records[0].rdata for one in found]

    assert asyncio.run(walk()) == ["192.0.2.1", "192.0.2.2"]


def test_a_removed_zone_answers_no_more():
    async def walk():
        async with world() as (accounts, zones, authority):
            zone = await add_zone(accounts, zones, "example.com", [])
            await zones.remove(zone)
            with pytest.raises(NotFoundError):
                await zones.edit(accounts.ready_made, zone, lambda _: (make("example.com", "A", 1, "192.0.2.1"),))
            return await authority.resolve(accounts.ready_made, "example.com", "SOA")

    assert asyncio.run(walk()).status == "outside"
