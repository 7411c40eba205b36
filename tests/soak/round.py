"""One fault under load: send, strike, wait until all has ended, judge."""

import math
import time
from dataclasses import dataclass

from soak.sender import Answer, Sender, callbacks
from soak.site import Fault, SiteT, last, wait_until_ended
from soak.verdict import Verdict, judge

#: Seconds until what has not ended is taken for forgotten: what the broker lost is offered again after 60.
PATIENCE = 180.0


@dataclass(frozen=True, slots=True)
class Round:
    fault: str
    verdict: Verdict
    answers: list[Answer]
    #: Seconds from when it was made good until all that had been accepted by then had ended; or it never did.
    recovery: float


def play(site: SiteT, fault: Fault[SiteT], *, seed: int, seconds: float, rate: float) -> Round:
    """Raises ``AssertionError`` where the fault did not come about."""
    since = last(site.database)
    sender = Sender(callbacks(f"{seed} {fault.name}"), site.ports, rate)
    began = time.monotonic()
    with sender.sending(PATIENCE):
        time.sleep(seconds / 3)
        fault.strike(site)
        made_good = time.monotonic()
        recovered = wait_until_ended(site.database, last(site.database), PATIENCE)
        recovery = time.monotonic() - made_good if recovered else math.inf
        time.sleep(max(0.0, began + seconds - time.monotonic()))
    wait_until_ended(site.database, last(site.database), PATIENCE)
    verdict = judge(site.database, sender.answers, site.runs(), since)
    return Round(fault.name, verdict, sender.answers, recovery)
