"""What answers of the inspection API have to look like: as its own description says."""

from sandbox.window.api import OPERATIONS
from sandbox.window.schemas import SCHEMAS


def fits(value, schema, where="answer"):
    """Assert that a value has exactly the shape that the API documents."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        schema = schema["anyOf"][1 if value is None else 0]
        if "$ref" in schema:
            return fits(value, schema, where)
    python = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    kind = schema["type"]
    assert isinstance(value, int | float if kind == "number" else python[kind]), where
    assert "enum" not in schema or value in schema["enum"], where
    if "properties" in schema:
        assert set(schema["required"]) <= set(value), where
        for name, item in value.items():
            if name in schema["properties"]:
                fits(item, schema["properties"][name], f"{where}.{name}")
            else:
                assert set(schema["required"]) == {"account"}, f"{where}.{name} is not documented"
    for number, item in enumerate(value if kind == "array" else ()):
        fits(item, schema["items"], f"{where}[{number}]")
    return None


def documented(method, path):
    answer = next(one.answer for one in OPERATIONS if (one.method, one.path) == (method, path))
    return SCHEMAS[answer] if isinstance(answer, str) else answer


def is_problem(response, status, code):
    assert (response.status_code, response.json()["error"]["code"]) == (status, code), response.text
    assert response.json()["error"]["message"]
    fits(response.json(), {**SCHEMAS["Error"], "properties": {"error": SCHEMAS["Error"]["properties"]["error"]}})
