"""No request, however malformed, gets anything but an answer of the catalog."""

import http.client
import json
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.app import Sandbox
from sandbox.settings import Oci, Settings

TEXT = st.text(max_size=40)
NAMES = st.sampled_from([
    "compartmentId", "emailAddress", "emailIpPoolId", "freeformTags", "definedTags", "sender", "senderAddress", "email",
    "name", "recipients", "to", "cc", "bcc", "subject", "bodyText", "bodyHtml", "replyTo", "headerFields", "messageId",
])  # fmt: skip
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXT, inner, max_size=5),
    max_leaves=12,
)
TARGETS = [
    ("POST", "/20220926/actions/submitEmail"),
    ("POST", "/20170907/senders"),
    ("PUT", "/20170907/senders/{sender}"),
    ("POST", "/20170907/senders/{sender}/actions/changeCompartment"),
    ("POST", "/20170907/suppressions"),
]
QUERY = st.dictionaries(
    st.sampled_from(["limit", "page", "sortBy", "sortOrder", "lifecycleState", "domain", "emailAddress",
                     "timeCreatedLessThan", "timeCreatedGreaterThanOrEqualTo"]),
    TEXT | st.integers().map(str) | st.binary(max_size=20).map(lambda octets: octets.decode("latin-1")),
    max_size=4,
)  # fmt: skip
RUN = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Client:
    """Unsigned requests to a sandbox that doesn't verify signatures."""

    def __init__(self, sandbox):
        self.oci = sandbox.ready["oci"]
        self.connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=20)
        target = f"/20170907/senders?compartmentId={self.oci['compartment']}"
        self.sender = self.call("GET", target)[1][0]["id"]

    def call(self, method, target, body=None, headers=None):
        self.connection.request(method, target, body, headers or {})
        response = self.connection.getresponse()
        assert response.headers["opc-request-id"]
        return response.status, json.loads(response.read() or b"null")


@pytest.fixture(scope="module")
def client():
    with Sandbox(Settings(data=":memory:", ports="auto", oci=Oci(verify_signatures=False))) as sandbox:
        one = Client(sandbox)
        yield one
        one.connection.close()


def answered(status, body):
    assert status < 500, body
    assert status < 400 or (body["code"] and body["message"])


@RUN
@given(value=VALUE, target=st.sampled_from(TARGETS))
def test_any_json_is_answered(client, value, target):
    method, path = target
    answered(*client.call(method, path.format(sender=client.sender), json.dumps(value)))


@RUN
@given(octets=st.binary(max_size=200), target=st.sampled_from(TARGETS))
def test_any_octets_are_answered(client, octets, target):
    method, path = target
    answered(*client.call(method, path.format(sender=client.sender), octets))


@RUN
@given(query=QUERY, kind=st.sampled_from(["senders", "suppressions"]))
def test_any_query_is_answered(client, query, kind):
    owner = client.oci["compartment" if kind == "senders" else "tenancy"]
    asked = "&".join(f"{name}={quote(value)}" for name, value in {**query, "compartmentId": owner}.items())
    answered(*client.call("GET", f"/20170907/{kind}?{asked}"))


def may_stand_in_a_header(character):
    """RFC 9110 section 5.5; with others it is no request, and refused before it reaches an API."""
    return 32 < ord(character) < 255 and character != "\x7f"


@RUN
@given(raw=st.binary(max_size=400), recipients=TEXT, sender=TEXT)
def test_any_raw_message_is_answered(client, raw, recipients, sender):
    headers = {
        "content-type": "message/rfc822",
        "compartment-id": client.oci["compartment"],
        "sender": "".join(filter(may_stand_in_a_header, sender)) or "noreply@example.com",
        "recipients": "".join(filter(may_stand_in_a_header, recipients)) or "ada@example.org",
    }
    answered(*client.call("POST", "/20220926/actions/submitRawEmail", raw, headers))


@pytest.mark.parametrize(
    "body",
    ["[" * 200_000, '{"a":' * 50_000, '{"subject": ' + "9" * 10_000 + "}", '{"subject": NaN}', '"\\ud800"', "\ufeff{}"],
    ids=["lists", "objects", "number", "nan", "surrogate", "byte order mark"],
)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target[1])
def test_bombs_are_answered(client, target, body):
    method, path = target
    answered(*client.call(method, path.format(sender=client.sender), body.encode()))


@pytest.mark.parametrize("authorization", ["Signature " + "a" * 9000, 'Signature keyId="', "\xff\xfe", "Bearer x"])
def test_any_authorization_is_answered(client, authorization):
    target = f"/20170907/senders?compartmentId={client.oci['compartment']}"
    answered(*client.call("GET", target, headers={"authorization": authorization}))


@pytest.mark.parametrize(
    "path", ["/20170907", "/20170907/", "/20170907/%2e%2e/x", "/20170907/senders/%00", "/20220926//"]
)
def test_odd_paths_are_answered(client, path):
    answered(*client.call("GET", path))


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_numbers_that_json_cannot_say_again_are_refused(client, number):
    body = f'{{"definedTags": {{"ops": {{"cost": {number}}}}}}}'
    assert client.call("PUT", f"/20170907/senders/{client.sender}", body)[0] == 400


def test_line_breaks_in_a_page_token_do_not_reach_a_header(client):
    status, _ = client.call("GET", f"/20170907/senders?compartmentId={client.oci['compartment']}&page=%0d%0ax")
    assert status == 400
