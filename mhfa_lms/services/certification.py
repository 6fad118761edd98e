"""The rule that certifies: when the last requirement is met, the enrolment is complete and one certificate exists.

Whatever may have met the last requirement (a step, an attempt, a mark, an attendance) ends its transaction with
`complete_if_ready`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mhfa_lms import clock, i18n
from mhfa_lms.content.schema import Course
from mhfa_lms.models import (
    AnswerState,
    Attempt,
    Certificate,
    CertificationType,
    CourseKind,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    Membership,
    Organisation,
    RenewalBasis,
    ScenarioAnswer,
    StepProgress,
)
from mhfa_lms.policy import SYSTEM, Actor
from mhfa_lms.services import attendance, audit, catalogue, outbox, pathway, printed_facts, reminder_hours, rules, work
from mhfa_lms.services.pathway import Left
from mhfa_lms.services.periods import Period, Terms, period, renewal
from mhfa_lms.services.renewal import opens_later
from mhfa_lms.services.rules import Resolved, Rule
from mhfa_lms.services.secrets import new_code

RULES = [
    Rule.VALID_MONTHS,
    Rule.WINDOW_BEFORE_MONTHS,
    Rule.WINDOW_AFTER_MONTHS,
    Rule.RENEWAL_BASIS,
    Rule.FULL_EVERY_SECOND,
]
_issuer_name = ""


def configure(issuer_name: str) -> None:
    """Name who issues in this process (MHFA_ISSUER_NAME); with an empty name the organisation itself does."""
    global _issuer_name  # one process serves one installation, as with the database
    _issuer_name = issuer_name


def issuer_of(organisation: Organisation) -> str:
    """Return the name under which an organisation's certificates are issued."""
    return _issuer_name or organisation.name


def requirements(session: Session, enrolment: Enrolment, course: Course) -> Left:
    """Return what an enrolment still lacks of what completes its course. Three queries (five with a cohort)."""
    done = frozenset(session.scalars(select(StepProgress.step).where(StepProgress.enrolment_id == enrolment.id)))
    passed = session.scalar(
        select(func.count()).where(
            Attempt.enrolment_id == enrolment.id,
            Attempt.assessment == course.assessment.id,
            Attempt.passed.is_(True),
        )
    )
    answers = session.scalars(
        select(ScenarioAnswer.scenario).where(
            ScenarioAnswer.enrolment_id == enrolment.id, ScenarioAnswer.state == AnswerState.PASSED
        )
    )
    return pathway.left(
        course,
        done,
        assessment_passed=bool(passed),
        scenarios_passed=frozenset(answers),
        sessions_missing=attendance.missed(session, [enrolment])[enrolment.id],
    )


def complete_if_ready(session: Session, enrolment_id: int, *, now: datetime, by: Actor = SYSTEM) -> Certificate | None:
    """Complete the enrolment and issue its one certificate, in the caller's transaction, when nothing is missing.

    Call it last, after the caller's own writes. Repeated and parallel calls return the same certificate; None while
    something is missing, and for an enrolment that has ended. A refresher issues nothing outside the renewal window,
    nor where the full course is to renew this time.
    """
    session.flush()
    # The lock makes whoever comes second wait for the first one's commit and see what it wrote. NO KEY UPDATE, because
    # the caller's new rows hold a KEY SHARE lock on this one: two callers upgrading to FOR UPDATE would block for ever.
    enrolment = session.get_one(Enrolment, enrolment_id, with_for_update={"key_share": True}, populate_existing=True)
    if enrolment.state is EnrolmentState.COMPLETED:
        return session.scalars(select(Certificate).where(Certificate.enrolment_id == enrolment.id)).one_or_none()
    if enrolment.state is not EnrolmentState.ACTIVE:
        return None
    revision = session.get_one(CourseRevision, enrolment.revision_id)
    course = catalogue.course(revision)
    if not requirements(session, enrolment, course).nothing:
        return None
    membership = session.get_one(Membership, enrolment.membership_id)
    today = clock.civil_date(now, membership.organisation.timezone)
    predecessor = _predecessor(session, membership, revision.course.certification_type_id, today)
    if not may_earn(revision.course.kind, predecessor):
        # It is over without a certificate, unless a window that it can still renew in is yet to open: then it waits.
        ready_since = enrolment.ready_since or now
        ready_on = clock.civil_date(ready_since, membership.organisation.timezone)
        if predecessor is None and opens_later(
            session, membership, revision.course.certification_type_id, today, ready_on
        ):
            enrolment.ready_since = ready_since
        else:
            _complete(session, enrolment, today, by=by, now=now)
        return None
    _complete(session, enrolment, today, by=by, now=now)
    certificate = _certificate(session, enrolment, membership, revision, predecessor, today, now)
    session.add(certificate)
    session.flush()
    # Who has waited for the window is asleep when it opens.
    waited = by == SYSTEM and enrolment.ready_since is not None
    announce(session, certificate, membership, by=by, now=now, humanely=waited)
    if predecessor is not None:
        predecessor.renewed_by_id = certificate.id
        audit.about(session, "certificate-renewed", predecessor, by=by, now=now, successor=certificate.id)
    return certificate


def may_earn(kind: CourseKind, predecessor: Certificate | None) -> bool:
    """Whether a course of this kind certifies somebody who renews `predecessor` with it, or nothing (None)."""
    return kind is CourseKind.FULL or (predecessor is not None and not predecessor.full_course_next)


