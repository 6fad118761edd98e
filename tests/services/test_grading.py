"""Claims, drafts and marks, with several people at once, on both databases."""

import threading
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.models import (
    AnswerState,
    Attempt,
    AttemptState,
    AuditEvent,
    Certificate,
    CourseRevision,
    EnrolmentState,
    Mark,
    MarkDraft,
    Membership,
    Message,
    Organisation,
    Role,
    ScenarioAnswer,
    StepProgress,
)
from mhfa_lms.policy import SYSTEM, Actor, Forbidden
from mhfa_lms.services import contacts, grading, marking_queue, paging, rules
from mhfa_lms.services.grading import DecidedError, TakenError, UnknownAnswerError
from mhfa_lms.services.marks import Judgement
from tests import make
from tests.make import NOON
from tests.small_course import course

GOOD = Judgement({"asks": 4, "hears": 3}, {"asked": True})
POOR = Judgement({"asks": 2, "hears": 2}, {"asked": True})
MINUTE = timedelta(minutes=1)


@dataclass
class Desk:
    """An organisation with two instructors."""

    organisation: Organisation
    revision: CourseRevision
    first: Actor
    second: Actor


def instructor(owner: Organisation, revision: CourseRevision, name: str = "Ines Marker") -> Actor:
    person = make.member(owner, Role.INSTRUCTOR, name=name)
    make.authorisation(person, revision)
    return make.actor(person)


@pytest.fixture
def desk(database: str) -> Desk:
    owner, revision = make.organisation(), make.published()
    return Desk(owner, revision, instructor(owner, revision), instructor(owner, revision, "Ben Okafor"))


def waiting(desk: Desk, name: str = "Lea Learner", *, age: timedelta = timedelta(0), **values: object) -> int:
    """Return a new answer's number, sent so long before noon."""
    enrolled = make.enrolment(make.member(desk.organisation, name=name), desk.revision)
    return make.answer(enrolled, **{"submitted_at": NOON - age, **values}).id


def read(answer_id: int) -> ScenarioAnswer:
    """Return an answer as the database has it now."""
    db.session().rollback()
    return db.session().get_one(ScenarioAnswer, answer_id)


def test_the_oldest_is_given_out_first_and_others_get_the_next(desk: Desk) -> None:
    young, old = waiting(desk), waiting(desk, age=timedelta(days=2))
    assert grading.claim_next(by=desk.first, now=NOON) == old
    assert grading.claim_next(by=desk.second, now=NOON) == young
    assert grading.claim_next(by=desk.first, now=NOON) == old, "who holds one goes on with it"
    assert read(old).claimed_until == NOON + timedelta(minutes=30)


def test_nothing_is_given_out_when_nothing_is_left(desk: Desk) -> None:
    assert grading.claim_next(by=desk.first, now=NOON) is None
    waiting(desk)
    assert grading.claim_next(by=desk.second, now=NOON) is not None
    assert grading.claim_next(by=desk.first, now=NOON) is None


def test_skipped_answers_are_passed_over(desk: Desk) -> None:
    old, young = waiting(desk, age=MINUTE), waiting(desk)
    assert grading.claim_next(by=desk.first, now=NOON, passing_over=[old]) == young


def test_drafts_ended_enrolments_and_other_organisations_are_not_in_the_queue(desk: Desk) -> None:
    waiting(desk, state=AnswerState.DRAFT, submitted_at=None)
    left = make.enrolment(make.member(desk.organisation), desk.revision, state=EnrolmentState.WITHDRAWN)
    make.answer(left)
    make.answer(make.enrolment(make.member(), desk.revision))
    assert grading.claim_next(by=desk.first, now=NOON) is None
    assert marking_queue.waiting(db.session(), desk.first).count == 0


def test_one_holder_each_when_eight_ask_at_once(desk: Desk) -> None:
    markers = [instructor(desk.organisation, desk.revision, f"Marker {number}") for number in range(8)]
    answers = {waiting(desk, age=number * MINUTE) for number in range(5)}
    got: list[int | None] = []
    barrier = threading.Barrier(len(markers))

    def ask(by: Actor) -> None:
        barrier.wait(120)
        got.append(grading.claim_next(by=by, now=NOON))
        db.sessions.remove()

    run([threading.Thread(target=ask, args=(one,)) for one in markers])
    assert len(got) == 8
    given = [one for one in got if one is not None]
    assert sorted(given) == sorted(answers)
    db.session().rollback()
    holders = db.session().scalars(select(ScenarioAnswer.claimed_by_id)).all()
    assert len(set(holders)) == 5


