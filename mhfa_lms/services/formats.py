"""Wishes for a text in another form: asking, telling those who can help, and noting that it is done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from mhfa_lms.db import transaction
from mhfa_lms.models import Account, Format, FormatRequest, Membership, MembershipRole, MembershipState, Role
from mhfa_lms.policy import SYSTEM, Actor, Can, Forbidden, allowed, require, scope
from mhfa_lms.services import audit, outbox
from mhfa_lms.services.outbox import Post

LONGEST_DETAILS: Final = 1000
LONGEST_CONTACT: Final = 200
LONGEST_PAGE: Final = 300
# More than this waiting at once is not a list to work through.
MOST_OPEN: Final = 100
MOST_DONE: Final = 25


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for. `contact` may be empty for a member, whom their coordinators know."""

    wanted: Format
    page: str = ""
    course: str = ""
    details: str = ""
    contact: str = ""


def ask(wish: Wish, *, by: Actor | None, now: datetime) -> int:
    """Keep a wish and tell those who can help by a mail that does not repeat it. Returns its id."""
    member = by if by is not None and by.membership_id is not None else None
    with transaction() as session:
        row = FormatRequest(
            organisation_id=member.organisation_id if member else None,
            membership_id=member.membership_id if member else None,
            wanted=wish.wanted,
            page=wish.page[:LONGEST_PAGE],
            course=wish.course,
            details=wish.details.strip(),
            contact=wish.contact.strip(),
            created_at=now,
        )
        session.add(row)
        session.flush()
        audit.about(session, "format-asked", row, by=by or SYSTEM, now=now)
        outbox.post_many(session, _letters(session, row, member), due_at=now, now=now)
        return row.id


def _letters(session: Session, row: FormatRequest, member: Actor | None) -> list[Post]:
    helpers = _coordinators(session, member) if member else []
    path = "/coordinate/formats" if helpers else "/admin/formats"
    return [
        Post(
            "format-request",
            f"format-request:{row.id}:{helper.id}",
            helper.id,
            row.organisation_id,
            helper.locale,
            {"organisation": member.organisation_name if member else "", "path": path},
        )
        for helper in helpers or _administrators(session)
    ]


def _coordinators(session: Session, member: Actor) -> list[Any]:
    return list(
        session.execute(
            select(Account.id, Account.locale)
            .join(Membership, Membership.account_id == Account.id)
            .join(MembershipRole, MembershipRole.membership_id == Membership.id)
            .where(scope(member, Membership), *_coordinates(Membership, MembershipRole, Account))
        )
    )


def _coordinates(membership: Any, role: Any, account: Any) -> tuple[ColumnElement[bool], ...]:
    return (
        membership.state == MembershipState.ACTIVE,
        role.role == Role.COORDINATOR,
        account.deactivated_at.is_(None),
    )


def _administrators(session: Session) -> list[Any]:
    return list(
        session.execute(select(Account.id, Account.locale).where(Account.is_admin, Account.deactivated_at.is_(None)))
    )


def for_coordinators(by: Actor) -> ColumnElement[bool]:
    """Return the condition for the wishes of the actor's organisation."""
    require(by, Can.COORDINATE)
    return scope(by, FormatRequest)


def for_administrators(by: Actor) -> ColumnElement[bool]:
    """Return the condition for wishes of people who are no members, or whose organisation has no coordinator."""
    require(by, Can.ADMINISTER)
    return of_nobody()


def of_nobody() -> ColumnElement[bool]:
    """Return the condition for wishes that no coordinator sees."""
    membership, role, account = aliased(Membership), aliased(MembershipRole), aliased(Account)
    helper = (
        exists()
        .where(membership.organisation_id == FormatRequest.organisation_id, role.membership_id == membership.id)
        .where(account.id == membership.account_id, *_coordinates(membership, role, account))
    )
    return or_(FormatRequest.organisation_id.is_(None), ~helper)


def waiting(mine: ColumnElement[bool]) -> Select[int]:
    """Return the query that counts the wishes that are not done."""
    return select(func.count(FormatRequest.id)).where(mine, FormatRequest.done_at.is_(None))


def listed(session: Session, mine: ColumnElement[bool], *, done: bool) -> list[Any]:
    """Return wishes with the name of who asked: open ones, the oldest first, or the newest done ones."""
    statement = select(FormatRequest, Membership.name).outerjoin(
        Membership, Membership.id == FormatRequest.membership_id
    )
    if done:
        statement = statement.where(FormatRequest.done_at.is_not(None)).order_by(FormatRequest.done_at.desc())
    else:
        statement = statement.where(FormatRequest.done_at.is_(None)).order_by(FormatRequest.id)
    return list(session.execute(statement.where(mine).limit(MOST_DONE if done else MOST_OPEN)))


def one(session: Session, mine: ColumnElement[bool], request_id: int) -> FormatRequest | None:
    """Return one of these wishes, or None."""
    return session.scalars(select(FormatRequest).where(mine, FormatRequest.id == request_id)).one_or_none()


def finish(request_id: int, *, by: Actor, now: datetime) -> None:
    """Note that a wish is done; a second time changes nothing. Raises `Forbidden`."""
    with transaction() as session:
        row = session.get(FormatRequest, request_id, with_for_update=True)
        if row is None or not _may_finish(session, row, by):
            raise Forbidden(Can.COORDINATE)
        if row.done_at is None:
            row.done_at, row.done_by_id = now, by.account_id
            audit.about(session, "format-done", row, by=by, now=now)


def _may_finish(session: Session, row: FormatRequest, by: Actor) -> bool:
    if row.organisation_id is not None and allowed(by, Can.COORDINATE, row):
        return True
    if not allowed(by, Can.ADMINISTER):
        return False
    mine = and_(for_administrators(by), FormatRequest.id == row.id)
    return session.scalars(select(FormatRequest.id).where(mine)).one_or_none() is not None
