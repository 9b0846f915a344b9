"""What every panel looks like: at three sizes, dark and light, compared with the pictures in `snapshots`.

`UPDATE_SNAPSHOTS=1` writes the pictures anew, those of the documentation too.
"""

import asyncio
import html
import os
import re
from difflib import unified_diff
from pathlib import Path

import pytest
from sandbox_ui.tui.app import DARK, LIGHT
from sandbox_ui.tui.reader import Reader
from tui_pilot import inspecting, press, quiet, still_sandbox, until
from window_mail import begin, post

from sandbox.client import Client
from sandbox.core.model import Stage

HERE = Path(__file__).with_name("snapshots")
IMAGES = Path(__file__).parents[1] / "docs" / "images"
IN_DOCS = {"tui-inbox-160x48-dark": "tui-inbox.svg", "tui-attempts-160x48-dark": "tui-attempts.svg"}
SIZES = [(60, 20), (100, 30), (160, 48)]
PANELS = ("inbox", "message", "attempts", "timeline", "errors", "state", "clock")
THEMES = {"dark": DARK, "light": LIGHT}
UPDATE = bool(os.environ.get("UPDATE_SNAPSHOTS"))


@pytest.fixture(scope="module")
def url():
    """A sandbox with some of everything, whose clock stands still."""
    with still_sandbox() as box, Client(box.url) as client:
        fill(box, client)
        yield box.url


def fill(box, client):
    client._transport.json("POST", "/rules", body={"recipient": "full@*", "reply": "452 4.2.2 Mailbox full"})
    client._transport.json("POST", "/rules", body={"recipient": "gone@*", "outcome": "hard_bounced"})
    client._transport.json("POST", "/suppressions", body={"address": "never@example.net"})
    post(box, subject="Newsletter of the week", rcpt=("gone@example.net",))
    settle(client)
    post(box, subject="Your order 1042 has shipped", rcpt=("full@example.net",))
    settle(client)
    post(
        box,
        subject="Weekly report",
        rcpt=("bob@example.net", "carl@example.net"),
        files=[("report.pdf", "application/pdf", b"%PDF-1.7")],
    )
    settle(client)
    post(box, subject="Hostile \x1b[2J[/] [@click=app.quit]x[/] \u202etxt.exe", rcpt=("mallory@example.net",))
    settle(client)
    post(box, subject="Grüße aus Köln 🎉", text="Schöne Grüße\n")
    settle(client)
    page = "<h1>Hello Ann</h1><p>Your code is <b>482913</b>.</p><p><a href='https://shop.example/login'>Log in</a></p>"
    text = "Hello Ann,\n\nyour code is 482913. It is good for ten minutes.\n\nhttps://shop.example/login\n"
    post(box, subject="Log in to the shop", text=text, html=page)
    settle(client)
    converse(box, "one", "oci.smtp.455.per-minute", Stage.MAIL, "MAIL FROM:<noreply@example.com> SIZE=714")
    converse(box, "two", "oci.smtp.535.sender-not-authorized", Stage.MAIL, "MAIL FROM:<shop@elsewhere.example>")
    client.add_fault("oci.smtp.452.storage", times=3, recipient="*@example.net")
    client.message(client.messages()[0].id)


def converse(box, session, error, stage, last):
    """A conversation over SMTP that ends with this error in answer to the last command."""
    transcript = begin(box, session=session, client="127.0.0.1:40222")
    entry = box.runtime.services.providers["oci"].catalog.get(error)
    reply = entry.text.replace("<address>", "shop@elsewhere.example")
    for command, answer in (("EHLO shop.example", "250 8BITMIME"), ("AUTH PLAIN ***", "235 Authentication successful")):
        transcript.said("client", command)
        transcript.said("server", answer)
    transcript.said("client", last)
    transcript.said("server", f"{entry.status} {reply}")
    transcript.refused(entry, stage, reply, forced=False)
    box.call(box.runtime.services.sessions.leave(transcript))


def settle(client):
    """Let what was accepted be delivered before the next one, so that events have one order in every run."""
    assert client._transport.json("GET", "/idle", timeout="30s")["idle"]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_panel_looks_as_in_its_picture(url, size):
    pictures = asyncio.run(take(url, size))

    assert list(pictures) == [f"{panel}-{size[0]}x{size[1]}-{shade}" for panel in PANELS for shade in THEMES]
    wrong = [compare(f"tui-{name}", picture) for name, picture in pictures.items()]
    assert not any(wrong), "\n".join(filter(None, wrong))


