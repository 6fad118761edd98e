"""Training records at the end of their time: what verification needs stays, names and texts go."""

from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from mhfa_lms.models import (
    Account,
    ActivityReport,
    Adjustment,
    AnswerState,
    Attempt,
    AttemptAnswer,
    AttemptRelease,
    Badge,
    Certificate,
    ConversationRun,
    Enrolment,
    FormatRequest,
    Mark,
    MarkDraft,
    Membership,
    MembershipState,
    PracticeAnswer,
    Reflection,
    SafeguardingCase,
    SafeguardingEntry,
    ScenarioAnswer,
    SentLater,
    StepProgress,
    StoredFile,
)
from mhfa_lms.policy import Actor
from mhfa_lms.services import audit, badges, work
from mhfa_lms.services.erasure import REMOVE_FILES
from mhfa_lms.services.retention_due import Due, kept_until, terms


def find_certificates(session: Session, now: datetime, limit: int, lock: bool) -> list[Due]:
    """Return certificates whose time has passed since they expired."""
    found: list[Due] = []
    for term in terms(session, now):
        query = (
            select(Certificate.id, Certificate.code, Certificate.expires_on)
            .where(
                term.of(Certificate.organisation_id),
                Certificate.expires_on < term.first_kept,
                Certificate.erased_at.is_(None),
            )
            .order_by(Certificate.expires_on, Certificate.id)
            .limit(limit - len(found))
        )
        rows = session.execute(query.with_for_update(skip_locked=True, of=Certificate) if lock else query)
        found += [Due(row.id, kept_until(row.expires_on, term.months), row.code) for row in rows]
        if len(found) >= limit:
            break
    return found


def reduce_certificates(session: Session, due: list[Due], by: Actor, now: datetime) -> None:
    """Take names, files and what was written for them away from certificates. Numbers, dates and standing stay."""
    rows = list(session.scalars(select(Certificate).where(Certificate.id.in_([one.id for one in due]))))
    files = [row.file_id for row in rows if row.file_id is not None]
    for row in rows:
        row.name = row.sort_key = row.instructor_name = row.evidence = ""
        row.initials_only, row.file_id, row.look_id, row.erased_at = False, None, None, now
        if row.revoked_at is not None:
            row.revoked_reason = ""
        audit.about(session, "certificate-erased", row, by=by, now=now)
    session.flush()
    _run(session, delete(StoredFile).where(StoredFile.id.in_(files)))
    badges.forget(session, Badge.certificate_id.in_([row.id for row in rows]))
    forget_learning(session, [row.enrolment_id for row in rows if row.enrolment_id is not None])
    work.post(
        session, REMOVE_FILES, key=f"remove-files:certificate:{rows[0].id}", now=now,
        payload={"codes": [row.code for row in rows]},
    )  # fmt: skip


def find_memberships(session: Session, now: datetime, limit: int, lock: bool) -> list[Due]:
    """Return memberships that ended long ago, or whose person has deleted their account, without a kept certificate."""
    kept = select(Certificate.id).where(Certificate.membership_id == Membership.id, Certificate.erased_at.is_(None))
    found: list[Due] = []
    for term in terms(session, now):
        # The organisation's day is at most a day away from UTC's; so long after, that does not matter.
        over = datetime.combine(term.first_kept, time(), UTC)
        query = (
            select(Membership.id, Membership.left_at, Account.erased_at)
            .join(Account, Account.id == Membership.account_id)
            .where(
                term.of(Membership.organisation_id),
                Membership.state == MembershipState.LEFT,
                Membership.name != "",
                or_(Membership.left_at < over, Account.erased_at.is_not(None)),
                ~kept.exists(),
            )
            .order_by(Membership.id)
            .limit(limit - len(found))
        )
        rows = session.execute(query.with_for_update(skip_locked=True, of=Membership) if lock else query)
        found += [
            Due(row.id, row.left_at.date() if row.erased_at else kept_until(row.left_at.date(), term.months))
            for row in rows
        ]
        if len(found) >= limit:
            break
    return found


