"""Fills a migrated store with envelopes of the last months and all that became of them, as the schema has it.

Some five messages about each order, order ids that jump about as the platforms' do, payloads of 300 bytes. One delivery
each, nearly all of them ended; some were skipped, redelivered, had effects, some are dead, a few wait for a retry.
Three are of a topic, an event and a handler of their own.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import psycopg
from bench.bodies import ACCOUNT

#: Days over which what is filled in was received.
DAYS = 90
#: Envelopes in one transaction.
_STEP = 250_000

#: The n-th order, wherever its id stands among the others.
_ORDER = "(2000000000000000000 + ({n}) * 1234567891 % 2000000007 * 1000000000)"
#: Messages about one order come among those about a thousand others.
_WHICH = "(i + i * 7919 % 997) / 5"

_TOPICS = ("ORDER_CREATE", "ORDER_PAY_SUCCESS", "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY", "ORDER_CANCEL")
_EVENTS = ("order.created", "order.paid", "order.status_changed", "order.closed")
HANDLERS = ("shop.reserve", "shop.pay", "shop.tell", "shop.close")
#: Of three envelopes among all: the topic of each, the event and the handler of its delivery.
RARE = {"topic": "ORDER_RARE", "event": "order.rare", "handler": "shop.rare"}

#: By table: what is put into it, from ``made``: the numbers ``i`` of envelopes, their orders and times.
_TABLES = {
    "envelope": (
        (
            "seq, id, account, source, platform, topic, order_id, refund_id, identity, generation, bytes_digest,"
            " ambiguous, redeliveries, state, error, received_at, dispatched_at, payload"
        ),
        (
            "i, {id}, {account}, {source}, '1688', {topic}, {text}(\"order\"), {refund}, {digest}, 0, {digest},"
            " {no}, CASE WHEN i % 50 = 7 THEN 1 ELSE 0 END,"
            " CASE WHEN i % 10000 = 5 THEN 'unreadable' ELSE 'dispatched' END,"
            " CASE WHEN i % 10000 = 5 THEN 'messageBody: not an object' END, at, at + 40, {payload}"
        ),
        "",
    ),
    "subject": ("subject, account, envelope_seq", "'order:' || {text}(\"order\"), {account}, i", ""),
    "redelivery": ("envelope_seq, received_at, bytes_digest", "i, at + 600000, {digest}", "WHERE i % 50 = 7"),
    "delivery": (
        (
            "id, envelope_seq, number, handler, event, order_id, refund_id, lane, tells_state, stage, occurred_at,"
            " state, head, due_at, offer, attempts, error, created_at, ended_at, told"
        ),
        (
            'i, i, 0, {handler}, {event}, {text}("order"), {refund}, \'order:\' || {text}("order"),'
            " CASE WHEN i % 2 = 0 THEN {yes} ELSE {no} END, 20, at,"
            " CASE WHEN i % 1000 = 3 THEN 'dead' WHEN i % 40 = 9 THEN 'skipped'"
            " WHEN i % 50021 = 11 THEN 'due' ELSE 'succeeded' END,"
            " CASE WHEN i % 50021 = 11 AND i % 1000 <> 3 AND i % 40 <> 9 THEN {yes} ELSE {no} END,"
            " CASE WHEN i % 50021 = 11 THEN {now} + 86400000 ELSE at + 50 END, 1,"
            " CASE WHEN i % 1000 = 3 THEN 3 ELSE 1 END,"
            " CASE WHEN i % 1000 = 3 THEN 'ConnectionError at shop.py:41' END,"
            " at + 40, CASE WHEN i % 50021 <> 11 THEN at + 90 END, {yes}"
        ),
        "WHERE i % 10000 <> 5",
    ),
    "attempt": (
        "delivery_id, number, started_at, outcome, duration, error",
        (
            "i, n, at + 50 + n, CASE WHEN i % 1000 = 3 OR i % 50021 = 11 THEN 'failed' ELSE 'succeeded' END, 38,"
            " CASE WHEN i % 1000 = 3 THEN 'ConnectionError at shop.py:41' END"
        ),
        (
            "JOIN (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) AS numbers ON n = 1 OR i % 1000 = 3"
            " WHERE i % 10000 <> 5 AND i % 40 <> 9"
        ),
    ),
    "effect": (
        "account, handler, subject, purpose, state, turn, delivery_id, attempt, known_at, resolve_at",
        "{account}, {handler}, 'order:' || {text}(\"order\") || ':' || i, 'tell', 'confirmed', 1, i, 1, at + 80, at",
        "WHERE i % 20 = 1 AND i % 10000 <> 5",
    ),
}


def _chosen(of: tuple[str, ...], rare: str) -> str:
    cases = " ".join(f"WHEN i % {len(of)} = {place} THEN '{each}'" for place, each in enumerate(of))
    return f"CASE WHEN i % {{third}} = 11 THEN '{rare}' {cases} END"


def order_of(envelope: int) -> str:
    """The id of the order that the n-th envelope, from 1, is about."""
    return str(2 * 10**18 + (envelope + envelope * 7919 % 997) // 5 * 1234567891 % 2000000007 * 10**9)


#: What both stores write alike, and what each in its own way.
_COMMON = {
    "account": f"'{ACCOUNT.name}'",
    "source": f"'{ACCOUNT.source}'",
    "topic": _chosen(_TOPICS, RARE["topic"]),
    "event": _chosen(_EVENTS, RARE["event"]),
    "handler": _chosen(HANDLERS, RARE["handler"]),
}
_SQLITE = {
    "text": "printf('%d', {})",
    "id": "printf('%08x-%04x-7%03x-8%03x-%012x', at >> 16, at & 65535, i & 4095, i & 4095, i)",
    "digest": "randomblob(16)",
    "yes": "1",
    "no": "0",
    "given": "",
    "subject": "indexed_subject",
    "series": "WITH RECURSIVE series(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM series WHERE i < {last})",
    "payload": "CAST(substr({body} || printf('%300s', ''), 1, 300) AS BLOB)",
}
_POSTGRESQL = {
    "text": "({})::text",
    "id": "concat(lpad(to_hex(at >> 16), 8, '0'), '-', lpad(to_hex(at & 65535), 4, '0'), '-7',"
    " lpad(to_hex(i & 4095), 3, '0'), '-8', lpad(to_hex(i & 4095), 3, '0'), '-', lpad(to_hex(i), 12, '0'))",
    "digest": "decode(md5(i::text || random()::text), 'hex')",
    "yes": "true",
    "no": "false",
    "subject": "subject",
    "given": "OVERRIDING SYSTEM VALUE",  # numbers that the database would give by itself
    "series": "WITH series AS (SELECT generate_series({first}::bigint, {last}::bigint) AS i)",
    "payload": "convert_to(rpad({body}, 300), 'UTF8')",
}


def _statements(dialect: dict[str, str], first: int, last: int, count: int, now: int) -> Iterator[str]:
    text = dialect["text"].format('"order"')
    words = {
        **{name: each.format(third=max(count // 3, 12)) for name, each in _COMMON.items()},
        "id": dialect["id"],
        "digest": dialect["digest"],
        "yes": dialect["yes"],
        "no": dialect["no"],
        "now": str(now),
        "refund": f"CASE WHEN i % 10 = 0 THEN {text} || '7' END",
        "payload": dialect["payload"].format(
            body=f"""'{{"messageType":"ORDER_PAY_SUCCESS","messagePlatform":1,"orderId":"' || {text} || '"}}'"""
        ),
    }
    series = dialect["series"].format(first=first, last=last)
    span = DAYS * 86_400_000
    made = (
        f'{series}, made AS (SELECT i, {_ORDER.format(n=_WHICH)} AS "order",'
        f" {now - span} + CAST(i * ({span} * 1.0 / {count}) AS bigint) AS at FROM series)"
    )
    for table, (columns, values, chosen) in _TABLES.items():
        selected = values.replace('{text}("order")', text).format(**words)
        into = dialect.get(table, table)
        yield f"INSERT INTO {into} ({columns}) {dialect['given']} {made} SELECT {selected} FROM made {chosen}"
    refunds = f"'refund:' || {text} || '7', {_COMMON['account']}, i"
    into = f"{dialect['subject']} (subject, account, envelope_seq)"
    yield f"INSERT INTO {into} {made} SELECT {refunds} FROM made WHERE i % 10 = 0"


def sqlite(file: Path, count: int) -> None:
    """The file has the schema and no rows. Whoever pulls the plug meanwhile makes it anew: nothing is synced."""
    now = time.time_ns() // 1_000_000
    connection = apsw.Connection(str(file))
    for pragma in ("synchronous = OFF", "journal_mode = OFF", "cache_size = -4000000", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    indexes = list(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"))
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    for first in range(1, count + 1, _STEP):
        connection.execute("BEGIN")
        for statement in _statements(_SQLITE, first, min(first + _STEP - 1, count), count, now):
            connection.execute(statement)
        connection.execute("COMMIT")
    for _, sql in indexes:
        connection.execute(str(sql))
    connection.execute(
        "INSERT INTO indexed_identity SELECT identity, account, generation, seq FROM envelope ORDER BY 1"
    )
    connection.execute("UPDATE indexed SET up_to = ?", (count,))
    # No statistics: a store that was empty when it was migrated has none either.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def postgresql(url: str, count: int) -> None:
    """The database has the schema and no rows."""
    now = time.time_ns() // 1_000_000
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        indexes = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey'"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}".encode())
        for first in range(1, count + 1, _STEP):
            with connection.transaction():
                for statement in _statements(_POSTGRESQL, first, min(first + _STEP - 1, count), count, now):
                    connection.execute(statement.encode())
        for _, sql in indexes:
            connection.execute(sql.encode())
        for table, column in (("envelope", "seq"), ("delivery", "id")):
            sequence = f"pg_get_serial_sequence('{table}', '{column}')"
            connection.execute(f"SELECT setval({sequence}, {count})".encode())
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
