"""The loader of error catalogs refuses tables that contradict themselves."""

import pytest

from sandbox.core.catalog import CatalogError, load
from sandbox.core.errors import Condition, Refusal
from sandbox.core.model import Channel, Stage

ROW = """
[[error]]
id = "smtp.535.sender"
status = 535
text = "Authorization failed: address {address} not authorized"
observed = "Authorization failed: Envelope From address {address} not authorized"
stages = ["MAIL", "BODY"]
on = ["sender-not-approved"]
source = "a page"
evidence = "documented"
trigger = "an address that is no approved sender"
"""


def test_a_row_words_its_condition():
    catalog = load("oci", ROW)
    entry = catalog.find(Refusal(Condition.SENDER_NOT_APPROVED), Channel.SMTP, Stage.MAIL)
    assert entry.id == "oci.smtp.535.sender"
    assert entry.fill({"address": "a@b.c"}) == "Authorization failed: address a@b.c not authorized"
    assert "Envelope From" in entry.fill({"address": "a@b.c"}, "observed")
    assert catalog.get("smtp.535.sender") is catalog.get("oci.smtp.535.sender")


def test_a_dialect_has_rows_of_its_own_and_shares_the_others():
    """Two rows word one condition at one stage, as no server speaks both; each can be forced all the same."""
    ours = ROW.replace("source =", 'dialect = "new"\nsource =')
    theirs = (
        ROW.replace("535.sender", "550.sender").replace("535", "550").replace("source =", 'dialect = "old"\nsource =')
    )
    shared = ROW.replace("535.sender", "552.size").replace("sender-not-approved", "too-large")
    catalog = load("oci", ours + theirs + shared)
    found = {}
    for dialect in ("new", "old"):
        spoken = catalog.speaking(dialect)
        found[dialect] = spoken.find(Refusal(Condition.SENDER_NOT_APPROVED), Channel.SMTP, Stage.MAIL).id
        assert spoken.find(Refusal(Condition.TOO_LARGE), Channel.SMTP, Stage.MAIL).id == "oci.smtp.552.size"
        assert len(spoken) == 3
        assert spoken.get("smtp.550.sender").status == 550
    assert found == {"new": "oci.smtp.535.sender", "old": "oci.smtp.550.sender"}
    with pytest.raises(CatalogError, match="worded by"):
        load("oci", ROW + theirs)


def test_a_condition_without_a_row_is_an_error_not_a_guess():
    with pytest.raises(KeyError, match="too-large"):
        load("oci", ROW).find(Refusal(Condition.TOO_LARGE), Channel.SMTP, Stage.BODY)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("", ROW), "stands twice"),
        (("sender-not-approved", "no-such-condition"), "no-such-condition"),
        (("{address} not", "{nobody} not"), "does not promise"),
        (('"MAIL", "BODY"', '"CONNECT"'), "does not promise"),
        (('stages = ["MAIL", "BODY"]', "stages = []"), "no stage"),
        (('evidence = "documented"', 'evidence = "rumour"'), "evidence"),
        (("trigger =", "triger ="), "unknown fields"),
        (("status = 535", ""), "status is missing"),
    ],
)
def test_wrong_rows_are_refused_by_name(change, complaint):
    old, new = change
    text = ROW.replace(old, new) if old else ROW + new
    with pytest.raises(CatalogError, match=complaint) as caught:
        load("oci", text)
    assert "smtp.535.sender" in str(caught.value)


def test_two_rows_for_one_condition_at_one_stage_are_refused():
    with pytest.raises(CatalogError, match=r"worded by oci\.smtp\.535\.sender"):
        load("oci", ROW + ROW.replace("535.sender", "535.other"))


def test_an_empty_catalog_is_refused():
    with pytest.raises(CatalogError, match=r"no .*rows"):
        load("oci", "")