def test_one_person_who_clicks_twice_holds_one_answer(desk: Desk) -> None:
    for number in range(4):
        waiting(desk, age=number * MINUTE)
    got: list[int | None] = []
    barrier = threading.Barrier(4)

    def click() -> None:
        barrier.wait(120)
        got.append(grading.claim_next(by=desk.first, now=NOON))
        db.sessions.remove()

    run([threading.Thread(target=click) for _number in range(4)])
    assert len(got) == 4
    assert len(set(got)) == 1


def run(threads: list[threading.Thread]) -> None:
    db.sessions.remove()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)


def test_an_expired_claim_is_free_again(desk: Desk) -> None:
    answer = waiting(desk)
    grading.claim_next(by=desk.first, now=NOON)
    assert grading.claim_next(by=desk.second, now=NOON + 29 * MINUTE) is None
    assert grading.claim_next(by=desk.second, now=NOON + 30 * MINUTE) == answer


def test_an_expired_claim_refuses_nobody(desk: Desk) -> None:
    answer = waiting(desk)
    grading.claim_next(by=desk.first, now=NOON)
    with pytest.raises(TakenError):
        grading.hold(answer, by=desk.second, now=NOON + 29 * MINUTE)
    assert grading.hold(answer, by=desk.second, now=NOON + 30 * MINUTE) == NOON + 60 * MINUTE
    assert read(answer).claimed_by_id == desk.second.membership_id


def test_the_time_limit_is_a_rule(desk: Desk) -> None:
    rules.put(rules.Rule.CLAIM_MINUTES, 5, by=SYSTEM, now=NOON, organisation_id=desk.organisation.id)
    answer = waiting(desk)
    grading.claim_next(by=desk.first, now=NOON)
    assert read(answer).claimed_until == NOON + 5 * MINUTE


def test_working_keeps_the_claim(desk: Desk) -> None:
    answer = waiting(desk)
    grading.claim_next(by=desk.first, now=NOON)
    assert grading.save_draft(answer, {"feedback": "Good"}, by=desk.first, now=NOON + 20 * MINUTE)
    assert read(answer).claimed_until == NOON + 50 * MINUTE
    assert grading.hold(answer, by=desk.first, now=NOON + 40 * MINUTE) == NOON + 70 * MINUTE
    with pytest.raises(TakenError) as refused:
        grading.hold(answer, by=desk.second, now=NOON + 69 * MINUTE)
    assert (refused.value.holder, refused.value.until) == ("Ines Marker", NOON + 70 * MINUTE)


def test_what_is_let_go_is_free_at_once_and_only_its_holder_can_do_it(desk: Desk) -> None:
    answer = waiting(desk)
    grading.claim_next(by=desk.first, now=NOON)
    grading.let_go(answer, by=desk.second, now=NOON)
    assert grading.claim_next(by=desk.second, now=NOON) is None
    grading.let_go(answer, by=desk.first, now=NOON)
    assert grading.claim_next(by=desk.second, now=NOON) == answer


def test_a_save_that_arrives_after_giving_back_does_not_take_it_again(desk: Desk) -> None:
    answer = waiting(desk)
    grading.claim_next(by=desk.first, now=NOON)
    grading.let_go(answer, by=desk.first, now=NOON)
    assert grading.save_draft(answer, {"feedback": "Half"}, by=desk.first, now=NOON) is False
    assert db.session().scalars(select(MarkDraft.values)).one() == {"feedback": "Half"}
    assert grading.claim_next(by=desk.second, now=NOON) == answer


def test_a_mark_decides_tells_and_is_remembered(desk: Desk) -> None:
    answer = waiting(desk)
    grading.claim_next(by=desk.first, now=NOON)
    grading.save_draft(answer, {"feedback": "You sat"}, by=desk.first, now=NOON)
    grading.mark(answer, GOOD, "You sat down with Sam.", by=desk.first, now=NOON + MINUTE)
    found = read(answer)
    assert (found.state, found.decided_at, found.claimed_by_id) == (AnswerState.PASSED, NOON + MINUTE, None)
    [mark] = found.marks
    assert (mark.points, mark.passed, mark.harm, mark.required_missing) == (7, True, False, False)
    assert (mark.levels, mark.required) == (GOOD.levels, GOOD.required)
    assert (mark.feedback, mark.marked_at) == ("You sat down with Sam.", NOON + MINUTE)
    assert (mark.marker_id, mark.revision_id) == (desk.first.membership_id, desk.revision.id)
    assert db.session().scalars(select(MarkDraft)).all() == []
    [mail] = db.session().scalars(select(Message)).all()
    assert (mail.kind, mail.key) == ("scenario-result", f"scenario-result:{answer}")
    assert mail.facts == {
        "name": "Lea Learner",
        "scenario": "Sam",
        "course": "First aid for mental health: small",
        "passed": True,
        "path": f"/learn/{found.enrolment_id}/scenario/sam",
    }
    verbs = db.session().scalars(select(AuditEvent.verb).where(AuditEvent.subject == "scenario_answer")).all()
    assert verbs == ["answer-claimed", "answer-marked"]