async def take(url, size):
    """A picture of each panel, dark and light."""
    pictures = {}

    async def shoot(panel):
        for shade, theme in THEMES.items():
            inspector.theme = theme
            pictures[f"{panel}-{size[0]}x{size[1]}-{shade}"] = await picture(inspector, pilot)

    async with inspecting(url, size=size) as (inspector, pilot):
        await until(pilot, lambda: len(inspector.panel("inbox").inbox.rows.items) == 6)
        await until(pilot, lambda: "482913" in inspector.panel("inbox").query_one(Reader).plain or size[0] < 84)
        await until(pilot, lambda: inspector.focused is inspector.panel("inbox").inbox.rows)
        await shoot("inbox")
        inspector.panel("inbox").open()
        await until(pilot, lambda: "482913" in inspector.panel("inbox").query_one(Reader).plain)
        await shoot("message")
        await press(pilot, "escape")
        for number, panel in enumerate(PANELS[2:], 2):
            await press(pilot, str(number))
            await until(pilot, lambda: inspector.panel().rows.items)
            if panel == "errors":
                await press(pilot, *["j"] * 8)
            await shoot(panel)
    return pictures


async def picture(inspector, pilot):
    """The screen as SVG, without what differs from run to run or is fetched: ports, names made of the content, fonts."""
    await quiet(pilot)
    svg = inspector.export_screenshot(title="email-sandbox")
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"http://127\.0\.0\.1:\d+", lambda found: "http://127.0.0.1:8025".ljust(len(found[0]), "\u00a0"), svg)
    return re.sub(r"terminal-\d+", "terminal", svg)


def compare(name, svg):
    """None when it is as it was; else the lines of text that differ, or that colours do."""
    path = HERE / f"{name}.svg"
    if UPDATE:
        HERE.mkdir(exist_ok=True)
        path.write_text(svg, "utf-8")
        if name in IN_DOCS:
            IMAGES.mkdir(parents=True, exist_ok=True)
            (IMAGES / IN_DOCS[name]).write_text(svg, "utf-8")
        return None
    return differences(name, path.read_text("utf-8") if path.exists() else "", svg)


def differences(name, known, svg):
    """The lines of text that differ between two pictures, or that colours do; None when nothing does."""
    if known == svg:
        return None
    lines = list(unified_diff(words(known), words(svg), name, "now", lineterm="", n=0))
    parts = unified_diff(re.split(r"\n|(?<=>)", known), re.split(r"\n|(?<=>)", svg), lineterm="", n=0)
    return "\n".join(
        lines or [f"{name}: the same words in other colours or places", *[part[:300] for part in parts][:12]]
    )


def words(svg):
    """The text of a picture, line by line."""
    found = re.findall(r'<text [^>]*clip-path="url\(#terminal-line-(\d+)\)">(.*?)</text>', svg)
    lines = {}
    for number, text in found:
        lines[int(number)] = lines.get(int(number), "") + html.unescape(text).replace("\u00a0", " ")
    return [lines[number].rstrip() for number in sorted(lines)]


def test_the_comparer_sees_a_difference():
    path = next(HERE.glob("tui-inbox-100x30-dark.svg"))
    svg = path.read_text("utf-8")

    assert any("Log" in line for line in words(svg))
    assert "Lag" in differences(path.stem, svg, svg.replace("Log", "Lag"))
    assert "other colours" in differences(path.stem, svg, svg + " ")
    assert differences(path.stem, svg, svg) is None


def test_the_pictures_of_the_documentation_are_these():
    for name, image in IN_DOCS.items():
        assert (IMAGES / image).read_bytes() == (HERE / f"{name}.svg").read_bytes()


def test_pictures_are_text_only():
    """Nothing that a message brings becomes markup of the picture, or a control character."""
    for path in HERE.glob("*.svg"):
        svg = path.read_text("utf-8")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", svg), path.name
        assert "<script" not in svg
        assert "url(http" not in svg.replace('"', ""), "a picture fetches nothing"
