"""A store's rows as the values that steps and people are given.

Both stores name their columns alike and keep times as milliseconds since 1970, UTC.
"""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from receiver.deliveries import Attempt, Delivery
from receiver.drift import Drifted
from receiver.effects import Effect
from receiver.envelope import Envelope, StoredEnvelope
from receiver.standing import Standing

#: What an envelope brings with it into its row.
BROUGHT = "account, source, platform, topic, order_id, refund_id, identity, bytes_digest, payload"

_OF_ENVELOPE = {"account", "source", "platform", "topic"}
_ENVELOPE_COLUMNS = tuple(field.name for field in fields(StoredEnvelope))
_DELIVERY_COLUMNS = tuple(field.name for field in fields(Delivery))


def _delivery_column(name: str) -> str:
    if name == "envelope_id":
        return "envelope.id"
    return f"{'envelope' if name in _OF_ENVELOPE else 'delivery'}.{name}"


#: What ``stored_envelope`` reads, with the payload and without.
ENVELOPE = ", ".join(_ENVELOPE_COLUMNS)
ENVELOPE_ALONE = ", ".join("NULL" if name == "payload" else name for name in _ENVELOPE_COLUMNS)
#: What ``delivery`` reads, of a delivery joined with its envelope.
DELIVERY = ", ".join(map(_delivery_column, _DELIVERY_COLUMNS))
#: What ``attempt`` reads.
ATTEMPT = "number, started_at, outcome, duration, error"
#: What ``effect`` reads.
EFFECT = "delivery_id, attempt, purpose, state, known_at, note"
#: What ``drifted`` reads, of drift joined with the last envelope that differed so.
DRIFT = "kind, drift.source, drift.topic, path, count, first_at, last_at, envelope.id"

#: New topics of a source, and differing fields of a topic of a source. What is counted already goes on being counted.
MAX_DRIFT_ROWS = 1_000


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def in_milliseconds(**seconds: float) -> dict[str, int]:
    return {name: round(each * 1000) for name, each in seconds.items()}


def milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)


def stored_envelope(row: tuple[Any, ...]) -> StoredEnvelope:
    columns = dict(zip(_ENVELOPE_COLUMNS, row, strict=True))
    for time in ("replayed_at", "pruned_at"):
        columns[time] = None if columns[time] is None else moment(columns[time])
    columns |= {
        "ambiguous": bool(columns["ambiguous"]),
        "received_at": moment(columns["received_at"]),
        "payload": columns["payload"] or b"",
    }
    return StoredEnvelope(**columns)


def delivery(row: tuple[Any, ...]) -> Delivery:
    columns = dict(zip(_DELIVERY_COLUMNS, row, strict=True))
    for time in ("due_at", "created_at", "ended_at", "replayed_at"):
        columns[time] = None if columns[time] is None else moment(columns[time])
    if columns["state"] != "due":
        columns["due_at"] = None
    return Delivery(**columns)


def attempt(row: tuple[Any, ...]) -> Attempt:
    number, started_at, outcome, duration, error = row
    return Attempt(
        number=number,
        started_at=moment(started_at),
        outcome=outcome,
        duration=None if duration is None else timedelta(milliseconds=duration),
        error=error,
    )


def effect(row: tuple[Any, ...]) -> Effect:
    delivery_id, attempt_number, purpose, state, known_at, note = row
    return Effect(
        delivery_id=delivery_id,
        attempt=attempt_number,
        purpose=purpose,
        state=state,
        known_at=moment(known_at),
        note=note,
    )


def drifted(row: tuple[Any, ...]) -> Drifted:
    kind, source, topic, path, count, first_at, last_at, envelope_id = row
    return Drifted(
        kind=kind,
        source=source,
        topic=topic,
        path=path,
        count=count,
        first_at=moment(first_at),
        last_at=moment(last_at),
        envelope_id=envelope_id,
    )


def standing(stage: int | None, occurred_at: int | None) -> Standing:
    return Standing(stage, None if occurred_at is None else moment(occurred_at))


def standing_columns(told: Standing | None) -> tuple[bool, int | None, int | None]:
    """``tells_state``, ``stage``, ``occurred_at`` of a row."""
    if told is None:
        return False, None, None
    at = None if told.at is None else round(told.at.timestamp() * 1000)
    return True, told.stage, at


def brought(
    envelope: Envelope,
) -> tuple[str, str, str | None, str | None, str | None, str | None, bytes, bytes, bytes]:
    """In the order of ``BROUGHT``."""
    order_ids, refund_ids, identity = envelope.order_ids, envelope.refund_ids, envelope.identity
    return (
        envelope.account,
        envelope.source,
        envelope.platform,
        envelope.topic,
        order_ids[0] if order_ids else None,
        refund_ids[0] if refund_ids else None,
        identity.key,
        identity.bytes_digest,
        envelope.payload,
    )
