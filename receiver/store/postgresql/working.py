"""What workers do to the store: start attempts under the fence, and settle them under the same, several at once."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from receiver.deliveries import RUN_LEASE_MARGIN, Delivery, Ended, Filters, Offer, Skipped, Started
from receiver.store import judging, rows
from receiver.store.judging import LOOK_BACK
from receiver.store.postgresql import lanes, query
from receiver.store.postgresql.query import Connection
from receiver.store.postgresql.reading import list_deliveries
from receiver.store.rows import milliseconds, standing

# What is offered, and what its handler has succeeded with in its lane, a row each: the stale guard's question.
_OFFERED = f"""
SELECT delivery.id, handler, stale_run, number, stage, occurred_at, past, past_stage, past_at
FROM unnest(%s::bigint[], %s::integer[]) AS these (id, offer) JOIN delivery USING (id, offer)
LEFT JOIN LATERAL (
  SELECT id AS past, stage AS past_stage, occurred_at AS past_at FROM delivery AS other
  WHERE delivery.tells_state AND other.lane = delivery.lane AND other.handler = delivery.handler
    AND other.id <> delivery.id AND other.state = 'succeeded' AND other.tells_state
  ORDER BY other.id DESC LIMIT {LOOK_BACK}) AS before ON true
WHERE state = 'offered' ORDER BY delivery.id, past DESC
"""  # noqa: S608  (a constant)

# Rows are locked in the order of ids, as everyone locks them.
_RUN = f"""
WITH these AS MATERIALIZED (
  SELECT id, lease, unsure FROM delivery
  JOIN unnest(%s::bigint[], %s::integer[], %s::bigint[], %s::boolean[]) AS these (id, offer, lease, unsure)
  USING (id, offer)
  WHERE state = 'offered' ORDER BY id FOR NO KEY UPDATE OF delivery),
started AS (
  UPDATE delivery SET state = 'running', attempts = attempts + 1, lease_until = now_ms() + lease, uncertain = unsure
  FROM these WHERE delivery.id = these.id
  RETURNING delivery.id AS delivery_id, envelope_seq, attempts, spent),
noted AS (
  INSERT INTO attempt (delivery_id, number, started_at) SELECT delivery_id, attempts, now_ms() FROM started)
SELECT delivery_id, attempts, spent, {rows.ENVELOPE} FROM started JOIN envelope ON seq = envelope_seq
"""  # noqa: S608  (constants)

_SETTLE = """
WITH these AS MATERIALIZED (
  SELECT these.* FROM delivery
  JOIN unnest(%s::bigint[], %s::integer[], %s::integer[], %s::text[], %s::text[], %s::bigint[], %s::bigint[],
              %s::text[]) AS these (id, offer, attempt, becomes, outcome, due_in, duration, why) USING (id, offer)
  WHERE state = 'running' ORDER BY id FOR NO KEY UPDATE OF delivery),
ended AS (
  UPDATE delivery SET state = becomes, head = head AND becomes = 'due', due_at = now_ms() + due_in, lost = 0,
                      lease_until = NULL, error = why, ended_at = CASE WHEN becomes <> 'due' THEN now_ms() END
  FROM these WHERE delivery.id = these.id),
noted AS (
  UPDATE attempt SET outcome = these.outcome, duration = these.duration, error = why
  FROM these WHERE delivery_id = these.id AND number = these.attempt)
