"""What a certificate says of the training besides its dates: hours, who taught it, what was shown. Frozen at issue."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.content.schema import Course
from mhfa_lms.models import (
    AnswerState,
    Attendance,
    AttendanceState,
    CertificateLook,
    Enrolment,
    Mark,
    Membership,
    Organisation,
    PaperSize,
    ScenarioAnswer,
    TrainingSession,
)
from mhfa_lms.services import looks

# More would be a list that nobody reads, and would not stand on one page.
MOST_COMPETENCIES: Final = 12
# Where people print on letter paper (ISO 3166): Unicode's supplemental data, "paperSize" of the territories.
LETTER_COUNTRIES: Final = frozenset(
    ("BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE")
)


@dataclass(frozen=True, slots=True)
class PrintedFacts:
    """Columns of a certificate. `minutes` is the time the training took; `competencies` are titles, best known first.

    The instructor led the last session that was attended or, without any, gave the mark that passed. The name is the
    one used in that organisation at this time.
    """

    minutes: int | None
    instructor_id: int | None
    instructor_name: str
    competencies: list[str]
    paper: PaperSize
    look_id: int | None

    def columns(self) -> dict[str, Any]:
        """Return them by the column's name."""
        return asdict(self)


def gather(
    session: Session, enrolment: Enrolment, course: Course, organisation: Organisation, locale: str
) -> PrintedFacts:
    """Return what the certificate of an enrolment that is complete says, with the course's words in `locale`.

    Five queries at most.
    """
    attended = _attended(session, enrolment)
    passed = _passed(session, enrolment)
    teacher_id = next((row.instructor_id for row in attended if row.instructor_id), None)
    teacher_id = teacher_id or next((row.marker_id for row in passed), None)
    teacher = session.get(Membership, teacher_id) if teacher_id else None
    look = looks.current(session, organisation.id)
    live = sum(_minutes(row.starts_at, row.ends_at) for row in attended)
    return PrintedFacts(
        minutes=round(course.hours * 60) + live,
        instructor_id=teacher.id if teacher else None,
        instructor_name=teacher.name if teacher else "",
        competencies=competencies(course, {row.scenario for row in passed}, locale),
        paper=paper_of(organisation, look),
        look_id=look.id if look else None,
    )


def paper_of(organisation: Organisation, look: CertificateLook | None) -> PaperSize:
    """Return the paper that was chosen, else that in the printers of the organisation's country, else A4."""
    if look is not None and look.paper is not None:
        return look.paper
    return PaperSize.LETTER if organisation.country in LETTER_COUNTRIES else PaperSize.A4


def _attended(session: Session, enrolment: Enrolment) -> list[Any]:
    """Return the sessions that somebody came to, the last one first."""
    if enrolment.cohort_id is None:
        return []
    query = (
        select(TrainingSession.starts_at, TrainingSession.ends_at, TrainingSession.instructor_id)
        .join(Attendance, Attendance.session_id == TrainingSession.id)
        .where(Attendance.enrolment_id == enrolment.id, Attendance.state == AttendanceState.ATTENDED)
        .order_by(TrainingSession.ends_at.desc(), TrainingSession.id.desc())
    )
    return list(session.execute(query))


def _passed(session: Session, enrolment: Enrolment) -> list[Any]:
    """Return the scenarios passed with who gave the mark, the last mark first."""
    query = (
        select(ScenarioAnswer.scenario, Mark.marker_id)
        .outerjoin(Mark, (Mark.answer_id == ScenarioAnswer.id) & Mark.passed)
        .where(ScenarioAnswer.enrolment_id == enrolment.id, ScenarioAnswer.state == AnswerState.PASSED)
        .order_by(Mark.id.desc())
    )
    return list(session.execute(query))


def _minutes(starts_at: datetime, ends_at: datetime) -> int:
    return round((ends_at - starts_at).total_seconds() / 60)


def competencies(course: Course, passed: set[str], locale: str) -> list[str]:
    """Return what the rubrics of the passed scenarios are about, where it is written in the certificate's language."""
    titles = [
        one.title
        for scenario in course.scenarios
        if scenario.id in passed
        for one in scenario.competencies
        if getattr(one.title, "lang", locale) == locale
    ]
    return [str(title) for title in dict.fromkeys(titles)][:MOST_COMPETENCIES]
