"""Hostile mail in a real browser: no script runs, nothing is asked of anybody, the page around it stays what it is."""

from __future__ import annotations

from base64 import encodebytes

import httpx
import pytest
import web_browser
import window_mail

from sandbox.app import Sandbox

RUN = "document.title='PWNED';fetch('TRAP/ran')"
LOAD = {
    "img": '<img src="TRAP/a">',
    "srcset": '<img srcset="TRAP/a 1x, TRAP/b 2x">',
    "picture": '<picture><source srcset="TRAP/a"><img src="TRAP/b"></picture>',
    "background": '<table background="TRAP/a"><td style="background:url(TRAP/b)">x</table>',
    "link": '<link rel=stylesheet href="TRAP/a"><link rel=preload as=image href="TRAP/b"><link rel=icon href="TRAP/c">',
    "prefetch": '<link rel=prefetch href="TRAP/a"><link rel=modulepreload href="TRAP/b">',
    "preconnect": '<link rel=preconnect href="TRAP"><LINK/rel=preconnect href="TRAP/"><link\nrel=preconnect href=TRAP>',
    "style": '<style>@import "TRAP/a"; @font-face { font-family: f; src: url(TRAP/b) } * { font-family: f }</style>x',
    "media": '<video src="TRAP/a" poster="TRAP/b" autoplay></video><audio src="TRAP/c" autoplay></audio>',
    "track": '<video><track default src="TRAP/a"></video>',
    "object": '<object data="TRAP/a"></object><embed src="TRAP/b">',
    "frame": '<iframe src="TRAP/a"></iframe><iframe srcdoc="<img src=TRAP/b>"></iframe>',
    "frameset": '<frameset><frame src="TRAP/a"></frameset>',
    "svg": '<svg><image href="TRAP/a"/><use href="TRAP/b#x"/><style>@import "TRAP/c"</style></svg>',
    "input": '<input type=image src="TRAP/a"><body background="TRAP/b">',
    "refresh": '<meta http-equiv=refresh content="0;url=TRAP/a">',
    "base": '<base href="TRAP/"><img src="a">',
    "policy": '<meta http-equiv=Content-Security-Policy content="img-src *"><img src="TRAP/a">',
    "cursor": '<p style="cursor:url(TRAP/a),auto;list-style-image:url(TRAP/b);content:url(TRAP/c)">x',
    "manifest": '<link rel=manifest href="TRAP/a"><link rel=dns-prefetch href="TRAP">',
}
SCRIPT = {
    "script": f"<script>{RUN}</script>",
    "remote": '<script src="TRAP/a.js"></script><script type=module src="TRAP/b.js"></script>',
    "img error": f'<img src=x onerror="{RUN}">',
    "svg load": f'<svg onload="{RUN}"><animate onbegin="{RUN}" attributeName=x dur=1s>',
    "body load": f'<body onload="{RUN}" onpageshow="{RUN}">',
    "focus": f'<input autofocus onfocus="{RUN}"><select autofocus onfocus="{RUN}">',
    "details": f'<details open ontoggle="{RUN}">x</details>',
    "iframe": f'<iframe src="javascript:{RUN}"></iframe><iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    "object": '<object data="data:text/html,<script>fetch(`TRAP/a`)</script>"></object>',
    "animation": f'<style>@keyframes a {{}}</style><p style="animation:a 1s" onanimationstart="{RUN}">x',
    "math": f"<math><mtext><table><mglyph><style><img src=x onerror={RUN}></style></mglyph></table></mtext></math>",
    "noscript": f'<noscript><p title="</noscript><img src=x onerror={RUN}>"></noscript>',
    "comment": f"<!--><img src=x onerror={RUN}>-->",
    "template": f"<template shadowrootmode=open><script>{RUN}</script></template>",
    "form": '<form action="TRAP/a" id=f><button autofocus>x</button></form><script>f.submit()</script>',
    "top": "<script>top.location='TRAP/a'</script><script>parent.postMessage('x','*')</script>",
    "meta javascript": f'<meta http-equiv=refresh content="0;url=javascript:{RUN}">',
}
SUBJECTS = (
    '<img src=x onerror="document.title=1">',
    "</script><script>alert(1)</script>",
    "\u202egpj.exe",
    "{{7*7}}${7*7}",
)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


