"""The part of a story that deliveries have in it: events, attempts, effects, decisions, replays."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any, NamedTuple

import apsw

from receiver.store.sqlite import effecting, query
from receiver.store.sqlite.reading import moment
from receiver.timeline import AttemptTold, DecisionTold, EffectTold, EventTold, ReplayTold, Told

_OWED = """
SELECT id, envelope_seq, number, handler, event, order_id, refund_id, tells_state, stage, occurred_at,
       state, due_at, uncertain, older_than, error, created_at, ended_at, replays, replayed_by, replayed_at,
       CASE WHEN state = 'due' AND head = 0 THEN
         (SELECT id FROM delivery AS other WHERE other.lane = delivery.lane AND other.handler = delivery.handler
          AND other.state IN ('due', 'offered', 'running') AND other.head = 1 ORDER BY id LIMIT 1)
       END
FROM delivery WHERE envelope_seq IN (SELECT value FROM json_each(?)) ORDER BY envelope_seq, number, id
"""

_ATTEMPTS = """
SELECT delivery_id, number, started_at, outcome, duration, error FROM attempt
WHERE delivery_id IN (SELECT value FROM json_each(?)) ORDER BY delivery_id, number
"""


class Line(NamedTuple):
    """What is told, and its place: the time; where that is the same, envelopes first, each step after its cause."""

    place: tuple[float, int, int, int]
    told: Told


class Owed(NamedTuple):
    """A delivery's row, its times as they are stored."""

    id: int
    envelope_seq: int
    number: int
    handler: str
    event: str
    order_id: str | None
    refund_id: str | None
    tells_state: int
    stage: int | None
    occurred_at: int | None
    state: Any
    due_at: int
    uncertain: int
    older_than: int | None
    error: str | None
    created_at: int
    ended_at: int | None
    replays: int
    replayed_by: str | None
    replayed_at: int | None
    #: The head of its lane, where it is not it.
    held_by: int | None


def owed(connection: apsw.Connection, seqs: str) -> list[Owed]:
    """All deliveries of these envelopes (a JSON list)."""
    return [Owed(*row) for row in query.rows(connection, _OWED, (seqs,))]


def lines(
    connection: apsw.Connection, deliveries: Sequence[Owed], envelope_ids: Mapping[int, str], *, now: int
) -> Iterator[Line]:
    """``deliveries`` by envelope and event, as ``owed`` gives them."""
    for (seq, number), each in groupby(deliveries, key=lambda delivery: (delivery.envelope_seq, delivery.number)):
        yield _event(list(each), number, envelope_ids[seq])
    for delivery in deliveries:
        yield from _decided(delivery, envelope_ids[delivery.envelope_seq], now)
    yield from _attempts(connection, deliveries, envelope_ids)
    yield from _effects(connection, deliveries, envelope_ids)


def _event(deliveries: Sequence[Owed], number: int, envelope_id: str) -> Line:
    """One event, whatever number of handlers it is owed to. Some may have asked for old news too: no standing there."""
    first = deliveries[0]
    told = next((delivery for delivery in deliveries if delivery.tells_state), first)
    return Line(
        (first.created_at, 0, first.envelope_seq, 4 + abs(number)),
        EventTold(
            at=moment(first.created_at),
            envelope_id=envelope_id,
            number=number,
            event=first.event,
            order_id=first.order_id,
            refund_id=first.refund_id,
            tells_state=bool(told.tells_state),
            stage=told.stage,
            occurred_at=None if told.occurred_at is None else moment(told.occurred_at),
            handlers=len(deliveries),
        ),
    )


def _decided(delivery: Owed, envelope_id: str, now: int) -> Iterator[Line]:
    if delivery.replayed_at is not None:
        again = ReplayTold(
            at=moment(delivery.replayed_at),
            envelope_id=envelope_id,
            delivery_id=delivery.id,
            handler=delivery.handler,
            by=delivery.replayed_by,
            replays=delivery.replays,
        )
        yield Line((delivery.replayed_at, 1, delivery.id, 0), again)
    ended = delivery.ended_at
    decision = DecisionTold(
        at=moment(now if ended is None else ended),
        envelope_id=envelope_id,
        delivery_id=delivery.id,
        handler=delivery.handler,
        state=delivery.state,
        uncertain=bool(delivery.uncertain),
        older_than=delivery.older_than,
        due_at=moment(delivery.due_at) if delivery.state == "due" else None,
        held_by=delivery.held_by,
        error=delivery.error,
    )
    yield Line((math.inf if ended is None else ended, 1, delivery.id, 3), decision)  # how it stands now comes last


def _attempts(
    connection: apsw.Connection, deliveries: Iterable[Owed], envelope_ids: Mapping[int, str]
) -> Iterator[Line]:
    by_id = {delivery.id: delivery for delivery in deliveries}
    rows = query.rows(connection, _ATTEMPTS, (json.dumps([*by_id]),))
    for delivery_id, number, started_at, outcome, duration, error in rows:
        delivery = by_id[delivery_id]
        attempt = AttemptTold(
            at=moment(started_at),
            envelope_id=envelope_ids[delivery.envelope_seq],
            delivery_id=delivery_id,
            handler=delivery.handler,
            number=number,
            outcome=outcome,
            duration=None if duration is None else timedelta(milliseconds=duration),
            error=error,
        )
        yield Line((started_at, 1, delivery_id, 1), attempt)


def _effects(
    connection: apsw.Connection, deliveries: Iterable[Owed], envelope_ids: Mapping[int, str]
) -> Iterator[Line]:
    by_id = {delivery.id: delivery for delivery in deliveries}
    for effect in effecting.effects(connection, [*by_id]):
        delivery = by_id[effect.delivery_id]
        told = EffectTold(
            at=effect.known_at,
            envelope_id=envelope_ids[delivery.envelope_seq],
            delivery_id=delivery.id,
            handler=delivery.handler,
            attempt=effect.attempt,
            purpose=effect.purpose,
            state=effect.state,
            note=effect.note,
        )
        yield Line((round(effect.known_at.timestamp() * 1000), 1, delivery.id, 2), told)
