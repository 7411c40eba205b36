"""Verify, address, store: the one way into the inbox."""

from receiver.accounts import Account
from receiver.envelope import Callback, Envelope, Receipt
from receiver.inbox import Inbox
from receiver.sources.base import Source


async def accept(callback: Callback, account: Account, source: Source, inbox: Inbox) -> tuple[Envelope, Receipt]:
    """Return once the callback is committed. Raises ``CallbackRejected``."""
    envelope = source.open_callback(callback, account)
    return envelope, await inbox.put(envelope)
