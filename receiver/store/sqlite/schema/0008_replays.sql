-- What a person replayed waits for what is live: each is claimed apart.
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (handler, (replays > 0), due_at, id) WHERE state = 'due' AND head = 1;
