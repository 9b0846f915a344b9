"""`export` and `import`: every octet, flag and envelope comes back, whatever is in the mail or its names."""

import base64
import json
import mailbox
import re
import string
from contextlib import closing

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.cli import commands
from sandbox.client.errors import ApiError
from sandbox.mailboxes import FORMATS, Letter, MailboxError, read, write

EXAMPLE = b"From: Shop <noreply@example.com>\r\nTo: ann@example.net\r\nSubject: Order 7\r\n\r\nHello\r\n"
LINES = st.sampled_from(
    [
        b"From ann Sat Nov 21 12:00:00 2026",
        b">From me",
        b">>From",
        b"From:",
        b"",
        b"\xff\x80\xe9",
        b"\0",
        b".",
        b"a" * 2000,
    ]
)
OCTETS = st.one_of(
    st.binary(min_size=1, max_size=300),
    st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n", b"\r", b""])), min_size=1, max_size=12).map(
        lambda pairs: b"".join(part for pair in pairs for part in pair) or b"x"
    ),
)
TEXTS = st.text(string.ascii_letters + "äß /:\\.\"'", min_size=1, max_size=20).filter(str.strip)
ABOUT = st.fixed_dictionaries(
    {
        "id": st.text(string.ascii_lowercase + string.digits, min_size=26, max_size=26),
        "envelope": st.fixed_dictionaries({"mail_from": TEXTS, "rcpt_to": st.lists(TEXTS, max_size=3)}),
        "times": st.just({"accepted": "2026-11-21T12:00:00.000Z"}),
        "read": st.booleans(),
        "tags": st.lists(TEXTS, max_size=2),
    }
)
LETTERS = st.lists(
    st.builds(Letter, raw=OCTETS, about=ABOUT), min_size=1, max_size=6, unique_by=lambda one: one.about["id"]
)


def known(letters):
    return sorted((letter.raw, json.dumps(letter.about, sort_keys=True)) for letter in letters)


@pytest.fixture
def cli(email_sandbox):
    def run(*arguments):
        return CliRunner(env={"EMAIL_SANDBOX_URL": email_sandbox.url}).invoke(commands, [str(one) for one in arguments])

    return run


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(letters=LETTERS)
def test_what_is_written_is_read(tmp_path_factory, form, letters):
    path = tmp_path_factory.mktemp("box") / "mail"
    with write(form, path) as writer:
        for letter in letters:
            writer.add(letter)
    assert known(read(path)) == known(letters)


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(letters=LETTERS)
def test_out_in_and_out_again_through_a_sandbox(tmp_path_factory, email_sandbox, form, letters):
    """import → export → reset → import → export: both exports are the same, to the octet and the flag."""
    folder = tmp_path_factory.mktemp("boxes")
    run = CliRunner(env={"EMAIL_SANDBOX_URL": email_sandbox.url}).invoke
    email_sandbox.reset()
    for letter in letters:
        email_sandbox.take_in(letter.raw, letter.about)
    for name in ("one", "two"):
        answer = run(commands, ["export", "--format", form, str(folder / name)])
        assert answer.exit_code == 0, answer.output
        email_sandbox.reset()
        answer = run(commands, ["import", str(folder / name)])
        assert answer.exit_code == 0, answer.output
    first, second = (list(read(folder / name)) for name in ("one", "two"))
    assert known(first) == known(second)
    assert sorted(letter.raw for letter in first) == sorted(letter.raw for letter in letters)
    flags = {
        one.about["id"]: (one.about["read"], list(dict.fromkeys(tag.strip() for tag in one.about["tags"])))
        for one in letters
    }
    assert {one.about["id"]: (one.about["read"], one.about["tags"]) for one in second} == flags
    assert all(
        one.about["envelope"]["rcpt_to"] == other.about["envelope"]["rcpt_to"] for one, other in pairs(first, second)
    )


def pairs(first, second):
    by_id = {one.about["id"]: one for one in second}
    return [(one, by_id[one.about["id"]]) for one in first]


def test_accepted_mail_goes_out_and_comes_back(cli, email_sandbox, tmp_path):
    for number in range(3):
        assert cli("send", "--subject", f"Mail {number}", "--to", "ann@example.net").exit_code == 0
    before = {one.id: (one.raw, one.outcome("ann@example.net"), one.subject) for one in email_sandbox.messages()}
    answer = cli("export", "--format", "eml", tmp_path / "out")
    assert (answer.exit_code, answer.stderr) == (0, f"3 messages exported to {tmp_path / 'out'}\n")
    assert len(list((tmp_path / "out").glob("*.eml"))) == 3

    assert cli("import", tmp_path / "out").stderr == "0 messages imported, 3 were there already\n"
    email_sandbox.reset()
    assert cli("import", tmp_path / "out").stderr == "3 messages imported\n"

    after = email_sandbox.messages()
    assert {one.id: (one.raw, one.outcome("ann@example.net"), one.subject) for one in after} == before
    assert [one.subject for one in after] == ["Mail 2", "Mail 1", "Mail 0"]
    assert all(one.data["attributes"]["imported"] == "true" for one in after)
    assert email_sandbox.messages("subject:mail body:email-sandbox")


def test_only_what_matches_is_exported(cli, email_sandbox, tmp_path):
    for subject in ("keep this", "leave that"):
        cli("send", "--subject", subject)
    assert cli("export", "--format", "mbox", tmp_path / "kept.mbox", "subject:keep").exit_code == 0
    with closing(mailbox.mbox(tmp_path / "kept.mbox")) as box:
        assert [message["Subject"] for message in box] == ["keep this"]


