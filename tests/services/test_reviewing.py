"""Reviewing: who may, what is said about passages, sign-offs and what they mean for later revisions."""

from datetime import date

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.content.schema import Course as Content
from mhfa_lms.models import (
    Account,
    AuditEvent,
    Course,
    CourseReviewer,
    CourseRevision,
    Message,
    ReviewComment,
    ReviewerKind,
)
from mhfa_lms.policy import SYSTEM, Actor, Can, Forbidden, allowed
from mhfa_lms.services import (
    acceptance,
    catalogue,
    erasure,
    publishing,
    recovery,
    review_state,
    review_trail,
    reviewing,
)
from mhfa_lms.services.review_state import State
from tests import make
from tests.counting import queries
from tests.make import NOON
from tests.small_course import course

pytestmark = pytest.mark.usefixtures("database")
BOSS = Actor(account_id=0, is_admin=True)


def publish(content: Content, *, correction: bool = False) -> CourseRevision:
    number = publishing.publish_content(content, by=SYSTEM, now=NOON, correction=correction).number
    return db.session().scalars(select(CourseRevision).where(CourseRevision.number == number)).one()


def of(revision: CourseRevision) -> Course:
    return db.session().get_one(Course, revision.course_id)


def reviewer(revision: CourseRevision, kind: ReviewerKind = ReviewerKind.CLINICAL) -> Actor:
    """Name somebody; returns them as a request would find them."""
    member = make.member()
    email = make.actor(member).email
    reviewing.name_reviewer(
        revision.course_id, email, kind, name="Dr Ada Quist", profession="Psychologist", by=SYSTEM, now=NOON
    )
    return make.actor(member)


def state(revision: CourseRevision) -> review_state.ReviewState:
    db.session().rollback()
    return review_state.of(db.session(), db.session().get_one(CourseRevision, revision.id))


def test_reviewers_see_their_course_and_nothing_else() -> None:
    mine, other = publish(course()), make.published(course("other"))
    who = reviewer(mine)
    assert allowed(who, Can.REVIEW, of(mine))
    assert not allowed(who, Can.REVIEW, of(other))
    assert not allowed(who, Can.ADMINISTER)
    stranger = make.actor(make.member())
    assert not allowed(stranger, Can.REVIEW)
    with pytest.raises(Forbidden):
        reviewing.comment(of(other), "one-a.body", "x", quoted="", revision_id=other.id, by=who, now=NOON)
    with pytest.raises(Forbidden):
        reviewing.sign_off(of(other), other.id, by=who, now=NOON)
    with pytest.raises(Forbidden):
        reviewing.name_reviewer(
            mine.course_id, who.email, ReviewerKind.CLINICAL, name="x", profession="y", by=who, now=NOON
        )
    with pytest.raises(reviewing.ReviewsAlreadyError):
        reviewing.name_reviewer(
            mine.course_id, who.email, ReviewerKind.CLINICAL, name="x", profession="y", by=SYSTEM, now=NOON
        )


def test_somebody_taken_off_sees_nothing_more() -> None:
    revision = publish(course())
    row = make.reviewer(make.account("off@example.org"), revision)
    assert reviewing.end_reviewer(row.id, by=SYSTEM, now=NOON)
    assert reviewing.reviewers(db.session(), revision.course_id) == []
    assert not reviewing.end_reviewer(99999, by=SYSTEM, now=NOON)


def test_a_thread_is_answered_settled_and_opened_again_by_an_answer() -> None:
    revision = publish(course())
    who, there = reviewer(revision), of(revision)
    first = reviewing.comment(
        there, "one-a.body", " Too long. ", quoted="Body", revision_id=revision.id, by=who, now=NOON
    )
    with pytest.raises(reviewing.EmptyError):
        reviewing.answer(there, first, "  ", by=who, now=NOON)
    reviewing.resolve(there, first, by=who, now=NOON)
    reviewing.resolve(there, first, by=who, now=NOON)
    assert not reviewing.threads(db.session(), there.id)[0].is_open
    reviewing.answer(of(revision), first, "Still too long.", by=who, now=NOON)
    (thread,) = reviewing.threads(db.session(), revision.course_id)
    assert thread.is_open
    assert [thread.first.text, *(one.text for one in thread.answers)] == ["Too long.", "Still too long."]
    settled = select(AuditEvent).where(AuditEvent.verb == "review-thread-resolved")
    assert len(db.session().scalars(settled).all()) == 1


