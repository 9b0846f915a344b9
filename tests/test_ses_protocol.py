"""The protocols of both APIs: what they take, how they answer, and what they say to what they can't take."""

import contextlib
import json
import re
import xml.etree.ElementTree as ET
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from exchanges import refusals
from hypothesis import given, settings
from hypothesis import strategies as st
from ses_kit import CATALOG, kit
from starlette.datastructures import QueryParams
from test_ses_signature import call

from sandbox.core.errors import Refusal
from sandbox.providers.ses import constraints, read_json, read_query, write_json, write_xml
from sandbox.providers.ses.model import load

NAMESPACE = "{http://ses.amazonaws.com/doc/2010-12-01/}"
V1 = {"Version": "2010-12-01"}


@pytest.fixture(scope="module")
def box():
    with kit(limits="unlimited") as running:
        yield running


def asked(box, method, target, body=b"", **headers):
    """A signed request of any shape: status, headers, text."""
    own = box.sandbox.ready["ses"]
    request = AWSRequest(method, box.sandbox.url + target, headers, body)
    keys = Credentials(own["access_key_id"], own["secret_access_key"])
    SigV4Auth(keys, "ses", own["region"]).add_auth(request)
    return call(box, method, target, list(request.headers.items()), body)


def form(box, *, body=None, **fields):
    return asked(
        box,
        "POST",
        "/",
        urlencode(fields).encode() if body is None else body,
        **{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    )


def provoked(box, row):
    return CATALOG.get(row).id in refusals(box.sandbox)


def test_an_answer_of_the_older_api_is_a_document_in_its_namespace(box):
    status, headers, body = form(box, Action="GetSendQuota", **V1)
    root = ET.fromstring(body)
    assert (status, headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert root.tag == f"{NAMESPACE}GetSendQuotaResponse"
    assert [child.tag.removeprefix(NAMESPACE) for child in root] == ["GetSendQuotaResult", "ResponseMetadata"]
    assert root.findtext(f".//{NAMESPACE}RequestId") == headers["x-amzn-requestid"]


def test_an_operation_without_output_has_no_result_element(box):
    _, _, body = form(box, Action="DeleteVerifiedEmailAddress", EmailAddress="nobody@example.org", **V1)
    assert [child.tag.removeprefix(NAMESPACE) for child in ET.fromstring(body)] == ["ResponseMetadata"]


def test_an_error_of_the_older_api_is_escaped(box):
    status, headers, body = form(
        box,
        Action="SendEmail",
        Source="noreply@example.com",
        ConfigurationSetName="a<b>&c",
        **{
            "Destination.ToAddresses.member.1": "ann@example.net",
            "Message.Subject.Data": "x",
            "Message.Body.Text.Data": "y",
        },
        **V1,
    )
    error = ET.fromstring(body).find(f"{NAMESPACE}Error")
    assert status == 400
    assert error.findtext(f"{NAMESPACE}Type") == "Sender"
    assert error.findtext(f"{NAMESPACE}Message") == "Configuration set <a<b>&c> does not exist."
    assert ET.fromstring(body).findtext(f"{NAMESPACE}RequestId") == headers["x-amzn-requestid"]


@pytest.mark.proves("ses.api.MissingAction.action", "ses.api.InvalidAction.unknown", "ses.api.MalformedInput.form")
def test_a_form_that_names_no_operation(box):
    for row, told, how in [
        ("MissingAction.action", "MissingAction", {"fields": V1}),
        ("InvalidAction.unknown", "InvalidAction", {"fields": {"Action": "SendPigeon", **V1}}),
        ("MalformedInput.form", "MalformedInput", {"body": b"Action=%ff&Version=%fe"}),
    ]:
        status, _, body = form(box, body=how.get("body"), **how.get("fields", {}))
        assert (status, ET.fromstring(body).findtext(f".//{NAMESPACE}Code")) == (400, told)
        assert provoked(box, f"api.{row}")


@pytest.mark.proves("ses.api.UnknownOperationException.unknown")
def test_a_path_that_is_no_operation(box):
    for method, path in [("GET", "/v2/email/pigeons"), ("PATCH", "/v2/email/account"), ("GET", "/v1/email/x")]:
        status, headers, _ = asked(box, method, path)
        assert (status, headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
    assert provoked(box, "api.UnknownOperationException.unknown")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"[1]", "Start of structure or map found where not expected."),
        (b"{", "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (b'{"EmailIdentity": 5}', "NUMBER_VALUE can not be converted to a String"),
        (b'{"EmailIdentity": "x.test", "Tags": {}}', "START_OBJECT can not be converted to a collection"),
        (b'{"EmailIdentity": "x.test", "Tags": [[]]}', "START_ARRAY can not be converted to a structure"),
        (b'{"EmailIdentity": true}', "TRUE_VALUE can not be converted to a String"),
        (b'{"EmailIdentity": ' + b"9" * 5000 + b"}", "the body is not JSON"),
    ],
)
@pytest.mark.proves("ses.api.SerializationException.form")
def test_a_body_of_another_form(box, body, told):
    status, headers, text = asked(box, "POST", "/v2/email/identities", body)
    assert (status, headers["x-amzn-errortype"]) == (400, "SerializationException")
    assert json.loads(text)["message"] == told
    assert provoked(box, "api.SerializationException.form")


@pytest.mark.proves("ses.api.BadRequestException.constraint", "ses.api.ValidationError.constraint")
def test_violations_of_constraints_in_the_services_words(box):
    _, headers, text = asked(
        box, "PUT", "/v2/email/suppression/addresses", b'{"EmailAddress": "a@b.c", "Reason": "NO"}'
    )
    assert headers["x-amzn-errortype"] == "BadRequestException"
    assert json.loads(text)["message"] == (
        "1 validation error detected: Value at 'reason' failed to satisfy constraint: "
        "Member must satisfy enum value set: [BOUNCE, COMPLAINT]"
    )
    _, _, body = form(box, Action="SendEmail", **{"Tags.member.1.Name": "x"}, **V1)
    told = ET.fromstring(body).findtext(f".//{NAMESPACE}Message")
    assert told.startswith("4 validation errors detected: Value null at 'source' failed to satisfy constraint")
    assert "Value null at 'tags.1.member.value'" in told
    assert provoked(box, "api.BadRequestException.constraint")
    assert provoked(box, "api.ValidationError.constraint")


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("GET", "/v2/email/identities?PageSize=1", "EmailIdentities"),
        ("POST", "/v2/email/list-identities", "EmailIdentities"),
        ("GET", "/v2/email/configuration-sets", "ConfigurationSets"),
        ("POST", "/v2/email/list-configuration-sets", "ConfigurationSets"),
        ("GET", "/v2/email/import-jobs", "ImportJobs"),
    ],
)
def test_paths_of_earlier_and_present_clients(box, method, path, field):
    status, _, text = asked(box, method, path, b"{}" if method == "POST" else b"")
    assert (status, list(json.loads(text))[:1]) == (200, [field])


