"""Running what must not be interrupted: a handler's timeout may hit its thread between any two bytecodes.

``receiver.invoke`` raises in the midst of whatever the handler's thread does. In a pool of connections that means a
lock that nobody releases, and no call of any handler any more. So a call is made on a thread of its own, and the
handler's thread waits for it on a plain lock, which is taken and released by nobody else.
"""

import contextvars
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def aside(work: Callable[[Callable[[], bool]], T]) -> T:
    """What ``work`` returns or raises. It can ask whether anybody still waits for it, before what cannot be undone.

    An exception that interrupts the waiting leaves ``work`` to its end, unheard.
    """
    done = threading.Lock()
    done.acquire()  # released by the other thread
    waiting = [True]
    outcome: list[tuple[Any, BaseException | None]] = []
    context = contextvars.copy_context()

    def run() -> None:
        try:
            outcome.append((context.run(work, lambda: waiting[0]), None))
        except BaseException as error:  # noqa: BLE001  (whatever it is, it is the caller's)
            outcome.append((None, error))
        finally:
            done.release()

    threading.Thread(target=run, name="api-call", daemon=True).start()
    try:
        done.acquire()
    except BaseException:
        waiting[0] = False
        raise
    result, error = outcome[0]
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]
