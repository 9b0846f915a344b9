"""Notes on what mail programs lack: what is found in HTML and CSS, what is said of it, and that no HTML takes long."""

from __future__ import annotations

import time

import httpx
import pytest
import window_mail
from hypothesis import given
from hypothesis import strategies as st

from sandbox.app import Sandbox
from sandbox.core.compatibility import notes, table
from sandbox.core.compatibility.used import LONGEST, used
from sandbox.settings import Settings

PATIENCE = 20


@pytest.mark.parametrize(
    ("html", "there"),
    [
        ("<VIDEO src=a.mp4>", ("element", "video")),
        ("<td background='x.png'>", ("attribute", "background")),
        ("<p style='border-radius: 3px'>", ("property", "border-radius")),
        ('<p style="DISPLAY : FLEX !important">', ("value", "display: flex")),
        ('<p style="color:red !important">', ("word", "!important")),
        ("<p style=width:calc(1px)>", ("function", "calc(")),
        ("<p style='margin:.5rem 2px'>", ("unit", "rem")),
        ("<p style='font-family:&quot;x&quot;;gap:1px'>", ("property", "gap")),
        ("<img src='a.webp?x=1'>", ("image", ".webp")),
        ("<img src='data:image/png;base64,AA'>", ("image", "data:")),
        ("<p style='background:url(a.svg)'>", ("image", ".svg")),
        ("<style>@media (any-hover: hover) { a { color: red } }</style>", ("media", "hover")),
        ("<style>@media (prefers-color-scheme:dark){a{color:red}}</style>", ("rule", "@media")),
        ("<style>p{color:red}a:hover{color:red}</style>", ("pseudo", ":hover")),
        ("<style>@media x{a::before{content:''}}</style>", ("pseudo", ":before")),
        ("<style>a{opacity:.5}</style>", ("property", "opacity")),
        ("<style>/* } */a{opacity:.5}</style>", ("property", "opacity")),
    ],
)
def test_it_is_found(html, there):
    assert used(html)[there] == 1


@pytest.mark.parametrize(
    "html",
    [
        "display: flex; border-radius: 3px @media (hover)",
        "<!-- <video> <p style='display:flex'> --><p>",
        "<!--[if mso]><style>a:hover{gap:1px}</style><![endif]-->",
        "<style>/* a:hover { gap: 1px } */</style>",
        "<a href='x.webp'>link</a>",
        "<p>100vw 3rem calc(",
        "<p data-x='display'>",
    ],
)
def test_what_only_looks_like_it_is_not(html):
    names = {name for kind, name in used(html) if kind not in ("element", "attribute")}
    assert names == set()


def test_the_table_is_whole():
    known = table()
    assert len(known.features) > 100
    assert len({one.id for one in known.features}) == len(known.features)
    for one in known.features:
        assert {*one.lacking, *one.partly} <= set(known.clients)
        assert not set(one.lacking) & set(one.partly)
        assert one.lacking or one.partly
        assert all(name == name.lower() for name in one.names)
        assert one.title


def test_notes_begin_with_what_most_programs_lack():
    found = notes("<style>a{border-radius:1px;border-radius:2px;display:grid}</style><video src=x>")

    assert [(note.feature.title, note.uses) for note in found] == [
        ("<video>", 1), ("display: grid", 1), ("border-radius", 2), ("<style>", 1),
    ]  # fmt: skip
    assert "Outlook Windows" in found[2].feature.lacking
    assert "Gmail web" in found[0].feature.lacking
    assert notes("<p>Hello <b>Ann</b>") == []


EVIL = (
    "<", "<a ", "<a b='", "a:", "<!--", "<style", "<p " + "x" * 99, "<p style='a:9", "<style>@media(", "<style>url(",
    "<style>a:url(", "<style>{", "<style>:", "<style> ", "<style>a{b:c", "<style>a:-", "<p style='a-", "<p style='a:url(",
)  # fmt: skip


@pytest.mark.parametrize("piece", EVIL)
def test_no_html_takes_long(piece):
    began = time.process_time()
    for html in (piece * (LONGEST // len(piece)), piece + piece[-2:] * (LONGEST // 2)):
        notes(html)
        notes(html + "</style>")
    assert time.process_time() - began < PATIENCE


@given(st.text("<>a:;{}()'\"=/*!-@ .#st9\n", max_size=300))
def test_anything_can_be_looked_at(text):
    notes(text)
    notes(f"<style>{text}</style><p style='{text}'>")


def test_the_api_tells_it():
    with Sandbox(Settings(data=":memory:", ports="auto")) as running:
        shown = window_mail.post(running, html="<p style='display:grid'>Hello")
        plain = window_mail.post(running, text="Hello")
        with httpx.Client(base_url=f"{running.url}/sandbox/v1/messages", trust_env=False, timeout=60) as api:
            answer = api.get(f"/{shown}/compatibility").json()
            assert api.get(f"/{plain}/compatibility").json()["items"] == []
            assert api.get("/nothing/compatibility").status_code == 404
    (note,) = answer["items"]
    assert (note["title"], note["uses"]) == ("display: grid", 1)
    assert "Gmail web" in note["lacking"]
    assert note["about"] == "https://www.caniemail.com/features/css-display-grid/"
    assert answer["as_of"] == table().as_of
    assert "Thunderbird" in answer["clients"]
