"""Ids of envelopes: UUID version 7 (RFC 9562, section 5.7), which the standard library makes from Python 3.14 on."""

import itertools
import os

_count = itertools.count()


def uuid7(unix_ms: int) -> str:
    """A new id for this time in milliseconds since 1970; a counter below the millisecond keeps a burst in order."""
    count = next(_count) & 0xFFF
    tail = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    fourth, last = 0x8000 | tail >> 48, tail & 0xFFFF_FFFF_FFFF
    return f"{unix_ms >> 16:08x}-{unix_ms & 0xFFFF:04x}-7{count:03x}-{fourth:04x}-{last:012x}"
