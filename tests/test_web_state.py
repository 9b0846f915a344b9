"""What the inspection API tells of providers, activity and client settings, as the web viewer shows it."""

from __future__ import annotations

import pytest
import window_mail

from sandbox.app import Sandbox
from sandbox.window.preview import remote_content
from sandbox.window.state import masked


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


def kind(api, name):
    found = [one for one in api.get("/state").json()["resources"] if one["kind"] == name]
    return found[0] if found else {"items": [], "total": 0}


def test_the_state_shows_resources_without_secrets(sandbox, api):
    text = api.get("/state").text
    assert kind(api, "sender")["items"][0]["key"] == "noreply@example.com"
    (credential,) = kind(api, "smtp-credential")["items"]
    assert credential["data"]["password"] == "••••••••"
    assert sandbox.ready["oci"]["smtp_password"] not in text
    assert "PRIVATE KEY" not in text


def test_secrets_are_masked_at_every_depth():
    data = {"a": [{"clientSecret": "x", "plain": 1}], "privateKey": "y", "token": "", "publicKey": "z"}
    assert masked(data) == {
        "a": [{"clientSecret": "••••••••", "plain": 1}],
        "privateKey": "••••••••",
        "token": "",
        "publicKey": "z",
    }


def test_the_quota_counts_what_was_accepted(sandbox, api):
    window_mail.post(sandbox, rcpt=("ann@example.net", "bob@example.net"))
    (provider,) = (one for one in api.get("/state").json()["providers"] if one["name"] == "oci")
    minute, day = provider["quota"]
    assert (minute["seconds"], minute["used"], day["used"]) == (60, 2, 2)
    assert minute["left"] == minute["limit"] - 2


def test_an_address_can_be_suppressed_and_freed(sandbox, api):
    added = api.post("/suppressions", json={"provider": "oci", "address": "Ann@example.net"})
    assert (added.status_code, added.json()["key"]) == (201, "ann@example.net")
    assert added.json()["data"]["reason"] == "MANUAL"
    again = api.post("/suppressions", json={"provider": "oci", "address": "ann@example.net"})
    assert again.json()["error"]["code"] == "suppressed-already"
    window_mail.post(sandbox)
    assert api.get("/messages").json()["items"][0]["outcome"] == "suppressed"
    assert api.delete("/suppressions", params={"provider": "oci", "address": "ann@example.net"}).json() == {
        "removed": 1
    }
    assert api.delete("/suppressions", params={"provider": "oci", "address": "ann@example.net"}).status_code == 404
    assert kind(api, "suppression")["total"] == 0


@pytest.mark.parametrize("wish", [{"address": "nobody"}, {"address": 1}, {"address": "a@b.c", "provider": "acme"}, {}])
def test_a_wrong_suppression_is_refused(api, wish):
    assert api.post("/suppressions", json=wish).status_code == 400


def test_activity_counts_events_in_steps(sandbox, api):
    window_mail.post(sandbox)
    found = api.get("/activity", params={"span": "1h", "steps": 12}).json()
    assert (len(found["items"]), found["seconds"]) == (12, 300)
    assert found["items"][-1]["counts"]["message.accepted"] == 1
    assert found["items"][-1]["counts"]["recipient.delivered"] == 1
    assert api.get("/activity", params={"steps": 0}).status_code == 400
    assert api.get("/activity", params={"span": "soon"}).status_code == 400


def test_recipes_are_filled_with_the_credentials(sandbox, api):
    found = {one["tool"]: one["text"] for one in api.get("/recipes", params={"provider": "oci"}).json()["items"]}
    assert sandbox.ready["oci"]["smtp_username"] in found["python"]
    assert "{{" not in found["python"]
    assert api.get("/recipes", params={"provider": "acme"}).status_code == 400


def test_a_message_tells_its_structure_and_every_part_can_be_fetched(sandbox, api):
    message = window_mail.post(
        sandbox, text="plain words", html="<p>markup</p>", files=[("a.pdf", "application/pdf", b"%PDF")]
    )
    parts = api.get(f"/messages/{message}").json()["structure"]
    assert [(part["depth"], part["content_type"], part["n"]) for part in parts] == [
        (0, "multipart/mixed", None),
        (1, "multipart/alternative", None),
        (2, "text/plain", 1),
        (2, "text/html", 2),
        (1, "application/pdf", 3),
    ]
    assert api.get(f"/messages/{message}/parts/3").content == b"%PDF"
    html = api.get(f"/messages/{message}/parts/2")
    assert (html.content.strip(), html.headers["content-type"]) == (b"<p>markup</p>", "application/octet-stream")
    assert html.headers["content-disposition"].startswith("attachment")


def test_remote_content_is_found_and_links_are_not():
    html = """<img src="https://a.example/1.gif?x=1&amp;y=2"><IMG SRC='//b.example/2.gif'><a href="https://c.example/">no</a>
      <link rel=stylesheet href=https://d.example/s.css><td background="http://e.example/b.png">
      <style>@import "https://f.example/f.css"; p { background: url( 'https://g.example/g.png' ) }</style>
      <img src="https://a.example/1.gif?x=1&amp;y=2"><img src="cid:logo"><img src="data:image/gif;base64,AA">"""
    assert remote_content(html) == [
        "https://a.example/1.gif?x=1&y=2",
        "//b.example/2.gif",
        "https://d.example/s.css",
        "http://e.example/b.png",
        "https://f.example/f.css",
        "https://g.example/g.png",
    ]


def test_looking_for_remote_content_takes_linear_time():
    assert remote_content("<link " * 200_000 + "url(" * 200_000) == []


def test_the_preview_answers_media_queries_about_the_scheme(sandbox, api):
    html = "<style>@media (prefers-color-scheme: dark) { p { color: red } }</style><p>x</p>"
    message = window_mail.post(sandbox, html=html)
    dark = api.get(f"/messages/{message}/html", params={"scheme": "dark"}).text
    light = api.get(f"/messages/{message}/html", params={"scheme": "light"}).text
    assert "@media (min-width: 0px)" in dark
    assert "color-scheme: dark" in dark
    assert "@media (max-width: 0px)" in light
    assert "prefers-color-scheme" in api.get(f"/messages/{message}/html").text
    assert api.get(f"/messages/{message}/html", params={"scheme": "sepia"}).status_code == 400
