"""Changes that meet each other: none is lost, none is made twice, and lists stay whole while things come and go."""

import asyncio
import http.client
import json
import threading
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from oci_signing import Signer

from sandbox.app import Sandbox
from sandbox.core.model import Principal, Resource
from sandbox.core.store import Store
from sandbox.core.store.resources import DuplicateKeyError, Edit
from sandbox.settings import Oci, Settings


class Api:
    """Calls the control plane, each time over a connection of its own."""

    def __init__(self, sandbox):
        self.oci = sandbox.ready["oci"]
        self.signer = Signer(self.oci)
        self.host = sandbox.url.partition("//")[2]

    def __call__(self, method, target, body=None, **headers):
        octets = b"" if body is None else json.dumps(body).encode()
        named = {"host": self.host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        with closing(http.client.HTTPConnection(self.host, timeout=30)) as connection:
            connection.request(method, target, octets or None, self.signer.sign(method, target, named, octets))
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None, answer.headers


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(Settings(data=":memory:", ports="auto", oci=Oci())) as running:
        yield running


def counter(**data):
    return Resource(account="a", provider="oci", kind="k", id="one", key="one", data=data, created=1.0, updated=1.0)


def story(tell):
    async def run():
        store = Store(None)
        try:
            await tell(store)
        finally:
            await store.close()

    asyncio.run(run())


def test_no_change_of_a_resource_is_lost():
    async def tell(store):
        row = await store.resources.add(counter(n=0))
        work = [store.resources.change(row, 2.0, lambda data: {**data, "n": data["n"] + 1}) for _ in range(200)]
        await asyncio.gather(*work)
        assert (await store.resources.get("a", "oci", "k", "one")).data == {"n": 200}

    story(tell)


def test_an_edit_that_refuses_changes_nothing_of_its_commit():
    def refuse(data):
        raise ZeroDivisionError

    async def tell(store):
        row = await store.resources.add(counter(n=0))
        edits = [
            Edit(resource=row, at=2.0, edit=lambda data: {**data, "n": 1}),
            Edit(resource=row, at=2.0, edit=refuse),
        ]
        with pytest.raises(ZeroDivisionError):
            await store.resources.change_all(edits, [replace(row, id="two", key="two")])
        with pytest.raises(DuplicateKeyError):
            await store.resources.change_all(edits[:1], [replace(row, id="two")])
        assert (await store.resources.get("a", "oci", "k", "one")).data == {"n": 0}
        assert [one.id for one in await store.resources.all("a", "oci", "k")] == ["one"]

    story(tell)


def test_a_change_of_what_was_removed_does_not_bring_it_back():
    async def tell(store):
        row = await store.resources.add(counter(n=0))
        await store.resources.remove(row)
        await store.resources.change(row, 2.0, lambda data: {**data, "n": 1})
        assert await store.resources.get("a", "oci", "k", "one") is None

    story(tell)


def test_of_two_changes_with_one_etag_one_is_refused(sandbox):
    api = Api(sandbox)
    body = {"compartmentId": api.oci["compartment"], "emailAddress": "race@edits.example"}
    _, made, headers = api("POST", "/20170907/senders", body)
    found = []

    def change(number):
        answer = Api(sandbox)(
            "PUT", f"/20170907/senders/{made['id']}", {"freeformTags": {"n": str(number)}}, if_match=headers["etag"]
        )
        found.append(answer[0])

    threads = [threading.Thread(target=change, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(found) == [200, 412, 412, 412]


def test_the_same_token_at_the_same_moment_makes_one_resource(sandbox):
    compartment = Api(sandbox).oci["compartment"]
    found = []

    def create():
        body = {"compartmentId": compartment, "name": "token.edits.example"}
        found.append(Api(sandbox)("POST", "/20170907/emailDomains", body, opc_retry_token="same"))

    threads = [threading.Thread(target=create) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {status for status, _, _ in found} == {202}
    assert len({body["id"] for _, body, _ in found}) == 1
    assert len({headers["opc-work-request-id"] for _, _, headers in found}) == 1


@pytest.mark.parametrize("order", ["sortBy=TIMECREATED", "sortBy=TIMECREATED&sortOrder=ASC", "sortBy=NAME"])
def test_pages_show_each_item_once_while_others_are_added(sandbox, order):
    api = Api(sandbox)
    mark = order.replace("=", "").replace("&", "").lower()
    compartment = api.oci["compartment"]

    def create(name):
        assert api("POST", "/20170907/emailDomains", {"compartmentId": compartment, "name": name})[0] == 202

    for number in range(7):
        create(f"m{number}.{mark}.example")
    seen, page = [], ""
    for number in range(100):
        _, body, headers = api("GET", f"/20170907/emailDomains?compartmentId={compartment}&limit=3&{order}{page}")
        seen += [one["name"] for one in body["items"]]
        create(f"{'az'[number % 2]}{number}.later.{mark}.example")
        if "opc-next-page" not in headers:
            break
        page = f"&page={headers['opc-next-page']}"
        if number > 20:  # in ascending order of time, there is always one more
            break
    assert len(seen) == len(set(seen))
    assert {f"m{number}.{mark}.example" for number in range(7)} <= set(seen)


def test_a_submission_to_a_suppressed_address_costs_one_commit(sandbox):
    api = Api(sandbox)
    tenancy, here = api.oci["tenancy"], api.oci["compartment"]
    _, entry, _ = api("POST", "/20170907/suppressions", {"compartmentId": tenancy, "emailAddress": "s@edits.example"})
    services = sandbox.runtime.services
    written = []
    before = services.store.resources.change
    services.store.resources.change = lambda *args: written.append(args) or before(*args)
    try:
        body = {
            "sender": {"compartmentId": here, "senderAddress": {"email": api.oci["approved_sender"]}},
            "recipients": {"to": [{"email": "S@edits.example"}]},
            "subject": "x",
            "bodyText": "x",
        }
        assert api("POST", "/20220926/actions/submitEmail", body)[0] == 200
    finally:
        del services.store.resources.change
    assert written == []
    assert api("GET", f"/20170907/suppressions/{entry['id']}")[1]["timeLastSuppressed"]


def test_the_suppression_names_the_sender_that_was_used(sandbox):
    api = Api(sandbox)
    tenancy, here = api.oci["tenancy"], api.oci["compartment"]
    api("POST", "/20170907/suppressions", {"compartmentId": tenancy, "emailAddress": "t@edits.example"})
    _, second, _ = api("POST", "/20170907/senders", {"compartmentId": here, "emailAddress": "second@edits.example"})
    services = sandbox.runtime.services
    rules, account = services.providers["oci"].rules, services.accounts.ready_made
    found = sandbox.call(rules.suppressed(account, somebody(), "t@edits.example", "Second@edits.example"))
    assert found.params["sender_id"] == second["id"]


def somebody():
    return Principal(account="default", provider="oci", user="ocid1.user.oc1..x", credential="c")


class Domains(RuleBasedStateMachine):
    """Email domains against a table of what they should be."""

    names = st.sampled_from([f"d{number}.model.example" for number in range(4)])
    domains = Bundle("domains")
    api = None

    def __init__(self):
        super().__init__()
        self.model = {}
        self.place = self.api.oci["compartment"]
        for one in self._listed():
            self.api("DELETE", f"/20170907/emailDomains/{one['id']}")

    def _listed(self):
        found = self.api("GET", f"/20170907/emailDomains?compartmentId={self.place}&limit=1000")[1]["items"]
        return [one for one in found if one["name"].endswith(".model.example")]

    @rule(target=domains, name=names)
    def create(self, name):
        status, body, _ = self.api("POST", "/20170907/emailDomains", {"compartmentId": self.place, "name": name})
        taken = any(known["name"] == name for known in self.model.values())
        assert status == (409 if taken else 202)
        if taken:
            return next(key for key, known in self.model.items() if known["name"] == name)
        self.model[body["id"]] = {"name": name, "description": None}
        return body["id"]

    @rule(domain=domains, text=st.text(max_size=40))
    def update(self, domain, text):
        status, _, _ = self.api("PUT", f"/20170907/emailDomains/{domain}", {"description": text})
        assert status == (202 if domain in self.model else 404)
        if domain in self.model:
            self.model[domain]["description"] = text

    @rule(domain=consumes(domains))
    def delete(self, domain):
        status, _, _ = self.api("DELETE", f"/20170907/emailDomains/{domain}")
        assert status == (202 if domain in self.model else 404)
        self.model.pop(domain, None)

    @invariant()
    def the_list_is_the_table(self):
        found = {one["id"]: {"name": one["name"], "description": one["description"]} for one in self._listed()}
        assert found == self.model


def test_domains_behave_as_a_table(sandbox):
    Domains.api = Api(sandbox)
    case = Domains.TestCase
    case.settings = settings(
        max_examples=15, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
    )
    case().runTest()
