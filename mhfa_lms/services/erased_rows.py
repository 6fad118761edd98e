"""Which rows of an erased person go, and what is emptied in those that stay."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import Base
from mhfa_lms.models import (
    Account,
    ActivityReport,
    Adjustment,
    AnswerState,
    AttemptAnswer,
    AttemptRelease,
    AuthorisationExtension,
    AwaitedCertificate,
    BackgroundCheck,
    Badge,
    Certificate,
    ContactDraft,
    ConversationRun,
    CourseReviewer,
    CourseSignOff,
    FailingAddress,
    FormatRequest,
    HalfOpenLogin,
    Invitation,
    Job,
    LoginSession,
    MailTry,
    Mark,
    MarkDraft,
    Membership,
    MembershipRole,
    MembershipState,
    Message,
    OneTimeLink,
    PasskeyChallenge,
    PracticeAnswer,
    RecoveryCode,
    Reflection,
    ReviewComment,
    SafeguardingCase,
    SafeguardingEntry,
    ScenarioAnswer,
    SecondStep,
    SentLater,
    StepProgress,
)
from mhfa_lms.services.personal import ROWS, Person

# Rows that go, before those they hang on.
DELETED: Final[tuple[type[Base], ...]] = (
    SafeguardingEntry,
    SafeguardingCase,
    ContactDraft,
    MailTry,
    FailingAddress,
    MarkDraft,
    Adjustment,
    AttemptAnswer,
    SentLater,
    PracticeAnswer,
    ConversationRun,
    Reflection,
    ActivityReport,
    StepProgress,
    OneTimeLink,
    PasskeyChallenge,
    HalfOpenLogin,
    LoginSession,
    RecoveryCode,
    SecondStep,
    Invitation,
    AwaitedCertificate,
    FormatRequest,
    BackgroundCheck,
    MembershipRole,
)


def remove(session: Session, model: type[Base], who: Person) -> int:
    """Delete the rows of a person in a table; returns how many."""
    return _count(session.execute(delete(model).where(ROWS[model](who)).execution_options(synchronize_session=False)))


def _empty(session: Session, model: type[Base], who: Person, *only: ColumnElement[bool], **values: Any) -> int:
    statement = update(model).where(ROWS[model](who), *only).values(**values)
    return _count(session.execute(statement.execution_options(synchronize_session=False)))


def _count(result: Any) -> int:
    return int(result.rowcount)


def _account(session: Session, who: Person, now: datetime) -> int:
    nobody = f"erased-{who.account_id}@erased.invalid"
    session.execute(
        update(Account).where(Account.id == who.account_id, Account.deactivated_at.is_(None)).values(deactivated_at=now)
    )
    return _empty(
        session,
        Account,
        who,
        email=nobody,
        email_key=nobody,
        password_hash=None,
        is_admin=False,
        timezone=None,
        confirmed_at=None,
        age_confirmed_at=None,
        privacy_version=None,
        privacy_accepted_at=None,
        erased_at=now,
    )


def _leave(session: Session, who: Person, now: datetime) -> None:
    session.execute(
        update(Membership)
        .where(ROWS[Membership](who), Membership.state == MembershipState.ACTIVE)
        .values(state=MembershipState.LEFT, left_at=now)
    )


def _memberships(session: Session, who: Person, now: datetime, *only: ColumnElement[bool]) -> int:
    _leave(session, who, now)
    return _empty(
        session,
        Membership,
        who,
        *only,
        name="",
        sort_key="",
        site_id=None,
        languages="",
        work_email="",
        employee_id=None,
        listed_since=None,
    )


def _certificates(session: Session, who: Person, now: datetime) -> int:
    session.execute(
        update(Certificate).where(ROWS[Certificate](who), Certificate.revoked_at.is_not(None)).values(revoked_reason="")
    )
    emptied = {
        "name": "",
        "sort_key": "",
        "instructor_name": "",
        "evidence": "",
        "initials_only": False,
        "file_id": None,
        "look_id": None,
    }
    return _empty(session, Certificate, who, **emptied, erased_at=now)


def _memberships_with_records(session: Session, who: Person, now: datetime) -> int:
    """Empty memberships without a certificate; of the others keep what the training record is made of."""
    record = Membership.id.in_(who.recorded)
    return _memberships(session, who, now, ~record) + _empty(
        session, Membership, who, record, languages="", work_email="", listed_since=None
    )


def _certificates_with_names(session: Session, who: Person, now: datetime) -> int:  # noqa: ARG001  # every entry has the same form
    return _empty(session, Certificate, who, initials_only=False, file_id=None)


def _jobs(session: Session, who: Person, now: datetime) -> int:  # noqa: ARG001  # every entry has the same form
    return _empty(session, Job, who, payload={}, resume={}, error="")


def _answers(session: Session, who: Person, now: datetime) -> int:  # noqa: ARG001  # every entry has the same form
    session.execute(
        update(ScenarioAnswer)
        .where(ROWS[ScenarioAnswer](who), ScenarioAnswer.state == AnswerState.WAITING)
        .values(claimed_by_id=None, claimed_until=None)
    )
    return _empty(session, ScenarioAnswer, who, text="", saved_from="")


def _messages(session: Session, who: Person, now: datetime) -> int:  # noqa: ARG001  # every entry has the same form
    """Empty the mails to the person, and take their name out of the invitations they sent."""
    sent = select(Invitation.id).where(Invitation.invited_by_id == who.account_id)
    keys = [f"invitation:{one}" for one in session.scalars(sent)]
    for message in session.scalars(select(Message).where(Message.key.in_(keys))):
        if "inviter" in message.facts:
            message.facts = {**message.facts, "inviter": ""}
    session.flush()
    return _empty(session, Message, who, to_address=None, facts={}, error="")


def _reviewers(session: Session, who: Person, now: datetime) -> int:
    still = update(CourseReviewer).where(ROWS[CourseReviewer](who), CourseReviewer.ended_at.is_(None))
    session.execute(still.values(ended_at=now))
    return _empty(session, CourseReviewer, who, name="", profession="")


# Rows that stay: what is emptied in each.
REDUCED: Final[dict[type[Base], Callable[[Session, Person, datetime], int]]] = {
    Mark: lambda session, who, _now: _empty(session, Mark, who, feedback=""),
    ScenarioAnswer: _answers,
    AttemptRelease: lambda session, who, _now: _empty(session, AttemptRelease, who, reason=""),
    AuthorisationExtension: lambda session, who, _now: _empty(session, AuthorisationExtension, who, reason=""),
    Message: _messages,
    Job: _jobs,
    CourseReviewer: _reviewers,
    # What was said about the course stays, as work on it; who said it goes.
    ReviewComment: lambda session, who, _now: _empty(session, ReviewComment, who, author=""),
    CourseSignOff: lambda session, who, _now: _empty(session, CourseSignOff, who, name=""),
    # The place in the list stays taken, and withdrawn where it was: somebody may have kept the badge.
    Badge: lambda session, who, _now: _empty(session, Badge, who, credential=None),
    Certificate: _certificates,
    Membership: _memberships,
    Account: _account,
}
# What is emptied instead where organisations keep their training records.
KEEPING: Final[dict[type[Base], Callable[[Session, Person, datetime], int]]] = {
    Certificate: _certificates_with_names,
    Membership: _memberships_with_records,
}