def test_a_clinicians_sign_off_opens_a_revision_and_a_community_readers_does_not() -> None:
    revision = publish(course())
    neighbour = reviewer(revision, ReviewerKind.COMMUNITY)
    assert reviewing.sign_off(of(revision), revision.id, by=neighbour, now=NOON)
    assert catalogue.newest_of(db.session(), revision.course_id) is None
    assert (state(revision).state, len(state(revision).community)) == (State.NONE, 1)
    clinician = reviewer(revision)
    assert reviewing.sign_off(of(revision), revision.id, by=clinician, now=NOON)
    assert reviewing.sign_off(of(revision), revision.id, by=clinician, now=NOON)
    assert catalogue.newest_of(db.session(), revision.course_id) is not None
    found = state(revision)
    assert (found.state, found.who, found.profession, found.day) == (
        State.REVIEWED,
        "Dr Ada Quist",
        "Psychologist",
        date(2026, 11, 21),
    )


def mails(to: str) -> list[tuple[int, str]]:
    """The mails to somebody about reviewing: the revision they name, and where they lead."""
    db.session().rollback()
    account = db.session().scalars(select(Account.id).where(Account.email == to)).one()
    asked = select(Message.facts).where(Message.account_id == account, Message.kind == "review-asked")
    return [(facts["number"], facts["path"]) for facts in db.session().scalars(asked.order_by(Message.id))]


def test_who_has_no_account_is_asked_by_mail_and_reviews_with_a_password_of_their_own() -> None:
    revision, address = publish(course()), "ada@clinic.example"
    reviewing.name_reviewer(
        revision.course_id, address, ReviewerKind.CLINICAL, name="Ada", profession="Psychologist", by=SYSTEM, now=NOON
    )
    assert mails(address) == [(0, "/forgot")]
    account = db.session().scalars(select(Account).where(Account.email == address)).one()
    assert (account.password_hash, account.confirmed_at) == (None, None)
    recovery.ask_reset(address, now=NOON)
    link = db.session().scalars(select(Message.facts).where(Message.kind == "reset-password")).one()["path"]
    recovery.reset(link.rpartition("/")[2], "quiet harbour lantern", now=NOON)
    row = db.session().scalars(select(Account).where(Account.email == address)).one()
    assert row.confirmed_at == NOON
    publish(course(summary="Other words."))
    assert mails(address) == [(0, "/forgot"), (2, "/review/small")]
    publish(course(summary="Better words."), correction=True)
    assert [number for number, _path in mails(address)] == [0, 2, 3]
    reviewing.sign_off(
        of(revision), revision.id + 2, by=Actor(row.id, reviews=frozenset({revision.course_id})), now=NOON
    )
    # A correction of an open revision is open: nothing waits.
    publish(course(summary="Best words."), correction=True)
    assert len(mails(address)) == 3


def test_a_withdrawn_sign_off_stays_on_record_and_closes_what_nothing_else_opened() -> None:
    revision = publish(course())
    clinician, neighbour = reviewer(revision), reviewer(revision, ReviewerKind.COMMUNITY)
    reviewing.sign_off(of(revision), revision.id, by=clinician, now=NOON)
    corrected = publish(course(summary="Better words."), correction=True)
    (sign,) = reviewing.signs(db.session(), revision.id)

    def withdraw(by: Actor, reason: str = "Two passages are out of date.") -> bool:
        return reviewing.withdraw_sign_off(of(revision), sign.id, reason, by=by, now=NOON)

    with pytest.raises(reviewing.EmptyError):
        withdraw(clinician, " ")
    assert not withdraw(neighbour)
    assert withdraw(clinician)
    assert withdraw(BOSS, "Again.")
    assert catalogue.newest_of(db.session(), revision.course_id) is None
    assert [state(one).state for one in (revision, corrected)] == [State.NONE, State.NONE]
    assert not acceptance.newest(db.session())[0][1]
    found = [(one.what, one.number, one.reason) for one in review_trail.trail(db.session(), revision.course_id)]
    assert found == [("withdrawn", 1, "Two passages are out of date."), ("signed", 1, "")]
    assert reviewing.sign_off(of(revision), revision.id, by=clinician, now=NOON)
    assert state(revision).state is State.REVIEWED
    assert len(reviewing.signs(db.session(), revision.id)) == 2


