-- Payloads do not stay for ever: an old one that nobody needs is emptied. And who does what only one may do at a time.

ALTER TABLE envelope ADD COLUMN pruned_at INTEGER;                   -- NULL: the payload is whole
CREATE INDEX envelope_prunable ON envelope (received_at) WHERE state = 'dispatched' AND pruned_at IS NULL;

CREATE TABLE lease (
  name          TEXT NOT NULL PRIMARY KEY,
  holder        TEXT NOT NULL,
  until         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
