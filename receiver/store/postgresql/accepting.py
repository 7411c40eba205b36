"""Into the inbox: a new envelope, a redelivery of one, or what content alone cannot tell.

Most callbacks are new, so a batch is one statement, which commits itself: one round trip. What it finds there already
is decided in a transaction after it. Any number of web processes do this at once:

* The unique index decides which of several copies of one callback is the envelope: the others wait for its commit, and
  then find it. Rows are inserted in the order of that index, so two batches never wait for each other.
* Copies of what is there already are decided one after another, under a lock of the identity: the second sees what
  became of the first. The locks are taken in the order of their keys, before any row; then redeliveries are counted in
  the order of ``seq``, as relays lock envelopes. The lock is a statement of its own, since what a statement reads was
  settled when it began.
* What came in between is told by ``seq``, which each envelope of a batch is given in the order of arrival. Nothing is
  locked for it: of two that arrive at once at two processes, either may be called the first.
"""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
import psycopg

from receiver import ids
from receiver.envelope import Envelope, Receipt
from receiver.store.repeating import Alike, News, Repeat, decide
from receiver.store.rows import BROUGHT, brought

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

#: What is text of what an envelope brings with it, and its id.
_TEXTS = ("id", "account", "source", "platform", "topic", "order_id", "refund_id")

# Texts come as one JSON text and digests as one string of bytes: arrays, which psycopg writes element by element, took
# half of the event loop's time for a batch.
_INSERT = f"""
WITH came AS MATERIALIZED (
  SELECT nextval('envelope_seq_seq') AS seq, {", ".join(_TEXTS)},
         substring(%(digests)b::bytea FROM (32 * place - 31)::integer FOR 16) AS identity,
         substring(%(digests)b::bytea FROM (32 * place - 15)::integer FOR 16) AS bytes_digest, payload, place
  FROM ROWS FROM (
    json_to_recordset(%(texts)b::json) AS (
      {", ".join(f"{name} text" for name in _TEXTS)}),
    unnest(%(payloads)b::bytea[])
  ) WITH ORDINALITY AS came ({", ".join(_TEXTS)}, payload, place)),
stored AS (
  INSERT INTO envelope (seq, id, generation, ambiguous, received_at, {BROUGHT})
  SELECT seq, id, 0, false, now_ms(), {BROUGHT} FROM came ORDER BY account, identity, place
  ON CONFLICT (account, identity, generation) DO NOTHING
  RETURNING seq, account, order_id, refund_id),
named AS (
  INSERT INTO subject (subject, account, envelope_seq)
  SELECT 'order:' || order_id, account, seq FROM stored WHERE order_id IS NOT NULL
  UNION ALL SELECT 'refund:' || refund_id, account, seq FROM stored WHERE refund_id IS NOT NULL
  UNION ALL SELECT subject, account, seq
    FROM unnest(%(subjects)b::text[], %(places)b::integer[]) AS named (subject, place)
    JOIN came USING (place) JOIN stored USING (seq, account)
  ON CONFLICT DO NOTHING)
SELECT place, seq FROM came WHERE seq NOT IN (SELECT seq FROM stored)
"""  # noqa: S608  (constants)

_LOCK = "SELECT pg_advisory_xact_lock(key) FROM (SELECT DISTINCT unnest(%b::bigint[]) AS key ORDER BY key) AS keys"

# All of the same identity, and whether anything of the same orders and refunds came after it and before this one.
_ALIKE = """
SELECT came.seq, envelope.seq, id, generation, received_at,
       envelope.bytes_digest = came.bytes_digest OR EXISTS (
         SELECT 1 FROM redelivery WHERE envelope_seq = envelope.seq AND bytes_digest = came.bytes_digest),
       EXISTS (
         SELECT 1 FROM unnest(%b::bigint[], %b::text[]) AS named (seq, subject) JOIN subject USING (subject)
         WHERE named.seq = came.seq AND subject.account = came.account
           AND envelope_seq > envelope.seq AND envelope_seq < came.seq),
       now_ms()
FROM unnest(%b::bigint[], %b::text[], %b::bytea[], %b::bytea[]) AS came (seq, account, identity, bytes_digest)
JOIN envelope USING (account, identity) ORDER BY came.seq, generation DESC
"""

_INSERT_AGAIN = f"""
WITH stored AS (
  INSERT INTO envelope (seq, id, generation, ambiguous, received_at, {BROUGHT})
  VALUES (%b, %b, %b, %b, now_ms(), %b, %b, %b, %b, %b, %b, %b, %b, %b))
INSERT INTO subject SELECT DISTINCT subject, %b, %b::bigint FROM unnest(%b::text[]) AS subject
"""  # noqa: S608  (constants)

_REDELIVERED = """
INSERT INTO redelivery (envelope_seq, received_at, bytes_digest)
SELECT seq, now_ms(), bytes_digest FROM unnest(%b::bigint[], %b::bytea[]) AS again (seq, bytes_digest)
"""

