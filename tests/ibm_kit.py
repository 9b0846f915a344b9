"""IBM's own SDK against a sandbox: its client, an account of one's own, and mail of that account."""

import smtplib
import ssl
from types import SimpleNamespace

import pytest

from sandbox.settings import Ibm, Settings

ibm = pytest.importorskip("ibm_eventnotifications.event_notifications_v1", reason="needs ibm-eventnotifications")
authenticators = pytest.importorskip("ibm_cloud_sdk_core.authenticators")
ApiException = pytest.importorskip("ibm_cloud_sdk_core").ApiException

MESSAGE = b"From: orders@shop.example\r\nSubject: order\r\n\r\nthanks\r\n"


def settings(data=":memory:", **own):
    """Settings with IBM alone; `own` are those of its section."""
    return Settings(data=str(data), ports="auto", providers=["ibm"], ibm=Ibm(**own))


def service(sandbox, ready=None, path="/event-notifications"):
    """The SDK's client for the ready-made account, or for that of other connection details."""
    own = ready or sandbox.ready["ibm"]
    made = ibm.EventNotificationsV1(authenticator=authenticators.IAMAuthenticator(own["apikey"], url=sandbox.url))
    made.set_service_url(sandbox.url + path)
    return made


def newcomer(sandbox):
    """An account of its own: its SDK client, instance, and what it needs to send."""
    runtime = sandbox.runtime
    account = sandbox.call(runtime.services.accounts.create())
    sandbox.call(runtime.provision(account))
    own = sandbox.call(runtime.connection(account))["ibm"]
    return SimpleNamespace(
        sandbox=sandbox, account=account, own=own, sdk=service(sandbox, own), instance=own["instance_id"]
    )


def read(model, response, status=200):
    """The answer as the SDK's model reads it; it must not lose anything."""
    assert response.get_status_code() == status
    result = response.get_result()
    found = model.from_dict(result)
    assert set(found.to_dict()) == set(result)
    return found


def submit(here, sender="orders@shop.example", username=None, password=None):
    """(code, text) of the reply to MAIL, or to the message when MAIL was accepted."""
    own = here.own
    port = own["smtp"][0]["port"]
    with smtplib.SMTP("localhost", port, timeout=20) as client:
        client.starttls(context=ssl.create_default_context(cafile=here.sandbox.ready["ca_file"]))
        client.login(username or own["smtp_username"], password or own["smtp_password"])
        reply = client.mail(sender)
        if reply[0] != 250:
            return reply
        client.rcpt("ann@example.org")
        return client.data(MESSAGE.replace(b"orders@shop.example", sender.encode()))
