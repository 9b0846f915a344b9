"""Clients of boto3 that look at each answer on the wire as the service's own model has it, and clients' settings.

botocore's parser passes over what the model does not know; here nothing may be there that it does not have, nothing
may be missing that it requires, and every value must be of its type and one of its enumeration.
"""

import base64
import datetime as dt
import json
import re
import xml.etree.ElementTree as ET

import boto3
from botocore.config import Config

NUMBERS = {"integer": int, "long": int, "double": (int, float), "float": (int, float)}
LINKS = {("v2", "S3Url")}
"""Members whose pattern the service itself breaks: a finished export is behind a presigned https link."""
ABSENT = {"GetEmailIdentity.MailFromAttributes": {"MailFromDomain", "MailFromDomainStatus"}}
"""Required members that the service itself leaves out, as its recorded answers show (getmoto/moto, issue 9771)."""


COMMON = frozenset(
    {
        "AccessDenied", "AccessDeniedException", "IncompleteSignature", "IncompleteSignatureException",
        "InternalFailure", "InternalServiceErrorException", "InvalidAction", "InvalidClientTokenId",
        "InvalidNextTokenException", "InvalidParameter", "InvalidParameterValue", "InvalidSignatureException",
        "MalformedInput", "MissingAction", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
        "NotFound", "SerializationException", "ServiceUnavailable", "ServiceUnavailableException",
        "SignatureDoesNotMatch", "Throttling", "TooManyRequestsException", "UnknownOperationException",
        "UnrecognizedClientException", "ValidationError",
    }
)  # fmt: skip
"""Codes that any operation may answer ("Common Errors" of the references); every other is in the operation's model."""


class Strict:
    """Collects what answers have that the model does not allow; raises at the first."""

    def __init__(self):
        self.seen = set()

    def check(self, operation_model, response_dict, **_):
        """botocore's hook `before-parse`: look at the answer before it is parsed."""
        if response_dict["status_code"] >= 300:
            _error(operation_model, response_dict)
            return
        api = "v2" if operation_model.metadata["protocol"].startswith("rest") else "v1"
        shape, body = operation_model.output_shape, response_dict["body"]
        if api == "v2":
            found = json.loads(body or b"{}")
            _structure(api, shape, found, operation_model.name) if shape else _nothing(found)
        else:
            _query(operation_model, body)
        self.seen.add((api, operation_model.name))


def _error(operation_model, response_dict):
    """A refusal has its API's shape, and the status that the model has for its code."""
    status, body = response_dict["status_code"], response_dict["body"]
    if operation_model.metadata["protocol"].startswith("rest"):
        code = response_dict["headers"]["x-amzn-errortype"]
        found = json.loads(body)
        assert list(found) == ["message"], found
        assert found["message"], code
    else:
        code = _query_error(operation_model, body, status)
    shapes = {_code(shape): shape for shape in operation_model.error_shapes}
    assert code in shapes or code in COMMON, f"{operation_model.name} has no {code}"
    if code in shapes:
        wanted = shapes[code].metadata["error"].get("httpStatusCode", status)
        assert status == wanted, f"{code}: {status}"


def _code(shape):
    return shape.metadata.get("error", {}).get("code", shape.name)


def _query_error(operation_model, body, status):
    """The code of an error of API v1."""
    root = ET.fromstring(body)
    namespace = "{" + operation_model.service_model.metadata["xmlNamespace"] + "}"
    assert root.tag == f"{namespace}ErrorResponse", root.tag
    assert [child.tag.removeprefix(namespace) for child in root] == ["Error", "RequestId"]
    parts = {child.tag.removeprefix(namespace): child.text for child in root[0]}
    assert parts["Type"] == ("Sender" if status < 500 else "Receiver")
    assert parts["Message"], parts
    return parts["Code"]


def _nothing(found):
    assert found == {}, found


def _structure(api, shape, found, at):
    assert isinstance(found, dict), f"{at}: {found!r}"
    strangers = set(found) - set(shape.members)
    assert not strangers, f"{at}: the model has no {strangers}"
    missing = [name for name in shape.required_members if name not in found and name not in ABSENT.get(at, ())]
    assert not missing, f"{at}: {missing} are missing"
    for name, value in found.items():
        assert value is not None, f"{at}.{name} is null"
        _value(api, shape.members[name], value, f"{at}.{name}")


