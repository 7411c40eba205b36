"""JSON read and written without losing a digit: order ids reach 19 digits and more.

orjson reads integers up to 64 bits exactly and every longer number as a float. Two bodies that differ in the last digit
of a 21-digit id would then be one message. So a text that holds such a number is read by the standard library, which
keeps integers whole and decimals as they stand.
"""

import json
from decimal import Decimal
from typing import Any

import orjson

#: Every digit becomes a nought, so that runs of digits can be looked for as plain bytes: every callback
#: comes through here, and a regular expression takes ten times as long.
_SHAPE = bytes.maketrans(b"123456789E", b"000000000e")

#: What a float or a 64-bit integer may not hold; all numbers of 19 digits fit unless they are negative or no integers.
_TOO_PRECISE = (b"0" * 20, b"-" + b"0" * 19, b"0" * 16 + b"e")
#: Sixteen significant digits around a point: a float holds fifteen. Half of them stand on one side of it, which no
#: price has: to look for that first takes 1 microsecond in place of 13 (a body of 1.3 kB).
_TOO_PRECISE_DECIMALS = tuple(b"0" * before + b"." + b"0" * (16 - before) for before in range(1, 17))
_LONG_DECIMALS = (b"0" * 8 + b".", b"." + b"0" * 8)

MAX_IDENTIFIER = 200


class NotJson(ValueError):
    """The bytes are no JSON text: wrong encoding, truncated, nested too deep, or NaN."""


def loads(text: bytes | str) -> Any:
    """Parse a JSON text; numbers that a float would round come as ``int`` or ``Decimal``.

    A byte-order mark is passed over. Raises ``NotJson`` and nothing else, whatever the bytes.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        parsed = orjson.loads(data)
        shape = data.translate(_SHAPE)
        if not _holds(shape, _TOO_PRECISE) and not (
            _holds(shape, _LONG_DECIMALS) and _holds(shape, _TOO_PRECISE_DECIMALS)
        ):
            return parsed
        return json.loads(data, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError) as error:  # arithmetic: an exponent that no Decimal can hold
        raise NotJson(type(error).__name__) from error


def _holds(shape: bytes, runs: tuple[bytes, ...]) -> bool:
    for run in runs:  # noqa: SIM110  (a generator takes twice as long)
        if shape.rfind(run) >= 0:  # from behind: thrice as fast where digits are many
            return True
    return False


def dumps_sorted(value: Any) -> bytes:
    """Write parsed JSON again in one canonical form: keys sorted, no spaces, UTF-8.

    Raises ``NotJson`` for what is nested too deep to be written.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # orjson.JSONEncodeError: an int over 64 bits, a Decimal, or nested deeper than 254
        pass
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_tagged).encode()
    except RecursionError as error:
        raise NotJson("nested too deep") from error


def identifier(value: Any) -> str | None:
    """An id as text, or ``None`` if it is none: a float has lost digits already, a boolean never was one.

    Nor is one what a database cannot keep in an index: a text with a NUL in it, or one of more than 200 characters.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or "\0" in value:
        return None
    text = value.strip()
    return text if 0 < len(text) <= MAX_IDENTIFIER else None


def _tagged(value: object) -> dict[str, str]:
    """A decimal is not the same as its digits in a text."""
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    raise TypeError(type(value).__name__)


def _refuse_constant(name: str) -> None:
    raise NotJson(name)
