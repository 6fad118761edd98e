"""Live sessions: how many somebody has still to attend."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.models import Attendance, AttendanceState, Enrolment, TrainingSession


def missed(session: Session, enrolments: Sequence[Enrolment]) -> dict[int, int]:
    """Return, by enrolment id, how many of the cohort's sessions still count as missed.

    A transfer is made up by attending a session of another cohort, one for one. Two queries whatever the number of
    enrolments, none where nobody is in a cohort.
    """
    found = {one.id: 0 for one in enrolments}
    cohorts = {one.id: one.cohort_id for one in enrolments if one.cohort_id is not None}
    if not cohorts:
        return found
    planned: dict[int, set[int]] = {}
    sessions = select(TrainingSession.cohort_id, TrainingSession.id)
    for cohort_id, session_id in session.execute(sessions.where(TrainingSession.cohort_id.in_(set(cohorts.values())))):
        planned.setdefault(cohort_id, set()).add(session_id)
    states: dict[int, dict[int, AttendanceState]] = {}
    for row in session.execute(_attended(list(cohorts))):
        states.setdefault(row.enrolment_id, {})[row.session_id] = row.state
    return found | {
        one: _missing(planned.get(cohort_id, set()), states.get(one, {})) for one, cohort_id in cohorts.items()
    }


def _attended(enrolment_ids: list[int]) -> Any:
    return select(Attendance.enrolment_id, Attendance.session_id, Attendance.state).where(
        Attendance.enrolment_id.in_(enrolment_ids)
    )


def _missing(own: set[int], states: dict[int, AttendanceState]) -> int:
    missing = {one for one in own if states.get(one) is not AttendanceState.ATTENDED}
    transferred = sum(1 for one in missing if states.get(one) is AttendanceState.TRANSFERRED)
    elsewhere = sum(1 for one, state in states.items() if state is AttendanceState.ATTENDED and one not in own)
    return len(missing) - min(transferred, elsewhere)
