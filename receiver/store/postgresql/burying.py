"""Telling handlers what was buried: a delivery for each of them, about a delivery that is dead.

Its event has the number of the dead one, below nought, so it is owed once, however often this is done.
"""

from collections.abc import Mapping

from receiver.envelope import Platform
from receiver.events import DeliveryBuried
from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection

_UNTOLD = "SELECT 1 FROM delivery WHERE state = 'dead' AND NOT told LIMIT 1"

_TELL = """
WITH dead AS MATERIALIZED (
  SELECT id, envelope_seq, event, order_id, refund_id FROM delivery
  WHERE state = 'dead' AND NOT told ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED),
told AS (
  UPDATE delivery SET told = true FROM dead WHERE delivery.id = dead.id),
owed AS (
  INSERT INTO delivery (envelope_seq, number, handler, event, order_id, refund_id, lane,
                        tells_state, head, due_at, created_at)
  SELECT dead.envelope_seq, -dead.id, asking.handler, %(event)s, dead.order_id, dead.refund_id,
         'delivery:' || dead.id, false, true, now_ms(), now_ms()
  FROM dead JOIN envelope ON envelope.seq = dead.envelope_seq
  CROSS JOIN unnest(%(handlers)s::text[], %(platforms)s::text[]) AS asking (handler, platform)
  WHERE dead.event <> %(event)s AND (asking.platform IS NULL OR asking.platform = envelope.platform)
  ORDER BY dead.id
  ON CONFLICT (envelope_seq, number, handler) DO NOTHING)
SELECT count(*) FROM dead
"""


def anything_untold(connection: Connection) -> bool:
    """Worth a transaction."""
    return query.row(connection, _UNTOLD) is not None


def tell_buried(connection: Connection, handlers: Mapping[str, Platform | None], limit: int) -> int:
    """Of up to ``limit`` dead deliveries; how many there were. Those about a burial themselves are told to nobody."""
    told: int = query.value(
        connection,
        _TELL,
        {
            "handlers": list(handlers),
            "platforms": list(handlers.values()),
            "event": DeliveryBuried.type,
            "limit": limit,
        },
    )
    return told
