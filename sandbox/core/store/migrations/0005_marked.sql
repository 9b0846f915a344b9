-- Few messages have tags or attachments; they are looked for among all that have none.
CREATE INDEX messages_tagged ON messages (account, seq) WHERE tags <> '[]';
CREATE INDEX messages_with_attachments ON messages (account, seq) WHERE attachments > 0;
