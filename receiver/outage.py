"""Something that others need is away: told once when that begins, and once when it ends."""

import time

import structlog

log = structlog.stdlib.get_logger()


class Outage:
    def __init__(self, of: str) -> None:
        self._of = of
        self._began: float | None = None

    def goes_on(self, error: Exception) -> None:
        if self._began is None:
            self._began = time.monotonic()
            log.warning("outage.began", of=self._of, error=str(error))

    def is_over(self) -> None:
        if self._began is not None:
            log.info("outage.ended", of=self._of, seconds=round(time.monotonic() - self._began, 1))
            self._began = None
