"""What every kind of question has and can do, and what a page gets to see of it."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from mhfa_lms.content.parts import Line, Part, Slug, Text
from mhfa_lms.content.problems import CodedError

NOTHING, EVERYTHING = Fraction(0), Fraction(1)
# Between the id of an item and what was chosen for it; no id holds it.
PAIR = "="


class Fault(StrEnum):
    """Why what somebody sent is no possible answer."""

    NOTHING = "nothing"
    INCOMPLETE = "incomplete"
    TWICE = "twice"
    UNKNOWN = "unknown"
    NO_NUMBER = "no-number"
    TOO_LONG = "too-long"


class BadChoiceError(ValueError):
    """What was chosen or written is no possible answer; `fault` says why."""

    def __init__(self, question: str, fault: Fault = Fault.UNKNOWN) -> None:
        super().__init__(f"{question}: {fault}")
        self.fault = fault


class Option(Part):
    """One answer offered. `feedback` is for those who chose it, once they have answered."""

    id: Slug
    text: Line
    correct: bool = False
    feedback: Text | None = None


class Overall(Part):
    """What is said of an answer as a whole: all of it fits, some of it, or nothing."""

    right: Text | None = None
    partly: Text | None = None
    wrong: Text | None = None

    def on(self, credit: Fraction) -> str:
        """Return what is said of an answer with this credit; empty where the author wrote nothing."""
        return (self.right if credit == EVERYTHING else self.partly if credit else self.wrong) or ""


@dataclass(frozen=True, slots=True)
class Choosable:
    """Something to choose: what is sent, what is read, and whether it is chosen."""

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Control:
    """One list to choose from: for an item to match or to place, or for a gap."""

    id: str
    label: str
    options: tuple[Choosable, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as its page shows it. It holds no key: nothing in it tells which answer is right.

    `options` are those of a choice; `controls` those of matching, ordering and gaps; `pieces` are a gap text's words
    and, between them, its controls; `written` is what was written so far.
    """

    kind: str
    prompt: str
    hint: str | None
    options: tuple[Choosable, ...] = ()
    controls: tuple[Control, ...] = ()
    pieces: tuple[str | Control, ...] = ()
    written: str = ""
    unit: str | None = None
    # Room for some sentences.
    long: bool = False

    @property
    def plain(self) -> bool:
        """Whether it is a choice among options, which every page knows how to show."""
        return bool(self.options)


@dataclass(frozen=True, slots=True)
class Looked:
    """One part of an answer looked at again: what it is about, what was given, what fits, and what is said of it."""

    label: str
    given: str
    wanted: str
    fits: bool
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """An answer explained. `missed` is what fits and was not chosen; `model` is an answer to compare with.

    `places` says that what is given and wanted are places in an order.
    """

    kind: str
    credit: Fraction
    parts: tuple[Looked, ...]
    missed: tuple[Looked, ...] = ()
    overall: str = ""
    model: str = ""
    places: bool = False

    @property
    def as_given(self) -> list[Looked]:
        """The parts in the order in which the learner put them, where that is what was asked."""
        return sorted(self.parts, key=lambda part: part.given) if self.places else list(self.parts)


