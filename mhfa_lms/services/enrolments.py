"""Who is on which course: enrolling, and beginning again after the last failed attempt."""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session, joinedload

from mhfa_lms.content.gating import Prerequisites
from mhfa_lms.db import transaction
from mhfa_lms.models import Enrolment, EnrolmentState, Membership, MembershipState
from mhfa_lms.policy import Actor, Can, Forbidden, require
from mhfa_lms.services import audit, catalogue, prerequisites, renewal
from mhfa_lms.services.prerequisites import PrerequisitesError
from mhfa_lms.services.renewal import RefresherError, Refused


class NotPublishedError(LookupError):
    """The course has no revision that is open for new enrolments."""


class NotActiveError(RuntimeError):
    """The enrolment is over: completed, ended or withdrawn."""


class CannotBeginAgainError(RuntimeError):
    """There is still another way: the enrolment has attempts left, or has passed."""


def enrol(membership_id: int, course_id: int, *, by: Actor, now: datetime) -> int:
    """Put a member on a course; one who is on it already stays as they are. Returns the enrolment's id.

    People enrol themselves on courses whose prerequisites they have and on refreshers that renew something,
    coordinators the people of their organisation on any: it opens when they have them. Raises `Forbidden`,
    `NotPublishedError`, `prerequisites.PrerequisitesError` and `renewal.RefresherError`.
    """
    with transaction() as session:
        membership = session.get(Membership, membership_id)
        if membership is None:
            raise Forbidden(Can.ENROL)
        if membership_id != by.membership_id:
            require(by, Can.ENROL, membership)
        elif missing := _lacking(session, membership_id, course_id, now):
            raise PrerequisitesError(missing)
        elif refused := _refused(session, membership, course_id, now):
            raise RefresherError(refused)
        return enrol_in(session, membership, course_id, by=by, now=now).id


def _lacking(session: Session, membership_id: int, course_id: int, now: datetime) -> Prerequisites | None:
    revision = catalogue.newest_of(session, course_id)
    if revision is None or active(session, membership_id, course_id):
        return None
    asked = catalogue.course(revision).prerequisites
    missing = prerequisites.lacking(session, membership_id, asked, on=now.date())
    return missing if missing.any else None


def _refused(session: Session, membership: Membership, course_id: int, now: datetime) -> Refused | None:
    if catalogue.newest_of(session, course_id) is None or active(session, membership.id, course_id):
        return None
    return renewal.refused(session, membership.id, course_id, now)


def enrol_in(session: Session, membership: Membership, course_id: int, *, by: Actor, now: datetime) -> Enrolment:
    """Enrol in the caller's transaction, on the course's newest open revision, unless an enrolment is active already.

    Raises `NotPublishedError`, and `Forbidden` for somebody who has left the organisation.
    """
    # Two requests at once: the second waits here, then finds the first one's enrolment.
    session.get_one(Membership, membership.id, with_for_update={"key_share": True}, populate_existing=True)
    if membership.state is not MembershipState.ACTIVE:
        raise Forbidden(Can.ENROL)
    found = active(session, membership.id, course_id)
    if found is not None:
        return found
    revision = catalogue.newest_of(session, course_id)
    if revision is None:
        raise NotPublishedError(course_id)
    enrolment = Enrolment(
        membership_id=membership.id,
        organisation_id=membership.organisation_id,
        course_id=course_id,
        revision_id=revision.id,
        enrolled_at=now,
    )
    session.add(enrolment)
    session.flush()
    audit.about(session, "enrolled", enrolment, by=by, now=now, revision=revision.id)
    return enrolment


def active(session: Session, membership_id: int, course_id: int) -> Enrolment | None:
    """Return a membership's active enrolment on a course."""
    return session.scalars(
        select(Enrolment).where(
            Enrolment.membership_id == membership_id,
            Enrolment.course_id == course_id,
            Enrolment.state == EnrolmentState.ACTIVE,
        )
    ).one_or_none()


# Made once, as everything a learner saves runs it; the revision comes along, as most go on to ask for the course.
_HELD: Final = (
    select(Enrolment)
    .where(Enrolment.id == bindparam("enrolment_id"))
    .options(joinedload(Enrolment.revision, innerjoin=True))
    .with_for_update(key_share=True, of=Enrolment)
    .execution_options(populate_existing=True)
)


def hold(session: Session, enrolment_id: int, *, by: Actor) -> Enrolment:
    """Return the learner's own enrolment, locked until the caller's transaction ends. Raises `Forbidden`.

    Every write about an enrolment takes this lock first: two windows of one person then go one after the other, and
    no two writers wait for each other.
    """
    enrolment = session.scalars(_HELD, {"enrolment_id": enrolment_id}).one_or_none()
    if enrolment is None:
        raise Forbidden(Can.LEARN)
    require(by, Can.LEARN, enrolment)
    return enrolment


def hold_active(session: Session, enrolment_id: int, *, by: Actor) -> Enrolment:
    """Do as `hold`, and raise `NotActiveError` when the enrolment is over."""
    enrolment = hold(session, enrolment_id, by=by)
    if enrolment.state is not EnrolmentState.ACTIVE:
        raise NotActiveError(enrolment_id)
    return enrolment


def end(session: Session, enrolment: Enrolment, *, by: Actor, now: datetime) -> None:
    """End an enrolment whose attempts are used up, in the caller's transaction; its records stay."""
    enrolment.state, enrolment.ended_at = EnrolmentState.ENDED, now
    session.flush()
    audit.about(session, "enrolment-ended", enrolment, by=by, now=now)


def by_revision(session: Session, revision_ids: list[int], *, by: Actor) -> dict[int, tuple[int, int]]:
    """Return how many learn now, and how many enrolled in all, by revision. Raises `Forbidden`."""
    require(by, Can.ADMINISTER)
    rows = session.execute(
        select(Enrolment.revision_id, Enrolment.state, func.count())
        .where(Enrolment.revision_id.in_(revision_ids))
        .group_by(Enrolment.revision_id, Enrolment.state)
    )
    found: dict[int, tuple[int, int]] = {}
    for revision_id, state, count in rows:
        now, all_of_them = found.get(revision_id, (0, 0))
        found[revision_id] = (now + count * (state is EnrolmentState.ACTIVE), all_of_them + count)
    return found