_COUNT = """
WITH again AS MATERIALIZED (
  SELECT seq, count FROM envelope JOIN unnest(%b::bigint[], %b::integer[]) AS again (seq, count) USING (seq)
  ORDER BY seq FOR NO KEY UPDATE OF envelope)
UPDATE envelope SET redeliveries = redeliveries + count FROM again WHERE envelope.seq = again.seq
"""


class _Seen(NamedTuple):
    """What was not inserted, for there is one of its identity."""

    #: Its place among all that came.
    seq: int
    id: str
    envelope: Envelope


class _Before(NamedTuple):
    alike: list[Alike]
    other_since: bool
    now: int


async def put(connection: Connection, batch: Sequence[Envelope]) -> list[Receipt]:
    """Accept a batch, in order."""
    if not batch:
        return []
    now = time.time_ns() // 1_000_000
    new_ids = [ids.uuid7(now) for _ in batch]
    found = await connection.execute(_INSERT, _bindings(batch, new_ids), prepare=True)
    receipts = [Receipt(envelope_id, redelivery=False, ambiguous=False) for envelope_id in new_ids]
    there = sorted(await found.fetchall())
    if there:
        seen = [_Seen(seq, new_ids[place - 1], batch[place - 1]) for place, seq in there]
        async with connection.transaction():
            decided = await _decide(connection, seen)
        for (place, _), receipt in zip(there, decided, strict=True):
            receipts[place - 1] = receipt
    return receipts


def _bindings(batch: Sequence[Envelope], new_ids: Sequence[str]) -> dict[str, Any]:
    texts, digests, payloads = [], [], []
    for envelope_id, each in zip(new_ids, batch, strict=True):
        *told, identity, bytes_digest, payload = brought(each)
        texts.append(dict(zip(_TEXTS, (envelope_id, *told), strict=True)))
        digests += [identity, bytes_digest]
        payloads.append(payload)
    named = [
        (subject, place)
        for place, each in enumerate(batch, 1)
        if len(each.order_ids) > 1 or len(each.refund_ids) > 1
        for subject in each.subjects
    ]
    return {
        "texts": orjson.dumps(texts).decode(),
        "digests": b"".join(digests),
        "payloads": payloads,
        "subjects": [subject for subject, _ in named],
        "places": [place for _, place in named],
    }


async def _decide(connection: Connection, seen: Sequence[_Seen]) -> list[Receipt]:
    """Tell the same messages sent again from news in the same words, one after another."""
    await connection.execute(_LOCK, ([int.from_bytes(each.envelope.identity.key[:8], signed=True) for each in seen],))
    before = await _look(connection, seen)
    outdated: set[bytes] = set()
    news = False
    again: list[tuple[int, bytes]] = []
    noted = 0
    receipts = []
    for each in seen:
        identity = each.envelope.identity
        if news or identity.key in outdated:  # what was read above does not know of what was decided since
            await _note(connection, again[noted:])
            noted = len(again)
            before |= await _look(connection, [each])
        outdated.add(identity.key)
        alike, other_since, now = before[each.seq]
        decided = decide(alike, numbered=identity.kind == "message_id", other_since=other_since, now=now)
        if isinstance(decided, Repeat):
            again.append((decided.of.seq, identity.bytes_digest))
            receipts.append(Receipt(decided.of.id, redelivery=True, ambiguous=False))
        else:
            news = True
            await _insert_again(connection, each, decided)
            receipts.append(Receipt(each.id, redelivery=False, ambiguous=decided.ambiguous))
    await _note(connection, again[noted:])
    counts = Counter(seq for seq, _ in again)
    await connection.execute(_COUNT, (list(counts), list(counts.values())))
    return receipts


async def _look(connection: Connection, seen: Sequence[_Seen]) -> dict[int, _Before]:
    named = [(each.seq, subject) for each in seen for subject in each.envelope.subjects]
    rows = await connection.execute(
        _ALIKE,
        (
            [seq for seq, _ in named],
            [subject for _, subject in named],
            [each.seq for each in seen],
            [each.envelope.account for each in seen],
            [each.envelope.identity.key for each in seen],
            [each.envelope.identity.bytes_digest for each in seen],
        ),
    )
    before: dict[int, _Before] = {}
    for came, seq, envelope_id, generation, received_at, same_bytes, other_since, now in await rows.fetchall():
        of = before.setdefault(came, _Before([], other_since, now))  # what counts is what came since the latest
        of.alike.append(Alike(seq, envelope_id, generation, received_at, same_bytes))
    return before


async def _insert_again(connection: Connection, each: _Seen, news: News) -> None:
    account = each.envelope.account
    row = (each.seq, each.id, news.generation, news.ambiguous, *brought(each.envelope))
    await connection.execute(_INSERT_AGAIN, (*row, account, each.seq, list(each.envelope.subjects)))


async def _note(connection: Connection, again: Sequence[tuple[int, bytes]]) -> None:
    if again:
        await connection.execute(_REDELIVERED, ([seq for seq, _ in again], [digest for _, digest in again]))
