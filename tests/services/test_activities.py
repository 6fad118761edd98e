"""An activity counts when an instructor who may has confirmed it: never before, never by somebody else."""

import pytest
from sqlalchemy import select, text

from mhfa_lms import db
from mhfa_lms.content.schema import Course
from mhfa_lms.models import (
    ActivityReport,
    ActivityState,
    AuditEvent,
    Enrolment,
    Membership,
    Message,
    Role,
    StepProgress,
    Way,
)
from mhfa_lms.policy import SYSTEM, Actor, Forbidden
from mhfa_lms.services import activities, activity_queue, erasure, finishing, journey, learning
from mhfa_lms.services.activities import NoCommentError, TooLongError
from mhfa_lms.services.learning import UnknownStepError
from mhfa_lms.services.pathway import Next
from tests import make, small_course
from tests.make import NOON
from tests.services.learner import Learner

pytestmark = pytest.mark.usefixtures("database")
STEP = "one-b"


def with_activity() -> Course:
    """The small course; its second step asks for something to be done."""
    document = small_course.document()
    document["modules"][0]["steps"][1]["activity"] = {"instructions": "Talk with **somebody** for five minutes."}
    return Course.model_validate(document)


class Class:
    """A learner of a course with an activity, and an instructor who may confirm it."""

    def __init__(self) -> None:
        self.place = make.organisation()
        self.place_id = self.place.id
        revision = make.published(with_activity())
        self.revision_id = revision.id
        member = make.member(self.place, name="Amina", holder=make.account("amina@example.org"))
        enrolment = make.enrolment(member, revision)
        self.learner = Learner(make.actor(member), enrolment.id, member.id)
        teacher = make.member(self.place, Role.INSTRUCTOR, name="Ivo")
        make.authorisation(teacher, revision)
        self.teacher_id = teacher.id
        self.teacher = make.actor(db.session().get_one(Membership, teacher.id))

    def report(self, note: str = "") -> None:
        activities.report(self.learner.enrolment_id, STEP, note, by=self.learner.actor, now=NOON)

    def decide(self, *, confirm: bool = True, comment: str = "", by: Actor | None = None) -> int:
        ids = list(db.session().scalars(select(ActivityReport.id)))
        return activities.decide(ids, confirm=confirm, comment=comment, by=by or self.teacher, now=NOON)

    def state(self) -> ActivityState | None:
        db.session().rollback()
        row = activities.of(db.session(), self.learner.enrolment_id, STEP)
        return row.state if row else None


@pytest.fixture
def school() -> Class:
    return Class()


def done(school: Class) -> set[str]:
    db.session().rollback()
    query = select(StepProgress.step).where(StepProgress.enrolment_id == school.learner.enrolment_id)
    return set(db.session().scalars(query))


def kinds() -> list[str]:
    return list(db.session().scalars(select(Message.kind)))


def test_the_step_counts_when_it_is_confirmed_and_not_before(school: Class) -> None:
    for _try in range(2):
        with pytest.raises(finishing.NotFinishedError):
            learning.complete(school.learner.enrolment_id, STEP, Way.READ, by=school.learner.actor, now=NOON)
        school.report("We sat in the canteen.")
    assert (school.state(), done(school)) == ("waiting", set())
    (one,) = activity_queue.waiting(db.session(), school.teacher)
    assert (one.name, one.note, one.times) == ("Amina", "We sat in the canteen.", 1)
    assert school.decide() == 1
    assert (school.state(), done(school)) == ("confirmed", {STEP})
    assert (school.decide(), activity_queue.count(db.session(), school.teacher)) == (0, 0)
    school.report("once more")
    assert school.state() == "confirmed"
    assert kinds() == ["activity-decided"]
    verbs = db.session().scalars(select(AuditEvent.verb).where(AuditEvent.subject == "activity_report"))
    assert list(verbs) == ["activity-reported", "activity-confirmed"]


