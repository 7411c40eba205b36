-- Newer and older: receiver.standing.

ALTER TABLE delivery ADD COLUMN tells_state INTEGER NOT NULL DEFAULT 0;  -- 1: supersedes older ones of its lane
ALTER TABLE delivery ADD COLUMN stage INTEGER;                           -- how far its order or refund has come
ALTER TABLE delivery ADD COLUMN occurred_at INTEGER;                     -- the source's own time
ALTER TABLE delivery ADD COLUMN uncertain INTEGER NOT NULL DEFAULT 0;    -- 1: ran, although nobody can tell if older
ALTER TABLE delivery ADD COLUMN older_than INTEGER REFERENCES delivery (id);   -- why it was skipped
ALTER TABLE delivery ADD COLUMN stale_run INTEGER NOT NULL DEFAULT 0;    -- 1: a person asked to run it, older or not

-- Each handler is claimed for on its own.
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (handler, due_at) WHERE state = 'due' AND head = 1;

-- Those that may be what kills their worker are claimed for on their own, one at a time.
CREATE INDEX delivery_suspect ON delivery (due_at) WHERE state = 'due' AND lost >= 2;

-- Has it come again in these very bytes?
DROP INDEX redelivery_envelope;
CREATE INDEX redelivery_envelope ON redelivery (envelope_seq, bytes_digest);

CREATE INDEX delivery_told ON delivery (lane, handler, id) WHERE state = 'succeeded' AND tells_state = 1;
