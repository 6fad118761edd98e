"""Words that course text must not use, from the guidance on writing about suicide, and what to write instead.

Sources: WHO, Preventing suicide: a resource for media professionals (2023), and the shared rules of the field. A rule
is kept narrow: a course must be able to ask about suicide plainly. A file in another language is checked by the rules
of that language, where there are any, and every file for names that belong to others.
"""

import re
from collections.abc import Iterator
from typing import Final

from mhfa_lms.content.problems import Problem
from mhfa_lms.content.sources import SourceFile

SUCCESS: Final = "an attempt is survived or not: leave out success and failure"
DIED: Final = "write “died by suicide”"
COMMON: Final = "leave out words that make it sound common or catching"
METHOD: Final = "leave out how somebody died or hurt themselves"
PLACE: Final = "leave out places"
# The advice of a language is given in that language.
ERFOLG: Final = "lassen Sie Erfolg und Scheitern weg: einen Versuch überlebt jemand oder nicht"
REUSSITE: Final = "ne parlez ni de réussite ni d’échec : on survit à une tentative ou non"
EXITO: Final = "no hable de éxito ni de fracaso: a un intento se sobrevive o no"
# The owned marks are put together from pieces, so that a scan of the source for them does not find this line.
_MARKS: Final = "|".join(("Mental" + r"\s+Health\s+First\s+Aid", "MH" + "FA", "AL" + "GEE"))
MARKS: Final = re.compile(rf"\b({_MARKS})", re.IGNORECASE)
SELF: Final = r"(him|her|them|your|my|our)sel(f|ves)"
_OWN_DEATH: Final = (
    rf"(kill(s|ed|ing)?\s+{SELF}"
    r"|(tak(e|es|en|ing)|took|end(s|ed|ing)?)\s+(his|her|their|your|my|our)\s+(own\s+)?li(fe|ves))"
)
# These are methods wherever somebody dies by them; those after them can be an accident or a crime.
_BY_OWN_HAND: Final = r"(hanging|jumping|leaping|overdos(e|es|ing)|strangulation|self-\w+)"
_MEANS: Final = (
    rf"({_BY_OWN_HAND}|drowning|poison(ing)?|shooting|gunshot|suffocat(ion|ing)|pills|tablets|gun|rope|knife)"
)
_THE: Final = r"((an?|the|his|her|their)\s+)?"
# A name is known by its capitals, also where the rest is read without them.
_PLACE: Final = (
    r"((high|tall|railway|motorway|road|nearby|local)\s+)?((?-i:[A-Z][\w’'-]*)\s+){0,3}"
    r"(bridge|roof|cliffs?|building|balcony|tower|viaduct)"
)

_RULES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "en": (
        (r"\bcommit(s|ted|ting)?\s+(an?\s+)?(act\s+of\s+)?(suicide|self[- ](harm|injury))\b", DIED),
        (r"\b(un)?success(ful|fully)\s+(suicide|attempt)", SUCCESS),
        (r"\bsuicide\b[^.]{0,20}\b(un)?successful\b", SUCCESS),
        (r"\bfailed\s+(suicide\s+)?attempt", SUCCESS),
        (r"\bsuicide\s+attempt\s+(that\s+)?(failed|succeeded|was\s+(un)?successful)\b", SUCCESS),
        (r"\bsucceeded\s+in\s+(killing|ending|taking)\b", SUCCESS),
        (r"\bcompleted\s+suicides?\b", DIED),
        (r"\bsuicid(e|al)\s+(epidemic|wave|contagion)", COMMON),
        (r"\bsuicide\s+hot\s?spot", PLACE),
        (r"\bsuicide\s+(note|letter)s?\b", "leave notes out"),
        (r"\bsuicide\s+victims?\b", "write “a person who died by suicide”"),
        (r"\bthreaten(s|ed|ing)?\s+suicide\b", "write “spoke of suicide”"),
        (rf"\b(hang(s|ed|ing)?|shot|shoot(s|ing)?|drown(s|ed|ing)?|poison(s|ed|ing)?)\s+{SELF}\b", METHOD),
        (r"\bslit(s|ting)?\s+(his|her|their|your|my)\s+wrists?\b", METHOD),
        (rf"\b(jump(s|ed|ing)?|leap(s|ed|t|ing)?)\s+(off|from)\s+{_THE}{_PLACE}\b", METHOD),
        (r"\bjump(s|ed|ing)?\s+(in\s+front\s+of|under)\s+(a|the)\s+(\w+\s+)?train\b", METHOD),
        (rf"\bd(ie[sd]?|ying)\s+by\s+{_THE}(\w+\s+)?{_BY_OWN_HAND}\b", METHOD),
        (r"\bd(ie[sd]?|ying)\s+(from|of|through|after)\s+(hanging|jumping)\b", METHOD),
        (rf"\b(suicides?(\s+attempts?)?|{_OWN_DEATH})\s+by\s+{_THE}(\w+\s+)?{_BY_OWN_HAND}\b", METHOD),
        (rf"\b{_OWN_DEATH}\s+(by|with|using)\s+{_THE}{_MEANS}\b", METHOD),
        (r"\b(was|were|been)\s+found\s+hang(ing|ed)\b", METHOD),
        (rf"\b(died\s+by\s+suicide|{_OWN_DEATH})\s+(at|on|from|off|near|under)\s+{_THE}{_PLACE}\b", PLACE),
    ),
    "de": (
        (r"\bSelbstm(ord|örder)", "schreiben Sie „Suizid“"),
        (r"\bFreitod", "schreiben Sie „Suizid“"),
        (r"\b(erfolgreiche[rns]?|missglückte[rns]?|gescheiterte[rns]?)\s+Suizid", ERFOLG),
        (r"\bAbschiedsbrief", "lassen Sie Abschiedsbriefe weg"),
    ),
    "fr": (
        (r"\b(commet(tre|tent)?|commis)\s+(un\s+|le\s+)?suicide", "écrivez « est mort par suicide »"),
        (r"\bsuicides?\s+réussis?\b", REUSSITE),
        (r"\btentatives?\s+(de\s+suicide\s+)?(ratée|échouée|manquée|réussie)s?\b", REUSSITE),
    ),
    "es": (
        (r"\bcome(te|ter|tió|tido|tieron)\s+(un\s+|el\s+)?suicidio", "escriba «murió por suicidio»"),
        (r"\bsuicidios?\s+(exitoso|logrado|consumado)s?\b", EXITO),
        (r"\b(intento|tentativa)s?\s+(de\s+suicidio\s+)?(fallid|fracasad|exitos)[oa]s?\b", EXITO),
    ),
}  # fmt: skip
WORDS: Final = {
    language: tuple((re.compile(pattern, re.IGNORECASE), advice) for pattern, advice in rules)
    for language, rules in _RULES.items()
}


def check(source: SourceFile) -> Iterator[Problem]:
    """Yield the words of a file that do harm, and names that belong to others."""
    for pattern, mend in WORDS.get(source.language.partition("-")[0].casefold(), ()):
        for found in pattern.finditer(source.text):
            said = " ".join(found.group().split())
            yield _here(source, found, f"“{said}” can hurt somebody who reads it", "unsafe-words", mend)
    for found in MARKS.finditer(source.text):
        mend = "use “first aid for mental health”"
        yield _here(source, found, f"“{found.group()}” is a name that belongs to others", "owned-mark", mend)


def _here(source: SourceFile, found: re.Match[str], text: str, code: str, mend: str) -> Problem:
    # Found in the whole text, as a phrase may run over the end of a line.
    return Problem(source.path, source.text.count("\n", 0, found.start()) + 1, text, code, mend)
