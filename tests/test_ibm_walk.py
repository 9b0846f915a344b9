"""The walk-through of docs/ibm.md, run block by block as a reader would, against a sandbox on its documented ports."""

import os
import re
from pathlib import Path

import pytest

import sandbox

pytest.importorskip("ibm_eventnotifications", reason="needs ibm-eventnotifications")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
DOCUMENT = Path(__file__).parents[1] / "docs" / "ibm.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_document_does_what_it_says(monkeypatch, capsys):
    blocks = _BLOCK.findall(DOCUMENT.read_text("utf-8"))
    assert len(blocks) == 5
    with sandbox.Sandbox(providers=["ibm", "oci"]) as box:
        for name, value in box.environ.items():
            monkeypatch.setenv(name, value)
        assert os.environ["SMTP_SENDER"] == box.ibm.sender
        names = {}
        for block in blocks:
            exec(compile(block.replace("3587", os.environ["SMTP_PORT"]), str(DOCUMENT), "exec"), names)
            if "queue_id" in names:
                box.wait_for(to="ann@example.net", outcome="delivered")
        assert [one["verification"] for one in names["checked"]["status"]] == ["SUCCESSFUL"] * 3
        (message,) = box.messages()
        assert message.sender == "orders@shop.example"
        assert {name: message.authentication[name]["result"] for name in ("dkim", "spf")} == {
            "dkim": "pass",
            "spf": "pass",
        }
    said = capsys.readouterr().out
    assert "'status': 'success'" in said
    assert "submitted 1" in said
