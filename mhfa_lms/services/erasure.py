"""Erasing a person: rows that are about nobody else go, the others keep what records and verification need.

A certificate keeps its number, dates and standing, and loses the name. Marks, attempts and the audit trail keep ids.

With `keep_records`, as when people delete their own account, an organisation keeps its training record: the name used
there, site and certificates of a membership that has one, until the retention period ends. The public sees no name of
theirs from then on, because their account is erased (`verification`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import Base, take_turns, transaction
from mhfa_lms.models import (
    Account,
    ActivityReport,
    Adjustment,
    AnswerState,
    AttemptAnswer,
    AttemptRelease,
    BackgroundCheck,
    Badge,
    Certificate,
    ConversationRun,
    CourseReviewer,
    CourseSignOff,
    Enrolment,
    EnrolmentState,
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
    StoredFile,
    WorkState,
)
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import accounts, audit, work
from mhfa_lms.services.personal import ROWS, Person
from mhfa_lms.services.secrets import read_code

REMOVE_FILES: Final = "remove-files"
# Any number of its own will do. Whoever may be an installation's last administrator, or an organisation's last
# coordinator, goes while nobody else does: of two at once neither would see that the other goes too.
LAST_ONE_LOCK: Final = 4_260_919
# Rows that go, before those they hang on.
DELETED: Final[tuple[type[Base], ...]] = (
    SafeguardingEntry,
    SafeguardingCase,
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
    FormatRequest,
    BackgroundCheck,
    MembershipRole,
)


class UnknownPersonError(LookupError):
    """There is no account with this address."""


class LastAdministratorError(RuntimeError):
    """The only administrator cannot be erased: nobody could run the installation."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done to an account: rows by table, the codes of its certificates, the keys of files to remove."""

    account_id: int
    deleted: dict[str, int]
    reduced: dict[str, int]
    codes: list[str]
    files: list[str]


def erase(email: str, *, by: Actor, now: datetime) -> Erased:
    """Erase the person of an address, in one transaction; a job removes the files of their certificates.

    Instead of the address the number of a certificate will do: who deleted their account has no address any more, while
    an organisation may still keep their training record.

    Raises `UnknownPersonError`, `LastAdministratorError` and `Forbidden`.
    """
    require(by, Can.ADMINISTER)
    with transaction() as session:
        take_turns(session, LAST_ONE_LOCK)
        account = accounts.find(session, email, lock=True) or _holder(session, email)
        if account is None:
            raise UnknownPersonError(email)
        return erase_account(session, account, by=by, now=now)


def _holder(session: Session, code: str) -> Account | None:
    query = (
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .join(Certificate, Certificate.membership_id == Membership.id)
        .where(Certificate.code == (read_code(code) or ""))
    )
    return session.scalars(query.with_for_update(key_share=True, of=Account)).one_or_none()


def erase_account(
    session: Session, account: Account, *, by: Actor, now: datetime, keep_records: bool = False
) -> Erased:
    """Erase the person of a locked account, in the caller's transaction. Raises `LastAdministratorError`.

    Where the account can be an administrator's, the caller takes turns on `LAST_ONE_LOCK` before locking it.
    """
    if is_last_administrator(session, account.id):
        raise LastAdministratorError(account.id)
    who = Person(account.id, account.email_key)
    # Before the list of files: work that ends with one does so before this, and is in the list, or not at all.
    _stop(session, who, now)
    codes = list(session.scalars(select(Certificate.code).where(ROWS[Certificate](who))))
    files = {row.id: row.key for row in session.execute(select(StoredFile.id, StoredFile.key).where(who.has_file))}
    deleted = {model.__tablename__: _delete(session, model, who) for model in DELETED}
    _taught(session, who)
    emptied = REDUCED | KEEPING if keep_records else REDUCED
    reduced = {model.__tablename__: empty(session, who, now) for model, empty in emptied.items()}
    deleted[StoredFile.__tablename__] = len(files)
    session.execute(delete(StoredFile).where(StoredFile.id.in_(files)))
    gone = {"codes": codes, "keys": list(files.values())}
    work.post(session, REMOVE_FILES, key=f"remove-files:{account.id}", now=now, payload=gone)
    audit.record(session, "person-erased", by=by, now=now, subject="account", subject_id=account.id)
    return Erased(account.id, deleted, reduced, codes, list(files.values()))


def is_last_administrator(session: Session, account_id: int) -> bool:
    """Whether an account is the only one that can run the installation."""
    living = select(Account.id).where(Account.is_admin, Account.deactivated_at.is_(None))
    found = session.scalars(living.order_by(Account.id != account_id).limit(2)).all()
    return list(found) == [account_id]


def _stop(session: Session, who: Person, now: datetime) -> None:
    """End what is under way, so that nothing goes on about a person who is no longer there."""
    session.execute(
        update(Enrolment)
        .where(ROWS[Enrolment](who), Enrolment.state == EnrolmentState.ACTIVE)
        .values(state=EnrolmentState.WITHDRAWN, ended_at=now)
    )
    session.execute(
        update(Message)
        .where(ROWS[Message](who), Message.state == WorkState.WAITING)
        .values(state=WorkState.CANCELLED, done_at=now, leased_until=None)
    )
    session.execute(
        update(Job)
        .where(ROWS[Job](who), Job.state == WorkState.WAITING)
        .values(state=WorkState.CANCELLED, done_at=now, leased_until=None)
    )


def _delete(session: Session, model: type[Base], who: Person) -> int:
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
    }
    return _empty(session, Certificate, who, **emptied, erased_at=now)


def _taught(session: Session, who: Person) -> None:
    """Take an instructor's name out of the records of certificates they gave. What was printed stays its holder's."""
    bear = update(Certificate).where(Certificate.instructor_id.in_(who.memberships), Certificate.instructor_name != "")
    session.execute(bear.values(instructor_name="").execution_options(synchronize_session=False))


def _memberships_with_records(session: Session, who: Person, now: datetime) -> int:
    """Empty memberships without a certificate; of the others keep what the training record is made of."""
    record = Membership.id.in_(who.recorded)
    return _memberships(session, who, now, ~record) + _empty(
        session, Membership, who, record, languages="", work_email="", listed_since=None
    )


def _certificates_with_names(session: Session, who: Person, now: datetime) -> int:  # noqa: ARG001
    return _empty(session, Certificate, who, initials_only=False, file_id=None)


def _jobs(session: Session, who: Person, now: datetime) -> int:  # noqa: ARG001
    return _empty(session, Job, who, payload={}, resume={}, error="")


def _answers(session: Session, who: Person, now: datetime) -> int:  # noqa: ARG001  # every entry has the same form
    session.execute(
        update(ScenarioAnswer)
        .where(ROWS[ScenarioAnswer](who), ScenarioAnswer.state == AnswerState.WAITING)
        .values(claimed_by_id=None, claimed_until=None)
    )
    return _empty(session, ScenarioAnswer, who, text="", saved_from="")


def _messages(session: Session, who: Person, now: datetime) -> int:  # noqa: ARG001
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
