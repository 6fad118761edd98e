"""What an earlier certificate can certify: the courses and types of this site, with the rules that date it."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from mhfa_lms import i18n
from mhfa_lms.models import CertificationType, CourseKind, CourseRevision, Organisation, RenewalBasis
from mhfa_lms.policy import Actor
from mhfa_lms.services import catalogue, certification, rules
from mhfa_lms.services.periods import Period, Terms, add_months, period
from mhfa_lms.services.rules import Rule


@dataclass(frozen=True, slots=True)
class Kind:
    """A course, and what it certifies by the organisation's rules of today."""

    type_id: int
    type_name: str
    course_title: str
    locale: str
    terms: Terms
    basis: RenewalBasis
    earned_by: CourseKind
    full_course_next: bool

    def period(self, completed_on: date, expires_on: date | None) -> Period:
        """Return the dates of a certificate that was completed on a day, and ends on another where that is known."""
        if expires_on is None:
            return period(completed_on, self.terms)
        opens = max(completed_on, add_months(expires_on, -self.terms.window_before_months))
        return Period(completed_on, expires_on, opens, add_months(expires_on, self.terms.window_after_months))


def kinds(session: Session, by: Actor) -> dict[str, Kind]:
    """Return what can be recorded, by slugs, titles and names in small letters. A type stands for its full course."""
    found: dict[str, Kind] = {}
    # Full courses last: where a refresher certifies the same, the type's name means the full course.
    revisions = sorted(catalogue.newest(session), key=lambda one: one.course.kind is not CourseKind.REFRESHER)
    for revision in revisions:
        kind, named = _kind(session, revision, by), session.get_one(CertificationType, _type_of(revision))
        for word in (named.slug, named.name, revision.title, revision.course.slug):
            found[word.casefold()] = kind
    return found


def _type_of(revision: CourseRevision) -> int:
    return revision.course.certification_type_id


def _kind(session: Session, revision: CourseRevision, by: Actor) -> Kind:
    course = catalogue.course(revision)
    said = rules.resolve(
        session,
        [*certification.RULES, Rule.FULL_EVERY_SECOND],
        organisation_id=by.organisation_id,
        course_id=revision.course_id,
        revision_defaults=course.defaults.model_dump(),
    )
    months = (Rule.VALID_MONTHS, Rule.WINDOW_BEFORE_MONTHS, Rule.WINDOW_AFTER_MONTHS)
    return Kind(
        _type_of(revision),
        session.get_one(CertificationType, _type_of(revision)).name,
        revision.title,
        i18n.known(course.language) or "",
        Terms(*(said[one].value for one in months)),
        RenewalBasis(said[Rule.RENEWAL_BASIS].value),
        revision.course.kind,
        revision.course.kind is CourseKind.REFRESHER and bool(said[Rule.FULL_EVERY_SECOND].value),
    )


def issuer(owner: Organisation) -> str:
    """Return who stands behind the record: the organisation, which alone has seen the evidence."""
    return owner.name
