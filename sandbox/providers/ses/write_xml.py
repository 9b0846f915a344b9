"""Encodes the output of an AWS Query call as XML: `<member>` for lists, `<entry>` for maps, ISO 8601 times."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from sandbox.core.clock import to_iso
from sandbox.providers.ses.model import LIST, MAP, STRUCTURE, OperationModel, ServiceModel, Shape

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 has no way to write (section 2.2)."""


def write(model: ServiceModel, operation: OperationModel, output: Mapping[str, Any], request: str) -> bytes:
    """`<NameResponse>` with the result, if the operation has one, and the id of the request."""
    inner = _element(operation.wrapper, _children(model, operation, output)) if operation.wrapper else ""
    metadata = _element("ResponseMetadata", _element("RequestId", escape(request)))
    return _document(f"{operation.name}Response", model.namespace, inner + metadata)


def write_error(namespace: str, *, sender: bool, code: str, text: str, request: str, extra: str = "") -> bytes:
    """`<ErrorResponse>`; `extra` are elements that stand beside code and message."""
    error = _element("Type", "Sender" if sender else "Receiver") + _element("Code", escape(code))
    error += _element("Message", xml_text(text)) + extra
    return _document("ErrorResponse", namespace, _element("Error", error) + _element("RequestId", escape(request)))


def xml_text(text: str) -> str:
    """Text as XML holds it; what XML has no way to write becomes U+FFFD."""
    return escape(_FORBIDDEN.sub("\ufffd", text))


def _document(name: str, namespace: str, content: str) -> bytes:
    return f'<{name} xmlns="{namespace}">{content}</{name}>'.encode()


def _element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"


def _children(model: ServiceModel, operation: OperationModel, output: Mapping[str, Any]) -> str:
    return _value(model, model.shape(operation.output), output) if operation.output else ""


def _value(model: ServiceModel, kind: Shape, given: Any) -> str:
    if kind.type == STRUCTURE:
        if unknown := set(given) - set(kind.members):
            raise ValueError(f"{kind.name} has no {', '.join(sorted(unknown))}")
        return "".join(
            _element(name, _value(model, model.shape(member.shape), given[name]))
            for name, member in kind.members.items()
            if given.get(name) is not None
        )
    if kind.type == LIST:
        inner = model.shape(kind.member)
        return "".join(_element("member", _value(model, inner, one)) for one in given)
    if kind.type == MAP:
        inner = model.shape(kind.value)
        return "".join(
            _element("entry", _element("key", xml_text(str(name))) + _element("value", _value(model, inner, one)))
            for name, one in given.items()
        )
    return _scalar(kind, given)


def _scalar(kind: Shape, given: Any) -> str:
    match kind.type:
        case "timestamp":
            return to_iso(float(given))
        case "blob":
            return base64.b64encode(given).decode("ascii")
        case "boolean":
            return "true" if given else "false"
        case "integer" | "long":
            return str(int(given))
        case "double":
            return repr(float(given))
        case _:
            return xml_text(str(given))
