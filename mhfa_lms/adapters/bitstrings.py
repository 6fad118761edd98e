"""Lists of states as one bit each (W3C Bitstring Status List): compressed, and as text."""

import base64
import gzip
from collections.abc import Iterable
from typing import Final

# The specification's smallest list: so many that one place in it tells nobody whose it is.
LENGTH: Final = 131_072


def encoded(places: Iterable[int]) -> str:
    """Return a list in which the bits of these places are set, as `encodedList` writes it.

    Place 0 is the leftmost bit. Equal lists give equal text. Raises `IndexError` for a place that is not in the list.
    """
    bits = bytearray(LENGTH // 8)
    for place in places:
        if place < 0:
            raise IndexError(place)
        bits[place // 8] |= 128 >> place % 8
    # No time in the header: equal lists are equal text.
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(bits), 6, mtime=0)).rstrip(b"=").decode()


def decoded(text: str) -> set[int]:
    """Return the places that are set in a list. For tests and commands."""
    data = text[1:]
    bits = gzip.decompress(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)))
    return {place for place in range(len(bits) * 8) if bits[place // 8] & (128 >> place % 8)}
