"""Lanes, where many processes work on one store.

The head of a lane is the first of its open deliveries; a lane with open deliveries has one head. Whoever adds to a lane
or ends its head reads the whole lane and changes a row of it, so it holds the lane meanwhile: an advisory lock, to the
end of the transaction. Without it, one who ends a head does not see what another is just adding behind it, which takes
the ended one for the head: a lane without a head, for ever.

Lanes are locked before rows, and many in the order of their keys: nobody waits for one who waits for him.
The lock is a statement of its own, since what a statement reads was settled when it began. The end of an attempt does
all of it in the database, by the same key: ``settle_attempt``, among the migrations.
"""

from collections.abc import Sequence

from receiver.deliveries import NewDelivery
from receiver.store.postgresql.query import Connection

_KEY = "hashtextextended(handler, hashtextextended(lane, 0))"

_LOCK_OF = f"""
SELECT pg_advisory_xact_lock({_KEY}) FROM delivery WHERE id = %s AND lane IS NOT NULL
"""  # noqa: S608  (a constant)

_LOCK_OF_ALL = f"""
SELECT pg_advisory_xact_lock(key) FROM (
  SELECT DISTINCT {_KEY} AS key FROM delivery WHERE id = ANY(%s) AND lane IS NOT NULL ORDER BY key
) AS keys
"""  # noqa: S608  (a constant)

_LOCK = f"""
SELECT pg_advisory_xact_lock(key) FROM (
  SELECT DISTINCT {_KEY} AS key FROM unnest(%s::text[], %s::text[]) AS owed (handler, lane)
  WHERE lane IS NOT NULL ORDER BY key
) AS keys
"""  # noqa: S608  (a constant)

_ADVANCE = """
UPDATE delivery SET head = true WHERE id = (
  SELECT next.id FROM delivery AS ended JOIN delivery AS next USING (lane, handler)
  WHERE ended.id = %s AND next.state IN ('due', 'offered', 'running')
    AND NOT EXISTS (SELECT 1 FROM delivery WHERE lane = ended.lane AND handler = ended.handler AND head)
  ORDER BY next.id LIMIT 1)
"""


def lock_of(connection: Connection, delivery_id: int) -> None:
    """The lane of this delivery."""
    connection.execute(_LOCK_OF.encode(), (delivery_id,))


def lock_of_all(connection: Connection, delivery_ids: Sequence[int]) -> None:
    """The lanes of these deliveries."""
    connection.execute(_LOCK_OF_ALL.encode(), (list(delivery_ids),))


def lock(connection: Connection, owed: Sequence[NewDelivery]) -> None:
    """The lanes that these will be in."""
    connection.execute(_LOCK.encode(), ([each.handler for each in owed], [each.lane for each in owed]))


def advance_behind(connection: Connection, delivery_id: int) -> None:
    """A delivery has ended: if its lane, which the caller holds, is without a head, the next may go."""
    connection.execute(_ADVANCE.encode(), (delivery_id,))
