-- One sandbox's store. Times are Unix seconds; JSON is text; everything that belongs to an account says so.
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    created REAL NOT NULL,
    clock_offset REAL NOT NULL DEFAULT 0,
    ready_made INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    provider TEXT NOT NULL,
    channel TEXT NOT NULL,
    session TEXT NOT NULL,
    mail_from TEXT NOT NULL,
    helo TEXT NOT NULL,
    client TEXT NOT NULL,
    user TEXT NOT NULL,
    sender TEXT NOT NULL,
    rcpt_to TEXT NOT NULL,
    to_header TEXT NOT NULL,
    subject TEXT NOT NULL,
    message_id TEXT NOT NULL,
    envelope_id TEXT NOT NULL,
    accepted REAL NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    units INTEGER NOT NULL,
    read INTEGER NOT NULL DEFAULT 0,
    tags TEXT NOT NULL DEFAULT '[]',
    mail_params TEXT NOT NULL DEFAULT '{}',
    rcpt_params TEXT NOT NULL DEFAULT '{}',
    attributes TEXT NOT NULL DEFAULT '{}',
    indexed INTEGER NOT NULL DEFAULT 0,
    snippet TEXT NOT NULL DEFAULT '',
    body TEXT NOT NULL DEFAULT '',
    attachments INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX messages_by_account ON messages (account, seq);
CREATE INDEX messages_to_index ON messages (seq) WHERE indexed = 0;

CREATE TABLE raws (
    message INTEGER PRIMARY KEY REFERENCES messages (seq) ON DELETE CASCADE,
    octets BLOB NOT NULL
) STRICT;

CREATE TABLE recipients (
    message INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    address TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    due REAL,
    task TEXT NOT NULL DEFAULT 'attempt',
    attempts INTEGER NOT NULL DEFAULT 0,
    last REAL,
    PRIMARY KEY (message, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX recipients_due ON recipients (due) WHERE due IS NOT NULL;

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    at REAL NOT NULL,
    type TEXT NOT NULL,
    message TEXT,
    recipient TEXT,
    data TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX events_by_message ON events (message) WHERE message IS NOT NULL;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    provider TEXT NOT NULL,
    channel TEXT NOT NULL,
    client TEXT NOT NULL,
    user TEXT NOT NULL,
    summary TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    refused INTEGER NOT NULL DEFAULT 0,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_account ON sessions (account, started);

CREATE TABLE resources (
    account TEXT NOT NULL,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    data TEXT NOT NULL,
    created REAL NOT NULL,
    updated REAL NOT NULL,
    PRIMARY KEY (account, provider, kind, id),
    UNIQUE (account, provider, kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE reports (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    message TEXT NOT NULL,
    kind TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    about TEXT NOT NULL,
    created REAL NOT NULL,
    octets BLOB NOT NULL
) STRICT;
CREATE INDEX reports_by_message ON reports (message);
CREATE INDEX reports_by_account ON reports (account, seq);

CREATE TABLE soft_bounces (
    account TEXT NOT NULL,
    provider TEXT NOT NULL,
    address TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (account, provider, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage (
    account TEXT NOT NULL,
    provider TEXT NOT NULL,
    second INTEGER NOT NULL,
    units INTEGER NOT NULL,
    PRIMARY KEY (account, provider, second)
) STRICT, WITHOUT ROWID;
