"""What arrives: a ``Callback`` is unbelieved bytes, an ``Envelope`` is verified and addressed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from receiver.identity import Identity

#: Where an order lives. ``None`` on an envelope: the source did not say, or said something new.
Platform = Literal["taobao", "1688"]

EnvelopeState = Literal["stored", "dispatched", "unreadable"]


@dataclass(frozen=True, slots=True)
class Callback:
    """One HTTP request from a source, as the bytes that came. Nothing of it is believed."""

    #: Names in lower case, as ASGI gives them.
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes = field(repr=False)

    def header(self, name: bytes) -> bytes | None:
        """The first header of this (lower-case) name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A verified callback: its address and its bytes. Only a source's ``open_callback()`` makes one."""

    account: str
    source: str
    #: ``None`` where the body does not tell.
    platform: Platform | None
    #: The source's own name of what happened: an open set, hence text. ``None`` where the body could not be read.
    topic: str | None
    #: Every order the body names, most often one; ``ORDER_BATCH_PAY`` names several.
    order_ids: tuple[str, ...]
    refund_ids: tuple[str, ...]
    identity: Identity
    #: The body, byte for byte as it was signed.
    payload: bytes = field(repr=False)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Every order and refund it is about."""
        orders = tuple(f"order:{order_id}" for order_id in self.order_ids)
        return orders + tuple(f"refund:{refund_id}" for refund_id in self.refund_ids) if self.refund_ids else orders


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEnvelope:
    """An envelope as the inbox holds it."""

    #: UUID version 7, so that ids sort by the time of acceptance.
    id: str
    account: str
    source: str
    platform: Platform | None
    topic: str | None
    order_id: str | None
    refund_id: str | None
    state: EnvelopeState
    #: Content alone could not tell whether this repeats an earlier envelope.
    ambiguous: bool
    #: How often the source sent the same message again.
    redeliveries: int
    received_at: datetime
    #: Why it is unreadable: a field path and a reason, no values.
    error: str | None
    #: How often a person had it dispatched again; the last one, and when.
    replays: int = 0
    replayed_by: str | None = None
    replayed_at: datetime | None = None
    #: When its payload was emptied, for its age.
    pruned_at: datetime | None = None
    #: Empty where only the row was asked for, and once it was pruned.
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the inbox did with an envelope: it is committed, or it repeats one that is."""

    envelope_id: str
    redelivery: bool
    ambiguous: bool
