"""Saying what failed without repeating what it held: the type of an error and its place, no values.

An exception's own text may quote anything (a name, a phone, a key), so it is kept for our own errors alone: those that
this service raises, and ``HandlerFailure``, whose text the handler's author wrote for this purpose.
"""

import inspect
from collections.abc import Callable
from pathlib import PurePath
from types import TracebackType

from receiver.errors import YizhanError

#: Longer texts are cut: they are stored with each attempt and stand in each log line.
MAX_TEXT = 500


def describe(error: BaseException, *, handler: Callable[..., object] | None = None) -> str:
    """``ValueError at shop.py:12 in reserve, from KeyError at …``.

    Where a library raised it, the place in the ``handler``'s own files that called it is named as well.
    """
    text = type(error).__name__
    own_words = _own_words(error) if isinstance(error, YizhanError) else ""
    if own_words:
        text += f": {own_words}"
    place = _innermost(error.__traceback__)
    if place is not None:
        text += f" at {place}"
    caller = None if handler is None else _innermost(error.__traceback__, _folder(handler))
    if caller not in (None, place):
        text += f", called at {caller}"
    cause = error.__context__ if error.__cause__ is None and not error.__suppress_context__ else error.__cause__
    return text if cause is None else f"{text}, from {type(cause).__name__}" + _at(cause)


def places(error: BaseException) -> list[str]:
    """The frames of an error, outermost first: ``shop.py:12 in reserve``."""
    found = []
    traceback = error.__traceback__
    while traceback is not None:
        found.append(_place(traceback))
        traceback = traceback.tb_next
    return found


def _own_words(error: YizhanError) -> str:
    """Its text as a store can keep it: no stray surrogate, nor a ``__str__`` that raises, may cost the outcome."""
    try:
        text = str(error)
    except Exception as fault:  # noqa: BLE001  (whatever it is, the failure itself is what counts)
        text = f"its text raises {type(fault).__name__}"
    text = text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _at(error: BaseException) -> str:
    place = _innermost(error.__traceback__)
    return "" if place is None else f" at {place}"


def _innermost(traceback: TracebackType | None, folder: PurePath | None = None) -> str | None:
    """Of all frames, or of those whose file is in the folder."""
    found = None
    while traceback is not None:
        if folder is None or PurePath(traceback.tb_frame.f_code.co_filename).parent == folder:
            found = traceback
        traceback = traceback.tb_next
    return None if found is None else _place(found)


def _folder(handler: Callable[..., object]) -> PurePath | None:
    code = getattr(inspect.unwrap(handler), "__code__", None)
    return None if code is None else PurePath(code.co_filename).parent


def _place(traceback: TracebackType) -> str:
    code = traceback.tb_frame.f_code
    file = "/".join(PurePath(code.co_filename).parts[-2:])
    return f"{file}:{traceback.tb_lineno} in {code.co_name}"
