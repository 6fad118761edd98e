"""Why a reminder is not sent: the same reasons when it is posted, when it is delivered, and when somebody asks."""

from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.models import (
    Account,
    Certificate,
    Course,
    Enrolment,
    EnrolmentState,
    Membership,
    MembershipState,
    Organisation,
    Reminder,
)
from mhfa_lms.services.periods import has_newer


class Reason(StrEnum):
    """Why a certificate's holder is not reminded."""

    ACCOUNT_CLOSED = "account-closed"
    LEFT = "left"
    REVOKED = "revoked"
    REPLACED = "replaced"
    RENEWED = "renewed"
    NEWER = "newer-certificate"
    FINISHED = "finished-early"
    STOPPED = "stopped"
    OVER = "window-closed"
    SUPERSEDED = "superseded"


def open_conditions() -> list[ColumnElement[bool]]:
    """Return the conditions under which nothing stands against a reminder but an opt-out or a renewal finished early.

    They are `reason` in the database's words. The query joins `Membership` and `Account`.
    """
    return [
        Account.deactivated_at.is_(None),
        Account.erased_at.is_(None),
        Membership.state == MembershipState.ACTIVE,
        Certificate.erased_at.is_(None),
        Certificate.revoked_at.is_(None),
        Certificate.replaced_by_id.is_(None),
        Certificate.renewed_by_id.is_(None),
        ~has_newer(),
    ]


COLUMNS: Final = (
    Certificate.id,
    Certificate.code,
    Certificate.type_name,
    Certificate.organisation_id,
    Certificate.membership_id,
    Certificate.completed_on,
    Certificate.starts_on,
    Certificate.expires_on,
    Certificate.window_opens_on,
    Certificate.window_closes_on,
    Certificate.erased_at,
    Certificate.revoked_at,
    Certificate.replaced_by_id,
    Certificate.renewed_by_id,
    Certificate.full_course_next,
    Membership.name,
    Membership.audience,
    Membership.state,
    Membership.reminders_stopped_at,
    Account.id.label("account_id"),
    Account.locale,
    Account.timezone.label("own_timezone"),
    Account.deactivated_at,
    Account.erased_at.label("account_erased_at"),
    Organisation.name.label("organisation_name"),
    Organisation.timezone,
)


def situation(
    session: Session,
    *conditions: ColumnElement[bool],
    limit: int | None = None,
) -> list[Any]:
    """Return certificates with all that `reason` looks at, in the order of their ids."""
    statement = (
        select(*COLUMNS, has_newer().label("has_newer"), _ready_since())
        .join(Membership, Membership.id == Certificate.membership_id)
        .join(Account, Account.id == Membership.account_id)
        .join(Organisation, Organisation.id == Certificate.organisation_id)
        .where(*conditions)
        .order_by(Certificate.id)
        .limit(limit)
    )
    return list(session.execute(statement).all())


@cache
def _ready_since() -> SQLColumnExpression[Any]:
    """Return since when a renewal of the certificate is finished that waits for its window; null where none is."""
    return (
        select(func.max(Enrolment.ready_since))
        .join(Course, Course.id == Enrolment.course_id)
        .where(
            Enrolment.membership_id == Certificate.membership_id,
            Enrolment.state == EnrolmentState.ACTIVE,
            Course.certification_type_id == Certificate.certification_type_id,
        )
        .correlate(Certificate)
        .scalar_subquery()
        .label("ready_since")
    )


def finished_early(row: Any, today: date) -> bool:
    """Whether a renewal that was finished early, and after this certificate was earned, counts from a day to come.

    Or from today: a tick reminds before it renews. `row` comes from `situation`.
    """
    if row.ready_since is None or row.full_course_next or today > row.window_opens_on:
        return False
    return bool(row.completed_on <= clock.civil_date(row.ready_since, row.timezone))


def reason(row: Any, *, kept: bool, today: date) -> Reason | None:
    """Return what stands against reminding about a certificate, or None.

    `row` comes from `situation`; `kept` says that the reminder goes out in spite of an opt-out; `today` is the
    organisation's.
    """
    against = (
        (Reason.ACCOUNT_CLOSED, row.deactivated_at is not None or row.account_erased_at is not None),
        (Reason.LEFT, row.state is not MembershipState.ACTIVE or row.erased_at is not None),
        (Reason.REVOKED, row.revoked_at is not None),
        (Reason.REPLACED, row.replaced_by_id is not None),
        (Reason.RENEWED, row.renewed_by_id is not None),
        (Reason.NEWER, bool(row.has_newer)),
        (Reason.FINISHED, finished_early(row, today)),
        (Reason.STOPPED, row.reminders_stopped_at is not None and not kept),
    )
    return next((name for name, holds in against if holds), None)


def latest_posted(session: Session, certificate_ids: list[int]) -> dict[int, int]:
    """Return the smallest offset posted for each certificate, by its id.

    What was posted for the certificate it corrects counts too.
    """
    posted: dict[int, int] = {}
    corrects = select(Certificate.replaced_by_id.label("id"), func.min(Reminder.offset_days).label("offset")).join(
        Reminder, Reminder.certificate_id == Certificate.id
    )
    for statement in (
        select(Reminder.certificate_id.label("id"), func.min(Reminder.offset_days).label("offset"))
        .where(Reminder.certificate_id.in_(certificate_ids))
        .group_by(Reminder.certificate_id),
        corrects.where(Certificate.replaced_by_id.in_(certificate_ids)).group_by(Certificate.replaced_by_id),
    ):
        for row in session.execute(statement):
            posted[row.id] = min(row.offset, posted.get(row.id, row.offset))
    return posted
