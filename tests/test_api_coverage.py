"""The tables of what is answered: complete for the email services, and compared with the SDKs that are installed."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def coverage():
    spec = importlib.util.spec_from_file_location("api_coverage", ROOT / "docs" / "api_coverage.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_every_operation_of_the_email_service_is_answered_and_shown(coverage):
    for api in coverage.APIS:
        if api.whole:
            found = coverage.rows(api)
            assert found
            assert [row.name for row in found if not row.answered] == [], "the SDK has something new"
            assert [row.name for row in found if not row.fixtures] == []


def test_every_operation_of_the_smtp_interface_is_answered_and_shown(coverage):
    (api,) = (api for api in coverage.APIS if api.provider == "ibm")
    found = [row for row in coverage.rows(api) if "smtp" in row.name]
    assert len(found) == 12
    assert [row.name for row in found if not (row.answered and row.fixtures)] == []


OLDER = {"updateSmtpAllowedIps"}
"""Operations that the SDKs no longer have, but their older releases do."""


def test_every_operation_of_the_tables_is_one_of_the_sdk(coverage):
    for api in coverage.APIS:
        known = {(method, coverage._plain(path)) for _, method, path in api.sdk()}
        own = [one for one in api.operations if one.name not in {"notEmulated", *OLDER}]
        strangers = [one.name for one in own if (one.method, coverage._plain(one.path)) not in known]
        assert own
        assert strangers == []
