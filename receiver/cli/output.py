"""What commands print: a table for people, JSON lines for programs. Stdout is the answer, stderr the rest."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

#: Exit codes of every command.
DONE, FOUND_WANTING, WRONG_USE = 0, 1, 2

stderr = Console(stderr=True, highlight=False)


def fail(message: str, code: int = WRONG_USE) -> NoReturn:
    """One line on stderr, and out."""
    stderr.print(f"yizhan: {message}", markup=False, soft_wrap=True)
    raise typer.Exit(code)


def json_line(row: object) -> None:
    """A row as one line: dataclasses, mappings; times as ISO 8601, durations as seconds."""
    sys.stdout.write(orjson.dumps(row, default=_plain, option=orjson.OPT_UTC_Z).decode() + "\n")


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    #: Whether it may be folded where the terminal is narrow; ids are never.
    fold: bool = False


def table(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
    """Rows under titles. Not cut where the output is no terminal."""
    console = Console(highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column.title, no_wrap=not column.fold, overflow="fold")
    for row in rows:
        drawn.add_row(*("" if cell is None else _text(cell) for cell in row))
    if not sys.stdout.isatty():
        console.width = 10_000
    console.print(drawn)


def _text(cell: object) -> str | Text:
    if isinstance(cell, Text):
        return cell
    if isinstance(cell, datetime):
        return cell.astimezone().strftime("%m-%d %H:%M:%S")
    return str(cell)


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return round(value.total_seconds(), 3)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    raise TypeError(type(value).__name__)
