"""Questions of every kind: the closed type that course files become, and the one rule that counts answers.

An answer, `chosen`, is a list of strings: ids of options (single, multiple, true-false); `item=target` (matching); ids
of items in order (ordering); `gap=option` (gap); a number (number); words (text).
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, TypeAdapter

from mhfa_lms.content.kinds.base import Asked, BadChoiceError, Base, Fault, Looked, Option, Overall, Review
from mhfa_lms.content.kinds.choice import Choice
from mhfa_lms.content.kinds.gap import Gap, Hole
from mhfa_lms.content.kinds.matching import Item, Matching, Target
from mhfa_lms.content.kinds.number import Number
from mhfa_lms.content.kinds.ordering import Ordering, Placed
from mhfa_lms.content.kinds.text import FreeText

__all__ = [
    "Asked",
    "BadChoiceError",
    "Choice",
    "Fault",
    "FreeText",
    "Gap",
    "Hole",
    "Item",
    "Looked",
    "Matching",
    "Number",
    "Option",
    "Ordering",
    "Overall",
    "Placed",
    "Question",
    "QuestionKind",
    "Review",
    "Target",
    "checked",
    "credit",
    "read",
]


class QuestionKind(StrEnum):
    """How a question is answered."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true-false"
    MATCHING = "matching"
    ORDERING = "ordering"
    GAP = "gap"
    NUMBER = "number"
    TEXT = "text"


TYPES: Final[dict[str, type[Base]]] = {
    QuestionKind.SINGLE: Choice,
    QuestionKind.MULTIPLE: Choice,
    QuestionKind.TRUE_FALSE: Choice,
    QuestionKind.MATCHING: Matching,
    QuestionKind.ORDERING: Ordering,
    QuestionKind.GAP: Gap,
    QuestionKind.NUMBER: Number,
    QuestionKind.TEXT: FreeText,
}


def _by_kind(found: object) -> object:
    """Read a question as the kind it names, so that a problem is told of that kind alone, at its own place."""
    if isinstance(found, Base):
        return found
    if not isinstance(found, dict):
        raise ValueError("a question is written as settings with names")
    kind = found.get("kind", QuestionKind.SINGLE)
    if not isinstance(kind, str) or kind not in TYPES:
        raise ValueError(f"“{kind}” is no kind of question; there are {', '.join(TYPES)}")
    return TYPES[kind].model_validate(found)


Question = Annotated[Choice | Matching | Ordering | Gap | Number | FreeText, BeforeValidator(_by_kind)]
_READER: Final[TypeAdapter[Question]] = TypeAdapter(Question)


def read(document: dict[str, Any]) -> Question:
    """Return a question from its document. Raises `pydantic.ValidationError`."""
    return _READER.validate_python(document)


def checked(question: Question, chosen: Collection[str]) -> list[str]:
    """Return an answer as it is stored. Raises `BadChoiceError` when it is no possible one."""
    return question.checked(chosen)


def credit(question: Question, chosen: Sequence[str]) -> Fraction:
    """Return how much of an answer fits, from 0 to 1, by the rule that its kind documents. Nothing chosen is 0."""
    return question.credit(chosen)
