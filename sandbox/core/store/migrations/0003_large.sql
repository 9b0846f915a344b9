-- What a store of a million messages needs: numbers that are kept instead of counted, an index of words that is thrown
-- away in parts, and ways to the oldest.

-- How many there are of what, for each account: `messages`, `unread`, `sessions`, `refused`, and recipients by outcome.
CREATE TABLE tallies (
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies SELECT account, 'messages', count(*) FROM messages GROUP BY account;
INSERT INTO tallies SELECT account, 'unread', sum(read = 0) FROM messages GROUP BY account;
INSERT INTO tallies SELECT account, 'sessions', count(*) FROM sessions GROUP BY account;
INSERT INTO tallies SELECT account, 'refused', sum(refused > 0) FROM sessions GROUP BY account;
INSERT INTO tallies SELECT m.account, 'recipients ' || r.outcome, count(*)
FROM messages m CROSS JOIN recipients r ON r.message = m.seq GROUP BY 1, 2;

CREATE TRIGGER messages_counted AFTER INSERT ON messages BEGIN
    INSERT INTO tallies VALUES (new.account, 'messages', 1), (new.account, 'unread', new.read = 0)
    ON CONFLICT DO UPDATE SET number = number + excluded.number;
END;

CREATE TRIGGER messages_read_counted AFTER UPDATE OF read ON messages WHEN new.read <> old.read BEGIN
    UPDATE tallies SET number = number + old.read - new.read WHERE account = new.account AND name = 'unread';
END;

-- Before and not after: the recipients go together with their message.
CREATE TRIGGER messages_discounted BEFORE DELETE ON messages BEGIN
    UPDATE tallies SET number = number - 1 WHERE account = old.account AND name = 'messages';
    UPDATE tallies SET number = number - (old.read = 0) WHERE account = old.account AND name = 'unread';
    INSERT INTO tallies SELECT old.account, 'recipients ' || outcome, -count(*)
    FROM recipients WHERE message = old.seq GROUP BY outcome
    ON CONFLICT DO UPDATE SET number = number + excluded.number;
END;

CREATE TRIGGER recipients_counted AFTER INSERT ON recipients BEGIN
    INSERT INTO tallies SELECT account, 'recipients ' || new.outcome, 1 FROM messages WHERE seq = new.message
    ON CONFLICT DO UPDATE SET number = number + 1;
END;

CREATE TRIGGER outcomes_counted AFTER UPDATE OF outcome ON recipients WHEN new.outcome <> old.outcome BEGIN
    INSERT INTO tallies SELECT account, 'recipients ' || new.outcome, 1 FROM messages WHERE seq = new.message
    ON CONFLICT DO UPDATE SET number = number + 1;
    UPDATE tallies SET number = number - 1
    WHERE account = (SELECT account FROM messages WHERE seq = old.message) AND name = 'recipients ' || old.outcome;
END;

CREATE TRIGGER sessions_counted AFTER INSERT ON sessions BEGIN
    INSERT INTO tallies VALUES (new.account, 'sessions', 1), (new.account, 'refused', new.refused > 0)
    ON CONFLICT DO UPDATE SET number = number + excluded.number;
END;

CREATE TRIGGER sessions_discounted AFTER DELETE ON sessions BEGIN
    UPDATE tallies SET number = number - 1 WHERE account = old.account AND name = 'sessions';
    UPDATE tallies SET number = number - (old.refused > 0) WHERE account = old.account AND name = 'refused';
END;

-- The index of words: one table for each run of messages in the order of their acceptance, named by its first place
-- (`store/words.py`). It says which messages may contain something; the messages themselves say whether they do. A
-- removed message stays in its table until the last of them is gone: taking it out alone costs as much as putting it in.
DROP TRIGGER words_added;
DROP TRIGGER words_removed;
DROP TABLE message_words;
UPDATE messages SET indexed = 0 WHERE indexed = 1;
CREATE VIRTUAL TABLE words_0 USING fts5 (words, content = '', columnsize = 0, detail = none, tokenize = 'trigram');
CREATE VIEW message_words (seq, words) AS SELECT rowid, words_0 FROM words_0;

-- The oldest of an account by its clock, and what happened in accounts that come and go.
CREATE INDEX messages_by_time ON messages (account, accepted);
CREATE INDEX events_of_others ON events (account) WHERE account <> 'default';
-- Mail that did not arrive is looked for among all the mail that did.
CREATE INDEX recipients_in_trouble ON recipients (outcome, message)
WHERE outcome NOT IN ('queued', 'delivered', 'blackholed');
