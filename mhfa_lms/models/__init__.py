"""Every table, one module per subject. Importing this package fills the metadata."""

from mhfa_lms.models.access import LinkKind, LoginSession, OneTimeLink, Try
from mhfa_lms.models.assessment import Attempt, AttemptAnswer, AttemptRelease, AttemptState
from mhfa_lms.models.audit import AuditEvent, AuditSeal, HelpCheck
from mhfa_lms.models.certificate import AuthorisationReminder, Certificate, Reminder, RenewalBasis, StoredFile
from mhfa_lms.models.grading import AnswerState, Mark, MarkDraft, ScenarioAnswer
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
from mhfa_lms.models.progress import PracticeAnswer, StepProgress, Way
from mhfa_lms.models.support import HelpLine
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
from mhfa_lms.models.work import Job, Message, WorkerBeat, WorkState

__all__ = [
    "Account",
    "AnswerState",
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
    "AuthorisationReminder",
    "Certificate",
    "CertificationType",
    "Cohort",
    "Course",
    "CourseKind",
    "CourseProblem",
    "CourseRevision",
    "Enrolment",
    "EnrolmentState",
    "HelpCheck",
    "HelpLine",
    "Invitation",
    "Job",
    "LinkKind",
    "LoginSession",
    "Mark",
    "MarkDraft",
    "Membership",
    "MembershipRole",
    "MembershipState",
    "Message",
    "OneTimeLink",
    "Organisation",
    "PracticeAnswer",
    "Reminder",
    "RenewalBasis",
    "Role",
    "RuleSetting",
    "ScenarioAnswer",
    "Site",
    "StepProgress",
    "StoredFile",
    "TrainingSession",
    "Try",
    "Way",
    "WorkState",
    "WorkerBeat",
]
