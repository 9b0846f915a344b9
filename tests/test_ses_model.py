"""SES as botocore knows it: the models agree, every operation is handled, every answer is what its shape allows."""

import json
import smtplib
import time

import boto3
import pytest
import ses_models
from botocore import xform_name
from ses_strict import Strict, client, settings_of
from ses_walk import BUCKET, DOMAIN, V1, V2, Known

from sandbox.app import Sandbox
from sandbox.providers.ses.api import handlers
from sandbox.providers.ses.model import load
from sandbox.settings import Ses, Settings


@pytest.mark.parametrize("name", ses_models.SERVICES)
def test_the_models_are_those_of_the_installed_botocore(name):
    """When this fails after an update of botocore, look at what is new, then run `tests/ses_models.py`."""
    stored = json.loads((ses_models.FOLDER / f"{name}.json").read_text("utf-8"))
    derived = ses_models.derive(name)
    for part in ("operations", "shapes"):
        changed = {key for key in {*stored[part], *derived[part]} if stored[part].get(key) != derived[part].get(key)}
        assert not changed, f"{part} that differ: {sorted(changed)}"
    assert stored == derived


@pytest.mark.parametrize("name", ["v1", "v2"])
def test_every_operation_is_handled(name):
    assert sorted(set(load(name).names) - set(handlers(name))) == []


@pytest.mark.parametrize(("name", "steps"), [("v1", V1), ("v2", V2)])
def test_the_walk_calls_every_operation(name, steps):
    assert {operation for operation, _ in steps} == set(load(name).names)


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """A sandbox on which both walks were made; every answer was judged on the way."""
    folder = tmp_path_factory.mktemp("bucket")
    (folder / "suppressed.csv").write_text("gone@example.net,BOUNCE\nrude@example.net,COMPLAINT\n", "utf-8")
    settings = Settings(
        data=":memory:",
        ports="auto",
        providers=["ses"],
        ses=Ses(
            verified_identities=["noreply@example.com", DOMAIN],
            dedicated_ips=["192.0.2.1"],
            buckets=[{"name": BUCKET, "folder": str(folder)}],
            limits="unlimited",
        ),
    )
    with Sandbox(settings) as sandbox:
        yield Walk(sandbox)


class Walk:
    """Makes the walks and keeps what was seen."""

    def __init__(self, sandbox):
        self.sandbox, self.strict = sandbox, Strict()
        topic = boto3.client("sns", **settings_of(sandbox)).create_topic(Name="walk")["TopicArn"]
        self.known = Known(topic.split(":")[4], self.received)

    def received(self):
        """The id of a message that arrived."""
        listener = next(one for one in self.sandbox.ready["ses"]["smtp"] if one["stands_for"] == 25)
        with smtplib.SMTP(listener["host"], listener["port"]) as smtp:
            smtp.sendmail("bob@elsewhere.test", [f"ann@{DOMAIN}"], "From: bob@elsewhere.test\nSubject: in\n\nHello\n")
        services = self.sandbox.runtime.services
        account = services.accounts.ready_made.id
        for _ in range(3000):
            events = self.sandbox.call(services.store.events.since(account, types=("recipient.received",)))
            if events:
                found = self.sandbox.call(services.store.messages.get(account, events[-1].message))
                return found.envelope_id
            time.sleep(0.02)
        raise AssertionError("nothing was received")

    def make(self, service, steps):
        judged = client(self.sandbox, service, self.strict)
        for operation, given in steps:
            wish = given(self.known) if callable(given) else given
            try:
                answer = getattr(judged, xform_name(operation))(**wish)
            except Exception as error:
                error.add_note(f"{operation} {wish}")
                raise
            self.known.answers[operation] = answer


@pytest.mark.parametrize(("name", "service", "steps"), [("v1", "ses", V1), ("v2", "sesv2", V2)])
def test_every_answer_is_what_the_model_allows(walked, name, service, steps):
    walked.make(service, steps)
    assert {operation for api, operation in walked.strict.seen if api == name} == set(load(name).names)


def test_the_judge_finds_what_is_wrong(walked):
    """A judge that passes everything would prove nothing."""
    judge = client(walked.sandbox, "sesv2").meta.service_model.operation_model("GetDedicatedIpPool")
    pool = {"PoolName": "p", "ScalingMode": "STANDARD"}
    for wrong in (
        {**pool, "Colour": "red"},
        {"PoolName": "p"},
        {**pool, "ScalingMode": "HUGE"},
        {**pool, "PoolName": 1},
    ):
        body = json.dumps({"DedicatedIpPool": wrong}).encode()
        with pytest.raises(AssertionError):
            Strict().check(judge, {"status_code": 200, "body": body})
    Strict().check(judge, {"status_code": 200, "body": json.dumps({"DedicatedIpPool": pool}).encode()})
