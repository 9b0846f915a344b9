"""Every exchange fixture runs as written, and really provokes the errors that it claims."""

from pathlib import Path

import pytest
from exchanges import fits, read, walk

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures" / "exchanges").rglob("*.http"))


def test_there_are_exchanges():
    assert len(FIXTURES) >= 15


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_exchange_goes_as_written(path):
    exchanges = read(path.read_text("utf-8"))
    missing = set(exchanges.proves) - walk(exchanges, path.parent.name)
    assert not missing, "claimed, but not among the refusals that nobody forced"


def test_the_walker_sees_differences():
    """A guard that accepts everything guards nothing."""
    assert fits({"a": 1, "b": "x"}, {"a": 1, "b": "*"})
    assert not fits({"a": 1}, {"a": 2})
    assert not fits({"a": 1}, {"b": "*"})
    assert not fits({"a": None}, {"a": "*"})
    assert not fits([1, 2], [1])
    assert not fits(True, 1)  # noqa: FBT003


@pytest.mark.parametrize("line", ["# proves: oci.https.404.x", "prove: oci.https.404.x"])
def test_a_claim_that_nobody_would_check_is_no_claim(line):
    text = f"# Shows something.\n{line}\n---\nGET /\n---\nHTTP 404\n"
    with pytest.raises(AssertionError, match="no comment, claim or setting"):
        read(text)


def test_the_walker_fails_on_a_wrong_status():
    text = "# A wrong expectation.\n---\nGET /20170907/senders?compartmentId={{compartment}}\n---\nHTTP 404\n"
    with pytest.raises(AssertionError, match="200"):
        walk(read(text))
