"""Fills a store with very many messages, as though they had been accepted and delivered, for tests of speed."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter

from sandbox.core.ids import Ids
from sandbox.core.store.database import Transaction
from sandbox.core.store.tallies import MESSAGES, UNREAD, change_tallies
from sandbox.core.store.words import add_words

WORDS = [
    "order", "invoice", "receipt", "shipment", "ticket", "password", "welcome", "account",
    "update", "weekly", "report", "meeting", "alert", "backup", "build", "release",
    "payment", "refund", "subscription", "renewal", "notice", "security", "digest", "newsletter",
    "reminder", "appointment", "delivery",
]  # fmt: skip
SUBMITTED = 1_750_000_000.0
CHUNK = 10_000
"""Messages that share a transaction."""


def fill(path, number, *, body_words=120, seed=7, told=lambda done: None):
    """Put `number` messages of about a kilobyte into the closed store at `path`; every 1000th tells of `heliotrope`.

    `told` hears how many are in, now and then.
    """
    chance, ids = random.Random(seed), Ids(seed)
    connection = sqlite3.connect(path, isolation_level=None)
    for setting in ("foreign_keys = ON", "synchronous = OFF", "cache_size = -200000", "wal_autocheckpoint = 100000"):
        connection.execute(f"PRAGMA {setting}")
    (first,) = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM messages").fetchone()
    for start in range(first, first + number, CHUNK):
        connection.execute("BEGIN")
        _insert(connection, range(start, min(start + CHUNK, first + number)), chance, ids, body_words)
        connection.execute("COMMIT")
        told(start + CHUNK - first)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _insert(connection, seqs, chance, ids, body_words):
    rows, recipients, raws, events, bodies = [], [], [], [], []
    for seq in seqs:
        at = SUBMITTED + seq
        subject = " ".join(chance.choices(WORDS, k=5)).capitalize()
        body = " ".join(chance.choices(WORDS, k=body_words)) + (" heliotrope" if seq % 1000 == 0 else "")
        rcpt = f"user{seq}@example.net"
        sender = f"Shop {seq % 50} <noreply@example.com>"
        raw = f"From: {sender}\r\nTo: {rcpt}\r\nSubject: {subject}\r\n\r\n{body}\r\n".encode()
        message = ids.sortable(at)
        rows.append((seq, message, sender, json.dumps([rcpt]), rcpt, subject, at, len(raw), body[:160], body))
        recipients.append((seq, 0, rcpt, "hard_bounced" if seq % 20 == 0 else "delivered", "250 2.0.0 Ok", 1))
        raws.append((seq, raw))
        events.append((at, message))
        bodies.append((seq, body))
    connection.executemany(
        "INSERT INTO messages (seq, id, account, provider, channel, session, mail_from, helo, client, user, sender,"
        " rcpt_to, to_header, subject, message_id, envelope_id, accepted, size, sha256, units, indexed, snippet, body)"
        " VALUES (?, ?, 'default', 'oci', 'smtp', 's1', 'noreply@example.com', 'client.test', '127.0.0.1:9', 'u', ?,"
        " ?, ?, ?, 'm@example.com', 'e', ?, ?, '', 1, 0, ?, ?)",
        rows,
    )
    connection.executemany("INSERT INTO raws (message, octets) VALUES (?, ?)", raws)
    connection.executemany(
        "INSERT INTO recipients (message, position, address, outcome, detail, attempts) VALUES (?, ?, ?, ?, ?, ?)",
        recipients,
    )
    for kind in ("message.accepted", "recipient.delivered"):
        connection.executemany(
            f"INSERT INTO events (account, at, type, message) VALUES ('default', ?, '{kind}', ?)", events
        )
    outcomes = Counter(("default", f"recipients {row[3]}") for row in recipients)
    more = {("default", MESSAGES): len(rows), ("default", UNREAD): len(rows), **outcomes}
    change_tallies(Transaction(connection), more)
    add_words(Transaction(connection), bodies)
    connection.execute("UPDATE messages SET indexed = 1 WHERE indexed = 0")
