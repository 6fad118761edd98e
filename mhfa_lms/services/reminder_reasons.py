"""Why a reminder is not sent: the same reasons when it is posted, when it is delivered, and when somebody asks."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select
from sqlalchemy.orm import Session

from mhfa_lms.models import Account, Certificate, Membership, MembershipState, Organisation, Reminder
from mhfa_lms.services.periods import has_newer


class Reason(StrEnum):
    """Why a certificate's holder is not reminded."""

    ACCOUNT_CLOSED = "account-closed"
    LEFT = "left"
    REVOKED = "revoked"
    REPLACED = "replaced"
    RENEWED = "renewed"
    NEWER = "newer-certificate"
    STOPPED = "stopped"
    OVER = "window-closed"
    SUPERSEDED = "superseded"


def open_conditions() -> list[ColumnElement[bool]]:
    """Return the conditions under which nothing but an opt-out stands against a reminder.

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
    Certificate.starts_on,
    Certificate.expires_on,
    Certificate.window_opens_on,
    Certificate.window_closes_on,
    Certificate.erased_at,
    Certificate.revoked_at,
    Certificate.replaced_by_id,
    Certificate.renewed_by_id,
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
    also: Sequence[SQLColumnExpression[Any]] = (),
) -> list[Any]:
    """Return certificates with all that `reason` looks at, and `also` what is asked for, in the order of their ids."""
    statement = (
        select(*COLUMNS, has_newer().label("has_newer"), *also)
        .join(Membership, Membership.id == Certificate.membership_id)
        .join(Account, Account.id == Membership.account_id)
        .join(Organisation, Organisation.id == Certificate.organisation_id)
        .where(*conditions)
        .order_by(Certificate.id)
        .limit(limit)
    )
    return list(session.execute(statement).all())


def reason(row: Any, *, kept: bool) -> Reason | None:
    """Return what stands against reminding about a certificate, or None.

    `row` comes from `situation`; `kept` says that the reminder goes out in spite of an opt-out.
    """
    against = (
        (Reason.ACCOUNT_CLOSED, row.deactivated_at is not None or row.account_erased_at is not None),
        (Reason.LEFT, row.state is not MembershipState.ACTIVE or row.erased_at is not None),
        (Reason.REVOKED, row.revoked_at is not None),
        (Reason.REPLACED, row.replaced_by_id is not None),
        (Reason.RENEWED, row.renewed_by_id is not None),
        (Reason.NEWER, bool(row.has_newer)),
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