def _predecessor(session: Session, membership: Membership, type_id: int, today: date) -> Certificate | None:
    """Return the certificate that a completion today renews, locked, so that it is renewed once."""
    return session.scalars(
        select(Certificate)
        .where(
            Certificate.membership_id == membership.id,
            Certificate.certification_type_id == type_id,
            Certificate.revoked_at.is_(None),
            Certificate.replaced_by_id.is_(None),
            Certificate.renewed_by_id.is_(None),
            Certificate.window_opens_on <= today,
            Certificate.window_closes_on >= today,
        )
        .order_by(Certificate.expires_on.desc(), Certificate.id.desc())
        .limit(1)
        .with_for_update()
    ).one_or_none()


def _complete(session: Session, enrolment: Enrolment, today: date, *, by: Actor, now: datetime) -> None:
    enrolment.state = EnrolmentState.COMPLETED
    enrolment.completed_at, enrolment.completed_on = now, today
    audit.about(session, "enrolment-completed", enrolment, by=by, now=now)


def _certificate(
    session: Session,
    enrolment: Enrolment,
    membership: Membership,
    revision: CourseRevision,
    predecessor: Certificate | None,
    today: date,
    now: datetime,
) -> Certificate:
    kind = session.get_one(CertificationType, revision.course.certification_type_id)
    course, spoken = _course_of(revision, membership)
    found = resolved(session, enrolment.organisation_id, enrolment.course_id, course)
    dates = new_period(found, predecessor, today)
    # The language that the name of the certification is written in.
    locale = spoken or i18n.known(course.language) or membership.organisation.locale
    facts = printed_facts.gather(session, enrolment, course, membership.organisation, spoken or course.language)
    return Certificate(
        code=new_code(),
        enrolment_id=enrolment.id,
        membership_id=membership.id,
        organisation_id=membership.organisation_id,
        certification_type_id=kind.id,
        name=membership.name,
        sort_key=membership.sort_key,
        type_name=course.certification.name if spoken else kind.name,
        course_title=course.title,
        organisation_name=membership.organisation.name,
        issuer_name=issuer_of(membership.organisation),
        locale=locale,
        completed_on=today,
        starts_on=dates.starts_on,
        expires_on=dates.expires_on,
        window_opens_on=dates.window_opens_on,
        window_closes_on=dates.window_closes_on,
        renewal_basis=RenewalBasis(found[Rule.RENEWAL_BASIS].value),
        earned_by=revision.course.kind,
        full_course_next=revision.course.kind is CourseKind.REFRESHER and found[Rule.FULL_EVERY_SECOND].value,
        issued_at=now,
        issued_on=today,
        **facts.columns(),
    )


def _course_of(revision: CourseRevision, membership: Membership) -> tuple[Course, str]:
    """Return the course in its holder's language, with that language, where all of what a certificate says is in it."""
    wanted = membership.account.locale
    course = catalogue.course(revision, wanted)
    said = (course.title, course.certification.name)
    if wanted != course.language and all(getattr(one, "lang", "") == wanted for one in said):
        return course, wanted
    return catalogue.course(revision), ""


def resolved(session: Session, organisation_id: int, course_id: int, course: Course) -> dict[Rule, Resolved]:
    """Resolve the rules of a new certificate as they are today; what they give is stored with it, and stays."""
    return rules.resolve(
        session,
        RULES,
        organisation_id=organisation_id,
        course_id=course_id,
        revision_defaults=course.defaults.model_dump(),
    )


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a new period takes from the certificate that is renewed."""

    expires_on: date
    renewal_basis: RenewalBasis


def new_period(found: Mapping[Rule, Resolved], earlier: Certificate | Earlier | None, completed_on: date) -> Period:
    """Return the period that a completion on a day earns under these rules.

    From when a renewal counts was fixed when the certificate that it renews was issued.
    """
    terms = Terms(
        found[Rule.VALID_MONTHS].value, found[Rule.WINDOW_BEFORE_MONTHS].value, found[Rule.WINDOW_AFTER_MONTHS].value
    )
    if earlier is None:
        return period(completed_on, terms)
    from_old_expiry = earlier.renewal_basis is RenewalBasis.OLD_EXPIRY
    return renewal(completed_on, earlier.expires_on, terms, from_old_expiry=from_old_expiry)


def draw_later(session: Session, certificate: Certificate, *, account_id: int, now: datetime) -> None:
    """Have a certificate drawn by the worker, once, in the caller's transaction."""
    work.post(
        session,
        "certificate-pdf",
        key=f"certificate-pdf:{certificate.code}",
        now=now,
        payload={"certificate_id": certificate.id},
        organisation_id=certificate.organisation_id,
        account_id=account_id,
    )


def announce(
    session: Session,
    certificate: Certificate,
    membership: Membership,
    *,
    by: Actor,
    now: datetime,
    humanely: bool = False,
) -> None:
    """Have a new certificate drawn and tell its holder, in the caller's transaction; `humanely` waits for the day."""
    draw_later(session, certificate, account_id=membership.account_id, now=now)
    outbox.post(
        session,
        "certificate-ready",
        key=f"certificate-ready:{certificate.code}",
        due_at=reminder_hours.of(session, membership, now=now) if humanely else now,
        now=now,
        account_id=membership.account_id,
        organisation_id=certificate.organisation_id,
        locale=membership.account.locale,
        facts={
            "name": certificate.name,
            "type": certificate.type_name,
            "organisation": certificate.organisation_name,
            "expires_on": certificate.expires_on.isoformat(),
            "path": f"/certificates/{certificate.code}",
        },
    )
    audit.about(session, "certificate-issued", certificate, by=by, now=now)
