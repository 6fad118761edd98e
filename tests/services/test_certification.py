"""The moment the last requirement is met: exactly one certificate, whoever else is at it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.models import (
    AnswerState,
    Attempt,
    AttemptState,
    Attendance,
    AttendanceState,
    AuditEvent,
    Certificate,
    Cohort,
    Course,
    CourseKind,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    Job,
    Message,
    RenewalBasis,
    ScenarioAnswer,
    StepProgress,
    TrainingSession,
)
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import catalogue, certification, rules
from mhfa_lms.services.periods import add_months
from mhfa_lms.services.rules import Rule
from tests import make
from tests.content.test_translations import german
from tests.make import NOON
from tests.small_course import course as small_course

STEPS = ("one-a", "one-b", "two-a", "two-b")


def attempt(enrolment: Enrolment, *, passed: bool = True, number: int = 1) -> Attempt:
    """A submitted attempt."""
    return Attempt(
        enrolment_id=enrolment.id,
        assessment="final",
        number=number,
        drawn=[],
        pass_percent=80,
        max_points=3,
        state=AttemptState.SUBMITTED,
        points=3 if passed else 0,
        passed=passed,
        started_at=NOON,
        submitted_at=NOON,
    )


def answer(enrolment: Enrolment, *, state: AnswerState = AnswerState.PASSED, number: int = 1) -> ScenarioAnswer:
    """A marked scenario answer."""
    return ScenarioAnswer(
        enrolment_id=enrolment.id,
        organisation_id=enrolment.organisation_id,
        scenario="sam",
        number=number,
        alias="7KQ2",
        text="I would ask.",
        state=state,
        saved_at=NOON,
        submitted_at=NOON,
        decided_at=NOON,
    )


def steps(enrolment: Enrolment, names: tuple[str, ...] = STEPS) -> list[StepProgress]:
    """Steps that are done."""
    return [StepProgress(enrolment_id=enrolment.id, step=name, done_at=NOON) for name in names]


def all_of(enrolment: Enrolment) -> list[Any]:
    """Everything the small course asks for."""
    return [*steps(enrolment), attempt(enrolment), answer(enrolment)]


def keep(*rows: Any) -> None:
    """Store rows."""
    with db.transaction() as session:
        session.add_all(rows)


def ready(**values: Any) -> Enrolment:
    """An enrolment with everything done, not yet completed."""
    enrolment = make.enrolment(**values)
    keep(*all_of(enrolment))
    return enrolment


def complete(enrolment_id: int, now: datetime = NOON) -> str | None:
    """Call the rule in a transaction of its own; returns the certificate's code."""
    with db.transaction() as session:
        found = certification.complete_if_ready(session, enrolment_id, now=now)
        return found.code if found else None


def the_certificate() -> Certificate:
    """The only certificate there is."""
    return db.session().scalars(select(Certificate)).one()


def count(model: Any) -> int:
    """How many rows a table holds."""
    return db.session().scalar(select(func.count()).select_from(model)) or 0


def test_everything_done_gives_one_certificate_with_all_facts_stored(database: str) -> None:
    owner = make.organisation(name="Leeds Volunteers", timezone="Europe/London")
    enrolment = ready(membership=make.member(owner, name="Amina Yusuf"))
    code = complete(enrolment.id)
    found = the_certificate()
    assert found.code == code
    assert (found.name, found.organisation_name, found.issuer_name) == ("Amina Yusuf",) + ("Leeds Volunteers",) * 2
    assert (found.type_name, found.course_title) == ("Small first aider", "First aid for mental health: small")
    assert found.completed_on == found.starts_on == found.issued_on == date(2026, 11, 21)
    assert found.expires_on == date(2029, 11, 21)
    assert (found.window_opens_on, found.window_closes_on) == (date(2029, 5, 21), date(2030, 2, 21))
    done = db.session().get_one(Enrolment, enrolment.id)
    assert (done.state, done.completed_at, done.completed_on) == (EnrolmentState.COMPLETED, NOON, date(2026, 11, 21))


