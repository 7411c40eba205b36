"""Effects in the store: an intent committed before the call, and what became of it. See ``receiver.effects``."""

import json
from collections.abc import Sequence
from datetime import timedelta

import apsw

from receiver.deliveries import Started
from receiver.effects import SETTLE_TIME, Claimed, Effect, EffectKey, EffectState
from receiver.store.rows import EFFECT, effect
from receiver.store.sqlite import query

_TAKEN = (
    "state = 'intent', turn = turn + 1, delivery_id = :delivery, attempt = :attempt, known_at = :now,"
    " resolve_at = :resolve_at"
)
_KEY = "account = :account AND handler = :handler AND subject = :subject AND purpose = :purpose"


def intend(connection: apsw.Connection, key: EffectKey, started: Started, deadline: timedelta, *, now: int) -> Claimed:
    connection.execute(
        "INSERT INTO effect VALUES (:account, :handler, :subject, :purpose, 'intent', 1, :delivery, :attempt, :now,"
        " :resolve_at, NULL) ON CONFLICT DO NOTHING",
        _by(key) | _whose(started, deadline, now),
    )
    return _claimed(connection, key, mine=connection.changes() == 1, now=now)


def take_over(
    connection: apsw.Connection, key: EffectKey, turn: int, started: Started, deadline: timedelta, *, now: int
) -> Claimed:
    connection.execute(
        f"UPDATE effect SET {_TAKEN} WHERE {_KEY} AND turn = :turn AND state IN ('intent', 'sent')",  # noqa: S608
        _by(key) | _whose(started, deadline, now) | {"turn": turn},
    )
    return _claimed(connection, key, mine=connection.changes() == 1, now=now)


def note(
    connection: apsw.Connection, key: EffectKey, turn: int, state: EffectState, text: str | None, *, now: int
) -> bool:
    connection.execute(
        f"UPDATE effect SET state = :state, note = :note, known_at = :now WHERE {_KEY} AND turn = :turn",  # noqa: S608
        _by(key) | {"turn": turn, "state": state, "note": text, "now": now},
    )
    return connection.changes() == 1


def withdraw(connection: apsw.Connection, key: EffectKey, turn: int) -> bool:
    connection.execute(
        f"DELETE FROM effect WHERE {_KEY} AND turn = :turn AND state IN ('intent', 'sent')",  # noqa: S608
        _by(key) | {"turn": turn},
    )
    return connection.changes() == 1


def fence_holds(connection: apsw.Connection, started: Started, *, now: int) -> bool:
    held = query.row(
        connection,
        "SELECT 1 FROM delivery WHERE id = ? AND state = 'running' AND offer = ? AND lease_until > ?",
        (started.offer.delivery_id, started.offer.number, now),
    )
    return held is not None


def effects(connection: apsw.Connection, delivery_ids: Sequence[int]) -> list[Effect]:
    found = query.rows(
        connection,
        f"SELECT {EFFECT} FROM effect"  # noqa: S608  (constants)
        " WHERE delivery_id IN (SELECT value FROM json_each(?)) ORDER BY known_at, delivery_id, purpose",
        (json.dumps([*delivery_ids]),),
    )
    return [effect(row) for row in found]


def _claimed(connection: apsw.Connection, key: EffectKey, *, mine: bool, now: int) -> Claimed:
    ((state, turn, resolve_at),) = query.rows(
        connection,
        f"SELECT state, turn, resolve_at FROM effect WHERE {_KEY}",  # noqa: S608
        _by(key),
    )
    return Claimed(state, turn, mine, timedelta(milliseconds=max(resolve_at - now, 0)))


def _by(key: EffectKey) -> dict[str, str | int | None]:
    return {"account": key.account, "handler": key.handler, "subject": key.subject, "purpose": key.purpose}


def _whose(started: Started, deadline: timedelta, now: int) -> dict[str, str | int | None]:
    return {
        "delivery": started.offer.delivery_id,
        "attempt": started.attempt,
        "now": now,
        "resolve_at": now + (deadline + SETTLE_TIME) // timedelta(milliseconds=1),
    }
