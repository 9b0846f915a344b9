"""Signatures and passwords: what clients make of a secret access key is recomputed and compared."""

import contextlib
import datetime as dt
import http.client
import json
import smtplib
import ssl
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from exchanges import refusals
from hypothesis import given, settings
from hypothesis import strategies as st
from ses_kit import CATALOG, kit

from sandbox.core.errors import Refusal
from sandbox.providers.ses import signature
from sandbox.providers.ses.smtp_password import smtp_password

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEYS = [{"access_key_id": "test", "secret_access_key": "test"}]


@pytest.fixture(scope="module")
def box():
    with kit(access_keys=KEYS, limits="unlimited") as running:
        yield running


@pytest.mark.parametrize(
    ("secret", "region", "password"),
    [
        (SECRET, "us-east-1", "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9"),
        (SECRET, "us-west-2", "BF2PynzbSCAjX08zhZZnP/kW+T9P5zs/1Er0pi5vTEmd"),
        (SECRET, "eu-west-1", "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g38Pk"),
        ("test", "us-east-1", "BESqoa1A44C6UywzhS8ErtO4EE+cq64MHGuZLs78Hnwj"),
    ],
)
def test_the_smtp_password_of_a_secret_access_key(secret, region, password):
    assert smtp_password(secret, region) == password


@pytest.mark.parametrize("port", [25, 465, 587])
def test_a_derived_password_logs_in_and_sends(box, port):
    listener = next(one for one in box.sandbox.ready["ses"]["smtp"] if one["stands_for"] == port)
    context = ssl.create_default_context(cafile=box.sandbox.ready["ca_file"])
    place = (listener["host"], listener["port"])
    with smtplib.SMTP_SSL(*place, context=context) if port == 465 else smtplib.SMTP(*place) as smtp:
        if port != 465:
            smtp.starttls(context=context)
        smtp.login("test", smtp_password("test", "us-east-1"))
        smtp.sendmail("noreply@example.com", ["ann@example.net"], "From: noreply@example.com\r\n\r\nHello")


def test_the_password_of_another_region_does_not_log_in(box):
    listener = box.sandbox.ready["ses"]["smtp"][0]
    with smtplib.SMTP(listener["host"], listener["port"]) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=box.sandbox.ready["ca_file"]))
        with pytest.raises(smtplib.SMTPAuthenticationError, match="Authentication Credentials Invalid"):
            smtp.login("test", smtp_password("test", "eu-west-1"))


def call(box, method="GET", target="/v2/email/account", headers=(), body=b""):
    connection = http.client.HTTPConnection(urlsplit(box.sandbox.url).netloc, timeout=30)
    try:
        connection.request(method, target, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def signed(
    box, *, auth=SigV4Auth, service="ses", region="us-east-1", secret="test", target="/v2/email/account", **more
):
    """A request as botocore signs it: target and headers."""
    request = AWSRequest("GET", box.sandbox.url + target)
    auth(Credentials("test", secret), service, region, **more).add_auth(request)
    parts = urlsplit(request.url)
    return (parts.path + "?" + parts.query).rstrip("?"), dict(request.headers)


def test_a_presigned_request_is_as_good_as_a_signed_one(box):
    target, headers = signed(box, auth=SigV4QueryAuth, expires=60)
    assert "X-Amz-Signature" in target
    status, _, body = call(box, target=target, headers=headers)
    assert (status, json.loads(body)["SendingEnabled"]) == (200, True)
    status, _, _ = call(box, target=target.replace("account", "templates"))
    assert status == 403


WRONG = {
    "missing": ("MissingAuthenticationTokenException.missing", dict),
    "another scheme": (
        "MissingAuthenticationTokenException.missing",
        lambda: {"authorization": "Basic dGVzdDp0ZXN0"},
    ),
    "a part missing": (
        "IncompleteSignatureException.form",
        lambda: {"authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ses/aws4_request"},
    ),
    "no scope": (
        "IncompleteSignatureException.form",
        lambda: {
            "authorization": "AWS4-HMAC-SHA256 Credential=test, SignedHeaders=host, Signature=0",
            "x-amz-date": "20260101T000000Z",
        },
    ),
    "unknown key": (
        "UnrecognizedClientException.key",
        lambda: {
            "authorization": "AWS4-HMAC-SHA256 Credential=nobody/20260101/us-east-1/ses/aws4_request, "
            "SignedHeaders=host, Signature=0",
            "x-amz-date": "20260101T000000Z",
        },
    ),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.proves(
    "ses.api.MissingAuthenticationTokenException.missing",
    "ses.api.IncompleteSignatureException.form",
    "ses.api.UnrecognizedClientException.key",
)
def test_a_signature_that_can_not_be_checked(box, name):
    row, headers = WRONG[name]
    _refused(box, f"api.{row}", "/v2/email/account", headers())


@pytest.mark.proves(
    "ses.api.InvalidSignatureException.mismatch",
    "ses.api.InvalidSignatureException.scope",
    "ses.api.InvalidSignatureException.time",
)
def test_a_signature_of_another_secret_region_service_or_time(box, monkeypatch):
    _refused(box, "api.InvalidSignatureException.mismatch", *signed(box, secret="wrong"))
    _refused(box, "api.InvalidSignatureException.scope", *signed(box, region="eu-west-1"))
    _refused(box, "api.InvalidSignatureException.scope", *signed(box, service="sqs"))
    _target, headers = signed(box)
    _refused(box, "api.InvalidSignatureException.mismatch", "/v2/email/templates", headers)
    hour = dt.timedelta(hours=1)
    for shift in (-hour, hour):
        moment = dt.datetime.now(dt.UTC) + shift
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda moment=moment: moment.replace(tzinfo=None))
        _refused(box, "api.InvalidSignatureException.time", *signed(box))


def _refused(box, row, target, headers):
    entry = CATALOG.get(row)
    status, answered, body = call(box, target=target, headers=headers)
    assert (status, answered["x-amzn-errortype"]) == (entry.status, entry.code), body
    assert json.loads(body)["message"]
    assert answered["x-amzn-requestid"]
    assert entry.id in refusals(box.sandbox)


def test_a_clock_that_was_moved_takes_signatures_of_both_times(box):
    box.account.clock.advance(86_400)
    try:
        status, _, _ = call(box, *("GET", *signed(box)))
        assert status == 200
    finally:
        box.account.clock.reset()


@given(name=st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n\t"), min_size=1, max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_path_and_query_is_signed_as_botocore_signs_it(name):
    """Names of identities and templates stand in paths, with every character there is."""
    target = f"/v2/email/identities/{quote(name, safe='~')}?Reason=A&NextToken={quote(name, safe='')}"
    request = AWSRequest("GET", f"http://127.0.0.1:8025{target}")
    SigV4Auth(Credentials("test", SECRET), "ses", "us-east-1").add_auth(request)
    headers = [(key.lower(), value) for key, value in request.headers.items()] + [("host", "127.0.0.1:8025")]
    seen = signature.Request(method="GET", target=target, headers=headers, body=b"")
    found = signature.parse(seen)
    signature.verify(found, seen, SECRET)
    with pytest.raises(Refusal):
        signature.verify(found, seen, SECRET + "x")


@given(text=st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_authorization_header_is_more_than_refused(text):
    request = signature.Request(
        method="GET",
        target="/",
        headers=[("authorization", "AWS4-HMAC-SHA256 " + text), ("x-amz-date", text)],
        body=b"",
    )
    signature.key_id(text)
    with contextlib.suppress(Refusal):
        signature.check_time(signature.parse(request), (0.0,))