def test_the_signing_attributes_are_also_below_the_first_version(box):
    asked(box, "POST", "/v2/email/identities", b'{"EmailIdentity": "earlier.test"}')
    body = b'{"SigningAttributesOrigin": "AWS_SES"}'
    status, _, text = asked(box, "PUT", "/v1/email/identities/earlier.test/dkim/signing", body)
    assert (status, json.loads(text)["DkimStatus"]) == (200, "PENDING")


def test_names_in_paths_may_have_any_character(box):
    name = "a/b c%2F+ä&?#"
    with pytest.raises(ClientError, match=re.escape(f"Template {name} does not exist.")):
        box.v2.get_email_template(TemplateName=name)


@pytest.mark.proves("ses.api.InvalidNextTokenException.token")
def test_a_token_that_no_list_gave_out(box):
    for token in ("x", "cGFnZS0=", "ä"):
        box.refused("api.InvalidNextTokenException.token", box.v2.list_email_identities, NextToken=token)


@pytest.mark.proves("ses.api.TooManyRequestsException.rate")
def test_too_many_requests_within_a_second():
    with kit(api_requests_per_second=2) as box:
        now = box.account.clock.now()
        box.account.clock._source = lambda: now
        for _ in range(2):
            box.v2.get_account()
        box.refused("api.TooManyRequestsException.rate", box.v2.get_account)


def test_the_web_page_is_still_at_the_root(box):
    status, headers, _ = call(box, "GET", "/")
    assert status == 200
    assert headers["content-type"].startswith("text/html")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
V2 = load("v2")
SHAPES = st.sampled_from([V2.operation(name).input for name in V2.names])


@given(shape=SHAPES, data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_json_is_decoded_or_refused(shape, data):
    members = list(V2.shape(shape).members) or ["x"]
    body = data.draw(st.dictionaries(st.sampled_from(members), JSON, max_size=6) | JSON)
    with contextlib.suppress(Refusal):
        found = read_json.read(V2, V2.shape(shape), {}, QueryParams(""), json.dumps(body).encode())
        constraints.check(V2, V2.shape(shape), found)


@given(
    pairs=st.lists(
        st.tuples(
            st.lists(
                st.sampled_from(["Destination", "ToAddresses", "member", "1", "2", "Tags", "Name", "", "é"]), max_size=6
            ),
            st.text(max_size=20),
        ),
        max_size=12,
    )
)
@settings(max_examples=300, deadline=None)
def test_any_form_is_decoded_or_refused(pairs):
    model = load("v1")
    body = "&".join(f"{quote('.'.join(path))}={quote(value)}" for path, value in pairs).encode()
    shape = model.shape(model.operation("SendEmail").input)
    with contextlib.suppress(Refusal):
        found = read_query.read(model, shape, read_query.parameters(body))
        constraints.check(model, shape, found)


@given(text=st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_is_written_as_xml_and_as_json(text):
    model = load("v1")
    body = write_xml.write(model, model.operation("ListIdentities"), {"Identities": [text]}, "id")
    found = ET.fromstring(body).findtext(f".//{NAMESPACE}member") or ""
    assert found.replace("\n", "") == write_xml._FORBIDDEN.sub("\ufffd", text).replace("\r\n", "\n").replace(
        "\r", "\n"
    ).replace("\n", "")
    shape = V2.shape("ListConfigurationSetsResponse")
    assert json.loads(write_json.write(V2, shape, {"ConfigurationSets": [text]})) == {
        "ConfigurationSets": [text.encode("utf-8", "replace").decode()]
    }


@pytest.mark.parametrize("moment", ["1e999", "-1", "1e30", "NaN", "Infinity", '"nan"', '"yesterday"'])
def test_a_time_that_is_none_is_refused(moment):
    shape = V2.shape("CreateExportJobRequest")
    body = f'{{"ExportDataSource": {{"MetricsDataSource": {{"StartDate": {moment}}}}}}}'
    with pytest.raises(Refusal):
        read_json.read(V2, shape, {}, QueryParams(""), body.encode())


def test_an_output_that_the_model_does_not_have_is_an_error():
    with pytest.raises(ValueError, match="has no Pigeon"):
        write_json.write(V2, V2.shape("ListConfigurationSetsResponse"), {"Pigeon": 1})
