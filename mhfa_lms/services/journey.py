"""Where a learner stands: in one enrolment, and on the home page in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, case, select
from sqlalchemy.orm import Session, defer, joinedload

from mhfa_lms import clock
from mhfa_lms.content.scenarios import Scenario
from mhfa_lms.content.schema import Course, Module, Step
from mhfa_lms.models import AnswerState, Certificate, Enrolment, EnrolmentState, Organisation, ScenarioAnswer
from mhfa_lms.policy import Actor, bound_scope
from mhfa_lms.services import attempts, attendance, catalogue, learning, pathway, periods, prerequisites, renewal
from mhfa_lms.services.attempts import Standing
from mhfa_lms.services.learning import Progress
from mhfa_lms.services.pathway import Lock, Next, Pathway, Phase
from mhfa_lms.services.prerequisites import Named
from mhfa_lms.services.renewal import Renewal

__all__ = ["Home", "Journey", "NewResult", "Next", "ToRenew", "Written", "courses", "home", "of", "to_renew"]

# Nobody takes more courses than this at a time; older ones are under Certificates.
MOST_SHOWN: Final = 25
# Made once, as the home page runs them: putting them together took longer than running them.
_ENROLMENTS: Final = (
    select(Enrolment)
    .where(
        bound_scope(Enrolment),
        Enrolment.membership_id == bindparam("membership_id"),
        Enrolment.state.in_([EnrolmentState.ACTIVE, EnrolmentState.COMPLETED]),
    )
    .options(joinedload(Enrolment.revision))
    .order_by(case((Enrolment.state == EnrolmentState.ACTIVE, 0), else_=1), Enrolment.id.desc())
    .limit(MOST_SHOWN)
)
_ANSWERS: Final = (
    select(ScenarioAnswer)
    .where(ScenarioAnswer.enrolment_id.in_(bindparam("enrolment_ids", expanding=True)))
    .order_by(ScenarioAnswer.enrolment_id, ScenarioAnswer.number)
    # No page about progress shows what was written, and that can be long.
    .options(defer(ScenarioAnswer.text))
)

_TO_RENEW: Final = (
    select(Certificate, Organisation.timezone)
    .join(Organisation, Organisation.id == Certificate.organisation_id)
    .where(
        bound_scope(Certificate),
        Certificate.membership_id == bindparam("membership_id"),
        Certificate.window_opens_on <= bindparam("next_day"),
        Certificate.revoked_at.is_(None),
        Certificate.replaced_by_id.is_(None),
        Certificate.renewed_by_id.is_(None),
        ~periods.has_newer(),
    )
    .order_by(
        case((Certificate.window_closes_on < bindparam("day"), 1), else_=0), Certificate.expires_on, Certificate.id
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Written:
    """A scenario and the learner's newest answer to it."""

    scenario: Scenario
    answer: ScenarioAnswer | None

    @property
    def state(self) -> AnswerState | None:
        """The newest answer's state; None before anything was written."""
        return self.answer.state if self.answer else None

    @property
    def result_is_new(self) -> bool:
        """Whether there is a result that the learner has not looked at."""
        answer = self.answer
        return answer is not None and answer.decided_at is not None and answer.result_seen_at is None


@dataclass(frozen=True, slots=True)
class Journey:
    """One enrolment with everything that its learner's pages show of it."""

    enrolment: Enrolment
    course: Course
    progress: Progress
    assessment: Standing
    written: tuple[Written, ...]
    path: Pathway
    aim: date | None
    # What comes before the course and is lacking, by name; None once the course is open.
    comes_first: Named | None

    @property
    def next(self) -> Next:
        """The one thing to do next."""
        return self.path.next

    @property
    def to_write(self) -> Written | None:
        """The first needed scenario that waits for the learner."""
        return next((one for one in self.written if one.scenario.id == self.path.to_write), None)

    def scenario_lock(self, one: Written) -> Lock | None:
        """Why a scenario is locked."""
        return self.progress.path.scenario_lock(one.state)

    @property
    def step(self) -> tuple[Module, Step] | None:
        """The next step with its module."""
        return self.progress.next

    @property
    def out(self) -> bool:
        """Whether the last attempt has failed."""
        return self.assessment.phase is Phase.OUT


def of(session: Session, enrolment: Enrolment) -> Journey:
    """Return where one enrolment stands. Six queries, and more where a course asks for prerequisites or sessions."""
    course = catalogue.shown(enrolment.revision)
    answers = _answers(session, [enrolment.id])
    return _journey(session, enrolment, course, answers)


