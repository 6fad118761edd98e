"""Names and addresses: how they are compared and put in order."""

import unicodedata
from typing import Final

JOINERS: Final = {0x200C: None, 0x200D: None}
# Of a person or an organisation, in letters.
LONGEST: Final = 120
GREETED: Final = 40


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

    The two joiners are allowed: names in Persian and in Indic scripts are written with them.
    """
    return text.translate(JOINERS).isprintable()


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
