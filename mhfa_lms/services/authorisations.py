"""Leave for an instructor to mark and release one certification type, for a time; given by a coordinator."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.db import transaction
from mhfa_lms.models import (
    Authorisation,
    AuthorisationExtension,
    AuthorisationReminder,
    CertificationType,
    Membership,
    MembershipState,
    Role,
)
from mhfa_lms.policy import Actor, Can, require, scope
from mhfa_lms.services import audit

LONGEST: Final = timedelta(days=5 * 366)


class AuthorisationError(ValueError):
    """The authorisation cannot be given like this; the message says why."""


def grant(membership_id: int, type_id: int, until: date, *, by: Actor, now: datetime) -> None:
    """Let an instructor mark a certification type from today until a day, that day included.

    One that is in force ends the day before, so that reminders about the new one start anew; its extension, if that is
    yet to begin, goes with it. Raises `Forbidden`, and `AuthorisationError` for a day in the past or more than five
    years ahead, an unknown type, or no instructor.
    """
    with transaction() as session:
        # The lock makes a second grant wait and see the first one.
        member = session.get_one(Membership, membership_id, with_for_update=True)
        require(by, Can.CHANGE_MEMBERSHIP, member)
        today = clock.civil_date(now, member.organisation.timezone)
        _check(session, member, type_id, until, today)
        row = _end_others(session, member, type_id, today)
        if row is not None:
            # An extension that begins today becomes an authorisation like any other.
            session.execute(delete(AuthorisationExtension).where(AuthorisationExtension.authorisation_id == row.id))
        else:
            row = Authorisation(membership_id=member.id, certification_type_id=type_id, valid_from=today)
            session.add(row)
        row.expires_on, row.granted_by_id = until, by.account_id or None
        # First the new one: SQLite would give it the number of one that is gone, whose mails may have been sent.
        session.flush()
        _drop_extension(session, row, today)
        audit.record(
            session,
            "authorised",
            by=by,
            now=now,
            subject="authorisation",
            subject_id=row.id,
            organisation_id=member.organisation_id,
            membership=member.id,
            type=type_id,
        )


def _check(session: Session, member: Membership, type_id: int, until: date, today: date) -> None:
    if member.state is not MembershipState.ACTIVE or Role.INSTRUCTOR not in {held.role for held in member.roles}:
        raise AuthorisationError("the person is not an instructor here")
    if session.get(CertificationType, type_id) is None:
        raise AuthorisationError("there is no such certification")
    if not today <= until <= today + LONGEST:
        raise AuthorisationError("the last day must lie between today and five years ahead")


def _end_others(session: Session, member: Membership, type_id: int, today: date) -> Authorisation | None:
    """End what is in force yesterday; what was given today is returned, to be changed."""
    given_today = None
    for row in session.scalars(
        select(Authorisation).where(
            Authorisation.membership_id == member.id,
            Authorisation.certification_type_id == type_id,
            Authorisation.expires_on >= today,
        )
    ):
        if row.valid_from < today:
            row.expires_on = today - timedelta(days=1)
        elif row.valid_from == today:
            given_today = row
    return given_today


def _drop_extension(session: Session, new: Authorisation, today: date) -> None:
    """Remove an extension that is yet to begin: it would go on behind the last day that was chosen now."""
    coming = session.scalars(
        select(Authorisation.id)
        .join(AuthorisationExtension, AuthorisationExtension.authorisation_id == Authorisation.id)
        .where(
            Authorisation.membership_id == new.membership_id,
            Authorisation.certification_type_id == new.certification_type_id,
            Authorisation.valid_from > today,
        )
    ).all()
    for column in (AuthorisationExtension.authorisation_id, AuthorisationReminder.authorisation_id, Authorisation.id):
        session.execute(delete(column.class_).where(column.in_(coming)).execution_options(synchronize_session=False))


def of(session: Session, membership_id: int, *, by: Actor, today: date) -> list[Any]:
    """Return a member's authorisations that are in force or still to come: the type's name, both days and the ids.

    Of an extension also its months and the reason; None otherwise.
    """
    return list(
        session.execute(
            select(
                Authorisation.id,
                Authorisation.certification_type_id,
                Authorisation.valid_from,
                Authorisation.expires_on,
                CertificationType.name,
                AuthorisationExtension.months.label("extension_months"),
                AuthorisationExtension.reason.label("extension_reason"),
            )
            .select_from(Authorisation)
            .outerjoin(AuthorisationExtension, AuthorisationExtension.authorisation_id == Authorisation.id)
            .join(CertificationType, CertificationType.id == Authorisation.certification_type_id)
            .join(Membership, Membership.id == Authorisation.membership_id)
            .where(scope(by, Membership), Membership.id == membership_id, Authorisation.expires_on >= today)
            .order_by(CertificationType.name, Authorisation.expires_on, Authorisation.id)
        )
    )


def types(session: Session) -> list[Any]:
    """Return the certification types: id and name."""
    columns = select(CertificationType.id, CertificationType.name)
    return list(session.execute(columns.order_by(CertificationType.name, CertificationType.id)))
