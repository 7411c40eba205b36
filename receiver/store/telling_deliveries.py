"""The part of a story that deliveries have in it: events, attempts, effects, decisions, replays."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from receiver.effects import Effect
from receiver.store import rows
from receiver.store.rows import moment
from receiver.timeline import AttemptTold, DecisionTold, EffectTold, EventTold, ReplayTold, Told

#: What ``Owed`` reads of a delivery; a store adds the head that holds it up.
OWED = (
    "id, envelope_seq, number, handler, event, order_id, refund_id, tells_state, stage, occurred_at,"
    " state, due_at, uncertain, older_than, error, created_at, ended_at, replays, replayed_by, replayed_at"
)


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


def lines(
    deliveries: Sequence[Owed],
    attempts: Iterable[tuple[Any, ...]],
    effects: Iterable[Effect],
    envelope_ids: Mapping[int, str],
    *,
    now: int,
) -> Iterator[Line]:
    """``deliveries`` by envelope and event; ``attempts``: theirs, as delivery's id and what ``rows.attempt`` reads."""
    for (seq, number), each in groupby(deliveries, key=lambda delivery: (delivery.envelope_seq, delivery.number)):
        yield _event(list(each), number, envelope_ids[seq])
    for delivery in deliveries:
        yield from _decided(delivery, envelope_ids[delivery.envelope_seq], now)
    by_id = {delivery.id: delivery for delivery in deliveries}
    for delivery_id, *row in attempts:
        delivery = by_id[delivery_id]
        yield _attempt(delivery, envelope_ids[delivery.envelope_seq], tuple(row))
    for effect in effects:
        yield _effect(by_id[effect.delivery_id], envelope_ids[by_id[effect.delivery_id].envelope_seq], effect)


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


def _attempt(delivery: Owed, envelope_id: str, row: tuple[Any, ...]) -> Line:
    attempt = rows.attempt(row)
    told = AttemptTold(
        at=attempt.started_at,
        envelope_id=envelope_id,
        delivery_id=delivery.id,
        handler=delivery.handler,
        number=attempt.number,
        outcome=attempt.outcome,
        duration=attempt.duration,
        error=attempt.error,
    )
    return Line((row[1], 1, delivery.id, 1), told)


def _effect(delivery: Owed, envelope_id: str, effect: Effect) -> Line:
    told = EffectTold(
        at=effect.known_at,
        envelope_id=envelope_id,
        delivery_id=delivery.id,
        handler=delivery.handler,
        attempt=effect.attempt,
        purpose=effect.purpose,
        state=effect.state,
        note=effect.note,
    )
    return Line((round(effect.known_at.timestamp() * 1000), 1, delivery.id, 2), told)
