"""``yizhan inbox drift``: what the platforms send that nobody told us of, and what they no longer send."""

import typer

from receiver.cli import filters, output, rows
from receiver.cli.context import open_store
from receiver.cli.output import Column
from receiver.deliveries import Filters
from receiver.drift import DriftKind

_COLUMNS = (
    Column("what"),
    Column("source"),
    Column("topic", fold=True),
    Column("field", fold=True),
    Column("how often"),
    Column("first seen"),
    Column("last seen"),
    Column("envelope"),
)
_WHAT: dict[DriftKind, str] = {"topic": "new topic", "field": "new field", "vanished": "vanished"}


def add_to(app: typer.Typer) -> None:
    app.command()(drift)


def drift(
    context: typer.Context,
    *,
    source: filters.Source = None,
    topic: filters.Topic = None,
    since: filters.Since = None,
    limit: filters.Limit = 50,
    json: filters.Json = False,
) -> None:
    """List unknown topics, and fields that are new or missing, the last seen first. Names of fields, never values.

    A field counts as new if no sample and no page that we know has it, as vanished if every sample of that kind of
    message has it. Look into one with `yizhan inbox show ENVELOPE --payload`.

    Example: yizhan inbox drift --source pandapon --since 7d
    """
    with open_store(context) as store:
        found = store.drift(Filters(source=source, topic=topic, since=since), limit)
    if json:
        rows.json_lines(found)
        return
    output.table(
        _COLUMNS,
        (
            (
                _WHAT[row.kind],
                row.source,
                row.topic,
                row.path,
                row.count,
                row.first_at,
                row.last_at,
                row.envelope_id,
            )
            for row in found
        ),
    )
