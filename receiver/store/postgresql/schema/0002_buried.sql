-- Dead letters that are told to the handlers that ask for them: receiver.events.dead_letters.

ALTER TABLE delivery ALTER COLUMN number TYPE bigint;               -- below nought: minus the id of a dead delivery
ALTER TABLE delivery ADD COLUMN told boolean NOT NULL DEFAULT false;  -- of its burial was told, or need not be
UPDATE delivery SET told = true WHERE state = 'dead';
CREATE INDEX delivery_untold ON delivery (id) WHERE state = 'dead' AND NOT told;