def test_other_programs_read_the_maildir(cli, email_sandbox, tmp_path):
    email_sandbox.take_in(EXAMPLE, {"read": True, "tags": ["flagged"]})
    email_sandbox.take_in(EXAMPLE.replace(b"7", b"8"), {})
    assert cli("export", "--format", "maildir", tmp_path / "box").exit_code == 0
    with closing(mailbox.Maildir(tmp_path / "box")) as box:
        found = {message["Subject"]: (message.get_subdir(), message.get_flags()) for message in box}
    assert found == {"Order 7": ("cur", "FS"), "Order 8": ("new", "")}


def test_a_foreign_maildir_keeps_its_flags(cli, email_sandbox, tmp_path):
    with closing(mailbox.Maildir(tmp_path / "box")) as box:
        message = mailbox.MaildirMessage(EXAMPLE)
        message.set_subdir("cur")
        message.set_flags("FRS")
        box.add(message)
        box.add_folder("Sent").add(mailbox.MaildirMessage(EXAMPLE.replace(b"7", b"9")))
    assert cli("import", "--tag", "old", tmp_path / "box").stderr == "2 messages imported\n"
    found = {one.subject: (one.data["read"], one.data["tags"]) for one in email_sandbox.messages()}
    assert found == {"Order 7": (True, ["flagged", "answered", "old"]), "Order 9": (False, ["Sent", "old"])}
    one = email_sandbox.messages("subject:7")[0]
    assert (one.sender, one.recipients, one.outcome("ann@example.net")) == (
        "noreply@example.com", ["ann@example.net"], "delivered"
    )  # fmt: skip


def test_a_foreign_mbox_keeps_its_dates(cli, email_sandbox, tmp_path):
    path = tmp_path / "old.mbox"
    path.write_bytes(
        b"From a@b Fri Jan 30 10:20:30 2015\nSubject: one\n\n>From here\n\nFrom c@d nonsense\nSubject: two\n\n"
    )
    assert cli("import", path).exit_code == 0
    two, one = email_sandbox.messages()
    assert (one.subject, two.subject) == ("one", "two")
    assert one.data["times"]["accepted"] == "2015-01-30T10:20:30.000Z"
    assert one.raw == b"Subject: one\n\nFrom here\n"


def test_names_of_files_are_ours(tmp_path):
    """Ids come from whoever answers at the URL; none leads out of the folder."""
    for form in ("eml", "maildir"):
        with write(form, tmp_path / form) as writer:
            writer.add(Letter(raw=b"x", about={"id": "../../../etc/passwd", "envelope": {"mail_from": "a\nFrom b"}}))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 4
    assert all(re.fullmatch(r"[\w.:,-]+", path.name) for path in files)
    with write("mbox", tmp_path / "box") as writer:
        writer.add(Letter(raw=b"x", about={"envelope": {"mail_from": "a\nFrom b"}}))
    assert (tmp_path / "box").read_bytes().startswith(b"From a_From_b Thu Jan  1 00:00:00 1970\nx\n")


def test_nothing_is_overwritten(cli, tmp_path):
    (tmp_path / "there").write_text("precious")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("precious")
    for form, name in (("mbox", "there"), ("eml", "there"), ("eml", "full"), ("maildir", "full")):
        answer = cli("export", "--format", form, tmp_path / name)
        assert (answer.exit_code, "choose another name" in answer.stderr) == (1, True), answer.stderr
    assert (tmp_path / "there").read_text() == "precious"


def test_what_can_not_be_read_is_told(cli, tmp_path):
    (tmp_path / "odd").write_bytes(b"no mailbox")
    answer = cli("import", "--format", "mbox", tmp_path / "odd")
    assert (answer.exit_code, "is no mbox file" in answer.stderr) == (1, True)
    (tmp_path / "mail.mbox").write_bytes(b"From x\nSubject: a\n\n")
    (tmp_path / "mail.mbox.jsonl").write_text("{torn")
    answer = cli("import", tmp_path / "mail.mbox")
    assert (answer.exit_code, "is damaged" in answer.stderr) == (1, True)
    with pytest.raises(MailboxError, match="can't be read"):
        list(read(tmp_path / "absent"))


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"raw": None}, "raw is to be"),
        ({"raw": "§"}, "base64"),
        ({"provider": "nobody"}, "provider is one of oci"),
        ({"channel": "pigeon"}, "channel is to be"),
        ({"read": "yes"}, "read is to be"),
        ({"tags": ["\n"]}, "a tag is"),
        ({"envelope": {"rcpt_to": [1]}}, "rcpt_to is to be"),
        ({"envelope": {"surprise": 1}}, "envelope is to be without 'surprise'"),
        ({"recipients": [{"address": "a", "outcome": "lost"}]}, "outcome is to be"),
        ({"times": {"accepted": "soon"}}, "times.accepted is to be"),
        ({"attributes": {"a": 1}}, "attributes is to be"),
        ({"surprise": 1}, "unknown field 'surprise'"),
    ],
)
def test_a_wrong_field_is_told(email_sandbox, wish, said):
    body = {"raw": base64.b64encode(EXAMPLE).decode(), **wish}
    with pytest.raises(ApiError, match=re.escape(said)):
        email_sandbox._transport.json("POST", "/messages", body=body)
    assert email_sandbox.messages() == []


def test_a_large_message_comes_in(email_sandbox):
    raw = EXAMPLE + b"x" * 8_000_000
    assert email_sandbox.take_in(raw, {}).raw == raw


def test_mail_without_a_header_comes_in(email_sandbox):
    found = email_sandbox.take_in(b"\xff\0 no header at all", {})
    assert (found.subject, found.recipients, found.raw) == ("", [], b"\xff\0 no header at all")
    assert email_sandbox.messages()[0].data["headers"] == []