def test_the_drawing_the_mail_and_the_trail_go_with_it(database: str) -> None:
    enrolment = ready()
    code = complete(enrolment.id)
    found, session = the_certificate(), db.session()
    job = session.scalars(select(Job)).one()
    assert (job.kind, job.payload) == ("certificate-pdf", {"certificate_id": found.id})
    message = session.scalars(select(Message)).one()
    assert message.kind == "certificate-ready"
    assert message.facts == {
        "name": "Amina Yusuf",
        "type": "Small first aider",
        "organisation": found.organisation_name,
        "expires_on": "2029-11-21",
        "path": f"/certificates/{code}",
    }
    assert set(session.scalars(select(AuditEvent.verb))) == {"enrolment-completed", "certificate-issued"}


LACKS: dict[str, Callable[[Enrolment], list[Any]]] = {
    "a step": lambda e: [*steps(e, STEPS[:-1]), attempt(e), answer(e)],
    "an unknown step does not count": lambda e: [*steps(e, (*STEPS[:-1], "other")), attempt(e), answer(e)],
    "the assessment": lambda e: [*steps(e), answer(e)],
    "a passed attempt": lambda e: [*steps(e), attempt(e, passed=False), answer(e)],
    "the scenario": lambda e: [*steps(e), attempt(e)],
    "a passed scenario": lambda e: [*steps(e), attempt(e), answer(e, state=AnswerState.TRY_AGAIN)],
}


@pytest.mark.parametrize("lacking", LACKS)
def test_nothing_happens_while_something_is_missing(database: str, lacking: str) -> None:
    enrolment = make.enrolment()
    keep(*LACKS[lacking](enrolment))
    assert complete(enrolment.id) is None
    assert db.session().get_one(Enrolment, enrolment.id).state is EnrolmentState.ACTIVE
    assert (count(Certificate), count(Job), count(Message), count(AuditEvent)) == (0, 0, 0, 0)


def test_requirements_say_what_is_there_and_what_is_missing(database: str) -> None:
    enrolment = make.enrolment()
    keep(*steps(enrolment, STEPS[:3]), attempt(enrolment, passed=False), attempt(enrolment, number=2))
    session = db.session()
    found = certification.requirements(
        session, session.get_one(Enrolment, enrolment.id), catalogue.by_id(enrolment.revision_id)
    )
    assert ([step.id for step in found.steps], found.minutes, found.assessment) == ([STEPS[3]], 3, False)
    assert found.scenarios == ("sam",)
    assert not found.nothing


def test_an_ended_enrolment_is_left_alone(database: str) -> None:
    enrolment = ready(state=EnrolmentState.WITHDRAWN, ended_at=NOON)
    assert complete(enrolment.id) is None
    assert count(Certificate) == 0


def test_calling_again_gives_the_same_certificate_and_moves_no_date(database: str) -> None:
    enrolment = ready()
    first = complete(enrolment.id)
    assert complete(enrolment.id, NOON + timedelta(days=90)) == first
    assert the_certificate().completed_on == date(2026, 11, 21)
    assert (count(Certificate), count(Job), count(Message)) == (1, 1, 1)


