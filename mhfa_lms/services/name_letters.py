"""What a name on a certificate may be written with, and what to say of a character it may not.

Any letter of a script that people write today, with its marks; digits, spaces, and whatever punctuation is used in
names somewhere: apostrophes, hyphens, dots, strokes, quotes. Not pictures, signs, letters made for formulas, or scripts
that nobody has been named in for a thousand years. What stands on paper must be readable by whoever checks it.
"""

import unicodedata
from typing import Final

from mhfa_lms.i18n import gettext as _
from mhfa_lms.services import names

# Where signs and pictures stand. Signs elsewhere belong to a script, as Tibetan's and Tamil's do.
SIGNS: Final = ((0x2000, 0x2E80), (0x3200, 0x3400), (0xFFFC, 0xFFFE), (0x1CC00, 0x1CEC0), (0x1D000, 0x1E000),
                (0x1EC70, 0x1ED50), (0x1F000, 0x20000))  # fmt: skip
SIGN_KINDS: Final = frozenset(("So", "Sm", "Sc", "No", "Sk"))
# How Unicode's own names begin of letters that are in nobody's name.
OF_NOBODY: Final = (
    *("MATHEMATICAL ", "DOUBLE-STRUCK ", "EGYPTIAN HIEROGLYPH", "ANATOLIAN HIEROGLYPH", "CUNEIFORM ", "LINEAR A "),
    *("LINEAR B ", "CYPRIOT ", "CYPRO-MINOAN ", "OLD PERSIAN ", "UGARITIC ", "MEROITIC ", "CARIAN ", "LYCIAN "),
    *("LYDIAN ", "PHAISTOS ", "BYZANTINE MUSICAL ", "MUSICAL "),
)
# More would be no help.
MOST_SHOWN: Final = 5


def no_letters(name: str) -> str:
    """Return the characters of a name that are no part of anybody's name, each once, in order."""
    return "".join(sorted({letter for letter in name if not letter.isascii() and _is_none(letter)}))


def _is_none(letter: str) -> bool:
    if unicodedata.category(letter) in SIGN_KINDS:
        return any(first <= ord(letter) < end for first, end in SIGNS)
    return unicodedata.name(letter, "").startswith(OF_NOBODY)


def spelled(letters: str) -> str:
    """Return characters with their numbers in Unicode, as far as they can be seen: 𓀀 (U+13000)."""
    each = dict.fromkeys(letters)
    said = [f"{one} (U+{ord(one):04X})" if one.isprintable() else f"U+{ord(one):04X}" for one in each]
    return ", ".join([*said[:MOST_SHOWN], *(["…"] if len(said) > MOST_SHOWN else [])])


def fault(text: str, *, is_name: bool = True) -> str:
    """Return what is wrong with a text that is to be printed, in words for whoever typed it; empty where nothing is.

    A text that is no name, such as an organisation's own line, may hold signs.
    """
    if unseen := "".join(letter for letter in text if not names.one_line(letter)):
        return _("Leave out what cannot be seen or is used in one place only: %(letters)s.", letters=spelled(unseen))
    if letters := names.unprintable(text):
        return _(
            "These letters cannot be printed on a certificate: %(letters)s. Write it without them.",
            letters=letters if "\u25cc" in letters else spelled(letters),
        )
    if is_name and (signs := no_letters(text)):
        return _("A name is written in letters. Leave this out: %(letters)s.", letters=spelled(signs))
    return ""
