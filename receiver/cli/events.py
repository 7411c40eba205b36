"""``yizhan events``: what can happen, and which topic of which source becomes what."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import orjson
import typer

from receiver import vocabulary
from receiver.cli import filters, output, rows
from receiver.cli.output import Column
from receiver.events import Event
from receiver.vocabulary import TopicRow

_EVENTS = (Column("type"), Column("class"), Column("fields beside those of every event", fold=True))
_TOPICS = (Column("source"), Column("topic"), Column("where the body says"), Column("event"))


def add_to(app: typer.Typer) -> None:
    app.command()(events)


def events(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]…", help="Only these, by type or class.", show_default=False)
    ] = None,
    *,
    topics: Annotated[
        bool, typer.Option("--topics", help="Instead: each source's topics, and the event that they become.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="With --topics: the table as the README holds it.")
    ] = False,
    json_schema: Annotated[
        bool, typer.Option("--json-schema", help="Instead: one JSON Schema document of all events.")
    ] = False,
    json: filters.Json = False,
) -> None:
    """List the events that a handler can subscribe to, with their fields.

    Example: yizhan events --topics
    """
    kinds = _named(names or [])
    if names and (json_schema or markdown):
        output.fail("--json-schema and --markdown tell all events: leave the names out")
    if json_schema + topics > 1 or (markdown and not topics) or (json and (json_schema or markdown)):
        output.fail("choose one: --json, --json-schema, --topics, --topics --json, --topics --markdown")
    if json_schema:
        typer.echo(orjson.dumps(vocabulary.json_schema(), option=orjson.OPT_INDENT_2).decode())
    elif markdown:
        typer.echo("\n".join(as_markdown(vocabulary.topics())))
    elif topics and json:
        rows.json_lines({**_cells(row), "event": row.event.type} for row in vocabulary.topics() if row.event in kinds)
    elif topics:
        found = (row for row in vocabulary.topics() if row.event in kinds)
        output.table(_TOPICS, ((*_cells(row).values(), row.event.type) for row in found))
    elif json:
        rows.json_lines(map(_described, kinds))
    else:
        output.table(_EVENTS, ((kind.type, kind.__name__, _own_fields(kind)) for kind in kinds))


def _named(names: list[str]) -> list[type[Event]]:
    """Those that are called so; all, where no name is given."""
    every = vocabulary.event_types()
    known = {name for kind in every for name in (kind.type, kind.__name__)}
    for name in names:
        if name not in known:
            output.fail(f"{name}: no such event; yizhan events lists them, by type and by class")
    return [kind for kind in every if not names or kind.type in names or kind.__name__ in names]


def as_markdown(table: Iterable[TopicRow]) -> Iterator[str]:
    """The lines of a table, one row for the topics that become the same event by the same words at the same sources."""
    words: dict[tuple[str, type[Event], str], list[str | None]] = {}
    for row in table:
        words.setdefault((row.topic, row.event, row.source), []).append(row.refinement)
    refined = {topic for (topic, _, _), said in words.items() if any(said)}
    sources: dict[tuple[str, type[Event], str], list[str]] = {}
    for (topic, event, source), said in words.items():
        sources.setdefault((topic, event, _said(said) if topic in refined else ""), []).append(source)
    names: dict[tuple[type[Event], str, str], list[str]] = {}
    for (topic, event, told), found in sources.items():
        names.setdefault((event, told, ", ".join(found)), []).append(f"`{topic}`")
    yield "| event | topic | where the body says | sources |"
    yield "|---|---|---|---|"
    for kind in vocabulary.event_types():
        for (event, told, where), found in names.items():
            if event is kind:
                yield f"| `{event.type}` | {' '.join(found)} | {told} | {where} |"


def _said(refinements: list[str | None]) -> str:
    """Words of one kind behind one another."""
    kinds: dict[str, list[str]] = {}
    for refinement in refinements:
        kind, _, word = (refinement or "").partition(" ")
        kinds.setdefault(kind, []).append(f"`{word}`")
    return "; ".join(f"{kind} {' '.join(found)}" if kind else "anything else" for kind, found in kinds.items())


def _described(kind: type[Event]) -> dict[str, Any]:
    return {
        "type": kind.type,
        "class": kind.__name__,
        "parents": [parent.__name__ for parent in vocabulary.parents(kind)],
        "fields": vocabulary.field_types(kind),
    }


def _own_fields(kind: type[Event]) -> str:
    return ", ".join(name for name in kind.model_fields if name not in Event.model_fields)


def _cells(row: TopicRow) -> dict[str, str | None]:
    return {"source": row.source, "topic": row.topic, "refinement": row.refinement}
