"""The team's own database: rows go in, each column as new as anybody told it, in whatever order they are told."""

import json
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    NullPool,
    Table,
    and_,
    create_engine,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateColumn, CreateSchema

from handlers.orders.row import Row
from handlers.orders.tables import metadata
from receiver import TransientFailure

#: How often another worker may come in between before this one leaves it to the next attempt.
_TRIES = 5
#: Seconds (the last: ms) to wait for a connection, for another writer of SQLite, for a network that says nothing.
_PATIENCE = {"sqlite": {"timeout": 5}, "postgresql": {"connect_timeout": 5, "tcp_user_timeout": 10_000}}


class Database:
    """Reached at the first row, not at start: a command that only lists handlers needs none."""

    def __init__(self, url: URL, schema: str | None) -> None:
        self._engine = create_engine(
            url,
            # A handler whose time is up is interrupted wherever it is, and would leave a pool locked for all others.
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=_PATIENCE.get(url.get_backend_name(), {}),
            execution_options={"schema_translate_map": {None: schema}},
        )
        self._schema = schema
        self._preparing = threading.Lock()
        self._prepared = False

    def keep(self, rows: Collection[Row]) -> None:
        """Compare and set, which every database can: whoever comes second sees it, and looks again.

        Repeating it changes nothing, so it does not matter where an attempt dies.
        """
        self._prepare()
        for _ in range(_TRIES):
            try:
                with self._engine.begin() as connection:
                    if all(_set(connection, row) for row in rows):
                        return
            except IntegrityError:  # another worker has made the row
                continue
        raise TransientFailure("the same rows are being written by others")

    def _prepare(self) -> None:
        """Create what is missing: the schema, the tables, columns that came with a newer version."""
        if self._prepared:
            return
        url = self._engine.url
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        with self._preparing, self._engine.begin() as connection:
            if self._schema is not None:
                connection.execute(CreateSchema(self._schema, if_not_exists=True))
            metadata.create_all(connection)
            for table in metadata.tables.values():
                known = {column["name"] for column in inspect(connection).get_columns(table.name, self._schema)}
                for column in table.columns:
                    if column.name not in known:
                        self._add(connection, table, column)
        self._prepared = True

    def _add(self, connection: Connection, table: Table, column: Column[Any]) -> None:
        quote = connection.dialect.identifier_preparer.quote
        name = ".".join(quote(part) for part in (self._schema, table.name) if part is not None)
        added = CreateColumn(column).compile(dialect=connection.dialect)
        connection.execute(text(f"ALTER TABLE {name} ADD COLUMN {added}"))


def _set(connection: Connection, row: Row) -> bool:
    """Whether it is as told now; not so, if another was faster."""
    table = row.table
    this = and_(*(table.c[name] == value for name, value in row.key.items()))
    found = connection.execute(select(table).where(this)).mappings().one_or_none()
    if found is None:
        connection.execute(insert(table).values(**row.key, **merged({}, row)))
        return True
    news = merged(dict(found), row)
    unchanged = this & (table.c.told == found["told"])
    return not news or connection.execute(update(table).where(unchanged).values(**news)).rowcount > 0


def merged(before: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """The columns that change: those that were told older, or never. Two tellings of one newness: the greater text."""
    told: dict[str, str] = json.loads(before.get("told", "{}"))
    newness = str(row.newness)
    news = {
        name: value
        for name, value in {**row.values, "as_of": row.newness.at}.items()
        if value is not None and (newness, str(value)) > (told.get(name, ""), str(before.get(name)))
    }
    if news or not before:
        told |= dict.fromkeys(news, newness)
        news["told"] = json.dumps(told, sort_keys=True)
    return news
