-- A follow-up call that cannot be taken back, recorded so that it is not repeated.
CREATE TABLE effect (
  account       TEXT NOT NULL,
  handler       TEXT NOT NULL,
  subject       TEXT NOT NULL,             -- what it is about: the event's lane, or its envelope
  purpose       TEXT NOT NULL,             -- the handler's word
  state         TEXT NOT NULL,             -- intent, sent, confirmed, unsure
  turn          INTEGER NOT NULL,          -- whose intent it is: compared and raised by whoever takes it over
  delivery_id   INTEGER NOT NULL REFERENCES delivery (id),
  attempt       INTEGER NOT NULL,
  known_at      INTEGER NOT NULL,          -- of the last change
  resolve_at    INTEGER NOT NULL,          -- an intent or a sending without an outcome is not judged before
  note          TEXT,                      -- what is known of an unsure one; no values
  PRIMARY KEY (account, handler, subject, purpose)
) STRICT, WITHOUT ROWID;