class Base(Part):
    """What all questions share; `module` and `explanation` belong to the assessment's.

    A kind says how its answers are checked, counted, ordered, shown and looked at again. Answers are lists of strings.
    """

    id: Slug
    prompt: Text
    module: Slug | None = None
    # What the course promises to teach, and this question asks for.
    outcome: Slug | None = None
    explanation: Text | None = None
    # Offered behind a link before the answer, in the assessment too.
    hint: Text | None = None
    feedback: Overall | None = None

    def checked(self, given: Collection[str]) -> list[str]:
        """Return an answer as it is stored. Raises `BadChoiceError` when it is no possible one."""
        raise NotImplementedError

    def credit(self, chosen: Sequence[str]) -> Fraction:
        """Return how much of an answer fits, from 0 to 1; 0 for anything that is no possible answer."""
        raise NotImplementedError

    @property
    def right(self) -> list[str]:
        """An answer that fits wholly."""
        raise NotImplementedError

    @property
    def wrong(self) -> list[str]:
        """An answer of which nothing fits; empty where there is none."""
        raise NotImplementedError

    def order(self, dice: random.Random) -> tuple[str, ...]:  # noqa: ARG002  # most kinds have something to shuffle
        """Return the order in which what is to be chosen is shown."""
        return ()

    def asked(self, order: Sequence[str], given: Sequence[str]) -> Asked:
        """Return what a page shows, in this order, with what was chosen so far, or was sent and was no answer."""
        raise NotImplementedError

    def looked(self, chosen: Sequence[str]) -> Review:
        """Return an answer explained."""
        raise NotImplementedError

    @property
    def in_parts(self) -> bool:
        """Whether part of an answer is part of a point; else it fits or it does not."""
        return True

    @property
    def words(self) -> list[str]:
        """What is read before answering, piece by piece."""
        asked = self.asked((), ())
        written = [piece for piece in asked.pieces if isinstance(piece, str)]
        listed = [one.text for control in asked.controls for one in control.options]
        labels = [] if asked.pieces else [control.label for control in asked.controls]
        return [self.prompt, *written, *labels, *dict.fromkeys([*(one.text for one in asked.options), *listed])]

    @property
    def teaches(self) -> bool:
        """Whether it says enough to somebody who practises with it."""
        return self.explanation is not None

    def is_right(self, chosen: Sequence[str]) -> bool:
        """Whether an answer fits wholly."""
        return self.credit(chosen) == EVERYTHING

    def overall(self, chosen: Sequence[str]) -> str:
        """Return what the author says of an answer as a whole; empty where nothing."""
        return self.feedback.on(self.credit(chosen)) if self.feedback else ""


def unique(ids: Sequence[str], what: str) -> None:
    """Raise `ValueError` when an id stands twice."""
    if len(set(ids)) != len(ids):
        raise ValueError(f"two {what} have the same id")


def distinct(texts: Sequence[str], what: str) -> None:
    """Raise `CodedError` when two texts are the same: nobody could tell which of them is meant."""
    if len(set(texts)) != len(texts):
        raise CodedError("unanswerable", f"two {what} have the same text", "give one of them other words")


def pairs(question: str, given: Collection[str]) -> dict[str, str]:
    """Return pairs written `item=choice`. Raises `BadChoiceError` for anything else, or an item that stands twice."""
    found: dict[str, str] = {}
    for one in given:
        item, equals, choice = one.partition(PAIR)
        if not equals:
            raise BadChoiceError(question)
        if choice and item in found:
            raise BadChoiceError(question, Fault.TWICE)
        if choice:
            found[item] = choice
    return found


def all_paired(question: str, given: Collection[str], possible: Mapping[str, Collection[str]]) -> list[str]:
    """Return one pair for each item, in the order of `possible`, which holds what each item can go with.

    Raises `BadChoiceError` for something else, for nothing, and when an item is left out.
    """
    found = pairs(question, [one for one in given if one])
    if not found:
        raise BadChoiceError(question, Fault.NOTHING)
    if any(choice not in possible.get(item, ()) for item, choice in found.items()):
        raise BadChoiceError(question)
    if len(found) < len(possible):
        raise BadChoiceError(question, Fault.INCOMPLETE)
    return [f"{item}{PAIR}{found[item]}" for item in possible]


def share_paired(question: str, chosen: Sequence[str], fitting: Mapping[str, str]) -> Fraction:
    """Return how many of the items go with what fits them, over all items."""
    try:
        found = pairs(question, chosen)
    except BadChoiceError:
        return NOTHING
    return Fraction(sum(found.get(item) == choice for item, choice in fitting.items()), len(fitting))


def lenient(given: Collection[str]) -> dict[str, str]:
    """Return those pairs that can be read, to show them again."""
    return {item: choice for item, _equals, choice in (one.partition(PAIR) for one in given)}


def shown(order: Sequence[str], ids: Sequence[str]) -> list[str]:
    """Return ids in the order shown; those that the order does not name come last, as the author put them."""
    known = set(ids)
    named = [one for one in dict.fromkeys(order) if one in known]
    return named + [one for one in ids if one not in set(named)]
