"""Signed-in browsers: the cookie holds a secret, the database says whether it still counts.

Sign-out, a new password, deactivation and a change of role end rows here, and with them every cookie at once.
"""

from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, func, select, update
from sqlalchemy.orm import Session, aliased

from mhfa_lms import clock
from mhfa_lms.db import rows, transaction
from mhfa_lms.db import session as reading
from mhfa_lms.models import (
    Account,
    Authorisation,
    CourseReviewer,
    HalfOpenLogin,
    LoginSession,
    Membership,
    MembershipRole,
    MembershipState,
    Organisation,
    Role,
)
from mhfa_lms.policy import Actor, Forbidden
from mhfa_lms.services import audit, marking_queue, safeguarding_cases
from mhfa_lms.services.secrets import hashed, new_secret

LASTS: Final = timedelta(days=14)
# More than this waits to be marked, and nobody reads the number.
MOST_COUNTED: Final = 99
_FIRST_MEMBERSHIP: Final = (
    select(Membership.id)
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .where(Membership.account_id == bindparam("account_id"), Membership.state == MembershipState.ACTIVE)
    .order_by(Organisation.name, Membership.id)
    .limit(1)
)


def begin(
    session: Session,
    account_id: int,
    *,
    now: datetime,
    browser: str = "",
    membership_id: int | None = None,
    password_at: datetime | None = None,
    second_step_at: datetime | None = None,
) -> str:
    """Sign an account in, in the caller's transaction. Returns the secret for the cookie.

    Unless a membership of the account's is named, its first one by name is in use until the person switches.
    `password_at` and `second_step_at` say when these were last given in this browser.
    """
    membership_id = (
        membership_id or rows(session, _FIRST_MEMBERSHIP, {"account_id": account_id}).scalars().one_or_none()
    )
    secret = new_secret()
    session.add(
        LoginSession(
            account_id=account_id,
            membership_id=membership_id,
            secret_hash=hashed(secret),
            browser=browser[:120],
            created_at=now,
            expires_at=now + LASTS,
            password_at=password_at,
            second_step_at=second_step_at,
        )
    )
    return secret


def prove(session: Session, session_id: int, *, now: datetime) -> str:
    """Note in the caller's transaction that the second step was proven in a session, and give it another secret.

    What was known of the session before it was worth more is then worth nothing.
    """
    secret = new_secret()
    session.execute(
        update(LoginSession)
        .where(LoginSession.id == session_id)
        .values(second_step_at=now, secret_hash=hashed(secret))
        .execution_options(synchronize_session=False)
    )
    return secret


# The courses that an account was named to review.
_REVIEWED: Final = select(CourseReviewer.course_id).where(
    CourseReviewer.account_id == Account.id, CourseReviewer.ended_at.is_(None)
)


def _resume_statement() -> Select[*tuple[Any, ...]]:
    other = aliased(Membership)
    memberships_count = (
        select(func.count())
        .where(other.account_id == Account.id, other.state == MembershipState.ACTIVE)
        .scalar_subquery()
    )
    safeguards = (
        select(MembershipRole.membership_id)
        .join(other, other.id == MembershipRole.membership_id)
        .where(
            other.account_id == Account.id,
            other.state == MembershipState.ACTIVE,
            MembershipRole.role == Role.SAFEGUARDING,
        )
        .exists()
    )
    return (
        select(
            LoginSession.id.label("session_id"),
            LoginSession.second_step_at,
            safeguards.label("safeguards"),
            _REVIEWED.exists().label("reviews"),
            Account.id.label("account_id"),
            Account.is_admin,
            Account.email,
            Account.locale,
            Account.timezone,
            Membership.id.label("membership_id"),
            Membership.name,
            Organisation.id.label("organisation_id"),
            Organisation.name.label("organisation_name"),
            Organisation.timezone.label("organisation_timezone"),
            Organisation.country,
            MembershipRole.role,
            memberships_count.label("memberships_count"),
        )
        .join(Account, Account.id == LoginSession.account_id)
        .outerjoin(
            Membership,
            (Membership.id == LoginSession.membership_id)
            & (Membership.account_id == Account.id)
            & (Membership.state == MembershipState.ACTIVE),
        )
        .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
        .outerjoin(MembershipRole, MembershipRole.membership_id == Membership.id)
        .where(
            LoginSession.secret_hash == bindparam("secret_hash"),
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > bindparam("now"),
            Account.deactivated_at.is_(None),
        )
    )


# Made once, as every signed-in request runs it: putting it together took eight times as long as running it.
_RESUME: Final = _resume_statement()


def _types(given: Any) -> Select[int]:
    return select(given.certification_type_id).where(
        given.membership_id == bindparam("membership_id"),
        given.valid_from <= bindparam("today"),
        given.expires_on >= bindparam("today"),
    )


