"""One email is one recipient for every started 2 MB, over SMTP as over HTTPS, and the inspection API says what is left."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
from dialogues import settings_of
from oci_signing import Signer
from smtp_wire import Client

from sandbox.app import Sandbox
from sandbox.client import Client as Inspector

UNIT = 2_097_152
HEADER = b"From: noreply@example.com\r\n\r\n"
SUBMIT = "/20220926/actions/submitEmail"


@pytest.fixture
def sandbox():
    with Sandbox(settings_of("limits = { per_minute = 7, per_day = 8 }\nmax_message_bytes = 8388608")) as running:
        yield running


def quota(sandbox):
    """(used, left) of the minute and of the day."""
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=20)
    connection.request("GET", "/sandbox/v1/status")
    (oci,) = json.loads(connection.getresponse().read())["providers"]
    connection.close()
    return [(window["used"], window["left"]) for window in oci["quota"]]


def sized(octets):
    return HEADER + b"x" * (octets - len(HEADER) - 2) + b"\r\n"


def test_smtp_counts_recipients_times_started_units(sandbox):
    client = Client(sandbox).login().envelope()
    assert client.say("RCPT TO:<second@example.org>") == b"250 Ok\r\n"
    assert client.message(sized(UNIT)) == b"250 Ok\r\n"
    assert quota(sandbox) == [(2, 5), (2, 6)]
    client.envelope()
    assert client.say("RCPT TO:<second@example.org>") == b"250 Ok\r\n"
    assert client.message(sized(UNIT + 1)) == b"250 Ok\r\n"
    assert quota(sandbox) == [(6, 1), (6, 2)]
    said = client.envelope().message(sized(UNIT + 1))
    assert said == b"455 Maximum messages sent per minute reached : limit is 7\r\n"
    with Inspector(sandbox.url) as api:
        api.advance("61s")
    assert quota(sandbox) == [(0, 7), (6, 2)]
    assert client.envelope().message(sized(UNIT + 1)) == b"250 Ok\r\n"
    client.close()
    assert quota(sandbox) == [(2, 5), (8, 0)]


def test_https_counts_the_same(sandbox):
    oci, host = sandbox.ready["oci"], urlsplit(sandbox.url).netloc
    body = {
        "sender": {"compartmentId": oci["compartment"], "senderAddress": {"email": "noreply@example.com"}},
        "recipients": {"to": [{"email": "a@example.org"}, {"email": "b@example.org"}]},
        "subject": "Hello",
        "bodyText": "x" * UNIT,
    }
    octets = json.dumps(body).encode()
    connection = http.client.HTTPConnection(host, timeout=20)
    connection.request("POST", SUBMIT, octets, Signer(oci).sign("POST", SUBMIT, {"host": host}, octets))
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()
    assert quota(sandbox) == [(4, 3), (4, 4)]
