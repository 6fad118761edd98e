"""Names and addresses: how they are compared and put in order."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

JOINERS: Final = {0x200C: None, 0x200D: None}
# Spaces of other widths, as keyboards for Chinese and Japanese make them: in a name, a space.
SPACES: Final = dict.fromkeys((0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ")
# Of a person or an organisation, in letters.
LONGEST: Final = 120
GREETED: Final = 40
# More marks on one letter than any script writes would run into the lines above and below.
MOST_MARKS: Final = 4
Coverage = Callable[[str], bool]
# Choose a letter's form; printers and fonts need not know them.
SELECTORS: Final = re.compile("[\ufe00-\ufe0f]")
# Kept free in Unicode for what is no letter, or never shown.
NEVER_SEEN: Final = ((0x2065, 0x2065), (0xFDD0, 0xFDEF), (0xFFF0, 0xFFF8), (0xE0000, 0xE0FFF))
_fonts: Callable[[], Coverage | None] = lambda: None  # noqa: E731  # replaced as a whole


def configure(fonts: Callable[[], Coverage | None]) -> None:
    """Say who knows which letters can be printed in this process; asked when a name first needs it."""
    global _fonts  # one process serves one installation, as with the database
    _fonts = fonts


def unprintable(name: str) -> str:
    """Return the letters of a name that a certificate could not show, each once; empty when it can show them all.

    That is: no font on this machine has them, or a heap of marks stands on one letter. Without fontconfig nobody knows,
    and every letter passes.
    """
    marks = "".join(letter if unicodedata.combining(letter) else " " for letter in _nfc(name))
    heaps = [heap for heap in marks.split() if len(heap) > MOST_MARKS]
    return "".join([uncovered(name), *(f"\u25cc{heap[:MOST_MARKS]}" for heap in heaps)])


def uncovered(name: str) -> str:
    """Return the letters of a name that no font on this machine has, each once."""
    rare = {letter for letter in _nfc(name).translate(JOINERS) if not letter.isascii() and not letter.isspace()}
    covered = _fonts() if rare else None
    return "".join(sorted(letter for letter in rare if covered and not covered(letter) and not SELECTORS.match(letter)))


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def email_key(address: str) -> str:
    """Return the form in which e-mail addresses are compared: Unicode-normalised, without regard to case."""
    return unicodedata.normalize("NFKC", address).strip().casefold().lower()


def sort_key(name: str) -> str:
    """Return the key that puts names in order, the same on every database.

    Accents and case do not count; digits count as numbers ("Site 9" before "Site 10").
    """
    plain = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    out: list[str] = []
    digits = ""
    for letter in f"{letters}\0":
        if letter.isdecimal() and letter.isascii():
            digits += letter
            continue
        if digits:
            out.append(digits.zfill(12))
            digits = ""
        out.append(letter)
    return "".join(out).rstrip("\0").strip()


def one_line(text: str) -> bool:
    """Whether a text is one line without control letters: nothing that a mail's header or a table could trip over.

    The two joiners are allowed: names in Persian and in Indic scripts are written with them. So are letters that came
    into Unicode after this Python: whether they can be printed the fonts say.
    """
    plain = text.translate(JOINERS)
    return plain.isprintable() or all(letter.isprintable() or _is_newer(letter) for letter in plain)


def _is_newer(letter: str) -> bool:
    """Whether a character may have become a letter since: neither for programs' own use nor never to be seen."""
    number = ord(letter)
    unseen = number & 0xFFFE == 0xFFFE or any(first <= number <= last for first, last in NEVER_SEEN)
    return unicodedata.category(letter) == "Cn" and not unseen


def direction(text: str) -> str:
    """Return whether a text runs `ltr` or `rtl`, as its first letter with a direction does; empty without any."""
    ways = ({"L": "ltr", "R": "rtl", "AL": "rtl"}.get(unicodedata.bidirectional(letter)) for letter in text)
    return next(filter(None, ways), "")


def initials(name: str) -> str:
    """Return a name's initials, such as A. Y."""
    return " ".join(f"{word[0].upper()}." for word in name.split() if word[0].isalpha())


def greetable(name: str) -> str:
    """Return a name that a stranger typed, if it may stand in a mail's greeting; else nothing.

    Whoever joins chooses both name and address: what is no name, such as an address of a page, must not travel to
    somebody else in our mail.
    """
    letters = all(unicodedata.category(one)[0] in "LM" or one in " .'’-\u200c\u200d" for one in name)
    dotted = any(after not in ("", " ") for after in (part[:1] for part in name.split(".")[1:]))
    return name if letters and not dotted and len(name) <= GREETED else ""


def first_name(name: str) -> str:
    """Return the first word of a name, for a greeting."""
    return (name.split() or [""])[0]
