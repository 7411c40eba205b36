"""The service: what it is made of, and in which order to read it.

A callback comes in as bytes and leaves as work done by handlers. The path, step by step, a module each:

``front``      HTTP: a callback that comes whole is taken from its connection, and answered there
``endpoint``   verify and address it (``sources``): a ``Callback`` becomes an ``Envelope``; answer, by the deadline
``inbox``      commit in groups
``dispatch``   envelope -> typed ``events`` -> one delivery for each handler that ``routing`` matches
``offer``      claim what is due, under a lease and a fencing number, and ring the ``broker``
``deliver``    one ``attempt``: start, ``recall`` the event, ``invoke`` the handler, settle; ``retries`` says when again
``api``        what a handler calls back by: ``operations`` by name, signed by ``sources``, sent by ``transport``
``sweep``      put back what a dead broker or worker left behind, and owe to handlers what was buried, as an event;
             ``timers`` say when, and in which process

Types are the states. A ``Callback`` is unbelieved; only a source's ``open_callback()`` makes an ``Envelope`` of it, and
only that can be stored; only ``decode()`` makes an ``Event``. Nothing downstream can be handed unverified input.

The store is the truth, the broker a doorbell. The web process knows no broker and no handler: it commits and answers.
The relay, a thread of the worker process, finds what is stored and rings. Losing every message in the broker costs
seconds; losing any process costs the attempts it was running, which count and are made again.

What runs: ``embedded`` is everything in one process; ``serve`` and ``work`` are the web and the worker process of many
machines, several of a kind under ``supervise``; ``worker`` is the half that works, wherever it runs. ``testing`` is
what handlers are tried with. Beneath all of it stand ``store`` (the one place with SQL), ``settings`` (the one reader
of files and environment), and the vocabulary: ``envelope``, ``events``, ``identity``, ``standing``, ``deliveries``,
``timeline``, ``drift``, ``exchange``, ``errors``. Imports run one way, from the edges down to the vocabulary, and are
checked.
"""

from typing import TYPE_CHECKING, Any

from receiver.errors import PermanentFailure, TransientFailure

if TYPE_CHECKING:
    from receiver.routing import Context, Router

__all__ = ["Context", "PermanentFailure", "Router", "TransientFailure"]


def __getattr__(name: str) -> Any:
    """What handlers are written with, on demand: the API client behind it takes longer to import than a list."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from receiver import routing  # noqa: PLC0415

    return getattr(routing, name)
