"""What course.yaml says: the course itself, what it certifies in, its review and its sources."""

import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from mhfa_lms.content.gating import Completion, Order, Prerequisites
from mhfa_lms.content.parts import Language, Line, Part, Slug, Text


class Outcome(Part):
    """What somebody can do after it; the assessment's questions name it."""

    id: Slug
    text: Line


class Certification(Part):
    """What the course certifies in."""

    slug: Slug
    name: Line
    description: Text


class Defaults(Part):
    """The course's own defaults of rules that an organisation may set (see mhfa_lms.services.rules)."""

    pass_percent: Annotated[int, Field(ge=1, le=100)] | None = None
    attempts: Annotated[int, Field(ge=1, le=10)] | None = None
    valid_months: Annotated[int, Field(ge=1, le=120)] | None = None
    window_before_months: Annotated[int, Field(ge=0, le=24)] | None = None
    window_after_months: Annotated[int, Field(ge=0, le=24)] | None = None


class Review(Part):
    """Whether a clinician has reviewed the course."""

    status: Literal["draft", "reviewed"]
    by: Line | None = None
    date: datetime.date | None = None

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        if self.status == "reviewed" and (self.by is None or self.date is None):
            raise ValueError("a reviewed course says by whom and on which date")
        return self


class Source(Part):
    """Where facts come from."""

    title: Line
    publisher: Line
    year: Annotated[int, Field(ge=1900, le=2100)]
    url: Annotated[str, StringConstraints(pattern=r"^https://\S+$")] | None = None


class CourseHead(Part):
    """What course.yaml says of the course itself."""

    title: Line
    language: Language
    summary: Line
    about: Text
    certification: Certification
    kind: Literal["full", "refresher"] = "full"
    hours: Annotated[float, Field(gt=0, le=100)]
    defaults: Defaults = Defaults()
    review: Review
    content_note: Text | None = None
    sources: tuple[Source, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    # Words that the check of reading age takes as known: they are explained, or everybody here uses them.
    known_words: tuple[Line, ...] = ()
    order: Order = Order.FREE
    prerequisites: Prerequisites = Prerequisites()
    completion: Completion = Completion()
    # By when most people finish, counted from the day of enrolling: said kindly, and never a lock.
    complete_within_days: Annotated[int, Field(ge=1, le=730)] | None = None


class CourseFile(CourseHead):
    """All of course.yaml: the head, and which folders and files hold the rest."""

    modules: Annotated[tuple[str, ...], Field(min_length=1)]
    scenarios: tuple[Slug, ...] = ()
