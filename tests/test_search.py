"""The search grammar: what each query finds, what each mistake is told, and that nothing else can happen."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

import counted
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.core.errors import QueryError
from sandbox.core.search import DEPTH, LONGEST, TERMS, compile_query
from sandbox.core.search_fields import FIELDS
from sandbox.core.store import finding
from sandbox.core.store.database import Transaction
from sandbox.core.store.schema import migrate
from sandbox.core.store.words import add_words

NOW = 1_800_000_000.0


@dataclass
class Mail:
    """A row of the table, with what the tests vary."""

    id: str
    subject: str = ""
    sender: str = "Shop <shop@example.com>"
    to: str = "ann@example.net"
    rcpt: tuple[str, ...] = ("ann@example.net",)
    body: str = ""
    outcome: str = "delivered"
    tags: str = "[]"
    read: int = 0
    size: int = 1000
    attachments: int = 0
    age: float = 60.0
    channel: str = "smtp"
    user: str = "ocid1.user.a"
    session: str = "s-1"
    message_id: str = "one@example.com"
    mail_from: str = "bounce@example.com"


MAIL = (
    Mail("invoice", subject="Invoice 100% ready", body="Please pay", tags='["Billing"]', read=1, size=20_000),
    Mail("welcome", subject="Welcome (again)", rcpt=("joann@example.net", "bob@example.org"), outcome="suppressed"),
    Mail(
        "umlaut", subject="Äpfel und Birnen", to="Joann <joann@example.net>", rcpt=("hidden@example.org",), age=90_000
    ),
    Mail("files", subject="the report", body="see report_final.pdf", attachments=2, channel="https", session="s-2"),
)


@pytest.fixture(scope="module", params=["just accepted", "indexed"])
def connection(request):
    found = sqlite3.connect(":memory:", check_same_thread=False)
    migrate(found, "memory")
    for seq, mail in enumerate(MAIL, 1):
        found.execute(
            "INSERT INTO messages (seq, id, account, provider, channel, session, mail_from, helo, client, user, sender,"
            " rcpt_to, to_header, subject, message_id, envelope_id, accepted, size, sha256, units, read, tags, body,"
            " attachments)"
            " VALUES (?, ?, 'a', 'oci', ?, ?, ?, '', '', ?, ?, ?, ?, ?, ?, '', ?, ?, '', 1, ?, ?, ?, ?)",
            (
                seq, mail.id, mail.channel, mail.session, mail.mail_from, mail.user, mail.sender,
                json.dumps(mail.rcpt), mail.to, mail.subject, mail.message_id, NOW - mail.age, mail.size, mail.read,
                mail.tags, mail.body, mail.attachments,
            ),
        )  # fmt: skip
        for position, address in enumerate(mail.rcpt):
            found.execute(
                "INSERT INTO recipients (message, position, address, outcome) VALUES (?, ?, ?, ?)",
                (seq, position, address, mail.outcome),
            )
    counted.recount(found)
    if request.param == "indexed":
        add_words(Transaction(found), [(seq, mail.body) for seq, mail in enumerate(MAIL, 1)])
        found.execute("UPDATE messages SET indexed = 1")
    yield found
    found.close()


def find(connection, query):
    """The ids of what is found, oldest first: all of it at once, and as lists ask for it, which has to be the same."""
    clause = compile_query(query, NOW)
    seqs = finding.every(connection, "a", clause)
    for limit in (1, 50):
        for oldest in (True, False):
            assert list(paged(connection, clause, limit, oldest)) == (seqs if oldest else seqs[::-1])
    names = dict(connection.execute("SELECT seq, id FROM messages"))
    return " ".join(names[seq] for seq in seqs)


def paged(connection, clause, limit, oldest):
    """What pages of `limit` hold, one after the other; each tells the same total."""
    place, totals = None, set()
    while True:
        found = finding.find(connection, "a", clause, finding.Part(place, limit, oldest), patient=True)
        totals.add(found.total)
        yield from found.seqs[:limit]
        if len(found.seqs) <= limit:
            assert len(totals) == 1
            return
        place = found.seqs[limit - 1]


ALL = "invoice welcome umlaut files"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ALL),
        ("   ", ALL),
        ("invoice", "invoice"),
        ("INVOICE please", "invoice"),
        ('"please pay"', "invoice"),
        ('"pay please"', ""),
        ("100%", "invoice"),
        ("1%0", ""),
        ("report_final", "files"),
        ("repor_ final", ""),
        ("äpfel", "umlaut"),
        ("ÄPFEL", "umlaut"),
        ("invoice OR welcome", "invoice welcome"),
        ("invoice welcome OR report", "files"),
        ("(invoice OR welcome) pay", "invoice"),
        ("invoice AND pay", "invoice"),
        ("or", "welcome umlaut files"),
        ("-invoice", "welcome umlaut files"),
        ("NOT invoice", "welcome umlaut files"),
        ("-(invoice OR welcome)", "umlaut files"),
        ("-subject:invoice -is:read", "welcome umlaut files"),
        ('subject:"(again)"', "welcome"),
        ("subject:welcome", "welcome"),
        ("SUBJECT:welcome", "welcome"),
        ("body:report", "files"),
        ("rcpt:ann@example.net", "invoice files"),
        ("rcpt:ANN@example.net", "invoice files"),
        ("rcpt:ann", "invoice welcome files"),
        ("rcpt:@example.org", "welcome umlaut"),
        ("to:joann@example.net", "welcome umlaut"),
        ("to:hidden@example.org", "umlaut"),
        ("to:ann@example.net -rcpt:ann@example.net", "welcome"),
        ("from:shop@example.com", ALL),
        ("from:hop@example.com", ""),
        ("from:hop@", ALL),
        ("envfrom:bounce@example.com", ALL),
        ("envfrom:shop@example.com", ""),
        ("provider:OCI", ALL),
        ("provider:ses", ""),
        ("channel:https", "files"),
        ("outcome:suppressed", "welcome"),
        ("tag:billing", "invoice"),
        ("tag:bill", ""),
        ("is:read", "invoice"),
        ("is:unread", "welcome umlaut files"),
        ("is:tagged", "invoice"),
        ("has:attachment", "files"),
        ("larger:10k", "invoice"),
        ("smaller:10kb", "welcome umlaut files"),
        ("larger:1mb", ""),
        ("after:1h", "invoice welcome files"),
        ("after:-1d", "invoice welcome files"),
        ("before:1d", "umlaut"),
        ("after:2000-01-01 before:2100-01-01T00:00:00Z", ALL),
        ("message-id:<one@example.com>", ALL),
        ("id:files", "files"),
        ("id:file", ""),
        ("session:s-2", "files"),
        ("user:ocid1", ALL),
        ('"a \\" b"', ""),
        ("http://example.com/a", ""),
        ("'; DROP TABLE messages; --", ""),
    ],
)
def test_a_query_finds(connection, query, expected):
    assert find(connection, query) == expected


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("sbject:x", "unknown field 'sbject' at character 1"),
        ("a OR", "missing at character 5"),
        ("OR a", "OR at character 1"),
        ("a OR OR b", "OR at character 6"),
        ("(a", "( at character 1 is never closed"),
        ("a)", ") at character 2 closes nothing"),
        ("()", ") at character 2 needs"),
        ('"a', "quote at character 1 is never closed"),
        ("subject:", "subject: at character 1 needs"),
        ("subject: x", "right after the colon"),
        ('subject:""', "empty"),
        ("before:yesterday", "'yesterday' is not a time"),
        ("after:2026", "is not a time"),
        ("after:99999999999999d", "after: at character 1"),
        ("larger:big", "is not a size"),
        ("outcome:lost", "none of queued, delivered"),
        ("channel:fax", "none of smtp, https"),
        ("is:blue", "none of read, unread, tagged"),
        ("has:wings", "none of attachment"),
        ("a\x00b", "character at 2"),
        ("a\ud800", "character at 2"),
        ("x" * (LONGEST + 1), "1000 are the most"),
        ("a " * (TERMS + 1), "more than 100 terms"),
        ("(" * (DEPTH + 2) + "a" + ")" * (DEPTH + 2), "more than 20 deep"),
        ("NOT " * (DEPTH + 2) + "a", "more than 20 deep"),
    ],
)
def test_a_mistake_is_told_with_its_place(query, told):
    with pytest.raises(QueryError, match=r".") as caught:
        compile_query(query, NOW)
    assert told in str(caught.value)


PIECES = st.sampled_from(
    [*(f"{name}:" for name in FIELDS), "(", ")", "-", " ", '"', "OR", "NOT", "AND", "1h", "10k", "a@b.cc", "%", "*",
     "[", "\\", "smtp", "read", "attachment", "delivered", "é", "2026-01-01", "-1d"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(query=st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join)))
def test_any_text_is_a_condition_that_runs_or_a_query_error(connection, query):
    try:
        found = find(connection, query)
    except QueryError:
        return
    assert set(found.split()) <= set(ALL.split())


@settings(max_examples=100, deadline=None)
@given(word=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=30))
def test_a_quoted_word_is_searched_for_literally(connection, word):
    if not word.strip():
        return
    quoted = word.replace("\\", "\\\\").replace('"', '\\"')
    expected = [mail.id for mail in MAIL if word.lower() in mail.subject.lower()] if word.isascii() else None
    found = find(connection, f'subject:"{quoted}"').split()
    assert expected is None or found == expected


def test_the_longest_queries_run(connection):
    assert find(connection, " ".join(["-zz"] * TERMS)) == ALL
    assert find(connection, " OR ".join(["é"] * TERMS)) == ""
    assert find(connection, "(" * DEPTH + "invoice" + ")" * DEPTH) == "invoice"
    assert find(connection, '"' + "%" * (LONGEST - 2) + '"') == ""


def test_many_long_words_are_one_question_to_the_index(connection):
    words = [f"{number:03}xy" for number in range(TERMS - 2)]
    assert find(connection, " OR ".join([*words, "invoice"])) == "invoice"
    assert find(connection, " ".join(f"-{word}" for word in words)) == ALL
    assert find(connection, " ".join(words)) == ""
    assert find(connection, "(invoice OR zz) (pay OR report) -welcome") == "invoice"


def test_terms_narrow_together():
    """However many words a search has, the index is asked once where they all have to be there."""
    clause = compile_query("subject:heliotrope body:report (one OR three) -is:read", NOW)
    assert clause.narrowed().sql.count("MATCH") == 1
    assert compile_query("report OR is:read", NOW).narrowed().sql.count("MATCH") == 1
    assert "MATCH" not in compile_query("-report", NOW).narrowed().sql
