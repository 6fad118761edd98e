"""What the accessibility statement says was tested. The suite holds it to what it really does."""

from dataclasses import dataclass
from datetime import date
from typing import Final

# The automatic checker: axe-core, of the version that package-lock.json names.
CHECKER: Final = "axe-core 4.14.1"


@dataclass(frozen=True, slots=True)
class Widths:
    """Widths of the window in pixels: a desk, a phone, and the narrowest that has to do."""

    desk: int = 1280
    phone: int = 375
    narrowest: int = 320


WIDTHS: Final = Widths()
STATED_ON: Final = date(2026, 11, 21)
