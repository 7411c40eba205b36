"""What a benchmark's worker runs: a handler that does nothing but note that it began."""

import os
from pathlib import Path

from bench import noting

from receiver import Context, Router
from receiver.events import Event

router = Router()
_notes = noting.stand_ready(Path(os.environ["BENCH_NOTES"]))


@router.on(Event)
def nothing(ctx: Context[Event]) -> None:
    _notes.note(int(ctx.event.order_id or 0))
