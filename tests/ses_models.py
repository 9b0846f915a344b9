"""Derives `sandbox/providers/ses/models/*.json` from the facts of botocore's service models; run it to write them anew.

    .venv/bin/python tests/ses_models.py

What is kept: operations with method, path, shapes and errors; shapes with members, requirements and constraints.
Documentation is left out. `test_ses_model` fails when the files and the installed botocore have drifted apart.
"""

import gzip
import json
from pathlib import Path

import botocore

FOLDER = Path(__file__).parents[1] / "sandbox" / "providers" / "ses" / "models"
SERVICES = {"v1": "ses/2010-12-01", "v2": "sesv2/2019-09-27", "sns": "sns/2010-03-31"}
SNS = {
    "ConfirmSubscription", "CreateTopic", "DeleteTopic", "GetSubscriptionAttributes", "GetTopicAttributes",
    "ListSubscriptions", "ListSubscriptionsByTopic", "ListTopics", "Publish", "SetSubscriptionAttributes",
    "SetTopicAttributes", "Subscribe", "Unsubscribe",
}  # fmt: skip
"""Of Amazon SNS only what events need."""
BOUNDS = ("enum", "min", "max", "pattern", "sensitive", "union", "flattened")


def source(name):
    """A service model as botocore has it."""
    path = Path(botocore.__file__).parent / "data" / SERVICES[name] / "service-2.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))


def derive(name):
    """The table for one service."""
    model = source(name)
    operations = {key: _operation(value) for key, value in model["operations"].items() if name != "sns" or key in SNS}
    shapes = {}
    for operation in operations.values():
        for shape in (operation.get("input"), operation.get("output"), *operation.get("errors", ())):
            _collect(model["shapes"], shape, shapes)
    metadata = model["metadata"]
    return {
        "version": metadata["apiVersion"],
        "protocol": metadata["protocol"],
        "namespace": metadata.get("xmlNamespace", ""),
        "operations": dict(sorted(operations.items())),
        "shapes": dict(sorted(shapes.items())),
    }


def _operation(value):
    found = {"method": value["http"]["method"], "path": value["http"]["requestUri"]}
    if "input" in value:
        found["input"] = value["input"]["shape"]
    if "output" in value:
        found["output"] = value["output"]["shape"]
        if "resultWrapper" in value["output"]:
            found["wrapper"] = value["output"]["resultWrapper"]
    if value.get("errors"):
        found["errors"] = sorted(error["shape"] for error in value["errors"])
    return found


def _collect(source_shapes, name, found):
    if name is None or name in found:
        return
    shape = source_shapes[name]
    found[name] = kept = {"type": shape["type"], **{key: shape[key] for key in BOUNDS if key in shape}}
    if "error" in shape or shape.get("exception"):
        kept["error"] = shape.get("error", {"httpStatusCode": 400})
    if "members" in shape:
        kept["members"] = {key: _member(member) for key, member in shape["members"].items()}
        kept |= {"required": shape["required"]} if shape.get("required") else {}
        for member in shape["members"].values():
            _collect(source_shapes, member["shape"], found)
    for part in ("member", "key", "value"):
        if part in shape:
            kept[part] = shape[part]["shape"]
            _collect(source_shapes, shape[part]["shape"], found)


def _member(member):
    place = {"in": member["location"], "as": member["locationName"]} if "location" in member else {}
    return {"shape": member["shape"], **place} if place else member["shape"]


def text(table):
    """The table as JSON, an operation or shape each line."""
    lines = [
        f'{{"version": "{table["version"]}", "protocol": "{table["protocol"]}", "namespace": "{table["namespace"]}",'
    ]
    for part in ("operations", "shapes"):
        rows = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in table[part].items()]
        lines += [f' "{part}": {{', ",\n".join(rows), " }" + ("," if part == "operations" else "")]
    return "\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    for service in SERVICES:
        (FOLDER / f"{service}.json").write_text(text(derive(service)), "utf-8")
