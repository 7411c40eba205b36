"""A source: who signs and calls us. How to add one is told here.

A source is one package and one line in the table of ``receiver.sources``:

1. ``signing.py``: its signature as pure functions over bytes, both ways: what a callback must carry, and how the
   simulator signs one.
2. ``callbacks.py``: ``open_callback()``, which verifies a ``Callback`` and addresses it. It reads what identity needs
   (topic, platform, ids), leaves empty what it cannot read, and raises nothing but ``CallbackRejected``: a body that is
   signed and not understood still becomes an envelope. ``unsigned()`` tells whether the callback carries no signature
   at all, ``topicless()`` whether its body names no topic: together they are the console's *Verify* button.
3. ``events.py``: ``TOPICS``, the table of its topics (``topic.py``), and ``decode()``, which makes typed events of an
   envelope's payload and raises nothing but ``Undecodable``, naming the field's path. Only the topic and the ids must
   be there: whatever else an event holds is optional, and a wrong type in it is none (``reading.py``).
4. ``samples/``: recorded or documented bodies, one file a topic, ``TOPIC.json``: the message as the source writes it.
   ``fields.toml``: what else its pages document, so that only news counts as drift (``receiver.sources.shapes``).
5. ``requests.py`` and ``operations.json``, if its API is documented: how a request is signed and what an answer means
   (``calling.py``), and the catalogue (``operation.py``). Otherwise ``calling=None``, and a call says so.
6. ``__init__.py``: the ``Source`` value itself.

``tests/receiver/sources/test_conformance*.py`` run over every source of the table and ask each the same questions.

All of it is pure: no clock, no network, no store. A wire rule is commented with the platform's page that states it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from receiver.accounts import Account
from receiver.envelope import Callback, Envelope, StoredEnvelope
from receiver.events import Event
from receiver.sources.calling import Calling
from receiver.sources.topic import Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """All that differs from one source to another. Functions, not a base class: a type checker sees each signature."""

    name: str
    #: Its own name of what happened -> what that becomes. Any other topic becomes ``Unrecognized``.
    topics: Mapping[str, Topic]
    #: Verify and address; raises ``CallbackRejected``.
    open_callback: Callable[[Callback, Account], Envelope]
    #: The callback carries no signature: neither good nor wrong.
    unsigned: Callable[[Callback], bool]
    #: The body is empty or names no topic: nothing is lost when it is not stored.
    topicless: Callable[[Callback], bool]
    #: Interpret; one event for each order or refund the envelope concerns. Raises ``Undecodable``.
    decode: Callable[[StoredEnvelope], tuple[Event, ...]]
    #: The message in a stored payload: JSON text, as in ``samples/``. Raises ``Undecodable``.
    message: Callable[[bytes], bytes]
    #: Make of a message (JSON text, as in ``samples/``) the callback that this source would send: simulator and tests.
    sign: Callable[[bytes, Account], Callback]
    #: How its API is called; ``None``: no page that we could read says so.
    calling: Calling | None
