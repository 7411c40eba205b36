"""Calling a handler, plain or async, within its timeout."""

import asyncio
import contextlib
import ctypes
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from datetime import timedelta
from typing import Any, TypeVar

from receiver.errors import HandlerTimeout
from receiver.routing import Context, Route

T = TypeVar("T")

#: How long a handler whose time is up may take to clean up. Less than the run lease's margin.
CLEAN_UP = timedelta(seconds=5)
#: Timeouts are kept to this.
TICK = timedelta(seconds=0.1)


class _TimeIsUp(BaseException):
    """Raised in the handler's thread. No ``except Exception`` of the handler's sees it."""


class Invoker:
    """Runs handlers for the worker threads of one process. One watch thread, and one event loop for all async ones."""

    def __init__(self, *, clean_up: timedelta = CLEAN_UP, tick: timedelta = TICK) -> None:
        self._clean_up = clean_up.total_seconds()
        self._tick = tick.total_seconds()
        self._runs: set[_Run] = set()
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._watch_runs, name="timeouts", daemon=True)
        self._watch.start()
        self._loop = _Loop()
        self._loop_replaced = threading.Lock()

    def invoke(self, route: Route, context: Context[Any]) -> None:
        """Return when the handler has; raises what it raises, or ``HandlerTimeout``.

        Plain Python code is interrupted where it stands; a call that waits in C (a socket without a timeout of its own)
        is only once it returns.
        """
        until = time.monotonic() + route.timeout.total_seconds()
        result = self._call(lambda: route.handler(context), until)
        if inspect.isawaitable(result):
            self._await(result, until)

    def stop(self) -> None:
        self._stopping.set()
        self._watch.join()
        self._loop.stop(wait=self._clean_up)

    def _call(self, call: Callable[[], Awaitable[None] | None], until: float) -> Awaitable[None] | None:
        run = _Run(until)
        where = None
        try:
            self._runs.add(run)
            try:
                result = call()
            finally:
                run.end()
        except BaseException as failure:
            run.end()  # again: the interrupt may have come in the midst of it
            if not run.over:
                raise
            where = failure.__traceback__
        finally:
            self._runs.discard(run)
        if run.over:  # whatever the handler made of the interrupt
            raise HandlerTimeout("over its timeout").with_traceback(where)
        return result

    def _watch_runs(self) -> None:
        while not self._stopping.wait(self._tick):
            now = time.monotonic()
            for run in self._runs.copy():
                run.interrupt_if_over(now, again_in=self._clean_up)

    def _await(self, awaitable: Awaitable[None], until: float) -> None:
        loop = self._loop
        future = loop.submit(_failure_within(awaitable, until, self._clean_up))
        try:
            failure = future.result(timeout=until - time.monotonic() + self._clean_up + 1)
        except TimeoutError:
            self._replace(loop)
            raise HandlerTimeout("the event loop stands still: an async handler waits without await") from None
        if failure is not None:
            raise failure

    def _replace(self, loop: "_Loop") -> None:
        """An async handler that blocks its loop must not take those of the other handlers with it for ever."""
        with self._loop_replaced:
            if self._loop is not loop:
                return
            self._loop = _Loop()
        loop.stop(after=self._clean_up)


class _Run:
    """One run of a plain handler, which may be interrupted while it lasts and never after it.

    Two flags and no lock, since the interrupt may come when a lock was taken and nobody has noted it yet: each side
    raises its own flag before it looks at the other's.
    """

    def __init__(self, until: float) -> None:
        #: It took longer than it may.
        self.over = False
        self._until = until
        self._thread = threading.get_ident()
        self._ended = False
        self._interrupting = False

    def interrupt_if_over(self, now: float, *, again_in: float) -> None:
        """On the watch's thread. Again later, for a handler that swallows it, or where the interpreter did."""
        if now < self._until:
            return
        self._interrupting = True
        if not self._ended:
            self.over = True
            self._until = now + again_in
            _raise_in(self._thread, _TimeIsUp)
        self._interrupting = False

    def end(self) -> None:
        """On the handler's thread: from here on it is not interrupted, and what is on its way is taken back."""
        self._ended = True
        while self._interrupting:
            time.sleep(0)
        _raise_in(self._thread, None)


class _Loop:
    """An event loop on a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="async-handlers", daemon=True)
        self._thread.start()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def stop(self, *, after: float = 0, wait: float = 0) -> None:
        """Stop ``after`` some seconds, and ``wait`` for it; a loop that is blocked ends once it is not any more."""
        self._loop.call_soon_threadsafe(self._loop.call_later, after, self._end)
        self._thread.join(wait)

    def _end(self) -> None:
        self._ended = True
        self._loop.stop()

    def _run(self) -> None:
        while not self._ended:
            with contextlib.suppress(SystemExit, KeyboardInterrupt):  # of a task that a handler left behind
                self._loop.run_forever()
        self._loop.close()


async def _failure_within(awaitable: Awaitable[None], until: float, clean_up: float) -> BaseException | None:
    """What the handler raises, as a value: raised on the loop, a ``SystemExit`` would end it."""
    left = until - time.monotonic()
    if left <= 0:  # the loop stood still: nobody waits for this handler any more, so it must not begin
        if inspect.iscoroutine(awaitable):
            awaitable.close()
        return HandlerTimeout("over its timeout before it began")
    task = asyncio.ensure_future(_failure_of(awaitable))
    await asyncio.wait({task}, timeout=left)
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.wait({task}, timeout=clean_up)
    failure = task.result() if task.done() else None
    return HandlerTimeout("over its timeout").with_traceback(None if failure is None else failure.__traceback__)


async def _failure_of(awaitable: Awaitable[None]) -> BaseException | None:
    try:
        await awaitable
    except BaseException as failure:  # noqa: BLE001  (the handler's, cancellation too)
        return failure
    return None


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """CPython's way to interrupt a thread at its next bytecode; ``None`` takes back what is not yet delivered."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), None if error is None else ctypes.py_object(error)
    )
