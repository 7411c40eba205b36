"""Telling handlers what was buried: a delivery for each of them, about a delivery that is dead.

Its event has the number of the dead one, below nought, so it is owed once, however often this is done.
"""

import json
from collections.abc import Mapping

import apsw

from receiver.envelope import Platform
from receiver.events import DeliveryBuried
from receiver.store.sqlite import query

_UNTOLD = "SELECT id FROM delivery WHERE state = 'dead' AND told = 0"

_OWE = """
INSERT INTO delivery (envelope_seq, number, handler, event, order_id, refund_id, lane, head, due_at, created_at)
SELECT dead.envelope_seq, -dead.id, :handler, :event, dead.order_id, dead.refund_id, 'delivery:' || dead.id, 1,
       :now, :now
FROM delivery AS dead JOIN envelope ON envelope.seq = dead.envelope_seq
WHERE dead.id IN (SELECT value FROM json_each(:ids)) AND dead.event <> :event
  AND (:platform IS NULL OR envelope.platform = :platform)
ORDER BY dead.id
ON CONFLICT (envelope_seq, number, handler) DO NOTHING
"""


def anything_untold(connection: apsw.Connection) -> bool:
    """Worth a transaction."""
    return query.row(connection, f"{_UNTOLD} LIMIT 1") is not None


def tell_buried(connection: apsw.Connection, handlers: Mapping[str, Platform | None], limit: int, *, now: int) -> int:
    """Of up to ``limit`` dead deliveries; how many there were. Those about a burial themselves are told to nobody."""
    dead = [delivery_id for (delivery_id,) in query.rows(connection, f"{_UNTOLD} ORDER BY id LIMIT ?", (limit,))]
    ids = json.dumps(dead)
    for handler, platform in handlers.items():
        connection.execute(
            _OWE, {"handler": handler, "event": DeliveryBuried.type, "platform": platform, "ids": ids, "now": now}
        )
    connection.execute("UPDATE delivery SET told = 1 WHERE id IN (SELECT value FROM json_each(?))", (ids,))
    return len(dead)
