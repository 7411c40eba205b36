-- The end of an attempt in one statement, which is its own transaction: no lane is held while a process is slow to send
-- the next one. Statement by statement it sees what was committed before, so it reads the lane once it holds it; the
-- key is that of receiver.store.postgresql.lanes.

CREATE OR REPLACE FUNCTION settle_attempt(
  of_delivery bigint, of_offer integer, of_attempt integer,
  becomes text, due_in bigint, how text, took bigint, why text
) RETURNS boolean LANGUAGE plpgsql VOLATILE
  SET enable_seqscan = off  -- a session keeps the plans that it made when the tables were small
AS $$
DECLARE
  again boolean := becomes = 'due';
  running text := 'running';  -- written below, a session that planned it when few ran would look through all that run
  its_handler text;
  its_lane text;
BEGIN
  IF NOT again THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(handler, hashtextextended(lane, 0)))
    FROM delivery WHERE id = of_delivery AND lane IS NOT NULL;
  END IF;
  UPDATE delivery SET state = becomes, head = head AND again, due_at = now_ms() + due_in, lost = 0, lease_until = NULL,
                      error = why, ended_at = CASE WHEN again THEN NULL ELSE now_ms() END
  WHERE id = of_delivery AND state = running AND offer = of_offer
  RETURNING handler, lane INTO its_handler, its_lane;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE attempt SET outcome = how, duration = took, error = why
  WHERE delivery_id = of_delivery AND number = of_attempt;
  IF NOT again AND its_lane IS NOT NULL THEN
    UPDATE delivery SET head = true WHERE id = (
      SELECT id FROM delivery
      WHERE lane = its_lane AND handler = its_handler AND state IN ('due', 'offered', 'running')
        AND NOT EXISTS (SELECT 1 FROM delivery WHERE lane = its_lane AND handler = its_handler AND head)
      ORDER BY id LIMIT 1);
  END IF;
  RETURN true;
END
$$;
