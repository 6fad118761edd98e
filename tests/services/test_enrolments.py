"""Getting on a course, once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.models import AuditEvent, Enrolment, EnrolmentState, MembershipState, Role
from mhfa_lms.policy import SYSTEM, Actor, Forbidden
from mhfa_lms.services import enrolments
from mhfa_lms.services.enrolments import NotPublishedError
from tests import make
from tests.make import NOON

pytestmark = pytest.mark.usefixtures("database")


def test_a_member_puts_themselves_on_the_newest_revision_once() -> None:
    make.published()
    newest = make.published()
    member = make.member()
    actor = make.actor(member)
    first = enrolments.enrol(member.id, newest.course_id, by=actor, now=NOON)
    assert enrolments.enrol(member.id, newest.course_id, by=actor, now=NOON) == first
    enrolment = db.session().get_one(Enrolment, first)
    assert (enrolment.revision_id, enrolment.state) == (newest.id, EnrolmentState.ACTIVE)
    verbs = db.session().scalars(select(AuditEvent.verb).where(AuditEvent.subject == "enrolment"))
    assert verbs.all() == ["enrolled"]


def test_ten_clicks_at_once_make_one_enrolment() -> None:
    course_id = make.published().course_id
    member = make.member()
    member_id, actor = member.id, make.actor(member)
    db.session().rollback()

    def click(_number: int) -> int:
        try:
            return enrolments.enrol(member_id, course_id, by=actor, now=NOON)
        finally:
            db.sessions.remove()

    with ThreadPoolExecutor(10) as pool:
        assert len(set(pool.map(click, range(10)))) == 1
    assert db.session().scalar(select(func.count()).select_from(Enrolment)) == 1


def test_a_finished_course_can_be_taken_again() -> None:
    done = make.enrolment(completed_at=NOON)
    again = enrolments.enrol(done.membership_id, done.course_id, by=SYSTEM, now=NOON)
    assert again != done.id


def test_nobody_enrols_a_colleague_but_a_coordinator_does() -> None:
    course_id = make.published().course_id
    organisation = make.organisation()
    member = make.member(organisation)
    colleague = make.actor(make.member(organisation, Role.INSTRUCTOR))
    with pytest.raises(Forbidden):
        enrolments.enrol(member.id, course_id, by=colleague, now=NOON)
    coordinator = make.actor(make.member(organisation, Role.COORDINATOR))
    assert enrolments.enrol(member.id, course_id, by=coordinator, now=NOON)


def test_a_coordinator_of_another_organisation_may_not() -> None:
    course_id = make.published().course_id
    member = make.member()
    other: Actor = make.actor(make.member(None, Role.COORDINATOR))
    with pytest.raises(Forbidden):
        enrolments.enrol(member.id, course_id, by=other, now=NOON)
    with pytest.raises(Forbidden):
        enrolments.enrol(999_999, course_id, by=other, now=NOON)


def test_a_course_that_is_closed_or_unknown_takes_nobody() -> None:
    closed = make.published(open=False)
    member = make.member()
    for course_id in (closed.course_id, 999_999):
        with pytest.raises(NotPublishedError):
            enrolments.enrol(member.id, course_id, by=SYSTEM, now=NOON)


def test_somebody_who_left_is_not_enrolled() -> None:
    course_id = make.published().course_id
    gone = make.member(state=MembershipState.LEFT, left_at=NOON)
    with pytest.raises(Forbidden):
        enrolments.enrol(gone.id, course_id, by=SYSTEM, now=NOON)
