"""An application's bounce handling: callbacks, the bounce mailbox and the suppression list agree."""

import importlib.util
import smtplib
import ssl
from pathlib import Path

import oci
import pytest

from sandbox.app import Sandbox
from sandbox.core.magic import OUTCOME_DOMAIN
from sandbox.settings import Delivery, Settings

SOURCE = Path(__file__).parents[1] / "fixtures" / "bounce-handler" / "handler.py"


def application():
    spec = importlib.util.spec_from_file_location("bounce_handler", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def handler():
    made = application().BounceHandler()
    yield made
    made.close()


def test_all_three_ways_of_learning_of_bad_addresses_agree(handler):
    delivery = Delivery(callbacks=[{"url": handler.hook_url}], bounce_smtp=handler.mailbox)
    with Sandbox(Settings(data=":memory:", ports="auto", delivery=delivery)) as sandbox:
        ready = sandbox.ready["oci"]
        listener = next(one for one in ready["smtp"] if one["tls"] == "starttls")
        names = ["Unknown-User", "spam", "ok", "full", "complaint", "bounce-later", "greylisted"]
        with smtplib.SMTP(listener["host"], listener["port"]) as smtp:
            smtp.starttls(context=ssl.create_default_context(cafile=sandbox.ready["ca_file"]))
            smtp.login(ready["smtp_username"], ready["smtp_password"])
            text = f"From: {ready['approved_sender']}\r\nSubject: news\r\n\r\nnews\r\n"
            smtp.sendmail(ready["approved_sender"], [f"{name}@{OUTCOME_DOMAIN}" for name in names], text)
        account = sandbox.runtime.services.accounts.ready_made
        sandbox.call(sandbox.runtime.delivery.advance(account, 600))
        bad = {f"{name}@{OUTCOME_DOMAIN}" for name in ("unknown-user", "spam", "complaint", "bounce-later")}
        with handler.heard:
            assert handler.heard.wait_for(lambda: handler.by_callback == bad == handler.by_mailbox, 120), (
                handler.by_callback,
                handler.by_mailbox,
            )
        client = oci.email.EmailClient(oci.config.from_file(ready["config_file"]), service_endpoint=sandbox.url)
        assert handler.by_polling(client, ready["tenancy"]) == bad
