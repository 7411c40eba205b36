"""The stale guard on trial: what a handler has acted on, beside what it is about to be given."""

from collections import defaultdict

from receiver.events import Event
from receiver.routing import Route
from receiver.standing import Standing, Verdict
from receiver.store import judging


class Guard:
    """What a store remembers for the rule of ``receiver.store.judging``."""

    def __init__(self) -> None:
        self._acted_on: defaultdict[tuple[str, str], list[Standing]] = defaultdict(list)

    def verdict(self, route: Route, event: Event) -> Verdict:
        """Older than anything acted on is older; what cannot be compared with all of it is unknown."""
        told = event.standing
        if event.lane is None or told is None or route.stale == "run":
            return "newer"
        return judging.judge(told, enumerate(self._acted_on[route.name, event.lane])).verdict

    def succeeded(self, route: Route, event: Event) -> None:
        if event.lane is not None and event.standing is not None:
            self._acted_on[route.name, event.lane].append(event.standing)
