"""The parts of the inspector that need no screen: wrapping, HTML as text, completion, names of files, what is kept."""

import time

import pytest
from rich.cells import cell_len
from sandbox_ui.tui.background import brightness, is_dark
from sandbox_ui.tui.html_text import html_lines
from sandbox_ui.tui.outside import OutsideError, editor, pager, safe_name, save
from sandbox_ui.tui.painted import Cell
from sandbox_ui.tui.panels.errors import wish_of
from sandbox_ui.tui.panels.inbox import older
from sandbox_ui.tui.reader import wrap
from sandbox_ui.tui.remembered import Remembered, settings_file
from sandbox_ui.tui.search_bar import ATTEMPTS, GRAMMAR, complete
from sandbox_ui.tui.window import Page
from sandbox_ui.tui.words import clock_time, size, span

from sandbox.core import search_attempts
from sandbox.core.search_fields import MESSAGES


def wrapped(text, width):
    return ["".join(cell.text for cell in part) for part in wrap([Cell(text)], width)]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("one two three", 8, ["one two ", "three"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("漢字漢字", 4, ["漢字", "漢字"]),
        ("a\tb", 20, ["a       b"]),
    ],
)
def test_lines_are_cut_after_spaces_or_where_they_must(text, width, lines):
    assert wrapped(text, width) == lines


def test_an_enormous_line_is_wrapped_at_once_and_nothing_is_lost():
    text = "x" * 200_000 + "\u0301" * 50_000 + "漢" * 50_000
    began = time.process_time()
    lines = wrapped(text, 80)
    assert time.process_time() - began < 3
    assert "".join(lines) == text
    assert all(cell_len(line) <= 80 for line in lines)


def html(text):
    return ["".join(cell.text for cell in line) for line in html_lines(text)]


def test_html_becomes_readable_text():
    page = (
        "<html><head><title>no</title><style>p{}</style></head><body><h1>Hello</h1><p>Go  to\n<a href='https://a.example/?x=1&amp;y=2'>"
        "our shop</a>.<br>Bye</p><script>no()</script><ul><li>one<ul><li>two</ul></ul><table><tr><td>a<td>b</table>"
        "<pre>x\n  y</pre><img alt='logo'></body>"
    )
    text = "\n".join(html(page))
    for part in (
        "Hello\n",
        "Go to our shop[1].\nBye",
        "• one",
        "  • two",
        "a  b",
        "x\n  y",
        "[logo]",
        "[1] https://a.example/?x=1&y=2",
    ):
        assert part in text
    assert "no" not in text.split()
    assert "no()" not in text


@pytest.mark.parametrize(
    "page", ["<" * 50_000, "<p>" * 20_000, "</b>" * 20_000, "<ul>" * 5000 + "<li>x", "&#0;&#x1b;<a>"]
)
def test_broken_html_is_no_trouble(page):
    began = time.process_time()
    html(page)
    assert time.process_time() - began < 5


def test_completion_knows_the_whole_grammar():
    for known, there in ((GRAMMAR, MESSAGES), (ATTEMPTS, search_attempts.ATTEMPTS)):
        assert set(known) == set(there.fields)
        for field, values in known.items():
            for value in values:
                there.fields[field].clause(value, 0.0)


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("su", "subject:"),
        ("from:a -ou", "from:a -outcome:"),
        ("(is:u", "(is:unread"),
        ("outcome:hard", "outcome:hard_bounced"),
        ("from:", None),
        ("", None),
        ("word ", None),
        ("zzz", None),
    ],
)
def test_the_last_word_is_completed(line, whole):
    assert complete(line) == whole


@pytest.mark.parametrize(
    "given",
    [
        "../../etc/passwd",
        "..\\evil",
        "\x1b[2J",
        "\u202egpj.exe",
        ".bashrc",
        "-rf",
        "a" * 500,
        "con/\x00",
        "",
        "...",
        "~",
    ],
)
def test_file_names_of_messages_are_made_harmless(given):
    name = safe_name(given, "part-1")
    assert 0 < len(name) <= 120
    assert name[0] != "."
    assert name.isprintable()
    assert not set(name) & set("/\\\u202e~")


def test_saving_never_overwrites_and_says_why_it_fails(tmp_path):
    assert save(str(tmp_path / "a"), b"x").read_bytes() == b"x"
    for path, words in (
        (tmp_path / "a", "is there already"),
        (tmp_path / "no" / "b", "can't be written"),
        ("\0", "can't be written"),
    ):
        with pytest.raises(OutsideError, match=words):
            save(str(path), b"y")


def test_the_users_programs_are_found():
    assert editor({"VISUAL": "code --wait", "EDITOR": "vi"}) == ["code", "--wait"]
    assert editor({"EDITOR": "'"}) == ["'"]
    assert (editor({}), pager({})) == (["vi"], ["less"])


@pytest.mark.parametrize("content", ["", "{", "[]", '{"theme": 5, "follow": "x"}', "[" * 100_000])
def test_a_spoilt_file_of_settings_is_as_good_as_none(tmp_path, content):
    path = tmp_path / "tui.json"
    path.write_text(content)
    remembered = Remembered(path)
    assert remembered.text("theme", "x") == "x"
    assert remembered.flag("follow", default=True) is True
    remembered.keep(theme="nord")
    assert Remembered(path).text("theme") == "nord"


def test_the_file_of_settings_is_where_such_files_are(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings_file() == tmp_path / "email-sandbox" / "tui.json"
    Remembered(tmp_path / "x").keep(theme="a")
    Remembered(tmp_path / "x" / "y").keep(theme="a")  # can't be written: no reason to fail


@pytest.mark.parametrize(
    ("answer", "light"),
    [
        (b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62c", 1.0),
        (b"\x1b]11;rgb:00/00/00\x07", 0.0),
        (b"\x1b[?6c", None),
        (b"", None),
    ],
)
def test_the_terminals_background_is_read(answer, light):
    assert brightness(answer) == (None if light is None else pytest.approx(light))


def test_without_an_answer_the_environment_decides(monkeypatch):
    monkeypatch.setattr("sandbox_ui.tui.background._ask", lambda: b"")
    assert is_dark({})
    assert not is_dark({"COLORFGBG": "0;15"})
    assert is_dark({"COLORFGBG": "15;0"})


def test_wishes_hold_what_was_filled_in_only():
    assert wish_of("e", {"times": "", "sender": ""}) == {"error": "e", "match": {}}
    found = {"times": "3", "probability": "0.5", "after": "x", "stage": "DATA", "recipient": "*@a.example"}
    assert wish_of("e", found) == {
        "error": "e", "times": 3, "probability": 0.5, "after": "x", "stage": "DATA", "match": {"recipient": "*@a.example"},
    }  # fmt: skip


def test_older_messages_follow_the_newest_page_without_gap_or_repetition():
    def items(*names):
        return [{"id": name} for name in names]

    known = items("d", "c", "b", "a")
    assert older(known, Page(items=items("e", "d", "c"), next="x", total=5)) == items("b", "a")
    assert older(known, Page(items=items("z", "y"), next="x", total=9)) == ()
    assert older(known, Page(items=items("d", "c"), next=None, total=2)) == ()


def test_words_for_times_and_sizes():
    assert (span(0), span(90_061), span(-59)) == ("0s", "1d 1h", "59s")
    assert (size(5), size(2048), size(3 * 1024**2)) == ("5 B", "2.0 KiB", "3.0 MiB")
    assert clock_time("2026-01-01T12:30:00.5Z") == "12:30:00"
    assert clock_time("nonsense") == "00:00:00"