_AUTHORISED: Final[Select[Any]] = _types(Authorisation).add_columns(
    marking_queue.counted(_types(aliased(Authorisation)), MOST_COUNTED + 1)
)


_CASES: Final = safeguarding_cases.waiting_statement(MOST_COUNTED + 1)
_BOTH: Final[Select[Any]] = _AUTHORISED.add_columns(_CASES.scalar_subquery())


def resume(secret: str, *, now: datetime, second_step_waived: bool = False) -> Actor | None:
    """Return who a cookie's secret belongs to, or None when it no longer counts.

    One query; one more for instructors and safeguarding leads, and one for people who review courses.

    `second_step_waived`: nobody must have a second step here, as in the demonstration.
    """
    found = rows(reading(), _RESUME, {"secret_hash": hashed(secret), "now": now}).all()
    if not found:
        return None
    first = found[0]
    roles = frozenset(row.role for row in found if row.role is not None)
    timezone = first.timezone or first.organisation_timezone or "UTC"
    today = clock.civil_date(now, timezone)
    types, waiting, cases = _authorised(first, roles, today)
    return Actor(
        account_id=first.account_id,
        is_admin=first.is_admin,
        membership_id=first.membership_id,
        organisation_id=first.organisation_id,
        organisation_name=first.organisation_name or "",
        roles=roles,
        name=first.name or "",
        email=first.email,
        locale=first.locale,
        timezone=timezone,
        country=first.country,
        memberships_count=first.memberships_count,
        session_id=first.session_id,
        authorised_types=types,
        waiting=waiting,
        cases=cases,
        reviews=_reviews(first.account_id) if first.reviews else frozenset(),
        second_step_required=not second_step_waived and bool(first.is_admin or first.safeguards),
        second_step_proven=first.second_step_at is not None,
    )


def _reviews(account_id: int) -> frozenset[int]:
    mine = select(CourseReviewer.course_id).where(CourseReviewer.account_id == account_id)
    return frozenset(reading().scalars(mine.where(CourseReviewer.ended_at.is_(None))))


def _authorised(who: Any, roles: frozenset[Role], today: date) -> tuple[frozenset[int], int, int]:
    """Return the types an instructor may mark, how many answers wait for them, and how many cases for a lead."""
    marks, leads = Role.INSTRUCTOR in roles, Role.SAFEGUARDING in roles
    wanted = {"organisation_id": who.organisation_id, "membership_id": who.membership_id}
    statement = _BOTH if leads else _AUTHORISED
    found = rows(reading(), statement, wanted | {"today": today}).all() if marks else []
    if not leads:
        return frozenset(row[0] for row in found), found[0][1] if found else 0, 0
    # An instructor without leave to mark has no row that could carry the count of cases.
    cases = found[0][2] if found else rows(reading(), _CASES, wanted).scalar_one()
    return frozenset(row[0] for row in found), found[0][1] if found else 0, int(cases)


def end(session_id: int, *, by: Actor, now: datetime) -> None:
    """Sign one browser out."""
    with transaction() as session:
        session.execute(
            update(LoginSession)
            .where(
                LoginSession.id == session_id,
                LoginSession.account_id == by.account_id,
                LoginSession.ended_at.is_(None),
            )
            .values(ended_at=now)
        )
        audit.record(session, "signed-out", by=by, now=now, subject="account", subject_id=by.account_id)


def end_all(session: Session, account_id: int, *, now: datetime, but: int | None = None) -> int:
    """Sign an account out everywhere, in the caller's transaction, but for one session; returns how many ended.

    Sign-ins that still wait for their second step end as well.
    """
    session.execute(
        delete(HalfOpenLogin).where(HalfOpenLogin.account_id == account_id).execution_options(synchronize_session=False)
    )
    ended = session.scalars(
        update(LoginSession)
        .where(
            LoginSession.account_id == account_id,
            LoginSession.ended_at.is_(None),
            LoginSession.id != (but or 0),
        )
        .values(ended_at=now)
        .returning(LoginSession.id)
    )
    return len(ended.all())


def switch(membership_id: int, *, by: Actor, now: datetime) -> None:
    """Use another of one's own memberships. Raises `Forbidden` when it is not one of them."""
    with transaction() as session:
        mine = session.scalars(
            select(Membership.organisation_id).where(
                Membership.id == membership_id,
                Membership.account_id == by.account_id,
                Membership.state == MembershipState.ACTIVE,
            )
        ).one_or_none()
        if mine is None or by.session_id is None:
            raise Forbidden("switch")
        session.execute(
            update(LoginSession).where(LoginSession.id == by.session_id).values(membership_id=membership_id)
        )
        audit.record(
            session,
            "membership-switched",
            by=by,
            now=now,
            subject="membership",
            subject_id=membership_id,
            organisation_id=mine,
        )
