"""Every table, one module per subject. Importing this package fills the metadata."""

from mhfa_lms.models.access import LinkKind, LoginSession, OneTimeLink, Try
from mhfa_lms.models.activity import ActivityReport, ActivityState
from mhfa_lms.models.adjustment import Adjustment, AdjustmentKind
from mhfa_lms.models.assessment import Attempt, AttemptAnswer, AttemptRelease, AttemptState
from mhfa_lms.models.audit import AuditEvent, AuditSeal, HelpCheck
from mhfa_lms.models.badge import Badge, StatusList
from mhfa_lms.models.certificate import (
    AuthorisationReminder,
    Certificate,
    CertificateCorrection,
    Correction,
    PaperSize,
    Reminder,
    RenewalBasis,
    StoredFile,
)
from mhfa_lms.models.certificate_import import AwaitedCertificate, CertificateImport
from mhfa_lms.models.certificate_look import Accent, CertificateLook
from mhfa_lms.models.duty import AuthorisationExtension, BackgroundCheck
from mhfa_lms.models.grading import AnswerState, Mark, MarkDraft, ScenarioAnswer
from mhfa_lms.models.overview_count import OverviewCount
from mhfa_lms.models.people import (
    Account,
    Audience,
    Invitation,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    Role,
    Site,
)
from mhfa_lms.models.progress import ConversationRun, PracticeAnswer, Reflection, StepProgress, Way
from mhfa_lms.models.publishing import CourseAcceptance, EnrolmentCorrection
from mhfa_lms.models.reminder_mark import ReminderMark
from mhfa_lms.models.reviewing import CourseReviewer, CourseSignOff, ReviewComment, ReviewerKind
from mhfa_lms.models.safeguarding import CaseState, ContactDraft, EntryKind, SafeguardingCase, SafeguardingEntry
from mhfa_lms.models.second_step import HalfOpenLogin, PasskeyChallenge, RecoveryCode, SecondStep, StepKind
from mhfa_lms.models.support import Format, FormatRequest, HelpLine
from mhfa_lms.models.training import (
    Attendance,
    AttendanceState,
    Authorisation,
    CertificationType,
    Cohort,
    Course,
    CourseKind,
    CourseProblem,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    RuleSetting,
    TrainingSession,
)
from mhfa_lms.models.waiting import Arrival, Doing, SentLater
from mhfa_lms.models.work import FailingAddress, Job, MailTry, Message, TryOutcome, WorkerBeat, WorkState

__all__ = [
    "Accent",
    "Account",
    "ActivityReport",
    "ActivityState",
    "Adjustment",
    "AdjustmentKind",
    "AnswerState",
    "Arrival",
    "Attempt",
    "AttemptAnswer",
    "AttemptRelease",
    "AttemptState",
    "Attendance",
    "AttendanceState",
    "Audience",
    "AuditEvent",
    "AuditSeal",
    "Authorisation",
    "AuthorisationExtension",
    "AuthorisationReminder",
    "AwaitedCertificate",
    "BackgroundCheck",
    "Badge",
    "CaseState",
    "Certificate",
    "CertificateCorrection",
    "CertificateImport",
    "CertificateLook",
    "CertificationType",
    "Cohort",
    "ContactDraft",
    "ConversationRun",
    "Correction",
    "Course",
    "CourseAcceptance",
    "CourseKind",
    "CourseProblem",
    "CourseReviewer",
    "CourseRevision",
    "CourseSignOff",
    "Doing",
    "Enrolment",
    "EnrolmentCorrection",
    "EnrolmentState",
    "EntryKind",
    "FailingAddress",
    "Format",
    "FormatRequest",
    "HalfOpenLogin",
    "HelpCheck",
    "HelpLine",
    "Invitation",
    "Job",
    "LinkKind",
    "LoginSession",
    "MailTry",
    "Mark",
    "MarkDraft",
    "Membership",
    "MembershipRole",
    "MembershipState",
    "Message",
    "OneTimeLink",
    "Organisation",
    "OverviewCount",
    "PaperSize",
    "PasskeyChallenge",
    "PracticeAnswer",
    "RecoveryCode",
    "Reflection",
    "Reminder",
    "ReminderMark",
    "RenewalBasis",
    "ReviewComment",
    "ReviewerKind",
    "Role",
    "RuleSetting",
    "SafeguardingCase",
    "SafeguardingEntry",
    "ScenarioAnswer",
    "SecondStep",
    "SentLater",
    "Site",
    "StatusList",
    "StepKind",
    "StepProgress",
    "StoredFile",
    "TrainingSession",
    "Try",
    "TryOutcome",
    "Way",
    "WorkState",
    "WorkerBeat",
]