def reduce_memberships(session: Session, due: list[Due], by: Actor, now: datetime) -> None:
    """Take the name and everything personal away from memberships, what was learned in them and asked for."""
    rows = session.scalars(select(Membership).where(Membership.id.in_([one.id for one in due]))).all()
    for row in rows:
        row.name = row.sort_key = row.languages = row.work_email = ""
        row.site_id = row.employee_id = row.listed_since = None
        audit.about(session, "membership-erased", row, by=by, now=now)
    session.flush()
    ids = [row.id for row in rows]
    _run(session, delete(FormatRequest).where(FormatRequest.membership_id.in_(ids)))
    forget_cases(session, SafeguardingCase.membership_id.in_(ids))
    enrolled = select(Enrolment.id).where(Enrolment.membership_id.in_(ids))
    forget_learning(session, list(session.scalars(enrolled)))


def find_cases(session: Session, now: datetime, limit: int, lock: bool) -> list[Due]:
    """Return cases that were closed or withdrawn so long ago that records of that day are over."""
    found: list[Due] = []
    for term in terms(session, now):
        query = (
            select(SafeguardingCase.id, SafeguardingCase.ended_at)
            .where(
                term.of(SafeguardingCase.organisation_id),
                SafeguardingCase.ended_at < datetime.combine(term.first_kept, time(), UTC),
            )
            .order_by(SafeguardingCase.ended_at, SafeguardingCase.id)
            .limit(limit - len(found))
        )
        rows = session.execute(query.with_for_update(skip_locked=True, of=SafeguardingCase) if lock else query)
        found += [Due(row.id, kept_until(row.ended_at.date(), term.months)) for row in rows]
        if len(found) >= limit:
            break
    return found


def remove_cases(session: Session, due: list[Due], _by: Actor, _now: datetime) -> None:
    """Remove cases with all that is in them."""
    forget_cases(session, SafeguardingCase.id.in_([one.id for one in due]))


def forget_cases(session: Session, condition: ColumnElement[bool]) -> None:
    """Remove the cases of a condition, with all that is in them."""
    entries = SafeguardingEntry.case_id.in_(select(SafeguardingCase.id).where(condition))
    _run(session, delete(SafeguardingEntry).where(entries))
    _run(session, delete(SafeguardingCase).where(condition))


def forget_learning(session: Session, enrolment_ids: list[int]) -> None:
    """Remove how enrolments were learned in; that they were, and the points, stays."""
    attempts = select(Attempt.id).where(Attempt.enrolment_id.in_(enrolment_ids))
    answers = select(ScenarioAnswer.id).where(ScenarioAnswer.enrolment_id.in_(enrolment_ids))
    _run(session, delete(MarkDraft).where(MarkDraft.answer_id.in_(answers)))
    _run(session, delete(AttemptAnswer).where(AttemptAnswer.attempt_id.in_(attempts)))
    _run(session, delete(ConversationRun).where(ConversationRun.enrolment_id.in_(enrolment_ids)))
    _run(session, delete(SentLater).where(SentLater.enrolment_id.in_(enrolment_ids)))
    _run(session, delete(Adjustment).where(Adjustment.enrolment_id.in_(enrolment_ids)))
    _run(session, delete(PracticeAnswer).where(PracticeAnswer.enrolment_id.in_(enrolment_ids)))
    _run(session, delete(ActivityReport).where(ActivityReport.enrolment_id.in_(enrolment_ids)))
    _run(session, delete(Reflection).where(Reflection.enrolment_id.in_(enrolment_ids)))
    _run(session, delete(StepProgress).where(StepProgress.enrolment_id.in_(enrolment_ids)))
    _run(session, update(Mark).where(Mark.answer_id.in_(answers), Mark.feedback != "").values(feedback=""))
    waiting = and_(ScenarioAnswer.id.in_(answers), ScenarioAnswer.state == AnswerState.WAITING)
    _run(session, update(ScenarioAnswer).where(waiting).values(claimed_by_id=None, claimed_until=None))
    _run(session, update(ScenarioAnswer).where(ScenarioAnswer.id.in_(answers)).values(text="", saved_from=""))
    releases = AttemptRelease.enrolment_id.in_(enrolment_ids)
    _run(session, update(AttemptRelease).where(releases).values(reason=""))


def _run(session: Session, statement: Any) -> None:
    session.execute(statement.execution_options(synchronize_session=False))