def _value(api, shape, value, at):
    kind = shape.type_name
    if kind == "structure":
        _structure(api, shape, value, at)
    elif kind == "list":
        assert isinstance(value, list), f"{at}: {value!r}"
        for number, one in enumerate(value):
            _value(api, shape.member, one, f"{at}[{number}]")
    elif kind == "map":
        assert isinstance(value, dict), f"{at}: {value!r}"
        for key, one in value.items():
            _value(api, shape.key, key, f"{at} key")
            _value(api, shape.value, one, f"{at}.{key}")
    else:
        _scalar(api, shape, value, at)


def _scalar(api, shape, value, at):
    kind = shape.type_name
    if kind == "string":
        assert isinstance(value, str), f"{at}: {value!r}"
        assert not shape.enum or value in shape.enum, f"{at}: {value!r} is none of {shape.enum}"
        _constraints(api, shape, value, at)
    elif kind == "boolean":
        assert isinstance(value, bool), f"{at}: {value!r}"
    elif kind == "timestamp":
        assert isinstance(value, int | float), f"{at}: {value!r}"
        assert not isinstance(value, bool), at
    elif kind == "blob":
        base64.b64decode(value, validate=True)
    else:
        assert isinstance(value, NUMBERS[kind]), f"{at}: {value!r}"
        assert not isinstance(value, bool), at


def _constraints(api, shape, value, at):
    limits = shape.metadata
    assert limits.get("min", 0) <= len(value) <= limits.get("max", 10**9), f"{at}: length of {value!r}"
    pattern = limits.get("pattern")
    if pattern and (api, at.rpartition(".")[2]) not in LINKS:
        assert re.search(pattern.replace("^^", "^"), value), f"{at}: {value!r} does not fit {pattern}"


def _query(operation_model, body):
    root = ET.fromstring(body)
    namespace = "{" + operation_model.service_model.metadata["xmlNamespace"] + "}"
    name = operation_model.name
    assert root.tag == f"{namespace}{name}Response", root.tag
    parts = {child.tag.removeprefix(namespace): child for child in root}
    assert re.fullmatch(r"[0-9a-f-]{36}", parts.pop("ResponseMetadata").findtext(f"{namespace}RequestId"))
    shape = operation_model.output_shape
    if shape is None:
        assert not parts, f"{name}: {list(parts)}"
        return
    assert list(parts) == [shape.serialization.get("resultWrapper", f"{name}Result")], list(parts)
    (result,) = parts.values()
    _structure("v1", shape, _read(shape, result, namespace), name)


def _read(shape, element, namespace):
    """What an element says, in Python's types, so that both protocols are judged alike."""
    kind = shape.type_name
    children = [(child.tag.removeprefix(namespace), child) for child in element]
    if kind == "structure":
        names = [name for name, _ in children]
        assert len(set(names)) == len(names), f"{element.tag}: {names}"
        return {
            name: _read(shape.members[name], child, namespace) if name in shape.members else child.text
            for name, child in children
        }
    if kind == "list":
        assert all(name == "member" for name, _ in children), element.tag
        return [_read(shape.member, child, namespace) for _, child in children]
    if kind == "map":
        assert all(name == "entry" for name, _ in children), element.tag
        pairs = [{child.tag.removeprefix(namespace): child for child in entry} for _, entry in children]
        return {
            _read(shape.key, pair["key"], namespace): _read(shape.value, pair["value"], namespace) for pair in pairs
        }
    return _text(kind, element.text or "")


def _text(kind, text):
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    if kind == "timestamp":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text), text
        return dt.datetime.fromisoformat(text).timestamp()
    if kind in NUMBERS:
        return float(text) if kind in ("double", "float") else int(text)
    return text


def settings_of(sandbox, **more):
    """What `boto3.client` needs for the sandbox's ready-made account; no retries, since nothing here passes by itself."""
    ses = sandbox.ready["ses"]
    return {
        "endpoint_url": sandbox.url,
        "region_name": ses["region"],
        "aws_access_key_id": ses["access_key_id"],
        "aws_secret_access_key": ses["secret_access_key"],
        "config": Config(retries={"total_max_attempts": 1}),
        **more,
    }


def client(sandbox, service, strict=None, **more):
    """A client whose every answer is judged; `service` is `ses` or `sesv2`."""
    made = boto3.client(service, **settings_of(sandbox, **more))
    made.meta.events.register("before-parse", (strict or Strict()).check)
    return made
