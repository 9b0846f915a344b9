-- Accepting a message keeps as few pages and triggers busy as it can.

-- Those who add messages or change outcomes count many of them with one statement (`store/tallies.py`).
DROP TRIGGER messages_counted;
DROP TRIGGER recipients_counted;
DROP TRIGGER outcomes_counted;

-- How many are unread is kept by now, and looked for are the few that are not.
DROP INDEX messages_read;
CREATE INDEX messages_seen ON messages (account, seq) WHERE read = 1;

-- What is due is found by its account: the way from there over all of its messages takes as long as there are messages.
ALTER TABLE recipients ADD COLUMN account TEXT NOT NULL DEFAULT '';
UPDATE recipients SET account = (SELECT account FROM messages WHERE seq = message);
DROP INDEX recipients_due;
CREATE INDEX recipients_due ON recipients (account, due) WHERE due IS NOT NULL;
