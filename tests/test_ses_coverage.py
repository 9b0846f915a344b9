"""The tables of what SES's APIs answer: complete, compared with the botocore that is installed, and with descriptions."""

import runpy
from pathlib import Path

import pytest

COVERAGE = runpy.run_path(str(Path(__file__).parents[1] / "docs" / "ses_coverage.py"))


@pytest.mark.parametrize("api", COVERAGE["APIS"], ids=lambda api: api.name)
def test_every_operation_is_answered_and_described(api):
    found = COVERAGE["rows"](api)
    assert found
    if api.whole:
        assert [row.name for row in found if row.handler is None] == [], "botocore has something new"
    assert [row.name for row in found if row.handler is not None and len(row.does) < 4] == []


def test_the_tables_count_what_there_is():
    text = COVERAGE["coverage"]()
    assert "### API v2: 116 of 116 operations" in text
    assert "### API v1: 71 of 71 operations" in text
