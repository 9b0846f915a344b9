"""The table of what is answered: complete for the email service, and compared with the SDK that is installed."""

import importlib.util
import sys
from pathlib import Path

import pytest

from sandbox.providers.oci import regions

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def coverage():
    spec = importlib.util.spec_from_file_location("oci_coverage", ROOT / "docs" / "oci_coverage.py")
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


def test_every_operation_of_the_tables_is_one_of_the_sdk(coverage):
    for api in coverage.APIS:
        known = {(method, coverage._plain(path)) for _, method, path in coverage.sdk_operations(api.client)}
        own = [one for one in api.operations if one.name != "notEmulated"]
        strangers = [one.name for one in own if (one.method, coverage._plain(one.path)) not in known]
        assert own
        assert strangers == []


def test_the_regions_and_their_host_names_are_data():
    assert len(regions.KEYS) == 46
    assert regions.name("GRU") == "sa-saopaulo-1"
    assert regions.label("sa-saopaulo-1") == "gru1"
    assert regions.return_path_host("uk-london-1") == "lhr1.rp.oracleemaildelivery.com"
