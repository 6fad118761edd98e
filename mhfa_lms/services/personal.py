"""Where a person's data lies: for every table that may hold some, which of its rows are about them.

Erasing goes by `ROWS` and exporting by `OWN_COPY`, which is a little less; a test holds them to every table there is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from mhfa_lms.db import Base
from mhfa_lms.models import (
    Account,
    ActivityReport,
    Adjustment,
    Attempt,
    AttemptAnswer,
    AttemptRelease,
    Attendance,
    AuditEvent,
    AuditSeal,
    Authorisation,
    AuthorisationExtension,
    AuthorisationReminder,
    AwaitedCertificate,
    BackgroundCheck,
    Badge,
    Certificate,
    CertificateCorrection,
    CertificateImport,
    ContactDraft,
    ConversationRun,
    CourseAcceptance,
    CourseReviewer,
    CourseSignOff,
    Enrolment,
    EnrolmentCorrection,
    EntryKind,
    FailingAddress,
    FormatRequest,
    HalfOpenLogin,
    HelpCheck,
    Invitation,
    Job,
    LoginSession,
    MailTry,
    Mark,
    MarkDraft,
    Membership,
    MembershipRole,
    Message,
    OneTimeLink,
    PasskeyChallenge,
    PracticeAnswer,
    RecoveryCode,
    Reflection,
    Reminder,
    ReviewComment,
    SafeguardingCase,
    SafeguardingEntry,
    ScenarioAnswer,
    SecondStep,
    SentLater,
    StepProgress,
    StoredFile,
    Try,
)
from mhfa_lms.services import names

Ids = Select[int]
# No account's number, as nobody's: 0 is the installation itself in the audit trail.
NOBODY: Final = -1


@dataclass(frozen=True, slots=True)
class Person:
    """An account, and what hangs on it, as sub-queries; or an address alone, of somebody without an account."""

    account_id: int
    email_key: str
    # How the address is written in rows that hold no key of it.
    spellings: tuple[str, ...]

    @classmethod
    def of(cls, session: Session, account: Account) -> "Person":
        """Return the person of an account."""
        return cls(account.id, account.email_key, _spellings(session, account.email_key))

    @classmethod
    def of_address(cls, session: Session, email_key: str) -> "Person":
        """Return somebody of whom only the address is known."""
        return cls(NOBODY, email_key, _spellings(session, email_key))

    @property
    def memberships(self) -> Ids:
        """Their memberships, those they have left among them."""
        return select(Membership.id).where(Membership.account_id == self.account_id)

    @property
    def enrolments(self) -> Ids:
        """Their enrolments."""
        return select(Enrolment.id).where(Enrolment.membership_id.in_(self.memberships))

    @property
    def attempts(self) -> Ids:
        """Their attempts."""
        return select(Attempt.id).where(Attempt.enrolment_id.in_(self.enrolments))

    @property
    def answers(self) -> Ids:
        """Their answers to scenarios."""
        return select(ScenarioAnswer.id).where(ScenarioAnswer.enrolment_id.in_(self.enrolments))

    @property
    def certificates(self) -> Ids:
        """Their certificates."""
        return select(Certificate.id).where(Certificate.membership_id.in_(self.memberships))

    @property
    def authorisations(self) -> Ids:
        """Their authorisations to teach and mark."""
        return select(Authorisation.id).where(Authorisation.membership_id.in_(self.memberships))

    @property
    def recorded(self) -> Ids:
        """Their memberships with a certificate that has not been erased: organisations' training records."""
        return select(Certificate.membership_id).where(
            Certificate.membership_id.in_(self.memberships), Certificate.erased_at.is_(None)
        )

    @property
    def cases(self) -> Ids:
        """The cases about them that safeguarding leads have."""
        return select(SafeguardingCase.id).where(SafeguardingCase.membership_id.in_(self.memberships))

    @property
    def has_file(self) -> ColumnElement[bool]:
        """Whether a file is one of their certificates', or one that was made for them."""
        drawn = select(Certificate.file_id).where(Certificate.membership_id.in_(self.memberships))
        made = select(Job.file_id).where(Job.account_id == self.account_id)
        return or_(
            StoredFile.id.in_(drawn.where(Certificate.file_id.is_not(None))),
            StoredFile.id.in_(made.where(Job.file_id.is_not(None))),
        )


def _spellings(session: Session, email_key: str) -> tuple[str, ...]:
    # The database finds what may be meant and Python decides: beyond ASCII none folds letters as `email_key` does.
    sqlite = session.get_bind().dialect.name == "sqlite"
    found: set[str] = set()
    columns: tuple[InstrumentedAttribute[Any], ...] = (Message.to_address, FormatRequest.contact)
    for typed in columns:
        beyond = typed.op("GLOB")("*[^ -~]*") if sqlite else func.octet_length(typed) != func.char_length(typed)
        found.update(session.scalars(select(typed).where(or_(func.lower(typed) == email_key, beyond)).distinct()))
    return tuple(sorted(one for one in found if names.email_key(one) == email_key))