def test_it_is_given_back_with_a_comment_and_sent_again(school: Class) -> None:
    school.report()
    with pytest.raises(NoCommentError):
        school.decide(confirm=False, comment="  ")
    assert school.decide(confirm=False, comment="Longer, please.") == 1
    assert (school.state(), done(school)) == ("returned", set())
    school.report("Half an hour this time.")
    (one,) = activity_queue.waiting(db.session(), school.teacher)
    assert one.times == 2
    school.decide()
    assert done(school) == {STEP}
    assert kinds() == ["activity-decided"] * 2


def test_nobody_else_confirms(school: Class) -> None:
    school.report()
    revision = db.session().get_one(type(make.published()), school.revision_id)
    elsewhere = make.member(None, Role.INSTRUCTOR)
    make.authorisation(elsewhere, revision)
    without_leave = make.member(db.session().get_one(type(school.place), school.place.id), Role.INSTRUCTOR)
    coordinator = make.member(db.session().get_one(type(school.place), school.place.id), Role.COORDINATOR)
    for member in (elsewhere, without_leave, coordinator):
        actor = make.actor(db.session().get_one(Membership, member.id))
        assert activity_queue.waiting(db.session(), actor) == []
        with pytest.raises(Forbidden):
            school.decide(by=actor)
    with pytest.raises(Forbidden):
        activities.decide([999], confirm=True, by=school.teacher, now=NOON)
    assert school.state() == "waiting"


def test_instructors_do_not_confirm_their_own(school: Class) -> None:
    enrolment = make.enrolment(
        db.session().get_one(Membership, school.teacher_id),
        db.session().get_one(type(make.published()), school.revision_id),
    )
    activities.report(enrolment.id, STEP, "", by=school.teacher, now=NOON)
    assert activity_queue.count(db.session(), school.teacher) == 0
    with pytest.raises(Forbidden):
        school.decide()


def test_what_may_be_said(school: Class) -> None:
    with pytest.raises(TooLongError):
        school.report("x" * (activities.LONGEST + 1))
    with pytest.raises(UnknownStepError):
        activities.report(school.learner.enrolment_id, "one-a", "", by=school.learner.actor, now=NOON)
    with pytest.raises(Forbidden):
        activities.report(school.learner.enrolment_id, STEP, "", by=school.teacher, now=NOON)


def test_waiting_is_no_thing_to_do(school: Class) -> None:
    progress = learning.progress(db.session(), school.learner.enrolment_id, with_activity())
    learning.complete(school.learner.enrolment_id, "one-a", Way.READ, by=school.learner.actor, now=NOON)
    progress = learning.progress(db.session(), school.learner.enrolment_id, with_activity())
    assert progress.next is not None
    assert progress.next[1].id == STEP
    school.report()
    progress = learning.progress(db.session(), school.learner.enrolment_id, with_activity())
    assert progress.next is not None
    assert progress.next[1].id == "two-a"


def test_it_goes_with_the_person_and_the_database_refuses_nonsense(school: Class) -> None:
    school.report("a note")
    for change in ("state = 'confirmed'", "state = 'returned', decided_at = reported_at", "times = 0"):
        with pytest.raises(Exception, match=r"(?i)check"), db.transaction() as session:
            session.execute(text(f"UPDATE activity_report SET {change}"))
    erasure.erase("amina@example.org", by=SYSTEM, now=NOON)
    assert school.state() is None


def test_when_only_an_activity_is_left_there_is_nothing_to_do_but_wait(school: Class) -> None:
    for _module, step in with_activity().steps():
        if step.id != STEP:
            learning.complete(school.learner.enrolment_id, step.id, Way.READ, by=school.learner.actor, now=NOON)
    school.report()
    enrolment = db.session().get_one(Enrolment, school.learner.enrolment_id)
    assert journey.of(db.session(), enrolment).next is Next.WAIT
    school.decide()
    db.session().rollback()
    assert journey.of(db.session(), enrolment).next is Next.ASSESSMENT