def test_nothing_is_kept_when_the_caller_fails_afterwards(database: str) -> None:
    enrolment = ready()

    def fail_at_the_end() -> None:
        with db.transaction() as session:
            certification.complete_if_ready(session, enrolment.id, now=NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_at_the_end()
    assert (count(Certificate), count(Job), count(Message), count(AuditEvent)) == (0, 0, 0, 0)


def test_fifty_at_once_issue_one_certificate(database: str) -> None:
    enrolment_id = ready().id
    db.session().rollback()

    def call(_number: int) -> str | None:
        try:
            return complete(enrolment_id)
        finally:
            db.sessions.remove()

    with ThreadPoolExecutor(max_workers=50) as pool:
        codes = list(pool.map(call, range(50)))
    db.session().rollback()
    assert set(codes) == {the_certificate().code}
    assert (count(Job), count(Message), count(AuditEvent)) == (1, 1, 2)


def test_the_last_steps_saved_at_the_same_time_complete_without_blocking_each_other(database: str) -> None:
    """Each caller writes one requirement and asks at the end: nobody deadlocks, and whoever comes last completes."""
    enrolment = make.enrolment()
    enrolment_id, rows = enrolment.id, all_of(enrolment)
    db.session().rollback()

    def save(row: Any) -> None:
        try:
            with db.transaction() as session:
                session.add(row)
                session.flush()
                certification.complete_if_ready(session, enrolment_id, now=NOON)
        finally:
            db.sessions.remove()

    with ThreadPoolExecutor(max_workers=len(rows)) as pool:
        list(pool.map(save, rows))
    db.session().rollback()
    assert count(Certificate) == 1


def test_the_day_is_the_organisations_own(database: str) -> None:
    owner = make.organisation(timezone="Pacific/Auckland")
    complete(ready(membership=make.member(owner)).id, datetime(2028, 2, 28, 22, 0, tzinfo=UTC))
    assert (the_certificate().completed_on, the_certificate().expires_on) == (date(2028, 2, 29), date(2031, 2, 28))


def test_the_organisations_rule_counts_before_the_courses(database: str) -> None:
    revision = make.published(small_course(defaults={"valid_months": 24}))
    enrolment = ready(membership=make.member(), revision=revision)
    rules.put(Rule.VALID_MONTHS, 12, by=SYSTEM, now=NOON, organisation_id=enrolment.organisation_id)
    complete(enrolment.id)
    assert the_certificate().expires_on == date(2027, 11, 21)


def test_a_later_change_of_rule_moves_no_date(database: str) -> None:
    enrolment = ready()
    complete(enrolment.id)
    rules.put(Rule.VALID_MONTHS, 1, by=SYSTEM, now=NOON)
    assert complete(enrolment.id) is not None
    assert the_certificate().expires_on == date(2029, 11, 21)


@pytest.mark.parametrize(
    ("passages", "locale", "title"),
    [
        (("course.title", "course.certification"), "ar-XB", "DE First aid for mental health: small"),
        (("course.title",), "en", "First aid for mental health: small"),
    ],
)
def test_a_certificate_is_in_its_holders_language_where_all_it_says_is(
    database: str, passages: tuple[str, ...], locale: str, title: str
) -> None:
    words = {"ar-XB": german(small_course(), *passages)["de"]}
    holder = make.member(holder=make.account(locale="ar-XB"))
    enrolment = ready(membership=holder, revision=make.published(small_course(translations=words)))
    complete(enrolment.id)
    found = the_certificate()
    assert (found.locale, found.course_title) == (locale, title)
    assert found.type_name == ("DE " if locale == "ar-XB" else "") + "Small first aider"


def test_the_installation_can_issue_in_its_own_name(database: str) -> None:
    certification.configure("The County Council")
    try:
        complete(ready().id)
    finally:
        certification.configure("")
    assert the_certificate().issuer_name == "The County Council"


def cohort_with_session(enrolment: Enrolment, *states: AttendanceState | None) -> list[int]:
    """Put the enrolment into a cohort with as many sessions, each attended as said; returns the sessions' ids."""
    ids = []
    with db.transaction() as session:
        group = Cohort(
            organisation_id=enrolment.organisation_id, course_id=enrolment.course_id, name="Autumn", created_at=NOON
        )
        session.add(group)
        session.flush()
        session.get_one(Enrolment, enrolment.id).cohort_id = group.id
        for state in states:
            meeting = TrainingSession(
                cohort_id=group.id, starts_at=NOON, ends_at=NOON + timedelta(hours=2), timezone="UTC"
            )
            session.add(meeting)
            session.flush()
            ids.append(meeting.id)
            if state:
                session.add(Attendance(session_id=meeting.id, enrolment_id=enrolment.id, state=state))
    return ids


@pytest.mark.parametrize("state", [None, *AttendanceState])
def test_a_missed_session_blocks_until_it_is_attended(database: str, state: AttendanceState | None) -> None:
    enrolment = ready()
    cohort_with_session(enrolment, AttendanceState.ATTENDED, state)
    assert (complete(enrolment.id) is not None) is (state is AttendanceState.ATTENDED)


def test_a_transfer_is_made_up_by_a_session_elsewhere(database: str) -> None:
    enrolment = ready()
    cohort_with_session(enrolment, AttendanceState.TRANSFERRED)
    with db.transaction() as session:
        other = Cohort(
            organisation_id=enrolment.organisation_id, course_id=enrolment.course_id, name="Spring", created_at=NOON
        )
        session.add(other)
        session.flush()
        meeting = TrainingSession(cohort_id=other.id, starts_at=NOON, ends_at=NOON + timedelta(hours=2), timezone="UTC")
        session.add(meeting)
        session.flush()
        session.add(Attendance(session_id=meeting.id, enrolment_id=enrolment.id, state=AttendanceState.ATTENDED))
    assert complete(enrolment.id) is not None


def renewal(
    basis: RenewalBasis | None = None, kind: CourseKind = CourseKind.FULL, dates: dict[str, Any] | None = None
) -> tuple[Enrolment, Certificate]:
    """A ready enrolment of somebody who holds a certificate of the same type that ended, or ends, as said."""
    member, revision = make.member(), make.published()
    with db.transaction() as session:
        session.get_one(Course, revision.course_id).kind = kind
    filled: dict[str, Any] = {
        "completed_on": date(2023, 12, 10),
        "starts_on": date(2023, 12, 10),
        "expires_on": date(2026, 12, 10),
        "window_opens_on": date(2026, 6, 10),
        "window_closes_on": date(2027, 3, 10),
        **(dates or {}),
    }
    if basis:
        filled["renewal_basis"] = basis
    old = make.certificate(member, revision, **filled)
    return ready(membership=member, revision=db.session().get_one(CourseRevision, revision.id)), old


def test_a_renewal_inside_the_window_starts_at_its_completion_and_is_linked(database: str) -> None:
    enrolment, old = renewal()
    code, old_id = complete(enrolment.id), old.id
    new = db.session().scalars(select(Certificate).where(Certificate.code == code)).one()
    assert (new.starts_on, new.expires_on) == (date(2026, 11, 21), date(2029, 11, 21))
    assert db.session().get_one(Certificate, old_id).renewed_by_id == new.id


def test_a_renewal_can_start_at_the_old_expiry(database: str) -> None:
    enrolment, _old = renewal(RenewalBasis.OLD_EXPIRY)
    # What was promised with the old certificate counts; the rule of today is for the next renewal.
    rules.put(Rule.RENEWAL_BASIS, RenewalBasis.COMPLETION.value, by=SYSTEM, now=NOON)
    code = complete(enrolment.id)
    new = db.session().scalars(select(Certificate).where(Certificate.code == code)).one()
    assert (new.completed_on, new.starts_on) == (date(2026, 11, 21), date(2026, 12, 10))
    assert (new.expires_on, new.renewal_basis) == (date(2029, 12, 10), RenewalBasis.COMPLETION)


@pytest.mark.parametrize(
    ("dates", "linked"),
    [
        ({"window_opens_on": date(2026, 11, 21)}, True),
        ({"window_opens_on": date(2026, 11, 22)}, False),
        ({"expires_on": date(2026, 11, 1), "window_closes_on": date(2026, 11, 21)}, True),
        ({"expires_on": date(2026, 11, 1), "window_closes_on": date(2026, 11, 20)}, False),
    ],
)
def test_both_ends_of_the_window_are_inside(database: str, dates: dict[str, date], linked: bool) -> None:
    enrolment, old = renewal(dates=dates)
    old_id = old.id
    assert complete(enrolment.id) is not None
    assert (db.session().get_one(Certificate, old_id).renewed_by_id is not None) is linked


def test_a_refresher_outside_the_window_certifies_nobody(database: str) -> None:
    enrolment, _old = renewal(kind=CourseKind.REFRESHER, dates={"window_opens_on": date(2026, 12, 1)})
    assert complete(enrolment.id) is None
    assert (
        db.session().get_one(Enrolment, enrolment.id).state is EnrolmentState.ACTIVE
    )  # it counts once the window opens
    inside, _other = renewal(kind=CourseKind.REFRESHER)
    assert complete(inside.id) is not None


def test_a_withdrawn_certificate_and_somebody_elses_are_not_renewed(database: str) -> None:
    enrolment, old = renewal()
    with db.transaction() as session:
        row = session.get_one(Certificate, old.id)
        row.revoked_at, row.revoked_reason = NOON, "a mistake"
    revision = db.session().get_one(CourseRevision, enrolment.revision_id)
    other = make.certificate(
        make.member(),
        revision,
        expires_on=date(2026, 12, 10),
        starts_on=date(2023, 12, 10),
        window_opens_on=date(2026, 6, 10),
        window_closes_on=date(2027, 3, 10),
    )
    ids = [old.id, other.id]
    complete(enrolment.id)
    assert [db.session().get_one(Certificate, one).renewed_by_id for one in ids] == [None, None]


@pytest.mark.parametrize(("full_next", "earned"), [(True, False), (False, True)])
def test_a_refresher_does_not_renew_where_the_full_course_is_next(database: str, full_next: bool, earned: bool) -> None:
    frozen = {"earned_by": CourseKind.REFRESHER, "full_course_next": full_next}
    enrolment, old = renewal(kind=CourseKind.REFRESHER, dates=frozen)
    # A change of the rule afterwards takes nothing from anybody, and gives nothing.
    rules.put(Rule.FULL_EVERY_SECOND, not full_next, by=SYSTEM, now=NOON)
    old_id = old.id
    assert (complete(enrolment.id) is not None) is earned
    assert (db.session().get_one(Certificate, old_id).renewed_by_id is not None) is earned
    # Finished all the same, so that it does not come up again in the next cycle.
    assert db.session().get_one(Enrolment, enrolment.id).state is EnrolmentState.COMPLETED


def test_every_second_cycle_is_the_full_course(database: str) -> None:
    """Cycle after cycle, whoever takes only refreshers is certified by them every second time, and else not."""
    full, member = make.published(), make.member()
    again = make.published(small_course("small-again", certification=small_course().certification.model_dump()))
    with db.transaction() as session:
        session.get_one(Course, again.course_id).kind = CourseKind.REFRESHER
    revisions = {CourseKind.FULL: full.id, CourseKind.REFRESHER: again.id}
    rules.put(Rule.FULL_EVERY_SECOND, True, by=SYSTEM, now=NOON, organisation_id=member.organisation_id)
    short, long = CourseKind.REFRESHER, CourseKind.FULL
    taken = [(long, True), (short, True), (short, False), (long, True), (long, True), (short, True), (short, False)]
    now, earned = NOON, []
    for kind, counts in taken:
        revision = db.session().get_one(CourseRevision, revisions[kind])
        code = complete(ready(membership=member, revision=revision).id, now)
        assert (code is not None) is counts
        if code:
            earned.append(kind)
            now += timedelta(days=1000)
    rows = db.session().scalars(select(Certificate).order_by(Certificate.id)).all()
    assert [row.earned_by for row in rows] == earned
    assert [row.full_course_next for row in rows] == [kind is short for kind in earned]
    assert [row.renewed_by_id for row in rows] == [row.id for row in rows[1:]] + [None]


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("Pacific/Kiritimati", datetime(2026, 12, 31, 10, 0, tzinfo=UTC), date(2027, 1, 1)),
        ("Etc/GMT+12", datetime(2027, 1, 1, 11, 59, tzinfo=UTC), date(2026, 12, 31)),
        # The hour that is skipped, and the hour that comes twice, each on either side of midnight.
        ("Europe/London", datetime(2027, 3, 27, 23, 59, tzinfo=UTC), date(2027, 3, 27)),
        ("Europe/London", datetime(2027, 3, 28, 23, 0, tzinfo=UTC), date(2027, 3, 29)),
        ("Europe/London", datetime(2027, 10, 30, 23, 0, tzinfo=UTC), date(2027, 10, 31)),
        ("Europe/London", datetime(2027, 10, 31, 23, 30, tzinfo=UTC), date(2027, 10, 31)),
    ],
)
def test_the_period_runs_from_the_civil_day_there(database: str, zone: str, instant: datetime, day: date) -> None:
    complete(ready(membership=make.member(make.organisation(timezone=zone))).id, instant)
    found = the_certificate()
    assert found.completed_on == found.starts_on == day
    assert found.expires_on == add_months(day, 36)
