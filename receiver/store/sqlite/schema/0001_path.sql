-- Times are milliseconds since 1970, UTC.

CREATE TABLE envelope (
  seq           INTEGER PRIMARY KEY,       -- order of acceptance
  id            TEXT NOT NULL,             -- UUID version 7
  account       TEXT NOT NULL,
  source        TEXT NOT NULL,
  platform      TEXT,                      -- 'taobao', '1688', or NULL where the source did not say
  topic         TEXT,                      -- the source's own name of what happened
  order_id      TEXT,                      -- the first order it names; all of them stand in subject
  refund_id     TEXT,
  identity      BLOB NOT NULL,             -- receiver.identity
  generation    INTEGER NOT NULL,          -- same identity, yet another message
  bytes_digest  BLOB NOT NULL,             -- of the payload
  ambiguous     INTEGER NOT NULL,          -- content alone could not tell a repeat from news
  redeliveries  INTEGER NOT NULL DEFAULT 0,
  state         TEXT NOT NULL DEFAULT 'stored',  -- stored, dispatched, unreadable
  error         TEXT,                      -- why it is unreadable: field path and reason, no values
  received_at   INTEGER NOT NULL,
  payload       BLOB NOT NULL              -- byte for byte as it was signed
) STRICT;
CREATE UNIQUE INDEX envelope_identity ON envelope (account, identity, generation);
CREATE UNIQUE INDEX envelope_id ON envelope (id);
CREATE INDEX envelope_stored ON envelope (seq) WHERE state = 'stored';
CREATE INDEX envelope_unreadable ON envelope (seq) WHERE state = 'unreadable';

-- Which orders and refunds an envelope is about.
CREATE TABLE subject (
  subject       TEXT NOT NULL,             -- 'order:ID' or 'refund:ID'
  account       TEXT NOT NULL,
  envelope_seq  INTEGER NOT NULL,
  PRIMARY KEY (subject, account, envelope_seq)
) STRICT, WITHOUT ROWID;

-- The source sent an envelope's message again.
CREATE TABLE redelivery (
  envelope_seq  INTEGER NOT NULL,
  received_at   INTEGER NOT NULL,
  bytes_digest  BLOB NOT NULL              -- the push time may have changed
) STRICT;
CREATE INDEX redelivery_envelope ON redelivery (envelope_seq);

CREATE TABLE delivery (
  id            INTEGER PRIMARY KEY,       -- order of dispatch
  envelope_seq  INTEGER NOT NULL REFERENCES envelope (seq),
  number        INTEGER NOT NULL,          -- which event of the envelope, from 0
  handler       TEXT NOT NULL,
  event         TEXT NOT NULL,             -- the event's stored type
  order_id      TEXT,
  refund_id     TEXT,
  lane          TEXT,                      -- NULL: a lane of its own
  state         TEXT NOT NULL DEFAULT 'due',  -- due, offered, running, succeeded, skipped, dead
  head          INTEGER NOT NULL,          -- 1: first of its lane that has not ended
  due_at        INTEGER NOT NULL,
  offer         INTEGER NOT NULL DEFAULT 0,   -- fencing number, raised by each claim
  lease_until   INTEGER,                   -- while offered or running
  attempts      INTEGER NOT NULL DEFAULT 0,   -- started so far
  spent         INTEGER NOT NULL DEFAULT 0,   -- attempts before the last replay: they no longer count against the limit
  lost          INTEGER NOT NULL DEFAULT 0,   -- attempts in a row that ended with the worker's death
  error         TEXT,                      -- of the last attempt: type and place, no values
  created_at    INTEGER NOT NULL,
  ended_at      INTEGER,
  replays       INTEGER NOT NULL DEFAULT 0,
  replayed_by   TEXT,
  replayed_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX delivery_owed ON delivery (envelope_seq, number, handler);
CREATE INDEX delivery_due ON delivery (due_at) WHERE state = 'due' AND head = 1;
CREATE INDEX delivery_leased ON delivery (lease_until) WHERE state IN ('offered', 'running');
CREATE INDEX delivery_lane ON delivery (lane, handler, id) WHERE state IN ('due', 'offered', 'running');
CREATE INDEX delivery_dead ON delivery (id) WHERE state = 'dead';
CREATE INDEX delivery_order ON delivery (order_id, id) WHERE order_id IS NOT NULL;
CREATE INDEX delivery_refund ON delivery (refund_id, id) WHERE refund_id IS NOT NULL;

CREATE TABLE attempt (
  delivery_id   INTEGER NOT NULL REFERENCES delivery (id),
  number        INTEGER NOT NULL,          -- from 1
  started_at    INTEGER NOT NULL,
  outcome       TEXT NOT NULL DEFAULT 'running',  -- running, succeeded, failed, lost
  duration      INTEGER,                   -- milliseconds
  error         TEXT,
  PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;
