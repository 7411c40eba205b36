"""The handlers of the suite: each tells a file, apart from the store, when a run begins and how it ends.

They run inside of worker processes, which import this text as their team's module.
"""

HANDLERS = ("shop.note", "shop.slow", "shop.shaky")

#: Follows ``machines.SHOP``. A line is far shorter than what a write in append mode could be torn at.
SHOP = """
import contextlib, zlib
from datetime import timedelta
from receiver import TransientFailure

@contextlib.contextmanager
def told(ctx, handler):
    about = f"{handler} {os.getpid()} {ctx.envelope.id}"
    def say(what):
        with (folder / "runs.txt").open("a") as runs:
            runs.write(f"{what} {about}\\n")
    say("began")
    try:
        yield
    except BaseException:
        say("failed")
        raise
    say("ended")

def chosen(ctx, one_in):
    return zlib.crc32(ctx.envelope.id.encode()) % one_in == 0

@router.on(OrderEvent, name="shop.note", stale="run", timeout=5)
def note(ctx: Context[OrderEvent]) -> None:
    with told(ctx, "shop.note"):
        pass

@router.on(OrderEvent, name="shop.slow", stale="run", timeout=5)
def slow(ctx: Context[OrderEvent]) -> None:
    with told(ctx, "shop.slow"):
        time.sleep(0.5 if chosen(ctx, 4) else 0)

@router.on(OrderEvent, name="shop.shaky", stale="run", timeout=5)
def shaky(ctx: Context[OrderEvent]) -> None:
    with told(ctx, "shop.shaky"):
        if ctx.attempt == 1 and chosen(ctx, 10):
            raise TransientFailure(retry_after=timedelta(seconds=1))
"""
