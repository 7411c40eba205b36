-- The effects of one delivery: what the story of an order tells, and what a replay forgets.
CREATE INDEX effect_delivery ON effect (delivery_id);
