"""Corrections: learners under way get them, and nothing they have done changes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from mhfa_lms import db
from mhfa_lms.content.schema import Course
from mhfa_lms.models import AuditEvent, CourseRevision, Enrolment, EnrolmentCorrection
from mhfa_lms.policy import SYSTEM, Actor, Forbidden
from mhfa_lms.services import acceptance, assessment, catalogue, corrections, enrolments, learning, publishing
from tests import make
from tests.make import NOON
from tests.services.learner import Learner
from tests.small_course import course

pytestmark = pytest.mark.usefixtures("database")


def publish(content: Course, *, correction: bool = False) -> publishing.Published:
    return publishing.publish_content(content, by=SYSTEM, now=NOON, correction=correction)


def first() -> CourseRevision:
    """Publish the small course and accept it."""
    publish(course())
    revision = db.session().scalars(select(CourseRevision)).one()
    acceptance.accept(revision.id, by=SYSTEM, now=NOON)
    return db.session().get_one(CourseRevision, revision.id)


def learner(revision: CourseRevision) -> Learner:
    member = make.member()
    enrolment = make.enrolment(member, revision)
    return Learner(make.actor(member), enrolment.id, member.id)


def on(who: Learner) -> tuple[int, str]:
    """The number of the revision somebody is on, and what its page says."""
    db.session().rollback()
    revision = db.session().get_one(Enrolment, who.enrolment_id).revision
    return revision.number, catalogue.course(revision).summary


def better(**changes: Any) -> Course:
    return course(**{"summary": "A small course, in better words.", **changes})


def test_a_correction_reaches_learners_under_way_and_touches_nothing_they_did() -> None:
    revision = first()
    who = learner(revision)
    who.do_steps()
    number = assessment.start(who.enrolment_id, by=who.actor, now=NOON)
    drawn = who.drawn(number)
    who.answer(number, drawn[0], "a")
    before = who.attempt(number).drawn
    done = publish(better(), correction=True)
    assert (done.number, done.open, done.corrected) == (2, True, 1)
    assert on(who) == (2, "A small course, in better words.")
    assert who.attempt(number).drawn == before
    assert learning.progress(db.session(), who.enrolment_id, course()).all_done
    for name in drawn[1:]:
        who.answer(number, name, "a")
    assessment.submit(who.enrolment_id, number, by=who.actor, now=NOON)
    assert who.attempt(number).passed
    enrolment = db.session().get_one(Enrolment, who.enrolment_id)
    assert corrections.began_on(db.session(), enrolment) == revision.id


def test_a_new_revision_leaves_everybody_where_they_began() -> None:
    who = learner(first())
    done = publish(better())
    assert (done.number, done.open, done.corrected) == (2, False, 0)
    assert on(who) == (1, "A small course.")


def revised(**changes: Any) -> CourseRevision:
    """Publish a new revision, not a correction."""
    number = publish(course(**changes)).number
    return db.session().scalars(select(CourseRevision).where(CourseRevision.number == number)).one()


def test_a_correction_reaches_those_on_an_older_revision_that_says_the_same() -> None:
    revision = first()
    old, finished = learner(revision), make.enrolment(revision=revision, completed_at=NOON)
    old.do_steps()
    newer = learner(revised(about="Quite another page about it."))
    done = publish(better(about="Quite another page about it."), correction=True)
    assert (done.number, done.corrected) == (4, 2)
    assert [on(one) for one in (old, newer)] == [(3, better().summary), (4, better().summary)]
    theirs = db.session().scalars(select(CourseRevision).where(CourseRevision.number == 3)).one()
    assert (theirs.corrects_id, theirs.open, catalogue.course(theirs).about) == (revision.id, False, "About it.")
    assert learning.progress(db.session(), old.enrolment_id, course()).all_done
    assert db.session().get_one(Enrolment, finished.id).revision_id == revision.id
    # The next one goes on from there; publishing the same again makes nothing.
    again = publish(better(about="Quite another page about it.", title="A better title"), correction=True)
    assert (again.number, again.corrected) == (6, 2)
    assert [on(one)[0] for one in (old, newer)] == [5, 6]
    assert not publish(better(about="Quite another page about it.", title="A better title"), correction=True).new


def test_those_whose_text_is_another_one_there_stay() -> None:
    revision = first()
    old = learner(revision)
    newer = learner(revised(summary="Another summary."))
    assert publish(better(), correction=True).corrected == 1
    assert [on(one)[0] for one in (old, newer)] == [1, 3]


def test_publishing_and_moving_at_once_gives_each_learner_one_correction() -> None:
    who = [learner(first()) for _number in range(1)] + [learner(revised(about="Another page."))]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _n: publish(better(about="Another page."), correction=True), range(4)))
    assert sum(one.new for one in done) == 1
    corrections.flow(now=NOON)
    assert [on(one)[0] for one in who] == [3, 4]
    assert len(db.session().scalars(select(EnrolmentCorrection.enrolment_id)).all()) == 2


def test_corrections_of_corrections_are_one_line() -> None:
    revision = first()
    who = learner(revision)
    publish(better(), correction=True)
    publish(better(about="Better still."), correction=True)
    late = learner(revision)
    assert corrections.flow(now=NOON) == 1
    assert [on(one)[0] for one in (who, late)] == [3, 3]
    enrolment = db.session().get_one(Enrolment, who.enrolment_id)
    assert corrections.began_on(db.session(), enrolment) == revision.id


def test_what_is_more_than_a_correction_is_refused_whole() -> None:
    who = learner(first())
    fewer = course().model_dump(mode="json")
    fewer["modules"][0]["steps"].pop()
    done = publish(Course.model_validate(fewer), correction=True)
    assert (done.number, done.new) == (None, False)
    assert [str(one) for one in done.too_large] == ["modules/one/steps/one-b: was taken out"]
    assert on(who)[0] == 1
    assert len(db.session().scalars(select(CourseRevision.id)).all()) == 1


def test_many_are_moved_in_batches_and_each_once() -> None:
    revision = first()
    place = make.organisation()
    for _number in range(25):
        make.enrolment(make.member(place), revision)
    publish(better(), correction=True)
    with db.transaction() as session:
        session.execute(delete(EnrolmentCorrection))
        session.execute(update(Enrolment).values(revision_id=revision.id))
    assert corrections.flow(now=NOON, batch=10) == 25
    assert corrections.flow(now=NOON, batch=10) == 0
    moves = db.session().scalars(select(EnrolmentCorrection.enrolment_id)).all()
    assert len(moves) == len(set(moves)) == 25
    told = select(AuditEvent.data).where(AuditEvent.verb == "course-corrections-given").order_by(AuditEvent.id)
    assert [one["learners"] for one in db.session().scalars(told)][-3:] == [10, 10, 5]


def test_a_revision_nobody_has_reviewed_is_closed_until_it_is_accepted() -> None:
    publish(course())
    member = make.member()
    revision = db.session().scalars(select(CourseRevision)).one()
    with pytest.raises(enrolments.NotPublishedError):
        enrolments.enrol(member.id, revision.course_id, by=make.actor(member), now=NOON)
    with pytest.raises(Forbidden):
        acceptance.accept(revision.id, by=make.actor(member), now=NOON, reason="Read on paper.")
    boss = make.account("boss@example.org", is_admin=True)
    assert acceptance.accept(revision.id, by=Actor(boss.id, is_admin=True), now=NOON, reason="Read on paper.")
    assert acceptance.accept(revision.id, by=Actor(boss.id, is_admin=True), now=NOON, reason="Read on paper.")
    assert enrolments.enrol(member.id, revision.course_id, by=make.actor(member), now=NOON)
    accepted = select(AuditEvent).where(AuditEvent.verb == acceptance.ACCEPTED)
    assert [one.account_id for one in db.session().scalars(accepted)] == [boss.id]


def test_what_the_files_say_of_a_review_holds_for_the_text_it_came_with() -> None:
    review = {"status": "reviewed", "by": "Dr A. Example", "date": "2026-11-01"}
    assert publish(course(review=review)).open
    assert not publish(course(review=review, summary="Changed since.")).open
    assert publish(course(review={**review, "date": "2026-12-01"}, summary="Changed since.")).open


def test_a_correction_of_what_is_closed_is_closed() -> None:
    publish(course())
    assert not publish(better(), correction=True).open


def test_new_learners_go_on_with_the_last_open_revision() -> None:
    revision = first()
    publish(better())
    assert catalogue.newest_of(db.session(), revision.course_id) == revision
    assert [one.number for one in acceptance.waiting(db.session())] == [2]
    acceptance.accept_waiting(by=SYSTEM, now=NOON)
    assert acceptance.waiting(db.session()) == []
    live = catalogue.newest_of(db.session(), revision.course_id)
    assert live is not None
    assert live.number == 2
