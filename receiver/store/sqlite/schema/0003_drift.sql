-- What the platform sends that nobody told us of: receiver.drift. And what became of envelopes, and when.

CREATE TABLE drift (
  source        TEXT NOT NULL,
  kind          TEXT NOT NULL,             -- topic, field, vanished
  topic         TEXT NOT NULL,
  path          TEXT NOT NULL,             -- of the field, never a value; '' where kind is topic
  count         INTEGER NOT NULL,          -- envelopes that differ so
  first_at      INTEGER NOT NULL,          -- when the first of them was received
  last_at       INTEGER NOT NULL,
  envelope_seq  INTEGER NOT NULL,          -- the last of them
  PRIMARY KEY (source, kind, topic, path)
) STRICT, WITHOUT ROWID;

ALTER TABLE envelope ADD COLUMN dispatched_at INTEGER;               -- or found unreadable; NULL: not yet, or before this
ALTER TABLE envelope ADD COLUMN replays INTEGER NOT NULL DEFAULT 0;  -- how often a person had it dispatched again
ALTER TABLE envelope ADD COLUMN replayed_by TEXT;
ALTER TABLE envelope ADD COLUMN replayed_at INTEGER;
