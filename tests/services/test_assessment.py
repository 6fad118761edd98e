"""Attempts: drawn fairly, answered idempotently, marked once, and two ways on after the last."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.content.questions import BadChoiceError
from mhfa_lms.models import (
    Attempt,
    AttemptAnswer,
    AttemptRelease,
    Certificate,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    Membership,
    Message,
    Organisation,
    Role,
)
from mhfa_lms.policy import SYSTEM, Actor, Forbidden
from mhfa_lms.services import assessment, rules
from mhfa_lms.services.assessment import (
    AnsweredElsewhereError,
    NotNowError,
    ReasonNeededError,
    UnansweredError,
    UnknownQuestionError,
)
from mhfa_lms.services.enrolments import CannotBeginAgainError, NotActiveError
from mhfa_lms.services.rules import Rule
from tests import make
from tests.make import NOON
from tests.services.learner import Learner, learner

pytestmark = pytest.mark.usefixtures("database")


def ready() -> Learner:
    who = learner()
    who.do_steps()
    return who


def failed() -> Learner:
    who = ready()
    who.take(right=0)
    who.take(right=0)
    return who


def together(count: int, act: Callable[[], object]) -> None:
    """Do something at the same time from several threads, each with a session of its own."""
    db.session().rollback()

    def one(_number: int) -> None:
        try:
            act()
        finally:
            db.sessions.remove()

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(one, range(count)))


def instructor(who: Learner, *, authorised: bool = True) -> Actor:
    enrolment = db.session().get_one(Enrolment, who.enrolment_id)
    organisation = db.session().get_one(Organisation, enrolment.organisation_id)
    member = make.member(organisation, Role.INSTRUCTOR, name="Ines")
    if authorised:
        make.authorisation(member, db.session().get_one(CourseRevision, enrolment.revision_id))
    return make.actor(member)


def test_it_opens_when_every_step_is_done() -> None:
    who = learner()
    assert who.phase() == "closed"
    with pytest.raises(NotNowError):
        assessment.start(who.enrolment_id, by=who.actor, now=NOON)
    who.do_steps()
    assert who.phase() == "ready"
    assert assessment.start(who.enrolment_id, by=who.actor, now=NOON) == 1
    assert who.phase() == "open"
    assert who.attempt(1).pass_percent == 80


def test_starting_twice_gives_the_same_attempt() -> None:
    who = ready()
    together(5, lambda: assessment.start(who.enrolment_id, by=who.actor, now=NOON))
    assert db.session().scalar(select(func.count()).select_from(Attempt)) == 1


def test_the_second_attempt_asks_other_questions() -> None:
    who = failed()
    assert not set(who.drawn(1)) & set(who.drawn(2))


def test_a_pass_is_marked_with_its_points() -> None:
    who = ready()
    who.take(right=3)
    attempt = who.attempt(1)
    assert (attempt.points, attempt.max_points, attempt.passed) == (Decimal(3), Decimal(3), True)
    assert who.phase() == "passed"
    with pytest.raises(NotNowError):
        assessment.start(who.enrolment_id, by=who.actor, now=NOON)


def test_the_pass_mark_is_the_organisations() -> None:
    who = ready()
    organisation_id = db.session().get_one(Enrolment, who.enrolment_id).organisation_id
    rules.put(Rule.PASS_PERCENT, 60, by=SYSTEM, now=NOON, organisation_id=organisation_id)
    who.take(right=2)
    assert who.attempt(1).passed


def test_saving_an_answer_again_changes_nothing() -> None:
    who = ready()
    number = assessment.start(who.enrolment_id, by=who.actor, now=NOON)
    asked = who.drawn(number)[0]
    together(4, lambda: who.answer(number, asked, "a"))
    who.answer(number, asked, "b", version=2)
    with pytest.raises(AnsweredElsewhereError):
        who.answer(number, asked, "a", version=1)
    row = db.session().scalars(select(AttemptAnswer)).one()
    assert (row.chosen, row.version, row.client_id) == (["b"], 2, "page")


def test_answers_that_cannot_be_are_refused() -> None:
    who = ready()
    number = assessment.start(who.enrolment_id, by=who.actor, now=NOON)
    for chosen in ([], ["z"], ["a", "b"]):
        with pytest.raises(BadChoiceError):
            who.answer(number, who.drawn(number)[0], *chosen)
    with pytest.raises(UnknownQuestionError):
        who.answer(number, "practice-one", "a")
    with pytest.raises(NotNowError):
        who.answer(7, who.drawn(number)[0], "a")


def test_handing_in_names_what_is_unanswered_and_can_leave_it_blank() -> None:
    who = ready()
    number = assessment.start(who.enrolment_id, by=who.actor, now=NOON)
    who.answer(number, who.drawn(number)[1], "a")
    with pytest.raises(UnansweredError) as caught:
        assessment.submit(who.enrolment_id, number, by=who.actor, now=NOON)
    assert caught.value.places == [1, 3]
    assessment.submit(who.enrolment_id, number, by=who.actor, now=NOON, leave_blank=True)
    assert who.attempt(number).points == 1


def test_handing_in_many_times_at_once_gives_one_result() -> None:
    who = ready()
    number = assessment.start(who.enrolment_id, by=who.actor, now=NOON)
    for asked in who.drawn(number):
        who.answer(number, asked, "a")
    who.pass_rest(attempt=False)
    together(8, lambda: assessment.submit(who.enrolment_id, number, by=who.actor, now=NOON))
    assert who.attempt(number).points == 3
    assert db.session().scalar(select(func.count()).select_from(Certificate)) == 1
    with pytest.raises(NotActiveError):
        who.answer(number, who.drawn(number)[0], "b", version=2)


def test_nothing_changes_after_handing_in() -> None:
    who = ready()
    who.take(right=0)
    with pytest.raises(NotNowError):
        who.answer(1, who.drawn(1)[0], "a", version=9)
    assert who.attempt(1).points == 0


def test_an_unknown_attempt_cannot_be_handed_in() -> None:
    with pytest.raises(NotNowError):
        assessment.submit((who := ready()).enrolment_id, 1, by=who.actor, now=NOON)


def test_somebody_elses_attempt_cannot_be_touched() -> None:
    who, other = ready(), learner()
    number = assessment.start(who.enrolment_id, by=who.actor, now=NOON)
    asked = who.drawn(number)[0]
    with pytest.raises(Forbidden):
        assessment.start(who.enrolment_id, by=other.actor, now=NOON)
    with pytest.raises(Forbidden):
        assessment.save_answer(who.enrolment_id, number, asked, ["a"], version=1, by=other.actor, now=NOON)
    with pytest.raises(Forbidden):
        assessment.submit(who.enrolment_id, number, by=other.actor, now=NOON)
    with pytest.raises(Forbidden):
        assessment.begin_again(who.enrolment_id, by=other.actor, now=NOON)


def test_after_the_last_attempt_the_course_can_be_begun_again_once() -> None:
    who = failed()
    assert who.phase() == "out"
    with pytest.raises(NotNowError):
        assessment.start(who.enrolment_id, by=who.actor, now=NOON)
    together(4, lambda: assessment.begin_again(who.enrolment_id, by=who.actor, now=NOON))
    new_id = assessment.begin_again(who.enrolment_id, by=who.actor, now=NOON)
    old, new = db.session().scalars(select(Enrolment).order_by(Enrolment.id)).all()
    assert (old.state, old.ended_at, new.id, new.state) == (
        EnrolmentState.ENDED,
        NOON,
        new_id,
        EnrolmentState.ACTIVE,
    )
    fresh = Learner(who.actor, new_id, who.membership_id)
    assert fresh.phase() == "closed"
    fresh.do_steps()
    assert fresh.standing().next_number == 1
    assert Learner.attempt(who, 2).passed is False


def test_nobody_begins_again_while_there_is_another_way() -> None:
    who = ready()
    who.take(right=0)
    with pytest.raises(CannotBeginAgainError):
        assessment.begin_again(who.enrolment_id, by=who.actor, now=NOON)


def test_an_instructor_releases_one_more_attempt_with_a_reason() -> None:
    who = failed()
    by = instructor(who)
    for _click in range(2):
        assessment.release(who.enrolment_id, reason=" The connection broke. ", by=by, now=NOON)
    row = db.session().scalars(select(AttemptRelease)).one()
    assert (row.for_number, row.reason, row.released_by_id) == (3, "The connection broke.", by.membership_id)
    mail = db.session().scalars(select(Message).where(Message.kind == "attempt-released")).one()
    assert mail.facts["path"] == f"/learn/{who.enrolment_id}/assessment"
    assert set(mail.facts) == {"name", "course", "path"}
    assert who.phase() == "again"
    who.take(right=0)
    assert who.phase() == "out"
    assessment.release(who.enrolment_id, reason="Again.", by=by, now=NOON)
    assert who.take(right=3) == 4


def test_a_release_needs_a_reason_and_somebody_who_is_out() -> None:
    who = ready()
    by = instructor(who)
    with pytest.raises(NotNowError):
        assessment.release(who.enrolment_id, reason="Because.", by=by, now=NOON)
    with pytest.raises(ReasonNeededError):
        assessment.release(who.enrolment_id, reason="  ", by=by, now=NOON)


def test_nobody_releases_without_authorisation_or_for_themselves() -> None:
    who = failed()
    for by in (who.actor, instructor(who, authorised=False), instructor(learner())):
        with pytest.raises(Forbidden):
            assessment.release(who.enrolment_id, reason="Because.", by=by, now=NOON)


def test_the_list_of_those_who_are_out() -> None:
    who = failed()
    by = instructor(who)
    organisation = db.session().get_one(Organisation, by.organisation_id)
    again = make.member(organisation, name="Has one left")
    half = Learner(make.actor(again), make.enrolment(again, _revision(who)).id, again.id)
    half.do_steps()
    half.take(right=0)
    found = assessment.out_of_attempts(db.session(), by)
    name = db.session().get_one(Membership, who.membership_id).name
    assert [(one.enrolment_id, one.name, one.attempts, int(one.best_points)) for one in found] == [
        (who.enrolment_id, name, 2, 0)
    ]
    rules.put(Rule.ATTEMPTS, 3, by=SYSTEM, now=NOON, organisation_id=by.organisation_id)
    assert assessment.out_of_attempts(db.session(), by) == []
    rules.put(Rule.ATTEMPTS, 1, by=SYSTEM, now=NOON, organisation_id=by.organisation_id)
    assert {one.enrolment_id for one in assessment.out_of_attempts(db.session(), by)} == {
        who.enrolment_id,
        half.enrolment_id,
    }
    assessment.release(who.enrolment_id, reason="Because.", by=by, now=NOON)
    assert [one.enrolment_id for one in assessment.out_of_attempts(db.session(), by)] == [half.enrolment_id]


def test_the_list_shows_nothing_of_other_organisations_or_types() -> None:
    who = failed()
    assert assessment.out_of_attempts(db.session(), instructor(learner())) == []
    assert assessment.out_of_attempts(db.session(), instructor(who, authorised=False)) == []
    assert assessment.out_of_attempts(db.session(), who.actor) == []


def _revision(who: Learner) -> CourseRevision:
    return db.session().get_one(CourseRevision, db.session().get_one(Enrolment, who.enrolment_id).revision_id)
