"""What became of the callbacks: how often each promise was broken.

By the store, and by what the handlers told a file of their own, which knows nothing of the store.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from machines import ACCOUNT
from soak.sender import Answer
from soak.shop import HANDLERS
from soak.site import Readable

from receiver import identity

_ENVELOPES = "SELECT seq, id, payload, state FROM envelope WHERE seq > %s"
_AGAIN = "SELECT bytes_digest FROM redelivery WHERE envelope_seq > %s"
_DELIVERIES = """
SELECT delivery.id, envelope.id, handler, lane, delivery.state, attempts,
       (SELECT count(*) FROM attempt WHERE delivery_id = delivery.id AND outcome = 'succeeded'),
       (SELECT count(*) FROM attempt WHERE delivery_id = delivery.id AND outcome = 'lost')
FROM delivery JOIN envelope ON seq = envelope_seq WHERE seq > %s
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    #: Distinct callbacks that the source has sent, and how many of them were answered 200 in the end.
    sent: int
    acknowledged: int
    #: Answered 200, and not in the inbox byte for byte.
    lost: int
    #: In the inbox, and nobody's who knows the secret.
    forged: int
    #: Envelopes whose every handler is not owed a delivery, and deliveries that have not ended.
    unended: int
    dead: int
    #: Deliveries of which two attempts succeeded, or that ran more often than attempts were begun.
    twice: int
    #: Runs of a lane that began before the one ahead had ended, or after a later one had begun.
    disordered: int
    #: Deliveries that succeeded, of which no handler told.
    unseen: int
    #: Attempts that ended with their worker.
    attempts_lost: int

    @property
    def broken(self) -> dict[str, int]:
        """By promise, what must be nought and is not."""
        counts = {
            "never acknowledged": self.sent - self.acknowledged,
            "lost": self.lost,
            "forged": self.forged,
            "not ended": self.unended,
            "twice": self.twice,
            "out of order": self.disordered,
            "succeeded unseen": self.unseen,
        }
        return {promise: count for promise, count in counts.items() if count}


@dataclass(frozen=True, slots=True)
class _Delivery:
    id: int
    envelope: str
    handler: str
    lane: str
    state: str
    attempts: int
    succeeded: int
    lost: int


def judge(database: Readable, answers: Iterable[Answer], runs: Sequence[Sequence[str]], since: int) -> Verdict:
    """Of the envelopes that came after ``since``."""
    genuine = [answer for answer in answers if answer.planned.expected == 200]
    sent = {answer.planned.callback.body for answer in genuine}
    acknowledged = {answer.planned.callback.body for answer in genuine if answer.status == 200}
    envelopes = database.run(_ENVELOPES, since)
    payloads = {bytes(payload) for _, _, payload, _ in envelopes}
    again = {bytes(digest) for (digest,) in database.run(_AGAIN, since)}
    deliveries = {
        (delivery.envelope, delivery.handler): delivery
        for delivery in (_Delivery(*row) for row in database.run(_DELIVERIES, since))
    }
    began = Counter((envelope, handler) for what, handler, _, envelope in runs if what == "began")
    ended = {(envelope, handler) for what, handler, _, envelope in runs if what == "ended"}
    owed = len(envelopes) * len(HANDLERS)
    closed = sum(delivery.state in {"succeeded", "skipped", "dead"} for delivery in deliveries.values())
    return Verdict(
        sent=len(sent),
        acknowledged=len(acknowledged),
        lost=sum(body not in payloads and _digest(body) not in again for body in acknowledged),
        forged=len(payloads - sent),
        unended=owed - closed,
        dead=sum(delivery.state == "dead" for delivery in deliveries.values()),
        twice=sum(delivery.succeeded > 1 or began[key] > delivery.attempts for key, delivery in deliveries.items()),
        disordered=_disordered(deliveries, runs),
        unseen=sum(delivery.state == "succeeded" and key not in ended for key, delivery in deliveries.items()),
        attempts_lost=sum(delivery.lost for delivery in deliveries.values()),
    )


def _digest(body: bytes) -> bytes:
    """A redelivery whose push time changed is noted by its digest alone."""
    return identity.of_bytes(ACCOUNT.name, body).bytes_digest


def _disordered(deliveries: dict[tuple[str, str], _Delivery], runs: Sequence[Sequence[str]]) -> int:
    """The order of a lane is that of its deliveries' ids. A run that was killed tells no end."""
    latest: dict[tuple[str, str], tuple[int, str]] = {}
    count = 0
    for what, handler, pid, envelope in runs:
        delivery = deliveries.get((envelope, handler))
        if delivery is None:
            continue
        lane = (delivery.lane, handler)
        if what == "began":
            count += delivery.id < latest.get(lane, (0, ""))[0]
            latest[lane] = (delivery.id, pid)
        else:
            count += latest[lane] != (delivery.id, pid)
    return count
