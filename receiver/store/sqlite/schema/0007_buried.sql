-- Dead letters that are told to the handlers that ask for them: receiver.events.dead_letters.

ALTER TABLE delivery ADD COLUMN told INTEGER NOT NULL DEFAULT 0;  -- 1: of its burial was told, or need not be
UPDATE delivery SET told = 1 WHERE state = 'dead';
CREATE INDEX delivery_untold ON delivery (id) WHERE state = 'dead' AND told = 0;