def test_an_answer_that_does_not_pass_is_to_be_tried_again(desk: Desk) -> None:
    answer = waiting(desk)
    grading.mark(answer, POOR, "", by=desk.first, now=NOON)
    assert read(answer).state is AnswerState.TRY_AGAIN
    assert db.session().scalars(select(Message.facts)).one()["passed"] is False


def test_the_last_requirement_certifies(desk: Desk) -> None:
    enrolled = make.enrolment(make.member(desk.organisation), desk.revision)
    with db.transaction() as session:
        session.add_all(
            StepProgress(enrolment_id=enrolled.id, step=step.id, done_at=NOON) for _module, step in course().steps()
        )
        session.add(
            Attempt(
                enrolment_id=enrolled.id,
                assessment="final",
                number=1,
                drawn=[],
                pass_percent=80,
                max_points=3,
                points=3,
                passed=True,
                state=AttemptState.SUBMITTED,
                started_at=NOON,
                submitted_at=NOON,
            )
        )
    answer = make.answer(enrolled).id
    grading.mark(answer, GOOD, "", by=desk.first, now=NOON)
    db.session().rollback()
    assert db.session().scalars(select(Certificate.enrolment_id)).all() == [enrolled.id]


def test_the_same_mark_sent_twice_is_one_mark(desk: Desk) -> None:
    answer = waiting(desk)
    one = grading.mark(answer, GOOD, "Well done", by=desk.first, now=NOON).id
    assert grading.mark(answer, GOOD, "Well done", by=desk.first, now=NOON + MINUTE).id == one
    with pytest.raises(DecidedError):
        grading.mark(answer, POOR, "Well done", by=desk.first, now=NOON + MINUTE)
    assert db.session().scalar(select(func.count()).select_from(Mark)) == 1


def test_two_markers_at_once_make_one_mark(desk: Desk) -> None:
    answer = waiting(desk)
    refused: list[str] = []
    barrier = threading.Barrier(2)

    def send(by: Actor, judgement: Judgement) -> None:
        barrier.wait(120)
        try:
            grading.mark(answer, judgement, "", by=by, now=NOON)
        except DecidedError:
            refused.append(by.name)
        db.sessions.remove()

    run(
        [
            threading.Thread(target=send, args=(desk.first, GOOD)),
            threading.Thread(target=send, args=(desk.second, POOR)),
        ]
    )
    assert len(refused) == 1
    db.session().rollback()
    [mark] = db.session().scalars(select(Mark)).all()
    assert mark.passed == (read(answer).state is AnswerState.PASSED)


def test_a_marker_whose_answer_was_taken_is_refused(desk: Desk) -> None:
    answer = waiting(desk)
    grading.claim_next(by=desk.first, now=NOON)
    late = NOON + 31 * MINUTE
    assert grading.claim_next(by=desk.second, now=late) == answer
    with pytest.raises(TakenError) as refused:
        grading.mark(answer, GOOD, "", by=desk.first, now=late)
    assert refused.value.holder == "Ben Okafor"
    assert grading.save_draft(answer, {"feedback": "mine"}, by=desk.first, now=late) is False
    assert db.session().scalars(select(MarkDraft.values)).one() == {"feedback": "mine"}
    assert read(answer).claimed_by_id == desk.second.membership_id


def test_a_marker_whose_time_ran_out_may_still_mark_what_nobody_took(desk: Desk) -> None:
    answer = waiting(desk)
    grading.claim_next(by=desk.first, now=NOON)
    grading.mark(answer, GOOD, "", by=desk.first, now=NOON + timedelta(hours=5))
    assert read(answer).state is AnswerState.PASSED


