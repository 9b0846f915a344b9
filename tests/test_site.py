"""The web page's files: served with a strict policy, found by relative links, free of anything that parses HTML."""

from __future__ import annotations

import re
from importlib import resources

import httpx
import pytest
from starlette.applications import Starlette

from sandbox.app import Sandbox
from sandbox.window import site

WEB = resources.files("sandbox_ui.web")


@pytest.fixture(scope="module")
def client():
    with Sandbox() as running, httpx.Client(base_url=running.url, trust_env=False, timeout=60) as found:
        yield found


def scripts():
    found = [*WEB.iterdir(), *(WEB / "panels").iterdir()]
    return [file for file in found if file.name.endswith(".js")]


def test_the_page_is_served_with_a_policy_that_allows_only_itself(client):
    response = client.get("/")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


def test_everything_that_the_page_and_its_modules_name_is_there(client):
    page = client.get("/").text
    waiting = [httpx.URL("/").join(link) for link in re.findall(r'(?:src|href)="([^"#]+)"', page)]
    seen = set()
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        seen.add(url)
        response = client.get(str(url))
        assert response.status_code == 200, url
        if url.path.endswith(".js"):
            assert response.headers["content-type"].startswith("text/javascript")
            waiting += [url.join(name) for name in re.findall(r'from "([^"]+)"', response.text)]
    assert {file.name for file in scripts()} <= {url.path.rpartition("/")[2] for url in seen}


def test_every_module_is_asked_for_at_once_and_none_waits_for_the_one_that_imports_it(client):
    named = re.findall(r'<link rel="modulepreload" href="web/([^"]+)">', client.get("/").text)
    found = {file.name for file in scripts()} - {"app.js"}
    assert {name.rpartition("/")[2] for name in named} == found


def test_links_are_relative_so_that_a_prefix_works(client):
    page = client.get("/").text
    for link in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert not link.startswith(("/", "http")), link
    for file in scripts():
        assert not re.search(r"""(?:fetch|URL|EventSource)\(\s*["'`](?:/|http)""", file.read_text("utf-8")), file.name


def test_the_page_has_no_inline_script_or_style_and_never_parses_html(client):
    page = client.get("/").text
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    for file in scripts():
        text = file.read_text("utf-8")
        for forbidden in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "DOMParser", "srcdoc"):
            assert forbidden not in text, (file.name, forbidden)


def test_the_preview_frame_never_gets_scripts_or_our_origin():
    text = (WEB / "panels" / "preview.js").read_text("utf-8")
    assert "sandbox: FRAME" in text
    assert "allow-scripts" not in text
    assert "allow-same-origin" not in text


def test_an_unchanged_file_costs_no_transfer(client):
    first = client.get("/web/app.js")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/web/app.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/web/app.js", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/web/", "/web/nothing.js", "/web/../site.py", "/web/%2e%2e/%2e%2e/__init__.py", "/web//etc/passwd",
             "/web/__init__.py", "/web/panels", "/web/%00"],
)  # fmt: skip
def test_nothing_else_is_served(client, path):
    assert client.request("GET", path).status_code == 404


def test_without_the_viewer_there_is_a_plain_404():
    import asyncio

    app = Starlette(routes=site.routes("sandbox_ui_absent.web"))

    async def ask():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as found:
            return await found.get("/")

    response = asyncio.run(ask())
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/plain")
