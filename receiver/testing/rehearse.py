"""What is stored, run through a handler that does nothing: each way out is recorded instead."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from receiver.accounts import Account
from receiver.envelope import StoredEnvelope
from receiver.errors import Undecodable
from receiver.events import Event
from receiver.exchange import Send
from receiver.routing import Route
from receiver.sources import SOURCES
from receiver.testing.recording import Record, RecordingApi, line_of, stranger
from receiver.testing.running import Bench, Ran

#: Why a read has no answer.
CURE = "it was recorded only; make the reads with --online"


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the store."""

    envelope: StoredEnvelope
    event: Event


def told_by(envelope: StoredEnvelope) -> tuple[Told, ...]:
    """Its events; none of what cannot be read."""
    source = SOURCES.get(envelope.source)
    try:
        return () if source is None else tuple(Told(envelope, event) for event in source.decode(envelope))
    except Undecodable:
        return ()


def rehearse(
    route: Route, history: Iterable[Told], accounts: Mapping[str, Account], online: Send | None
) -> Iterator[Ran]:
    """Each event's first attempt, in order; effects are had once and old news is skipped, as it would have been.

    ``online`` makes the reads; what cannot be taken back is never made.
    """
    benches: dict[str, Bench] = {}
    for told in history:
        name = told.envelope.account
        if name not in benches:
            account = accounts.get(name) or stranger(name, told.envelope.source)
            api = RecordingApi(Record(line_of(account), cure=CURE))
            if online is not None and name in accounts:
                api.connect(account, online, reads_only=True)
            benches[name] = Bench(api, rehearsal=True)
        yield benches[name].deliver(route, told.event, attempts=1, envelope=told.envelope)
