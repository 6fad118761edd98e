"""Whether a text says, in the first person and of now, that its writer may be in danger from themselves.

Answers to scenarios talk about suicide because they should, so topic words mean nothing here. What counts is a plain
statement such as "I want to end my life". Not counted: what is quoted, asked, denied, put into another's mouth, only
imagined, or past. It will miss things: beside it there are markers, and a way to ask for somebody on every page. Each
language needs patterns of its own; for one without, nothing is ever found and no page promises it.
"""

import re
from typing import Final

_DEATH: Final = r"(?:kill(?:ing)? myself|end(?:ing)? (?:my (?:own )?life|it all)|tak(?:e|ing) my (?:own )?life)"
_HARM: Final = r"(?:(?:hurt|harm|cut|injur)(?:e|t?ing)? myself)"
_THOUGHTS: Final = rf"(?:suicidal thoughts|thoughts of (?:suicide|{_DEATH}))"
_NOW: Final = r"(?:i am|i'm|i have been|i've been|i keep|i still keep)"
_EVER: Final = r"(?: (?:also|really|just|still|often|sometimes|always|now|honestly|currently|actually|so|very|myself))*"
ENGLISH: Final = (
    rf"\bi{_EVER} (?:want|need|plan|intend|mean) to{_EVER} (?:die|be dead|disappear for ever|{_DEATH}|{_HARM})\b",
    rf"\b{_NOW}{_EVER} (?:going|planning) to{_EVER} (?:{_DEATH}|{_HARM})\b",
    rf"\b{_NOW}{_EVER} thinking (?:about|of){_EVER} (?:{_DEATH}|{_HARM}|my own suicide)\b",
    rf"\bi{_EVER} think (?:about|of){_EVER} (?:{_DEATH}|{_HARM})\b",
    rf"\b{_NOW}{_EVER} (?:suicidal|feeling{_EVER} suicidal|{_HARM})\b",
    rf"\bi{_EVER} feel{_EVER} suicidal\b",
    rf"\b(?:i{_EVER} (?:have|am having|keep having|get)|i'm having){_EVER} {_THOUGHTS}\b",
    rf"\bi{_EVER} (?:don't|do not|no longer) want to{_EVER} (?:live|be alive|wake up|be here any ?more)\b",
    rf"\bi{_EVER} wish (?:that )?i (?:was|were) dead\b",
    rf"\bi{_EVER} self-?harm\b",
    rf"\bi(?: have|'ve){_EVER} (?:got )?a plan to{_EVER} {_DEATH}\b",
)
PATTERNS: Final = {"en": re.compile("|".join(ENGLISH), re.IGNORECASE)}

# A quotation holds somebody's words, most often those of the person in the scenario, or what one would say to them.
_QUOTED: Final = re.compile(
    r""""[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|‘[^’\n]*’|(?<!\w)'[^'\n]*(?:(?<=\w)'(?=\w)[^'\n]*)*'(?!\w)"""
)
# A line of a dialogue: "Sam: It is too much. I want to go."
_SPOKEN: Final = re.compile(r"^[^\w\n]*\w{1,20}(?: \w{1,20})?[^\S\n]*:.*$", re.IGNORECASE | re.MULTILINE)
_SENTENCE: Final = re.compile(r"[^.!?\n;]+[.!?]*")
_SAYS: Final = (
    r"(?:says?|saying|said|tells?|told|telling|asks?|asked|asking|answers?|answered|repl(?:y|ies|ied)|writes?|wrote|"
    r"texts?|texted|hears?|heard|admits?|admitted|shouts?|whispers?|whispered)"
)
# Words before a statement, in its own part of the sentence, that give it to somebody else or only imagine it.
_NOT_THEIRS: Final = re.compile(
    rf"\b(?:{_SAYS}|means?|words like|such as|for example|e\.g|example|imagine|pretend|suppose|whether|as if|as though|"
    r"would|might|could)\b[^,]*$|\b(?:if|in case|unless)\s+(?:\w+ ){0,4}$|:\s*$|^\W*\w+\s*[-–—]\s*$",
    re.IGNORECASE,
)
_SAID_AFTERWARDS: Final = re.compile(rf"^\W*(?:\w+ ){{0,2}}{_SAYS}\b", re.IGNORECASE)
# "I told my sister that I want to die" is the writer's own.
_THEIR_OWN_WORDS: Final = re.compile(rf"\bi(?:'ve| have)?(?: just| already| never| once)? {_SAYS}\b", re.IGNORECASE)
_DENIED: Final = re.compile(
    r"(?:\b(?:not|never|no longer|used to|ago|back then|in the past)\b|n't\b)[^,]*$", re.IGNORECASE
)
# How much of a sentence, in characters, can give a statement in it another sense.
_NEAR: Final = 300
_PAST: Final = re.compile(r"\bago\b|\bback then\b|\bin the past\b", re.IGNORECASE)


def knows(language: str) -> bool:
    """Whether statements can be found in a language at all; `language` is a code such as en or en-GB."""
    return _base(language) in PATTERNS


def statements(text: str, language: str) -> frozenset[str]:
    """Return the sentences in which the writer says such a thing of themselves, in small letters."""
    pattern = PATTERNS.get(_base(language))
    if pattern is None:
        return frozenset()
    plain = _SPOKEN.sub("", _QUOTED.sub(" … ", _closing(re.sub(r"(?<=\w)’(?=\w)", "'", text))))
    found = (one.group().strip() for one in _SENTENCE.finditer(plain))
    return frozenset(" ".join(one.lower().split()) for one in found if _is_statement(one, pattern))


def _closing(text: str) -> str:
    """Return a text without signs that open a quotation and have none to close it: each would be sought to the end."""
    text = _without_open(_without_open(text, "„", "“”"), "«", "»")
    return "\n".join(_without_open(line, "‘", "’") for line in text.split("\n"))


def _without_open(text: str, opening: str, closing: str) -> str:
    end = max(text.rfind(one) for one in closing) + 1
    return text[:end] + text[end:].replace(opening, " ")


def _is_statement(sentence: str, pattern: re.Pattern[str]) -> bool:
    if sentence.rstrip().endswith("?"):
        return False
    return any(_is_own(sentence, match) for match in pattern.finditer(sentence))


def _is_own(sentence: str, match: re.Match[str]) -> bool:
    before = sentence[max(match.start() - _NEAR, 0) : match.start()]
    after = sentence[match.end() : match.end() + _NEAR]
    if _NOT_THEIRS.search(before) and not _THEIR_OWN_WORDS.search(before):
        return False
    return not (_DENIED.search(before) or _PAST.search(after) or _SAID_AFTERWARDS.search(after))


def _base(language: str) -> str:
    return language.replace("_", "-").split("-")[0].lower()