# A mail is about whom it goes to; an answer's marks are about who wrote the answer.
ROWS: Final[dict[type[Base], Callable[[Person], ColumnElement[bool]]]] = {
    Account: lambda who: Account.id == who.account_id,
    Membership: lambda who: Membership.account_id == who.account_id,
    MembershipRole: lambda who: MembershipRole.membership_id.in_(who.memberships),
    Invitation: lambda who: Invitation.email_key == who.email_key,
    LoginSession: lambda who: LoginSession.account_id == who.account_id,
    OneTimeLink: lambda who: OneTimeLink.account_id == who.account_id,
    SecondStep: lambda who: SecondStep.account_id == who.account_id,
    RecoveryCode: lambda who: RecoveryCode.account_id == who.account_id,
    HalfOpenLogin: lambda who: HalfOpenLogin.account_id == who.account_id,
    PasskeyChallenge: lambda who: PasskeyChallenge.account_id == who.account_id,
    Enrolment: lambda who: Enrolment.membership_id.in_(who.memberships),
    EnrolmentCorrection: lambda who: EnrolmentCorrection.enrolment_id.in_(who.enrolments),
    Attendance: lambda who: Attendance.enrolment_id.in_(who.enrolments),
    Authorisation: lambda who: Authorisation.membership_id.in_(who.memberships),
    BackgroundCheck: lambda who: BackgroundCheck.membership_id.in_(who.memberships),
    StepProgress: lambda who: StepProgress.enrolment_id.in_(who.enrolments),
    PracticeAnswer: lambda who: PracticeAnswer.enrolment_id.in_(who.enrolments),
    ConversationRun: lambda who: ConversationRun.enrolment_id.in_(who.enrolments),
    ActivityReport: lambda who: ActivityReport.enrolment_id.in_(who.enrolments),
    Reflection: lambda who: Reflection.enrolment_id.in_(who.enrolments),
    SentLater: lambda who: SentLater.enrolment_id.in_(who.enrolments),
    Attempt: lambda who: Attempt.enrolment_id.in_(who.enrolments),
    AttemptAnswer: lambda who: AttemptAnswer.attempt_id.in_(who.attempts),
    Adjustment: lambda who: Adjustment.enrolment_id.in_(who.enrolments),
    AttemptRelease: lambda who: AttemptRelease.enrolment_id.in_(who.enrolments),
    ScenarioAnswer: lambda who: ScenarioAnswer.enrolment_id.in_(who.enrolments),
    Mark: lambda who: Mark.answer_id.in_(who.answers),
    MarkDraft: lambda who: or_(MarkDraft.answer_id.in_(who.answers), MarkDraft.marker_id.in_(who.memberships)),
    StoredFile: lambda who: who.has_file,
    Certificate: lambda who: Certificate.membership_id.in_(who.memberships),
    CertificateCorrection: lambda who: CertificateCorrection.certificate_id.in_(who.certificates),
    CertificateImport: lambda who: CertificateImport.account_id == who.account_id,
    AwaitedCertificate: lambda who: AwaitedCertificate.email_key == who.email_key,
    Badge: lambda who: Badge.certificate_id.in_(who.certificates),
    Reminder: lambda who: Reminder.certificate_id.in_(who.certificates),
    AuthorisationExtension: lambda who: AuthorisationExtension.authorisation_id.in_(who.authorisations),
    AuthorisationReminder: lambda who: AuthorisationReminder.authorisation_id.in_(who.authorisations),
    Message: lambda who: or_(Message.account_id == who.account_id, Message.to_address.in_(who.spellings)),
    MailTry: lambda who: MailTry.message_id.in_(
        select(Message.id).where(or_(Message.account_id == who.account_id, Message.to_address.in_(who.spellings)))
    ),
    FailingAddress: lambda who: FailingAddress.email_key == who.email_key,
    FormatRequest: lambda who: or_(
        FormatRequest.membership_id.in_(who.memberships),
        # A member may name a colleague's address to be answered at: the wish is the member's all the same.
        and_(FormatRequest.membership_id.is_(None), FormatRequest.contact.in_(who.spellings)),
    ),
    Job: lambda who: Job.account_id == who.account_id,
    AuditEvent: lambda who: AuditEvent.account_id == who.account_id,
    HelpCheck: lambda who: HelpCheck.checked_by_id == who.account_id,
    CourseReviewer: lambda who: CourseReviewer.account_id == who.account_id,
    ReviewComment: lambda who: ReviewComment.account_id == who.account_id,
    CourseSignOff: lambda who: CourseSignOff.account_id == who.account_id,
    CourseAcceptance: lambda who: CourseAcceptance.account_id == who.account_id,
    SafeguardingCase: lambda who: SafeguardingCase.membership_id.in_(who.memberships),
    SafeguardingEntry: lambda who: SafeguardingEntry.case_id.in_(who.cases),
    ContactDraft: lambda who: ContactDraft.membership_id.in_(who.memberships),
}
# Where something may be held about an address that has no account.
BY_ADDRESS: Final[tuple[Any, ...]] = (AwaitedCertificate, Invitation, Message, FailingAddress, FormatRequest)
# What belongs in a person's own copy: a mark that somebody is still thinking about is that marker's alone, and what
# safeguarding leads note is theirs.
OWN_COPY: Final[dict[type[Base], Callable[[Person], ColumnElement[bool]]]] = {
    **ROWS,
    MarkDraft: lambda who: MarkDraft.marker_id.in_(who.memberships),
    SafeguardingEntry: lambda who: and_(
        SafeguardingEntry.case_id.in_(who.cases), SafeguardingEntry.kind != EntryKind.NOTE
    ),
}
# What only the person's own copy holds: nobody who runs the installation makes a file of it.
FOR_THEMSELVES: Final[frozenset[type[Base]]] = frozenset(
    {Reflection, SafeguardingCase, SafeguardingEntry, ContactDraft}
)
# Personal in principle, but nobody can tell whose a row is: hashes without a way back, and seals over other rows.
UNLINKED: Final[frozenset[type[Base]]] = frozenset({Try, AuditSeal})


def is_known(session: Session, who: Person) -> bool:
    """Whether anything is held about somebody of whom only the address is known."""
    found = (session.scalars(select(model.id).where(ROWS[model](who)).limit(1)).first() for model in BY_ADDRESS)
    return any(one is not None for one in found)
