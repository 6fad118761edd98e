"""Statistics of questions: exact, over what was handed in, and never about few people."""

from collections import Counter
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from math import isclose
from statistics import correlation
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from mhfa_lms import db
from mhfa_lms.content.questions import Question, credit, read
from mhfa_lms.models import Attempt, AttemptAnswer, AttemptState, CourseRevision, Membership, Organisation
from mhfa_lms.policy import SYSTEM, Forbidden
from mhfa_lms.services import item_analysis, question_statistics
from mhfa_lms.services.item_analysis import Answered, Oddity, Tally
from tests import make
from tests.make import NOON
from tests.small_course import course

MANY = read(
    {
        "id": "many",
        "kind": "multiple",
        "prompt": "Which?",
        "options": [{"id": one, "text": one, "correct": one in "ab"} for one in "abcd"],
    }
)
ONE: Question = course().assessment.questions[0]


def answered(chosen: str, *points: int) -> Answered:
    """So many attempts with one answer; `points` in hundredths."""
    return Answered(tuple(chosen), len(points), sum(points), sum(one * one for one in points))


def test_an_example_worked_out_by_hand() -> None:
    # Four attempts of three questions. Right with 3 and 2 points in all: 2 and 1 on the rest; wrong with 1 and 0.
    # Credit 1 1 0 0 and rest 2 1 1 0: means 1/2 and 1, covariance 1/4, deviations 1/2 and the root of 1/2.
    found = item_analysis.tally(ONE, [answered("a", 300, 200), answered("b", 100), answered("", 0)])
    assert (found.shown, found.blank, found.difficulty) == (4, 1, Fraction(1, 2))
    assert found.discrimination is not None
    assert isclose(found.discrimination, 1 / 2**0.5)
    assert found.chosen == {"a": 2, "b": 1}


def test_without_any_difference_discrimination_cannot_be_said() -> None:
    assert item_analysis.tally(ONE, [answered("a", 300, 200)]).discrimination is None
    assert item_analysis.tally(ONE, [answered("a", 200), answered("b", 100)]).discrimination is None


# Each attempt: what was chosen, and the points of the rest in hundredths.
ATTEMPTS = st.lists(
    st.tuples(st.sets(st.sampled_from("abcd")).map(lambda one: "".join(sorted(one))), st.integers(0, 1400)), min_size=2
)


@settings(max_examples=60)
@given(ATTEMPTS, st.integers(0, 60))
def test_sums_by_answer_give_what_going_through_every_attempt_gives(attempts: list[tuple[str, int]], cut: int) -> None:
    parts = [credit(MANY, list(chosen)) for chosen, _rest in attempts]
    points = [int(part * 100) + rest for part, (_chosen, rest) in zip(parts, attempts, strict=True)]
    rests = [Fraction(whole, 100) - part for whole, part in zip(points, parts, strict=True)]

    def grouped(places: range) -> Tally:
        by_answer: dict[str, list[int]] = {}
        for place in places:
            by_answer.setdefault(attempts[place][0], []).append(points[place])
        return item_analysis.tally(MANY, [answered(chosen, *found) for chosen, found in by_answer.items()])

    found = grouped(range(min(cut, len(attempts)))) + grouped(range(min(cut, len(attempts)), len(attempts)))
    assert found.shown == len(attempts)
    assert found.difficulty == sum(parts, Fraction(0)) / len(parts)
    assert +found.chosen == Counter(piece for chosen, _rest in attempts for piece in chosen)
    if all(one == two for one, two in pairwise(parts)) or all(one == two for one, two in pairwise(rests)):
        assert found.discrimination is None
        return
    assert found.discrimination is not None
    expected = correlation([float(one) for one in parts], [float(one) for one in rests])
    assert isclose(found.discrimination, expected, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("answers", "odd"),
    [
        ([answered("a", *[300] * 6, *[200] * 6), answered("b", *[0] * 8)], []),
        (
            [answered("a", 300, 300), answered("b", *[100] * 9), answered("c", *[0] * 9)],
            [Oddity.HARD, Oddity.MISLEADING],
        ),
        ([answered("a", *[100] * 16), answered("b", *[200] * 14)], [Oddity.BACKWARDS]),
        # Of 29 people it may be chance, and so may be a value that is hardly below nothing.
        ([answered("a", *[100] * 15), answered("b", *[200] * 14)], []),
        ([answered("a", *[200] * 9, *[100] * 11), answered("b", *[100] * 9, *[0] * 9)], [Oddity.WEAK]),
        ([answered("a", *[300] * 20)], [Oddity.EASY]),
        ([answered("a", *[300] * 10), answered("", *[0] * 4)], [Oddity.BLANK]),
        ([answered("a", *[200] * 5, *[100] * 5), answered("b", *[100] * 5, *[0] * 5)], [Oddity.WEAK]),
        ([answered("b", *[0] * 9)], []),
    ],
)
def test_what_an_author_should_look_at(answers: list[Answered], odd: list[Oddity]) -> None:
    assert item_analysis.oddities(ONE, item_analysis.tally(ONE, answers)) == odd


