-- An identity, an order and a refund lie anywhere in their index, so that a callback wrote a page of its own into each
-- of them: three quarters of what its commit had to write. They are brought up to date later, in sorted order and for
-- many envelopes at once. Until then the envelope's row tells. See receiver/store/sqlite/indexing.py.
CREATE TABLE indexed (
  up_to         INTEGER NOT NULL           -- the last envelope that the tables below tell of, and all before it
) STRICT;
INSERT INTO indexed SELECT coalesce(max(seq), 0) FROM envelope;

CREATE TABLE indexed_identity (
  identity      BLOB NOT NULL,
  account       TEXT NOT NULL,
  generation    INTEGER NOT NULL,
  envelope_seq  INTEGER NOT NULL,
  PRIMARY KEY (identity, account, generation)
) STRICT, WITHOUT ROWID;
INSERT INTO indexed_identity SELECT identity, account, generation, seq FROM envelope ORDER BY 1, 2, 3;
DROP INDEX envelope_identity;

DROP TRIGGER envelope_subject;
ALTER TABLE subject RENAME TO indexed_subject;
-- Which envelope names which order or refund. One may be told of twice.
CREATE VIEW subject (subject, account, envelope_seq) AS
  SELECT subject, account, envelope_seq FROM indexed_subject
  UNION ALL
  SELECT 'order:' || order_id, account, seq FROM envelope
  WHERE seq > (SELECT up_to FROM indexed) AND order_id IS NOT NULL
  UNION ALL
  SELECT 'refund:' || refund_id, account, seq FROM envelope
  WHERE seq > (SELECT up_to FROM indexed) AND refund_id IS NOT NULL;
