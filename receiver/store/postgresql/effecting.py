"""Effects in the store: an intent committed before the call, and what became of it. See ``receiver.effects``."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from receiver.deliveries import Started
from receiver.effects import SETTLE_TIME, Claimed, Effect, EffectKey, EffectState
from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection
from receiver.store.rows import EFFECT, effect, milliseconds

_KEY = "account = %(account)s AND handler = %(handler)s AND subject = %(subject)s AND purpose = %(purpose)s"


def intend(connection: Connection, key: EffectKey, started: Started, deadline: timedelta) -> Claimed:
    mine = query.change(
        connection,
        "INSERT INTO effect VALUES (%(account)s, %(handler)s, %(subject)s, %(purpose)s, 'intent', 1, %(delivery)s,"
        " %(attempt)s, now_ms(), now_ms() + %(unsettled)s, NULL) ON CONFLICT DO NOTHING",
        _by(key) | _whose(started, deadline),
    )
    return _claimed(connection, key, mine=mine == 1)


def take_over(connection: Connection, key: EffectKey, turn: int, started: Started, deadline: timedelta) -> Claimed:
    mine = query.change(
        connection,
        "UPDATE effect SET state = 'intent', turn = turn + 1, delivery_id = %(delivery)s, attempt = %(attempt)s,"  # noqa: S608
        " known_at = now_ms(), resolve_at = now_ms() + %(unsettled)s"
        f" WHERE {_KEY} AND turn = %(turn)s AND state IN ('intent', 'sent')",
        _by(key) | _whose(started, deadline) | {"turn": turn},
    )
    return _claimed(connection, key, mine=mine == 1)


def note(connection: Connection, key: EffectKey, turn: int, state: EffectState, text: str | None) -> bool:
    noted = query.change(
        connection,
        f"UPDATE effect SET state = %(state)s, note = %(note)s, known_at = now_ms() WHERE {_KEY} AND turn = %(turn)s",  # noqa: S608
        _by(key) | {"turn": turn, "state": state, "note": text},
    )
    return noted == 1


def withdraw(connection: Connection, key: EffectKey, turn: int) -> bool:
    withdrawn = query.change(
        connection,
        f"DELETE FROM effect WHERE {_KEY} AND turn = %(turn)s AND state IN ('intent', 'sent')",  # noqa: S608
        _by(key) | {"turn": turn},
    )
    return withdrawn == 1


def fence_holds(connection: Connection, started: Started) -> bool:
    held = query.row(
        connection,
        "SELECT 1 FROM delivery WHERE id = %s AND state = 'running' AND offer = %s AND lease_until > now_ms()",
        (started.offer.delivery_id, started.offer.number),
    )
    return held is not None


def effects(connection: Connection, delivery_ids: Sequence[int]) -> list[Effect]:
    found = query.rows(
        connection,
        f"SELECT {EFFECT} FROM effect WHERE delivery_id = ANY(%s) ORDER BY known_at, delivery_id, purpose",  # noqa: S608
        (list(delivery_ids),),
    )
    return [effect(row) for row in found]


def _claimed(connection: Connection, key: EffectKey, *, mine: bool) -> Claimed:
    ((state, turn, wait),) = query.rows(
        connection,
        f"SELECT state, turn, greatest(resolve_at - now_ms(), 0) FROM effect WHERE {_KEY}",  # noqa: S608
        _by(key),
    )
    return Claimed(state, turn, mine, timedelta(milliseconds=wait))


def _by(key: EffectKey) -> dict[str, Any]:
    return {"account": key.account, "handler": key.handler, "subject": key.subject, "purpose": key.purpose}


def _whose(started: Started, deadline: timedelta) -> dict[str, Any]:
    return {
        "delivery": started.offer.delivery_id,
        "attempt": started.attempt,
        "unsettled": milliseconds(deadline + SETTLE_TIME),
    }
