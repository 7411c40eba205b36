-- What an envelope is about, noted with it: one statement accepts a batch. Of those that name several orders or refunds,
-- the others are noted beside it.
CREATE TRIGGER envelope_subject AFTER INSERT ON envelope BEGIN
  INSERT INTO subject SELECT 'order:' || NEW.order_id, NEW.account, NEW.seq WHERE NEW.order_id IS NOT NULL;
  INSERT INTO subject SELECT 'refund:' || NEW.refund_id, NEW.account, NEW.seq WHERE NEW.refund_id IS NOT NULL;
END;
