"""What the pages of steps and of the assessment share about questions: what was sent, what is wrong, the result."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from flask import request

from mhfa_lms.content.questions import Asked, Fault, Question, Review
from mhfa_lms.i18n import gettext as _
from mhfa_lms.services import scoring

# Every field of a question has this name: what a form sends under it, in its order, is the answer.
FIELD = "choice"


@dataclass(frozen=True, slots=True)
class Marked:
    """A question of an attempt that is handed in: its number, the answer looked at again, and its points."""

    number: int
    question: Question
    review: Review
    points: Decimal

    @property
    def right(self) -> bool:
        """Whether the answer fits wholly."""
        return self.points == 1


def sent() -> list[str]:
    """Return the answer that a form sent, without the fields left empty."""
    return [one for one in request.form.getlist(FIELD) if one]


def carried() -> list[str]:
    """Return the answer that travels in the address while the language is switched."""
    return [one for one in request.args.getlist(FIELD) if one]


def here(answer: Sequence[str] = ()) -> str:
    """Return the address of the page that is open, with this answer travelling in it and no other."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != FIELD]
    return f"{request.path}?{urlencode([*kept, *((FIELD, one) for one in answer)])}".rstrip("?")


def marked(number: int, question: Question, chosen: Sequence[str]) -> Marked:
    """Return a question with its answer looked at again."""
    review = question.looked(chosen)
    return Marked(number, question, review, scoring.points(review.credit))


def problem(asked: Asked, fault: Fault) -> dict[str, str]:
    """Return what is wrong with an answer in words, and the field where it is mended."""
    empty = next((one for one in asked.controls if not any(option.chosen for option in one.options)), None)
    first = empty or next(iter(asked.controls), None)
    return {"id": f"{FIELD}-{first.id}" if first else FIELD, "text": _words(asked.kind, fault)}


def _words(kind: str, fault: Fault) -> str:
    match fault:
        case Fault.NO_NUMBER:
            return _("Write a number such as 12 or 2.5, without a mark between thousands")
        case Fault.TOO_LONG:
            return _("Write no more than 1,000 characters")
        case Fault.INCOMPLETE:
            return _("Something is still open: choose from every list")
        case Fault.TWICE if kind == "ordering":
            return _("One place is given twice: give each line a place of its own")
    match kind:
        case "multiple":
            return _("Choose at least one answer")
        case "matching" | "ordering" | "gap":
            return _("Choose from every list")
        case "number" | "text":
            return _("Write your answer")
        case _:
            return _("Choose one answer")
