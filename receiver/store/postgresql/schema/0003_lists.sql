-- What lists begin with where the inbox is large: a time of reception, and what has not ended.
-- Concurrently: callbacks are acknowledged meanwhile. What a build that was cut short left behind is of no use.

DROP INDEX CONCURRENTLY IF EXISTS envelope_received;
CREATE INDEX CONCURRENTLY envelope_received ON envelope (received_at, seq);
DROP INDEX CONCURRENTLY IF EXISTS delivery_open;
CREATE INDEX CONCURRENTLY delivery_open ON delivery (id) WHERE state IN ('due', 'offered', 'running');
