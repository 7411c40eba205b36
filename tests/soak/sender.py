"""A platform behind an ingress: callbacks in any order, some twice, some forged; again, until the answer is 200."""

import contextlib
import heapq
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from random import Random

from machines import ACCOUNT, headers

from receiver.simulator.faults import Faults, faulty, reordered
from receiver.simulator.planned import ACKNOWLEDGED, Draft, Numbers, Planned
from receiver.simulator.planned import Sender as Source
from receiver.simulator.post import TIMEOUT
from receiver.simulator.template import Values
from receiver.sources import SOURCES

#: Callbacks about one order: its lane.
_STEPS = 6
#: Orders that are under way at a time.
_UNDER_WAY = 5
_FAULTS = Faults(duplicate=0.15, reorder=0.2, forge=0.02, corrupt=0.02)
#: The platform sends again after minutes, and gives up after hours; here seconds stand for minutes.
_AGAIN = 1.0
_SENDERS = 8


def callbacks(seed: str) -> Iterator[Planned]:
    """Without an end. No two say the same: each has the id of its order and its number there."""
    random = Random(f"soak {seed}")
    numbers = Numbers(random)
    return faulty(_drafts(numbers, random), _FAULTS, numbers, random)


def _drafts(numbers: Numbers, random: Random) -> Iterator[Draft]:
    source = Source(ACCOUNT, SOURCES[ACCOUNT.source])
    (paid,) = (sample for sample in source.samples if sample.name == "ORDER_PAY_SUCCESS")
    scripts = [source.script(paid, {"messageBody.sequence": number}) for number in range(_STEPS)]
    while True:
        orders = [numbers.subject() for _ in range(_UNDER_WAY)]
        for step in range(_STEPS):
            for order in reordered(orders, _FAULTS.reorder, random):
                script = scripts[(step + order) % _STEPS]
                assert script is not None
                now = datetime.now(UTC)
                values = Values(
                    order_id=order,
                    refund_id=1,
                    message_id=numbers.message(),
                    created=now,
                    occurred=now,
                    pushed=now,
                )
                yield Draft(source, script, values)


@dataclass(frozen=True, slots=True)
class Answer:
    planned: Planned
    #: ``None``: none came in the platform's one second, from any web process.
    status: int | None
    seconds: float


@dataclass(order=True, slots=True)
class _Due:
    when: float
    number: int
    planned: Planned = field(compare=False)


class Sender:
    def __init__(self, planned: Iterator[Planned], ports: Callable[[], Sequence[int]], rate: float) -> None:
        """``ports`` are the web processes as the ingress knows them now. ``rate`` is callbacks a second."""
        self.answers: list[Answer] = []
        self._planned = planned
        self._ports = ports
        self._rate = rate
        self._lock = threading.Lock()
        self._taken = 0
        self._again: list[_Due] = []
        self._under_way = 0
        self._stopping = False
        self._giving_up = False

    @contextlib.contextmanager
    def sending(self, patience: float) -> Iterator[None]:
        """At the end nothing new is sent, and what was not answered 200 is sent until it is, for so many seconds."""
        began = time.monotonic()
        threads = [threading.Thread(target=self._send, args=(began,), daemon=True) for _ in range(_SENDERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping = True
            deadline = time.monotonic() + patience
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))
            self._giving_up = True
            for thread in threads:
                thread.join()

    def _send(self, began: float) -> None:
        while not self._giving_up:
            due = self._next(began)
            if due is None:
                if self._stopping and not self._again and not self._under_way:
                    return
                time.sleep(0.02)
                continue
            time.sleep(max(0.0, due.when - time.monotonic()))
            answer = self._post(due)
            with self._lock:
                self.answers.append(answer)
                if answer.status != due.planned.expected and due.planned.expected == ACKNOWLEDGED:
                    heapq.heappush(self._again, _Due(time.monotonic() + _AGAIN, due.number, due.planned))
                self._under_way -= 1

    def _next(self, began: float) -> _Due | None:
        with self._lock:
            if self._again and self._again[0].when <= time.monotonic():
                due = heapq.heappop(self._again)
            elif self._stopping:
                return None
            else:
                due = _Due(began + self._taken / self._rate, self._taken, next(self._planned))
                self._taken += 1
            self._under_way += 1
            return due

    def _post(self, due: _Due) -> Answer:
        """At one web process, and where there is none, at the other, as an ingress does."""
        began = time.perf_counter()
        status = None
        ports = self._ports()
        for place in range(len(ports)):
            connection = HTTPConnection("127.0.0.1", ports[(due.number + place) % len(ports)], timeout=TIMEOUT)
            try:
                callback = due.planned.callback
                connection.request("POST", f"/callbacks/{ACCOUNT.name}", callback.body, headers(callback))
                answer = connection.getresponse()
                answer.read()
                status = answer.status
                break
            except TimeoutError:
                break
            except (OSError, HTTPException):
                continue
            finally:
                connection.close()
        return Answer(due.planned, status, time.perf_counter() - began)
