"""Cases as safeguarding leads see them: what waits, what is in it, acknowledging, noting, closing.

A lead sees the cases of the organisation they are using, but for their own, and but for those that a writer would first
like another lead to see, for as long as that other one can answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from mhfa_lms.db import transaction
from mhfa_lms.models import (
    Account,
    CaseState,
    EntryKind,
    Membership,
    MembershipRole,
    MembershipState,
    Role,
    SafeguardingCase,
    SafeguardingEntry,
    ScenarioAnswer,
)
from mhfa_lms.policy import Actor, Can, Forbidden, require
from mhfa_lms.services import audit
from mhfa_lms.services import safeguarding_words as sealing
from mhfa_lms.services.safeguarding_words import Words
from mhfa_lms.services.secret_box import SecretBox

MOST_OPEN: Final = 100
MOST_OVER: Final = 25


class OverError(RuntimeError):
    """The case is closed or withdrawn; nothing is added to it any more."""


@dataclass(frozen=True, slots=True)
class Line:
    """A case in the list, with the name of whom it is about."""

    case: SafeguardingCase
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What was added to a case. `words` is None where no key opens them; `answer` what was written for a scenario."""

    kind: EntryKind
    at: datetime
    author: str
    words: Words | None
    answer: str


def _visible(organisation_id: Any, membership_id: Any) -> ColumnElement[bool]:
    chosen, role, account = aliased(Membership), aliased(MembershipRole), aliased(Account)
    another_can = (
        select(chosen.id)
        .join(role, role.membership_id == chosen.id)
        .join(account, account.id == chosen.account_id)
        .where(
            chosen.id == SafeguardingCase.for_id,
            role.role == Role.SAFEGUARDING,
            chosen.state == MembershipState.ACTIVE,
            account.deactivated_at.is_(None),
        )
        .exists()
    )
    return and_(
        SafeguardingCase.organisation_id == organisation_id,
        SafeguardingCase.membership_id != membership_id,
        or_(SafeguardingCase.for_id.is_(None), SafeguardingCase.for_id == membership_id, ~another_can),
    )


def visible(by: Actor) -> ColumnElement[bool]:
    """Return the condition for the cases that a lead may see. Raises `Forbidden`."""
    require(by, Can.SAFEGUARD)
    return _visible(by.organisation_id, by.membership_id)


def waiting_statement(most: int) -> Select[int]:
    """Return the query that counts what waits for a lead, no further than `most`; made once, run for every page."""
    few = (
        select(SafeguardingCase.id)
        .where(
            _visible(bindparam("organisation_id"), bindparam("membership_id")),
            SafeguardingCase.state == CaseState.WAITING,
        )
        .limit(most)
        .subquery()
    )
    return select(func.count()).select_from(few)


def listed(session: Session, *states: CaseState, by: Actor) -> list[Line]:
    """Return a lead's cases in these states: open ones by how long they wait, the newest of those that are over."""
    over = CaseState.CLOSED in states
    order = SafeguardingCase.ended_at.desc() if over else SafeguardingCase.waiting_since
    found = session.execute(
        select(SafeguardingCase, Membership.name)
        .join(Membership, Membership.id == SafeguardingCase.membership_id)
        .where(visible(by), SafeguardingCase.state.in_(states))
        .order_by(order, SafeguardingCase.id)
        .limit(MOST_OVER if over else MOST_OPEN)
    )
    return [Line(case, name) for case, name in found]


def one(session: Session, case_id: int, *, by: Actor) -> SafeguardingCase | None:
    """Return a case that the lead may see, or None."""
    mine = select(SafeguardingCase).where(visible(by), SafeguardingCase.id == case_id)
    return session.scalars(mine.options(joinedload(SafeguardingCase.membership))).one_or_none()


def entries(session: Session, case: SafeguardingCase, seals: SecretBox) -> list[Entry]:
    """Return what is in a case, the first thing first."""
    found = session.execute(
        select(SafeguardingEntry, Membership.name, ScenarioAnswer.text)
        .outerjoin(Membership, Membership.id == SafeguardingEntry.author_id)
        .outerjoin(ScenarioAnswer, ScenarioAnswer.id == SafeguardingEntry.answer_id)
        .where(SafeguardingEntry.case_id == case.id)
        .order_by(SafeguardingEntry.id)
    )
    return [Entry(row.kind, row.at, name or "", sealing.opened(row, seals), text or "") for row, name, text in found]


def addresses(session: Session, case: SafeguardingCase) -> list[str]:
    """Return the addresses a writer can be reached at: the one for work, and the one they sign in with."""
    found = session.execute(
        select(Membership.work_email, Account.email)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.id == case.membership_id)
    ).one()
    return list(dict.fromkeys(one for one in found if one))


def names(session: Session, ids: Sequence[int | None]) -> dict[int, str]:
    """Return the names of memberships."""
    wanted = select(Membership.id, Membership.name).where(Membership.id.in_([one for one in ids if one is not None]))
    return {row.id: row.name for row in session.execute(wanted)}


def acknowledge(case_id: int, *, by: Actor, now: datetime) -> None:
    """Say that the case was read and is looked after; a second time changes nothing. Raises `Forbidden`."""
    with transaction() as session:
        case = _held(session, case_id, by)
        if case.state is CaseState.WAITING:
            _acknowledge(session, case, by=by, now=now)


def note(case_id: int, text: str, seals: SecretBox, *, by: Actor, now: datetime) -> None:
    """Add a note for the leads. Raises `OverError` and `Forbidden`."""
    with transaction() as session:
        case = _held(session, case_id, by)
        if case.ended_at is not None:
            raise OverError(case_id)
        _note(session, case, text, seals, by=by, now=now)


def close(case_id: int, text: str, seals: SecretBox, *, by: Actor, now: datetime) -> None:
    """Close a case, with a last note if there is one; a second time changes nothing. Raises `Forbidden`."""
    with transaction() as session:
        case = _held(session, case_id, by)
        if case.ended_at is not None:
            return
        if case.state is CaseState.WAITING:
            _acknowledge(session, case, by=by, now=now)
        if text:
            _note(session, case, text, seals, by=by, now=now)
        case.state, case.ended_at, case.closed_by_id = CaseState.CLOSED, now, by.membership_id
        audit.about(session, "safeguarding-closed", case, by=by, now=now)


def _held(session: Session, case_id: int, by: Actor) -> SafeguardingCase:
    case = session.scalars(
        select(SafeguardingCase).where(visible(by), SafeguardingCase.id == case_id).with_for_update()
    ).one_or_none()
    if case is None:
        raise Forbidden(Can.SAFEGUARD)
    return case


def _acknowledge(session: Session, case: SafeguardingCase, *, by: Actor, now: datetime) -> None:
    case.state, case.acknowledged_at, case.acknowledged_by_id = CaseState.ACKNOWLEDGED, now, by.membership_id
    session.flush()
    audit.about(session, "safeguarding-acknowledged", case, by=by, now=now)


def _note(session: Session, case: SafeguardingCase, text: str, seals: SecretBox, *, by: Actor, now: datetime) -> None:
    entry = SafeguardingEntry(case_id=case.id, kind=EntryKind.NOTE, author_id=by.membership_id, at=now)
    sealing.put(entry, Words(text), seals, now=now)
    session.add(entry)
    audit.about(session, "safeguarding-noted", case, by=by, now=now)
