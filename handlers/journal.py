"""One line for everything that arrives, topics nobody knows included."""

from receiver import Context, Router
from receiver.events import Event, Unrecognized

router = Router()


@router.on(Event, name="journal.note", stale="run")
def note(ctx: Context[Event]) -> None:
    """Note the event, old news too; a topic that no version of ours knows is worth a look."""
    if isinstance(ctx.event, Unrecognized):
        ctx.log.warning(f"a topic we do not know: {ctx.event.topic!r} from {ctx.event.source}")
    elif ctx.event.ambiguous:
        ctx.log.info(f"{ctx.event.topic} again, or anew: read the current state before you act on it")
    else:
        ctx.log.info(f"{ctx.event.topic} from {ctx.event.source}, noted")
