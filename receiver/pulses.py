"""Whether the processes that work make progress: each leaves the time of its last turn where its siblings see it."""

import mmap
import time

#: Seconds. Longer than a turn that waits for a store or a broker until it gives up.
WITHIN = 90.0


class Pulses:
    """Made before the processes are forked. Monotonic time is the same for all of a machine."""

    def __init__(self, count: int) -> None:
        self._at = memoryview(mmap.mmap(-1, 8 * count)).cast("d")
        for index in range(count):
            self.beat(index)

    def beat(self, index: int) -> None:
        self._at[index] = time.monotonic()

    def fresh(self) -> bool:
        return all(time.monotonic() - at < WITHIN for at in self._at)
