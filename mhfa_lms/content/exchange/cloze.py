"""Questions with answers written into their text ("Cloze"): those with lists to choose from become gaps.

Source: docs.moodle.org, "Embedded Answers (Cloze) question type".
"""

import re
from typing import Any, Final

from mhfa_lms.content.exchange import plain
from mhfa_lms.content.exchange.found import RefusedError, option

PROMPT: Final = "Choose what fits in each gap."
PART: Final = re.compile(
    r"\{(\d*):([A-Z_]+):((?:\\.|[^\\}])*)\}",
)
LISTS: Final = frozenset({"MULTICHOICE", "MC", "MULTICHOICE_S", "MCS", "MULTICHOICE_V", "MCV", "MULTICHOICE_H", "MCH",
                          "MULTICHOICE_VS", "MCVS", "MULTICHOICE_HS", "MCHS"})  # fmt: skip
ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
HASH, TILDE = "\ue000", "\ue001"


def read(html: str, changes: list[str]) -> dict[str, Any]:
    """Return the gaps. Raises `RefusedError` where something else than a choice is asked for."""
    if HASH in html or TILDE in html:
        raise RefusedError("it holds characters of private use, which no font shows")
    found = list(PART.finditer(html))
    if not found:
        raise RefusedError("no part of its text asks for an answer")
    gaps = [_gap(number, one, changes) for number, one in enumerate(found, 1)]
    pieces, last = [], 0
    for gap, one in zip(gaps, found, strict=True):
        pieces += [bare(html[last : one.start()]), f"{{{gap['id']}}}"]
        last = one.end()
    pieces.append(bare(html[last:]))
    if len({one.group(1) or "1" for one in found}) > 1:
        changes.append("its gaps had different weights; here all count the same")
    return {"kind": "gap", "prompt": PROMPT, "text": plain.told("".join(pieces), changes), "gaps": gaps}


def bare(text: str) -> str:
    """Return a text without braces, which name gaps here."""
    return text.replace("{", "(").replace("}", ")")


def _gap(number: int, part: re.Match[str], changes: list[str]) -> dict[str, Any]:
    kind = part.group(2)
    if kind not in LISTS:
        raise RefusedError(f"one of its gaps ({kind}) is not a list to choose from")
    hidden = ESCAPE.sub(lambda one: {"#": HASH, "~": TILDE}.get(one.group(1), one.group(1)), part.group(3))
    options = []
    for place, written in enumerate(one for one in hidden.split("~") if one.strip()):
        text, correct = _worth(written.strip())
        text, _hash, feedback = text.partition("#")
        options.append(option(place, _shown(text, changes), _shown(feedback, changes), correct=correct))
    return {"id": f"g{number}", "options": options}


def _worth(written: str) -> tuple[str, bool]:
    if written.startswith("="):
        return written[1:], True
    weight = re.match(r"%(-?\d+)%", written)
    return (written[weight.end() :], weight.group(1) == "100") if weight else (written, False)


def _shown(text: str, changes: list[str]) -> str:
    return plain.line(plain.told(text.replace(HASH, "#").replace(TILDE, "~"), changes))