@pytest.mark.parametrize("how", ["accepted", "another", "files"])
def test_what_was_opened_by_something_else_as_well_stays_open(how: str) -> None:
    review = {"status": "reviewed", "by": "Dr F. Iles", "date": "2026-10-01"} if how == "files" else {"status": "draft"}
    revision = publish(course(review=review))
    clinician = reviewer(revision)
    reviewing.sign_off(of(revision), revision.id, by=clinician, now=NOON)
    if how == "accepted":
        acceptance.accept(revision.id, by=SYSTEM, now=NOON)
    if how == "another":
        reviewing.sign_off(of(revision), revision.id, by=reviewer(revision), now=NOON)
    sign = reviewing.signs(db.session(), revision.id)[0]
    reviewing.withdraw_sign_off(of(revision), sign.id, "It is out of date.", by=clinician, now=NOON)
    newest = catalogue.newest_of(db.session(), revision.course_id)
    assert newest is not None


def test_later_revisions_say_honestly_what_was_reviewed() -> None:
    first = publish(course())
    reviewing.sign_off(of(first), first.id, by=reviewer(first), now=NOON)
    corrected = publish(course(summary="Better words."), correction=True)
    assert (state(corrected).state, state(corrected).number) == (State.CORRECTED, 1)
    assert state(corrected).counts
    assert corrected.open
    changed = publish(course(summary="Better words.", language="fr"))
    assert (state(changed).state, state(changed).number, changed.open) == (State.EARLIER, 1, False)
    assert state(publish(course(summary="Best words.", language="fr"), correction=True)).state is State.EARLIER
    assert state(first).state is State.REVIEWED


def test_the_files_word_counts_for_the_text_it_came_with() -> None:
    review = {"status": "reviewed", "by": "Dr F. Iles", "date": "2026-10-01"}
    first = publish(course(review=review))
    assert (state(first).state, state(first).who) == (State.REVIEWED, "Dr F. Iles")
    assert state(publish(course(review=review, language="fr"))).state is State.EARLIER
    assert state(make.published(course("other"))).state is State.NONE


def test_erasing_a_reviewer_leaves_the_comments_and_takes_the_name() -> None:
    revision = publish(course())
    who = reviewer(revision)
    reviewing.comment(of(revision), "one-a", "Good.", quoted="", revision_id=revision.id, by=who, now=NOON)
    reviewing.sign_off(of(revision), revision.id, by=who, now=NOON)
    make.account("another.boss@example.org", is_admin=True)
    erasure.erase(who.email, by=SYSTEM, now=NOON)
    (row,) = db.session().scalars(select(CourseReviewer))
    (comment,) = db.session().scalars(select(ReviewComment))
    assert (row.name, row.profession, row.ended_at) == ("", "", NOON)
    assert (comment.author, comment.text) == ("", "Good.")
    assert (state(revision).state, state(revision).who) == (State.REVIEWED, "")


def test_many_old_revisions_are_read_once_and_push_no_course_out() -> None:
    """The public list of courses asks for the state of all of them: it must not read every old revision anew."""
    revisions = [make.published(course(slug=f"course-{number % 8}", title=f"No. {number}")) for number in range(96)]
    newest = revisions[-8:]
    review_state.of_all(db.session(), newest)
    catalogue.course(newest[0])
    with queries() as made:
        review_state.of_all(db.session(), newest)
        catalogue.course(newest[0])
    assert len(made) <= 2
