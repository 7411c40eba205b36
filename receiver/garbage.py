"""Python's garbage collector, in a process that serves."""

import gc


def freeze() -> None:
    """What is alive by now stays alive: a collector that walks it again and again costs the ack path a seventh."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
