"""Every provider's suppression list can be changed by hand, as the viewers do."""

from __future__ import annotations

import httpx
import pytest

from sandbox.app import Sandbox
from sandbox.options.layers import known_providers
from sandbox.settings import Settings

ADDRESS = "bob@example.net"


@pytest.fixture(scope="module")
def api():
    with (
        Sandbox(Settings(data=":memory:", ports="auto", providers=known_providers())) as running,
        httpx.Client(base_url=f"{running.url}/sandbox/v1", trust_env=False, timeout=60) as client,
    ):
        yield client


def listed(api, provider):
    kinds = api.get("/state").json()["resources"]
    return [
        item["key"]
        for one in kinds
        if (one["provider"], one["kind"]) == (provider, "suppression")
        for item in one["items"]
    ]


@pytest.mark.parametrize("provider", known_providers())
def test_an_address_is_put_there_and_taken_off(api, provider):
    body = {"address": ADDRESS, "provider": provider}

    assert api.post("/suppressions", json=body).status_code == 201
    assert listed(api, provider) == [ADDRESS]
    assert api.post("/suppressions", json=body).json()["error"]["code"] == "suppressed-already"
    assert api.delete("/suppressions", params=body).json() == {"removed": 1}
    assert listed(api, provider) == []
    assert api.delete("/suppressions", params=body).status_code == 404