def submitted(revision_id: int, people: int, chosen: str, **values: Any) -> None:
    """Let people of a new organisation hand in an attempt of three questions, each with one of them answered so."""
    place_id = make.organisation().id
    for _number in range(people):
        session = db.session()
        member = make.member(session.get_one(Organisation, place_id))
        enrolment = make.enrolment(member, session.get_one(CourseRevision, revision_id))
        points = int(chosen == "a")
        filled = {"state": AttemptState.SUBMITTED, "submitted_at": NOON, "points": points, "passed": False, **values}
        attempt_id = make.attempt(enrolment, **filled).id
        with db.transaction() as session:
            row = {"attempt_id": attempt_id, "question": "q-1", "chosen": [chosen], "version": 1, "saved_at": NOON}
            session.execute(insert(AttemptAnswer), [{**row, "client_id": ""}])


def statistics(*revision_ids: int) -> dict[str, Tally | None]:
    session = db.session()
    session.rollback()
    wanted = [session.get_one(CourseRevision, one) for one in revision_ids]
    return {one.question.id: one.tally for one in question_statistics.of(session, wanted, by=SYSTEM)}


@pytest.mark.usefixtures("database")
def test_what_was_handed_in_at_every_organisation_counts_and_nothing_else() -> None:
    revision_id = make.published().id
    submitted(revision_id, 6, "a")
    submitted(revision_id, 5, "b")
    submitted(revision_id, 1, "a", state=AttemptState.OPEN, submitted_at=None, points=None, passed=None)
    enrolment = make.enrolment(None, db.session().get_one(CourseRevision, revision_id))
    # Somebody was erased: their answers are gone.
    make.attempt(enrolment, state=AttemptState.SUBMITTED, submitted_at=NOON + timedelta(1), points=3, passed=True)
    found = statistics(revision_id)
    first, second = found["q-1"], found["q-2"]
    assert first is not None
    assert second is not None
    assert (first.shown, first.blank, first.difficulty, first.chosen) == (11, 0, Fraction(6, 11), {"a": 6, "b": 5})
    assert (second.shown, second.blank, second.difficulty) == (11, 11, Fraction(0))
    assert found["q-4"] is None


@pytest.mark.usefixtures("database")
def test_a_small_group_is_hidden_and_cannot_be_told_from_a_difference() -> None:
    first, second = make.published().id, make.published(course(title="Another wording")).id
    submitted(first, 10, "a")
    submitted(second, 9, "b")
    assert statistics(second)["q-1"] is None
    alone, both = statistics(first)["q-1"], statistics(second, first)["q-1"]
    assert alone is not None
    assert both == alone
    submitted(second, 1, "b")
    both = statistics(second, first)["q-1"]
    assert both is not None
    assert (both.shown, both.difficulty) == (20, Fraction(1, 2))


@pytest.mark.usefixtures("database")
def test_one_person_many_times_is_still_one_person() -> None:
    revision_id = make.published().id
    submitted(revision_id, 1, "a")
    with db.transaction() as session:
        one = session.get_one(Attempt, 1)
        for number in range(2, 14):
            columns = {"assessment": "final", "drawn": one.drawn, "pass_percent": 80, "max_points": 3, "points": 1}
            again = Attempt(
                enrolment_id=one.enrolment_id, number=number, state=AttemptState.SUBMITTED, passed=False,
                started_at=NOON, submitted_at=NOON, **columns,
            )  # fmt: skip
            again.answers = [AttemptAnswer(question="q-1", chosen=["a"], saved_at=NOON)]
            session.add(again)
    assert statistics(revision_id)["q-1"] is None


@pytest.mark.usefixtures("database")
def test_only_administrators_see_them() -> None:
    revision = make.published()
    member = db.session().get_one(Membership, make.member().id)
    with pytest.raises(Forbidden):
        question_statistics.of(db.session(), [revision], by=make.actor(member))


def test_what_people_wrote_in_words_is_not_kept_and_an_order_is_counted_place_by_place() -> None:
    words = read({"id": "words", "kind": "text", "prompt": "What helps?", "accepted": ["Listening"]})
    found = item_analysis.tally(words, [Answered(("listening",), 6, 600, 60_000), Answered(("my own story",), 6, 0, 0)])
    assert (found.difficulty, found.chosen) == (Fraction(1, 2), Counter())
    steps = [{"id": one, "text": one} for one in ("ask", "hear", "stay")]
    order = read({"id": "order", "kind": "ordering", "prompt": "In which order?", "items": steps})
    assert item_analysis.pieces(order, ["hear", "ask", "stay"]) == ["1:hear", "2:ask", "3:stay"]
