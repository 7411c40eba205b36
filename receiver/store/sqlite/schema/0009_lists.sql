-- What lists begin with where the inbox is large: a time of reception, and what has not ended.
CREATE INDEX envelope_received ON envelope (received_at);
CREATE INDEX delivery_open ON delivery (id) WHERE state IN ('due', 'offered', 'running');
