"""The one retry policy: nothing else in this service decides when a delivery is attempted again."""

import random
from datetime import timedelta

from receiver.errors import PermanentFailure, TransientFailure, Undecodable

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=6)
#: A handler that names a later time has miscounted, and a date of no calendar would be stored.
LONGEST_RETRY_AFTER = timedelta(days=365)
#: Attempts that failed together should not come back together.
JITTER = 0.2
#: A delivery whose attempts end this many times in a row with the worker's death is taken for the cause, and buried.
MAX_LOST_IN_A_ROW = 5


def delay_after(attempts: int, max_attempts: int, failure: BaseException) -> timedelta | None:
    """How long to wait before the next attempt, or ``None`` to bury the delivery.

    ``attempts`` is how many of the allowed ``max_attempts`` have been started, the failed one included.
    """
    # Undecodable: an event that was made once and cannot be made by this version. Waiting does not help.
    if isinstance(failure, PermanentFailure | Undecodable) or attempts >= max_attempts:
        return None
    # A handler that nobody type-checked may say 30 and mean seconds: it gets the policy, as any other failure.
    if isinstance(failure, TransientFailure) and isinstance(failure.retry_after, timedelta):
        return min(max(failure.retry_after, timedelta(0)), LONGEST_RETRY_AFTER)
    return back_off(attempts)


def back_off(attempts: int) -> timedelta:
    """After so many attempts that failed."""
    doubled: timedelta = FIRST_DELAY * 2 ** min(attempts - 1, 16)
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  (no secret hangs on it)
    return min(doubled, LONGEST_DELAY) * spread