SELECT id FROM these
"""


class ToStart(NamedTuple):
    offer: Offer
    #: By handler.
    timeouts: Mapping[str, timedelta]


class Older(NamedTuple):
    """It is not to be attempted: old news."""

    #: The delivery that it is older than.
    than: int


class _Offered(NamedTuple):
    to_start: ToStart
    handler: str
    number: int
    buried: Delivery | None
    uncertain: bool


def start(connection: Connection, batch: Sequence[ToStart]) -> list[Started | Older | None]:
    """A result for each, in order. What is older was not touched: ``skip`` it."""
    found = query.rows(connection, _OFFERED, _fences([each.offer for each in batch]))
    rows_of = {key: list(group) for key, group in groupby(found, key=itemgetter(0))}
    # Nothing of its lane succeeds while it stands at the head, so the judgement holds if the offer still counts below.
    judged = {
        each.offer.delivery_id: _judge(connection, each, rows_of[each.offer.delivery_id])
        for each in batch
        if each.offer.delivery_id in rows_of
    }
    to_run = {key: each for key, each in judged.items() if isinstance(each, _Offered)}
    ran = _run(connection, to_run) if to_run else {}
    results: list[Started | Older | None] = []
    for each in batch:
        verdict = judged.get(each.offer.delivery_id)
        # Of an offer that came twice, one counts.
        results.append(verdict if isinstance(verdict, Older) else ran.pop(each.offer.delivery_id, None))
    return results


def _judge(connection: Connection, to_start: ToStart, found: Sequence[tuple[Any, ...]]) -> _Offered | Older | None:
    _, handler, insisted, number, *told = found[0][:6]
    if handler not in to_start.timeouts:
        return None
    before = [(other, standing(stage, at)) for *_, other, stage, at in found if other is not None]
    judgement = judging.judge(standing(*told), before)
    if judgement.older_than is not None and not insisted:
        return Older(judgement.older_than)
    buried = list_deliveries(connection, Filters(delivery_ids=(-number,)), 1)[0] if number < 0 else None
    return _Offered(to_start, handler, number, buried, judgement.verdict == "unknown")


def _run(connection: Connection, to_run: Mapping[int, _Offered]) -> dict[int, Started]:
    fences = _fences([each.to_start.offer for each in to_run.values()])
    leases = [milliseconds(each.to_start.timeouts[each.handler] + RUN_LEASE_MARGIN) for each in to_run.values()]
    ran = query.rows(connection, _RUN, (*fences, leases, [each.uncertain for each in to_run.values()]))
    started = {}
    for delivery_id, attempts, spent, *envelope in ran:
        to_start, handler, number, buried, uncertain = to_run[delivery_id]
        started[delivery_id] = Started(
            offer=to_start.offer,
            envelope=rows.stored_envelope(tuple(envelope)),
            event_number=number,
            buried=buried,
            handler=handler,
            attempt=attempts,
            tries=attempts - spent,
            uncertain=uncertain,
        )
    return started


def skip(connection: Connection, offer: Offer, older_than: int) -> Skipped | None:
    """In a transaction; ``None`` if the offer no longer counts."""
    lanes.lock_of(connection, offer.delivery_id)
    skipped = query.row(
        connection,
        "UPDATE delivery SET state = 'skipped', head = false, lease_until = NULL, ended_at = now_ms(), older_than = %s,"
        " error = NULL WHERE id = %s AND state = 'offered' AND offer = %s"
        " RETURNING handler, event, order_id, refund_id",
        (older_than, offer.delivery_id, offer.number),
    )
    if skipped is None:
        return None
    handler, event, order_id, refund_id = skipped
    lanes.advance_behind(connection, [offer.delivery_id])
    return Skipped(
        delivery_id=offer.delivery_id,
        handler=handler,
        event=event,
        order_id=order_id,
        refund_id=refund_id,
        older_than=older_than,
    )


def settle(connection: Connection, batch: Sequence[tuple[Started, Ended]]) -> list[bool]:
    """For each whether it still counted. In one round trip: no statement waits for what the one before it found."""
    closed = [started.offer.delivery_id for started, ended in batch if ended.state != "due"]
    with connection.pipeline(), connection.transaction():
        if closed:
            lanes.lock_of_all(connection, closed)
        settled = connection.execute(
            _SETTLE.encode(),
            (
                *_fences([started.offer for started, _ in batch]),
                [started.attempt for started, _ in batch],
                [ended.state for _, ended in batch],
                [ended.outcome for _, ended in batch],
                [milliseconds(ended.due_in or timedelta(0)) for _, ended in batch],
                [milliseconds(ended.duration) for _, ended in batch],
                [ended.error for _, ended in batch],
            ),
        )
        if closed:
            lanes.advance_behind(connection, closed)
    counted = {delivery_id for (delivery_id,) in settled.fetchall()}
    return [started.offer.delivery_id in counted for started, _ in batch]


def _fences(offers: Sequence[Offer]) -> tuple[list[int], list[int]]:
    return [offer.delivery_id for offer in offers], [offer.number for offer in offers]