def test_each_marker_has_a_draft_of_their_own(desk: Desk) -> None:
    answer = waiting(desk)
    for by, text in ((desk.first, "one"), (desk.second, "two"), (desk.first, "three")):
        grading.save_draft(answer, {"feedback": text}, by=by, now=NOON)
    kept = db.session().execute(select(MarkDraft.marker_id, MarkDraft.values)).all()
    assert {row.marker_id: row.values["feedback"] for row in kept} == {
        desk.first.membership_id: "three",
        desk.second.membership_id: "two",
    }


def test_a_save_under_way_when_the_mark_arrives_leaves_no_draft(desk: Desk) -> None:
    answer = waiting(desk)
    grading.mark(answer, GOOD, "", by=desk.first, now=NOON)
    assert grading.save_draft(answer, {"feedback": "late"}, by=desk.first, now=NOON) is False
    assert db.session().scalars(select(MarkDraft)).all() == []


def test_nobody_marks_their_own_answer(desk: Desk) -> None:
    own = make.enrolment(db.session().get_one(Membership, desk.first.membership_id), desk.revision)
    answer = make.answer(own).id
    assert grading.claim_next(by=desk.first, now=NOON) is None
    with pytest.raises(Forbidden):
        grading.mark(answer, GOOD, "", by=desk.first, now=NOON)
    with pytest.raises(Forbidden):
        grading.hold(answer, by=desk.first, now=NOON)
    assert grading.claim_next(by=desk.second, now=NOON) == answer


def test_only_who_is_authorised_marks(desk: Desk) -> None:
    answer = waiting(desk)
    person = make.member(desk.organisation, Role.INSTRUCTOR)
    make.authorisation(person, desk.revision, valid_from=date(2025, 1, 1), expires_on=date(2026, 11, 20))
    other_course = make.member(desk.organisation, Role.INSTRUCTOR)
    make.authorisation(other_course, make.published(course("other")))
    for one in (person, other_course):
        by = make.actor(one)
        assert grading.claim_next(by=by, now=NOON) is None
        for refused in (
            lambda by=by: grading.mark(answer, GOOD, "", by=by, now=NOON),
            lambda by=by: grading.save_draft(answer, {}, by=by, now=NOON),
            lambda by=by: grading.let_go(answer, by=by, now=NOON),
        ):
            with pytest.raises(Forbidden):
                refused()
    [leave] = contacts.leaves(db.session(), make.actor(person))
    assert leave.expires_on == date(2026, 11, 20)


def test_learners_and_other_organisations_reach_nothing(desk: Desk) -> None:
    answer = waiting(desk)
    with pytest.raises(Forbidden):
        grading.claim_next(by=make.actor(make.member(desk.organisation)), now=NOON)
    stranger = instructor(make.organisation(), desk.revision)
    assert grading.claim_next(by=stranger, now=NOON) is None
    with pytest.raises(UnknownAnswerError):
        grading.mark(answer, GOOD, "", by=stranger, now=NOON)


def test_the_list_goes_on_where_the_page_ended(desk: Desk) -> None:
    answers = [waiting(desk, age=number * MINUTE) for number in range(28)][::-1]
    first = marking_queue.page(db.session(), desk.first, now=NOON)
    assert [line.id for line in first] == answers[:26]
    last = first[paging.PAGE - 1]
    rest = marking_queue.page(db.session(), desk.first, now=NOON, after=(last.submitted_at, last.id))
    assert [line.id for line in rest] == answers[25:]


def test_the_list_names_who_holds_an_answer_while_they_do(desk: Desk) -> None:
    waiting(desk)
    grading.claim_next(by=desk.second, now=NOON)
    [held] = marking_queue.page(db.session(), desk.first, now=NOON)
    assert (held.holder, held.until) == ("Ben Okafor", NOON + 30 * MINUTE)
    [free] = marking_queue.page(db.session(), desk.first, now=NOON + 30 * MINUTE)
    assert (free.holder, free.until, free.holder_id) == ("", None, None)


def test_contacts_are_active_people_of_the_organisation(desk: Desk) -> None:
    make.member(desk.organisation, Role.SAFEGUARDING, name="Sol Safe", work_email="sol@example.org")
    make.member(desk.organisation, Role.SAFEGUARDING, name="Gone", holder=make.account(deactivated_at=NOON))
    make.member(None, Role.SAFEGUARDING, name="Elsewhere")
    found = contacts.with_roles(db.session(), desk.first, Role.SAFEGUARDING)
    assert [(one.name, one.email) for one in found] == [("Sol Safe", "sol@example.org")]
