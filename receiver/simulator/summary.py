"""What became of a plan: counted by answer and by kind, with the time that acknowledgements took."""

from array import array
from collections import Counter
from math import ceil
from typing import Any

from receiver.simulator.planned import ACKNOWLEDGED, KINDS
from receiver.simulator.post import Answer

_PERCENTILES = {"p50": 0.5, "p99": 0.99, "p99_9": 0.999, "max": 1.0}


class Summary:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.elapsed = 0.0
        self.interrupted = False
        self._statuses: Counter[int] = Counter()
        self._unanswered: Counter[str] = Counter()
        self._sent: Counter[str] = Counter()
        self._as_expected: Counter[str] = Counter()
        self._unexpected = 0
        self._failed = 0
        self._acknowledged = array("d")

    def add(self, answer: Answer) -> None:
        planned, outcome = answer.planned, answer.outcome
        self._sent[planned.kind] += 1
        self._as_expected[planned.kind] += answer.as_expected
        if isinstance(outcome, str):
            self._unanswered[outcome] += 1
        else:
            self._statuses[outcome] += 1
            self._unexpected += not answer.as_expected
            if outcome == ACKNOWLEDGED:
                self._acknowledged.append(answer.seconds)
        # A fake that gets no answer, or a 503, has not got in.
        genuine = planned.expected == ACKNOWLEDGED
        self._failed += not answer.as_expected if genuine else outcome == ACKNOWLEDGED

    @property
    def failed(self) -> int:
        """Genuine callbacks not acknowledged in time, first or again, and fakes that were."""
        return self._failed

    @property
    def sent(self) -> int:
        return self._sent.total()

    def to_json(self) -> dict[str, Any]:
        refused = {str(status): many for status, many in sorted(self._statuses.items()) if status != ACKNOWLEDGED}
        return {
            "sent": self.sent,
            "acknowledged": self._statuses[ACKNOWLEDGED],
            "refused": refused,
            "timeout": self._unanswered["timeout"],
            "unreachable": self._unanswered["unreachable"],
            "unexpected": self._unexpected,
            "failed": self.failed,
            "kinds": {
                kind: {"sent": self._sent[kind], "as_expected": self._as_expected[kind]}
                for kind in KINDS
                if self._sent[kind]
            },
            "ack_ms": self._milliseconds(),
            "elapsed_s": round(self.elapsed, 3),
            "rate": round(self.sent / self.elapsed, 1) if self.elapsed else None,
            "interrupted": self.interrupted,
            "seed": self.seed,
        }

    def __str__(self) -> str:
        """One line for people."""
        row = self.to_json()
        kinds = ", ".join(f"{count['sent']} {kind}" for kind, count in row["kinds"].items())
        refused = " ".join(f"{many}x{status}" for status, many in row["refused"].items())
        parts = [
            f"sent {self.sent}" + (f" ({kinds})" if set(row["kinds"]) - {"genuine"} else ""),
            f"acknowledged {row['acknowledged']}",
            f"refused {sum(row['refused'].values())}" + (f" ({refused})" if refused else ""),
            *(f"{name} {row[name]}" for name in ("timeout", "unreachable", "unexpected") if row[name]),
        ]
        if row["ack_ms"]:
            times = " ".join(f"{name.replace('_', '.')} {value}" for name, value in row["ack_ms"].items())
            parts.append(f"ack ms {times}")
        parts.append(f"{self.elapsed:.1f} s" + (f", {row['rate']:g}/s" if row["rate"] else ""))
        parts.append(f"seed {self.seed}")
        if self.interrupted:
            parts.append("interrupted")
        parts.append(f"FAILED {self.failed}" if self.failed else "as expected")
        return " · ".join(parts)

    def _milliseconds(self) -> dict[str, float] | None:
        """By nearest rank; ``None`` before the first acknowledgement."""
        ordered = sorted(self._acknowledged)
        if not ordered:
            return None
        return {name: round(ordered[ceil(share * len(ordered)) - 1] * 1000, 1) for name, share in _PERCENTILES.items()}