def test_the_trap_notices_a_page_that_is_not_walled_in(browser):
    with web_browser.trap() as (address, asked):
        page = browser.new_page()
        page.set_content(LOAD["img"].replace("TRAP", address), wait_until="load")
        page.evaluate(f"() => {{ {RUN.replace('TRAP', address)} }}")
        page.wait_for_function("document.title === 'PWNED'")
        page.close()
        assert "GET /a HTTP/1.1" in asked


@pytest.mark.parametrize("corpus", [LOAD, SCRIPT], ids=["loads", "scripts"])
def test_hostile_html_runs_nothing_and_asks_nobody(sandbox, browser, corpus):
    with web_browser.trap() as (address, asked), web_browser.watched(browser, sandbox) as page:
        page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
        page.on("popup", lambda popup: asked.append(f"popup {popup.url}"))
        for name, vector in corpus.items():
            html = f"<h1>{name}</h1>{vector.replace('TRAP', address)}<p id=end>end</p>"
            message = window_mail.post(sandbox, subject=name, html=html)
            page.goto(f"{sandbox.url}/#messages/{message}/html")
            page.locator("h2", has_text=name).wait_for()
            framed = page.locator("iframe").element_handle().content_frame()
            framed.wait_for_load_state("load")
            assert "/sandbox/v1/messages/" in framed.url, name
            page.locator("[data-tab=source]").click()
            page.locator("[role=tabpanel] pre").wait_for()
            page.locator("[data-tab=links]").click()
            page.locator("[role=tabpanel] .card").first.wait_for()
            assert page.title().endswith("email-sandbox"), name
            assert page.url.startswith(sandbox.url), name
        assert asked == []


def test_the_preview_opened_by_itself_is_walled_in_too(sandbox, browser):
    with web_browser.trap() as (address, asked):
        for vector in (*LOAD.values(), *SCRIPT.values()):
            message = window_mail.post(sandbox, html=vector.replace("TRAP", address))
            page = browser.new_page()
            page.goto(f"{sandbox.url}/sandbox/v1/messages/{message}/html", wait_until="load")
            assert page.title() != "PWNED"
            page.close()
        assert asked == []


def test_hostile_headers_and_names_are_only_text(sandbox, browser):
    httpx.post(f"{sandbox.url}/sandbox/v1/reset", trust_env=False).raise_for_status()
    for subject in SUBJECTS:
        window_mail.post(
            sandbox, subject=subject, files=[(f"{subject}.html", "text/html", b"<script>alert(1)</script>")]
        )
    with web_browser.watched(browser, sandbox) as page:
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        page.goto(sandbox.url)
        links = page.locator(".windowed a.row")
        links.nth(len(SUBJECTS) - 1).wait_for()
        assert set(page.locator(".windowed .subject").all_inner_texts()) == set(SUBJECTS)
        for number in range(len(SUBJECTS)):
            subject = page.locator(".windowed .subject").nth(number).inner_text()
            links.nth(number).click()
            web_browser.expect(page.locator("main h2").first).to_have_text(subject)  # and not the message before
            page.locator("[data-tab=parts]").click()
            with page.expect_download() as download:
                page.locator("[role=tabpanel] table a").last.click()
            assert "/" not in download.value.suggested_filename
        assert page.locator("main script, main img").count() == 0


def test_an_embedded_image_is_shown(sandbox, browser):
    pixel = (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00"
        b"\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
    )
    raw = (
        b"From: noreply@example.com\r\nSubject: Logo\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
        b'Content-Type: text/html\r\n\r\n<img src="cid:logo">\r\n--b\r\n'
        b"Content-Type: image/png\r\nContent-ID: <logo>\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + encodebytes(pixel) + b"\r\n--b--\r\n"
    )
    message = window_mail.post(sandbox, raw)
    with web_browser.watched(browser, sandbox) as page:
        page.goto(f"{sandbox.url}/#messages/{message}/html")
        image = page.frame_locator("iframe").locator("img")
        image.wait_for()
        assert image.get_attribute("src").startswith("data:image/png;base64,")
        assert image.bounding_box()["width"] == 1
