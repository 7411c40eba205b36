"""Ids of envelopes: UUID version 7 (RFC 9562, section 5.7), which the standard library makes from Python 3.14 on."""

import itertools
import os

_count = itertools.count()


def uuid7(unix_ms: int) -> str:
    """A new id for this time in milliseconds since 1970; a counter below the millisecond keeps a burst in order."""
    count = next(_count) & 0xFFF
    tail = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    digits = f"{(unix_ms << 80 | 0x7 << 76 | count << 64 | 0x2 << 62 | tail):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
