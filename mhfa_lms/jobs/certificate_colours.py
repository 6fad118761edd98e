"""A certificate's colour: the one accent in its style sheet and artwork, exchanged for an organisation's own."""

import re
from functools import cache
from typing import Final

from mhfa_lms.models import Accent

COLOURS: Final = {
    Accent.PINE: "#17584D",
    Accent.OCEAN: "#1B4F7A",
    Accent.PLUM: "#5B2D63",
    Accent.BRICK: "#7A2E1D",
    Accent.INK: "#22303C",
}
LINE, LINK = "#A9C8BF", "#0F5A50"
# The innermost green ring of the artwork: the others are this one, fainter and fainter.
RING: Final = "#9FC6BB"
LINE_SHARE, RING_SHARE = 0.62, 0.58


def _parts(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def faded(colour: str, share: float) -> str:
    """Return a colour mixed with white; share 0 leaves it, 1 is white."""
    return "#" + "".join(f"{round(part + (255 - part) * share):02X}" for part in _parts(colour))


@cache
def in_style(stylesheet: str, accent: Accent) -> str:
    """Return the style sheet with its colour exchanged."""
    if accent is Accent.PINE:
        return stylesheet
    new = COLOURS[accent]
    return stylesheet.replace(COLOURS[Accent.PINE], new).replace(LINK, new).replace(LINE, faded(new, LINE_SHARE))


@cache
def in_artwork(drawing: bytes, accent: Accent) -> bytes:
    """Return a drawing with its greens exchanged, each as faint as it was; honey stays honey."""
    if accent is Accent.PINE:
        return drawing
    new, first = COLOURS[accent], _parts(RING)[0]

    def exchanged(found: re.Match[str]) -> str:
        red, green, _blue = _parts(found[0])
        if red >= green:
            return found[0]
        share = max(0.0, (red - first) / (255 - first))
        return new if found[0] == COLOURS[Accent.PINE] else faded(faded(new, RING_SHARE), share)

    return re.sub("#[0-9A-F]{6}", exchanged, drawing.decode()).encode()