def _journey(
    session: Session, enrolment: Enrolment, course: Course, answers: dict[tuple[int, str], ScenarioAnswer]
) -> Journey:
    progress = learning.progress(session, enrolment.id, course)
    standing = attempts.standing(session, enrolment, course, is_open=progress.path.assessment_lock is None)
    written = tuple(Written(one, answers.get((enrolment.id, one.id))) for one in course.scenarios)
    path = Pathway(
        state=enrolment.state,
        steps=progress.path,
        phase=standing.phase,
        answers={one.scenario.id: one.answer.state for one in written if one.answer},
        sessions_missing=attendance.missed(session, [enrolment])[enrolment.id],
    )
    lock = progress.path.lock
    comes_first = prerequisites.named(session, lock.missing) if lock else None
    aim = _aim(session, enrolment, course)
    return Journey(enrolment, course, progress, standing, written, path, aim, comes_first)


def _aim(session: Session, enrolment: Enrolment, course: Course) -> date | None:
    """Return the day by which most people finish, counted from the organisation's day of enrolling."""
    if course.complete_within_days is None or enrolment.state is not EnrolmentState.ACTIVE:
        return None
    zone = session.scalars(select(Organisation.timezone).where(Organisation.id == enrolment.organisation_id)).one()
    return pathway.aim(course, clock.civil_date(enrolment.enrolled_at, zone))


def _answers(session: Session, enrolment_ids: Sequence[int]) -> dict[tuple[int, str], ScenarioAnswer]:
    """Return the newest answer by enrolment and scenario, without its text."""
    found = session.scalars(_ANSWERS, {"enrolment_ids": enrolment_ids})
    return {(answer.enrolment_id, answer.scenario): answer for answer in found}


@dataclass(frozen=True, slots=True)
class NewResult:
    """A marked answer that the learner has not looked at."""

    enrolment_id: int
    scenario: Scenario
    passed: bool


@dataclass(frozen=True, slots=True)
class ToRenew:
    """A certificate that can be renewed today, and the course that does it. `standing` is due, grace or lapsed."""

    certificate: Certificate
    standing: periods.Standing
    course: Renewal


@dataclass(frozen=True, slots=True)
class Home:
    """What the home page shows: the course to go on with, the others, and what is new."""

    main: Journey | None
    others: tuple[Enrolment, ...]
    finished: tuple[tuple[Enrolment, Certificate | None], ...]
    results: tuple[NewResult, ...]


def courses(session: Session, actor: Actor) -> Sequence[Enrolment]:
    """Return the learner's enrolments, those under way first. One query."""
    return session.scalars(
        _ENROLMENTS, {"organisation_id": actor.organisation_id, "membership_id": actor.membership_id}
    ).all()


def home(session: Session, actor: Actor) -> Home:
    """Return a learner's home page. Eight queries, whatever the number of courses."""
    enrolments = courses(session, actor)
    if not enrolments:
        return Home(None, (), (), ())
    answers = _answers(session, [enrolment.id for enrolment in enrolments])
    main, *rest = enrolments
    return Home(
        main=_journey(session, main, catalogue.shown(main.revision), answers),
        others=tuple(one for one in rest if one.state is EnrolmentState.ACTIVE),
        finished=_finished(session, enrolments),
        results=tuple(_new_results(enrolments, answers)),
    )


def _finished(session: Session, enrolments: Sequence[Enrolment]) -> tuple[tuple[Enrolment, Certificate | None], ...]:
    done = [one for one in enrolments if one.state is EnrolmentState.COMPLETED]
    if not done:
        return ()
    found = session.scalars(
        select(Certificate)
        .where(Certificate.enrolment_id.in_([one.id for one in done]), Certificate.replaced_by_id.is_(None))
        .order_by(Certificate.id)
    )
    by_enrolment = {certificate.enrolment_id: certificate for certificate in found}
    return tuple((one, by_enrolment.get(one.id)) for one in done)


def _new_results(enrolments: Sequence[Enrolment], answers: dict[tuple[int, str], ScenarioAnswer]) -> list[NewResult]:
    found = []
    for enrolment in enrolments:
        course = catalogue.shown(enrolment.revision)
        for scenario in course.scenarios:
            one = Written(scenario, answers.get((enrolment.id, scenario.id)))
            if one.result_is_new:
                found.append(NewResult(enrolment.id, scenario, one.state is AnswerState.PASSED))
    return found


def to_renew(session: Session, actor: Actor, now: datetime) -> ToRenew | None:
    """Return what the membership in use can renew: what ends first, and what has lapsed only after that.

    One query, and one more where there is something.
    """
    # No place on earth is more than a day ahead; the exact day, in the organisation's time zone, decides below.
    day = clock.civil_date(now, "UTC")
    wanted = {
        "organisation_id": actor.organisation_id,
        "membership_id": actor.membership_id,
        "day": day,
        "next_day": day + timedelta(days=1),
    }
    row = session.execute(_TO_RENEW, wanted).one_or_none()
    if row is None:
        return None
    today = clock.civil_date(now, row.timezone)
    course = renewal.course_for(session, row.Certificate, today)
    return ToRenew(row.Certificate, periods.standing(row.Certificate, today), course) if course else None
