"""A time limit kept by the server, and what is agreed for one learner."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import (
    Adjustment,
    AdjustmentKind,
    AttemptState,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    Format,
    Membership,
    Organisation,
    Role,
)
from mhfa_lms.policy import Actor, Forbidden
from mhfa_lms.services import adjustments, assessment, attempts
from mhfa_lms.services.adjustments import AmountError, ReasonNeededError
from mhfa_lms.services.assessment import NotNowError, TimeOverError
from mhfa_lms.services.enrolments import NotActiveError
from tests import make
from tests.make import NOON
from tests.services.learner import Learner, learner
from tests.small_course import course, document

KINDS = AdjustmentKind
LIMIT = 40
LATE = NOON + timedelta(minutes=LIMIT) + attempts.GRACE + timedelta(seconds=1)


def timed(**defaults: int) -> tuple[Learner, Actor]:
    """Somebody whose assessment has a limit, with every step done, and their instructor."""
    pool = {**document()["assessment"], "minutes": LIMIT}
    place = make.organisation()
    revision = make.published(course("timed", assessment=pool, defaults=defaults))
    revision_id, place_id = revision.id, place.id
    member = make.member(place)
    who = Learner(make.actor(member), make.enrolment(member, revision).id, member.id)
    who.do_steps()
    teacher = make.member(db.session().get_one(Organisation, place_id), Role.INSTRUCTOR, name="Ines")
    make.authorisation(teacher, db.session().get_one(CourseRevision, revision_id))
    return who, make.actor(teacher)


def start(who: Learner, now: datetime = NOON) -> int:
    return assessment.start(who.enrolment_id, by=who.actor, now=now)


def save(who: Learner, number: int, place: int, chosen: str, now: datetime, version: int = 1) -> None:
    assessment.save_answer(
        who.enrolment_id, number, who.drawn(number)[place], [chosen], version=version, by=who.actor, now=now
    )


def agree(who: Learner, by: Actor, kind: KINDS, now: datetime = NOON, **values: Any) -> None:
    adjustments.agree(who.enrolment_id, kind, by=by, now=now, **{"reason": "Agreed before.", **values})


@pytest.mark.usefixtures("database")
class TestTimeLimit:
    def test_the_server_keeps_the_end_and_an_assessment_without_a_limit_has_none(self) -> None:
        who, _by = timed()
        assert who.attempt(start(who)).due_at == NOON + timedelta(minutes=LIMIT)
        free = learner()
        free.do_steps()
        assert free.attempt(start(free)).due_at is None

    def test_what_was_saved_in_time_counts_and_what_comes_later_does_not(self) -> None:
        who, _by = timed()
        number = start(who)
        save(who, number, 0, "a", NOON)
        save(who, number, 1, "a", LATE - timedelta(seconds=1))
        with pytest.raises(TimeOverError):
            save(who, number, 2, "a", LATE)
        attempt = who.attempt(number)
        assert (attempt.state, attempt.points, len(attempt.answers)) == (AttemptState.SUBMITTED, Decimal(2), 2)
        with pytest.raises(NotNowError):
            save(who, number, 0, "b", LATE, version=2)

    def test_handing_in_late_needs_no_word_about_blanks_and_starting_again_ends_it_first(self) -> None:
        who, _by = timed()
        number = start(who)
        assessment.submit(who.enrolment_id, number, by=who.actor, now=LATE)
        assert who.attempt(number).points == 0
        second = start(who, LATE)
        assert start(who, LATE + timedelta(hours=2)) == second
        assert who.attempt(second).state is AttemptState.SUBMITTED

    def test_the_worker_hands_in_what_nobody_looks_at_and_only_that(self) -> None:
        who, _by = timed()
        number = start(who)
        save(who, number, 0, "a", NOON)
        assert assessment.hand_in_overdue(now=LATE - timedelta(seconds=1)) == 0
        assert assessment.hand_in_overdue(now=LATE) == 1
        assert assessment.hand_in_overdue(now=LATE) == 0
        assert (who.attempt(number).points, who.attempt(number).submitted_at) == (Decimal(1), LATE)

    def test_a_draw_can_be_repeated_from_its_seed(self) -> None:
        who = learner()
        who.do_steps()
        for _turn in range(2):
            who.take(right=0)
        first, second = who.attempt(1), who.attempt(2)
        assert first.seed != second.seed
        made = course()
        assert attempts.redrawn(first, made, []) == attempts.drawn_of(first)
        assert attempts.redrawn(second, made, [first]) == attempts.drawn_of(second)
        first.seed = None
        assert attempts.redrawn(first, made, []) is None


@pytest.mark.usefixtures("database")
class TestAgreeing:
    def test_more_time_moves_the_end_of_an_attempt_under_way_and_taking_it_back_does_not(self) -> None:
        who, by = timed()
        number = start(who)
        agree(who, by, KINDS.MORE_TIME, amount=50)
        assert who.attempt(number).due_at == NOON + timedelta(minutes=60)
        agree(who, by, KINDS.MORE_MINUTES, amount=5)
        assert who.attempt(number).due_at == NOON + timedelta(minutes=65)
        [percent, _minutes] = adjustments.in_force(db.session(), who.enrolment_id)
        adjustments.take_back(who.enrolment_id, percent.id, by=by, now=NOON)
        assert who.attempt(number).due_at == NOON + timedelta(minutes=65)
        agree(who, by, KINDS.NO_TIME_LIMIT)
        assert who.attempt(number).due_at is None
        assert assessment.hand_in_overdue(now=LATE + timedelta(days=9)) == 0

    def test_more_attempts_can_be_taken_and_the_list_of_those_who_are_out_knows(self) -> None:
        who, by = timed()
        for _turn in range(2):
            who.take(right=0)
        assert [one.enrolment_id for one in assessment.out_of_attempts(db.session(), by)] == [who.enrolment_id]
        agree(who, by, KINDS.MORE_ATTEMPTS, amount=1)
        assert assessment.out_of_attempts(db.session(), by) == []
        assert who.take(right=0) == 3
        assert len(assessment.out_of_attempts(db.session(), by)) == 1

    def test_one_of_each_kind_is_in_force_and_all_of_it_is_remembered(self) -> None:
        who, by = timed()
        for _click in range(2):
            agree(who, by, KINDS.OTHER_FORMAT, wanted=Format.AUDIO)
        agree(who, by, KINDS.OTHER_FORMAT, wanted=Format.PAPER, reason=" Asked for it. ")
        enrolment = db.session().get_one(Enrolment, who.enrolment_id)
        found = adjustments.history(db.session(), enrolment, by=by)
        assert [(one.row.wanted, one.row.ended_at, one.by) for one in found] == [
            (Format.PAPER, None, "Ines"),
            (Format.AUDIO, NOON, "Ines"),
        ]
        assert found[0].row.reason == "Asked for it."

    def test_a_coordinator_may_and_nobody_for_themselves_or_elsewhere(self) -> None:
        who, by = timed()
        place = db.session().get_one(Organisation, by.organisation_id)
        coordinator = make.actor(make.member(place, Role.COORDINATOR))
        agree(who, coordinator, KINDS.NO_TIME_LIMIT)
        _other, elsewhere = timed()
        for actor in (who.actor, elsewhere):
            with pytest.raises(Forbidden):
                agree(who, actor, KINDS.MORE_ATTEMPTS, amount=1)
            with pytest.raises(Forbidden):
                adjustments.take_back(who.enrolment_id, 1, by=actor, now=NOON)
        own = make.enrolment(db.session().get_one(Membership, by.membership_id))
        with pytest.raises(Forbidden):
            adjustments.agree(own.id, KINDS.NO_TIME_LIMIT, reason="Mine.", by=by, now=NOON)

    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            (KINDS.MORE_TIME, {}),
            (KINDS.MORE_TIME, {"amount": 0}),
            (KINDS.MORE_TIME, {"amount": 401}),
            (KINDS.MORE_ATTEMPTS, {"amount": 6}),
            (KINDS.NO_TIME_LIMIT, {"amount": 5}),
            (KINDS.OTHER_FORMAT, {}),
            (KINDS.MORE_MINUTES, {"amount": 5, "wanted": Format.AUDIO}),
        ],
    )
    def test_amounts_that_mean_nothing_are_refused(self, kind: KINDS, values: dict[str, Any]) -> None:
        who, by = timed()
        with pytest.raises(AmountError):
            agree(who, by, kind, **values)
        assert db.session().scalars(select(Adjustment)).all() == []

    def test_it_needs_a_reason_and_a_course_under_way(self) -> None:
        who, by = timed()
        with pytest.raises(ReasonNeededError):
            agree(who, by, KINDS.NO_TIME_LIMIT, reason="  ")
        with db.transaction() as session:
            session.get_one(Enrolment, who.enrolment_id).state = EnrolmentState.WITHDRAWN
        with pytest.raises(NotActiveError):
            agree(who, by, KINDS.NO_TIME_LIMIT)


@given(
    st.none() | st.integers(1, 600),
    st.integers(1, 10),
    st.dictionaries(st.sampled_from(list(KINDS)), st.integers(1, 400), max_size=5),
)
def test_what_is_agreed_never_takes_anything_away(minutes: int | None, tries: int, agreed: dict[KINDS, int]) -> None:
    found = adjustments.terms(minutes, tries, [Adjustment(kind=kind, amount=one) for kind, one in agreed.items()])
    assert found.attempts == tries + agreed.get(KINDS.MORE_ATTEMPTS, 0)
    if minutes is None or KINDS.NO_TIME_LIMIT in agreed:
        assert found.minutes is None
    else:
        exact = minutes + minutes * agreed.get(KINDS.MORE_TIME, 0) / 100 + agreed.get(KINDS.MORE_MINUTES, 0)
        assert found.minutes is not None
        assert exact <= found.minutes < exact + 1
