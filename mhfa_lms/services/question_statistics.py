"""Statistics of a course's assessment questions over the submitted attempts of all organisations, for its authors.

Numbers only. A question that fewer than ten people were asked in a revision is hidden there, and stays out of what is
added up over revisions, so that no difference gives it away. Attempts without a single answer stay out: most were
emptied when somebody was erased.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Text, distinct, func, select, true, type_coerce
from sqlalchemy.orm import Session

from mhfa_lms.content.questions import Question
from mhfa_lms.models import Attempt, AttemptAnswer, AttemptState, Course, CourseRevision, Enrolment
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import catalogue, item_analysis
from mhfa_lms.services.item_analysis import FEWEST, Answered, Tally

POINTS = type_coerce(Attempt.points, Integer)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and how it does; without a tally where too few people were asked."""

    question: Question
    tally: Tally | None
    oddities: tuple[item_analysis.Oddity, ...]


@dataclass(frozen=True, slots=True)
class _Shown:
    people: int
    count: int
    points: int
    squares: int


def revisions(session: Session, slug: str, *, by: Actor) -> list[CourseRevision]:
    """Return a course's revisions, the newest first. One query. Raises `Forbidden`."""
    require(by, Can.ADMINISTER)
    query = select(CourseRevision).join(Course).where(Course.slug == slug).order_by(CourseRevision.number.desc())
    return list(session.scalars(query))


def of(session: Session, wanted: Sequence[CourseRevision], *, by: Actor) -> list[Asked]:
    """Return the questions of these revisions, newest wording first, each with its statistics over all of them.

    Two queries, which count in the database: nothing is read attempt by attempt. Raises `Forbidden`.
    """
    require(by, Can.ADMINISTER)
    ids = [one.id for one in wanted]
    shown, answered = _shown(session, ids), _answered(session, ids)
    questions: dict[str, Question] = {}
    tallies: dict[str, Tally] = {}
    for revision in wanted:
        for question in catalogue.course(revision).assessment.questions:
            questions.setdefault(question.id, question)
            place = (revision.id, question.id)
            if place in shown and shown[place].people >= FEWEST:
                found = item_analysis.tally(question, _with_blanks(shown[place], answered[place]))
                tallies[question.id] = tallies.get(question.id, Tally()) + found
    return [_asked(question, tallies.get(question.id)) for question in questions.values()]


def _asked(question: Question, found: Tally | None) -> Asked:
    return Asked(question, found, tuple(item_analysis.oddities(question, found)) if found else ())


def _with_blanks(shown: _Shown, answered: list[Answered]) -> list[Answered]:
    """Add those who left the question blank: everybody who was asked and gave no answer."""
    blank = Answered(
        (),
        shown.count - sum(one.count for one in answered),
        shown.points - sum(one.points for one in answered),
        shown.squares - sum(one.squares for one in answered),
    )
    return [*answered, blank] if blank.count else answered


def _counted(ids: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition for attempts that count."""
    return (Attempt.state == AttemptState.SUBMITTED) & Enrolment.revision_id.in_(ids)


def _shown(session: Session, ids: Sequence[int]) -> dict[tuple[int, str], _Shown]:
    rows = session.execute(_shown_query(ids, sqlite=session.get_bind().dialect.name == "sqlite"))
    return {
        (row.revision_id, row.question): _Shown(row.people, row.count_, int(row.points), int(row.squares))
        for row in rows
    }


def _shown_query(ids: Sequence[int], *, sqlite: bool) -> Select[*tuple[Any, ...]]:
    """Count by question over what was drawn; each database opens a list of its own way."""
    if sqlite:
        each = func.json_each(Attempt.drawn).table_valued("value", name="each_one")
        question: Any = func.json_extract(each.c.value, "$.question")
    else:
        each = func.json_array_elements(Attempt.drawn).table_valued("value", name="each_one")
        question = func.json_extract_path_text(each.c.value, "question")
    return (
        select(
            Enrolment.revision_id,
            question.label("question"),
            func.count(distinct(Enrolment.membership_id)).label("people"),
            func.count().label("count_"),
            func.sum(POINTS).label("points"),
            func.sum(POINTS * POINTS).label("squares"),
        )
        .select_from(Attempt)
        .join(Enrolment, Enrolment.id == Attempt.enrolment_id)
        .join(each, true())
        .where(_counted(ids), Attempt.answers.any())
        .group_by(Enrolment.revision_id, question)
    )


def _answered(session: Session, ids: Sequence[int]) -> dict[tuple[int, str], list[Answered]]:
    chosen = AttemptAnswer.chosen.cast(Text)
    rows = session.execute(
        select(
            Enrolment.revision_id,
            AttemptAnswer.question,
            func.count().label("count_"),
            func.sum(POINTS).label("points"),
            func.sum(POINTS * POINTS).label("squares"),
            chosen.label("chosen"),
        )
        .join(Attempt, Attempt.id == AttemptAnswer.attempt_id)
        .join(Enrolment, Enrolment.id == Attempt.enrolment_id)
        .where(_counted(ids))
        .group_by(Enrolment.revision_id, AttemptAnswer.question, chosen)
    )
    found: defaultdict[tuple[int, str], list[Answered]] = defaultdict(list)
    for row in rows:
        given = tuple(str(one) for one in json.loads(row.chosen))
        found[row.revision_id, row.question].append(Answered(given, row.count_, int(row.points), int(row.squares)))
    return found
