-- An index of every three characters in a row, for search in subject, addresses and text: as fast in many messages as
-- in few. It keeps no text of its own; a message enters it when its content was read.
CREATE VIRTUAL TABLE message_words USING fts5 (
    subject, sender, to_header, rcpt_to, body,
    content = 'messages', content_rowid = 'seq', tokenize = 'trigram'
);

CREATE TRIGGER words_added AFTER UPDATE OF indexed ON messages WHEN new.indexed = 1 AND old.indexed = 0 BEGIN
    INSERT INTO message_words (rowid, subject, sender, to_header, rcpt_to, body)
    VALUES (new.seq, new.subject, new.sender, new.to_header, new.rcpt_to, new.body);
END;

CREATE TRIGGER words_removed AFTER DELETE ON messages WHEN old.indexed = 1 BEGIN
    INSERT INTO message_words (message_words, rowid, subject, sender, to_header, rcpt_to, body)
    VALUES ('delete', old.seq, old.subject, old.sender, old.to_header, old.rcpt_to, old.body);
END;

INSERT INTO message_words (rowid, subject, sender, to_header, rcpt_to, body)
SELECT seq, subject, sender, to_header, rcpt_to, body FROM messages WHERE indexed = 1;

-- How many are unread is asked for with every look at the status.
CREATE INDEX messages_read ON messages (account, read);
