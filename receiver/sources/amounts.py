"""Amounts as the platforms write them: fen as a number or text, yuan with decimals. Never through binary fractions.

Fen: Taobao Global and the flat body of xportcn (10000 = 9500 + 500, https://doc-en-ka.xportcn.com/doc-7259275). Yuan:
the order detail of 1688 (https://doc-en.pandapon.com/api-263477659), all but its ``discount``, which is fen
(https://www.cnsecc.com/doc_29485666.html).
"""

import re
from decimal import Decimal
from typing import Any

from receiver.events import Money

#: No sign but a minus, no exponent, no comma; more digits than these are no amount.
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,30})?")
_TOO_LARGE = 10**15
_CURRENCY = re.compile(r"[A-Z]{3}")

#: A sum of doubles may come as 39.900000000000006; what is further from a whole fen we do not understand.
_NOISE = Decimal("0.000001")


def of_fen(value: Any, currency: Any = None) -> Money | None:
    named = currency if isinstance(currency, str) and _CURRENCY.fullmatch(currency) else "CNY"
    amount = whole(value)
    return None if amount is None else Money(amount=amount, currency=named, raw=_text(value))


def of_yuan(value: Any) -> Money | None:
    amount = whole(value, times=100)
    return None if amount is None else Money(amount=amount, raw=_text(value))


def whole(value: Any, *, times: int = 1) -> int | None:
    """So many times the number, if that is whole."""
    if type(value) is int and -_TOO_LARGE < value < _TOO_LARGE:
        return value * times
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    text = _text(value)
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text) * times
    nearest = number.to_integral_value()
    return int(nearest) if abs(number - nearest) <= _NOISE else None


def _text(value: str | float | Decimal) -> str:
    """A float is written the shortest way that reads back as the same: as it was sent, not as its binary fraction."""
    return str(value).strip()
