-- Recipients that a provider deals with itself are looked for at each start, among all the others.
CREATE INDEX recipients_kept ON recipients (message) WHERE outcome = 'queued' AND due IS NULL;
