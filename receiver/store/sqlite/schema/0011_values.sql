-- What lists choose by, in the order of a list: receiver.store.sqlite.leading says which of them it begins with.
-- Entered by dispatch: what is only stored is not in there, and costs its acknowledgement nothing.
CREATE INDEX envelope_topic ON envelope (topic, received_at) WHERE state <> 'stored';
CREATE INDEX envelope_account ON envelope (account, received_at) WHERE state <> 'stored';
CREATE INDEX envelope_source ON envelope (source, received_at) WHERE state <> 'stored';
CREATE INDEX envelope_platform ON envelope (platform, received_at) WHERE state <> 'stored';
-- All there is, but in words that nothing but a list says: without statistics SQLite would have taken these for others.
CREATE INDEX delivery_handler ON delivery (handler) WHERE id > 0;
CREATE INDEX delivery_event ON delivery (event) WHERE id > 0;
CREATE INDEX delivery_skipped ON delivery (id) WHERE state = 'skipped';

-- Whose they are, and of what, is asked of those that are dead: told without a look at each.
DROP INDEX delivery_dead;
CREATE INDEX delivery_dead ON delivery (id, handler, event) WHERE state = 'dead';
