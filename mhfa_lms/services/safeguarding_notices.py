"""Who hears of a case: the leads of the writer's organisation, by mails that say neither what nor who.

A case is for every lead, or first for the one whom the writer chose. What nobody has acknowledged after a day
escalates once: it is for every lead from then on, and where that adds nobody, the leads of the nearest organisation
above are told that something waits. They do not see it; they know whom to ring.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mhfa_lms.db import session as reading
from mhfa_lms.db import transaction
from mhfa_lms.models import (
    Account,
    CaseState,
    Membership,
    MembershipRole,
    MembershipState,
    Message,
    Organisation,
    Role,
    SafeguardingCase,
)
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import audit, outbox

KIND: Final = "safeguarding"
PATH: Final = "/safeguarding"
PATIENCE: Final = timedelta(hours=24)
AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Lead:
    """Somebody who can look after cases: their membership, account, name and language."""

    id: int
    account_id: int
    name: str
    locale: str


def leads(session: Session, organisation_id: int, *, but: int | None = None) -> list[Lead]:
    """Return who has the safeguarding role in an organisation and can sign in, by name; `but` one membership."""
    found = session.execute(
        select(Membership.id, Membership.account_id, Membership.name, Account.locale)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.id.in_(in_organisation(organisation_id)), Membership.id != but)
        .order_by(Membership.sort_key, Membership.id)
    )
    return [Lead(*row) for row in found]


def in_organisation(organisation_id: int) -> Select[int]:
    """Return the query for the memberships of those in an organisation who have the role and can sign in."""
    return _can_answer().where(Membership.organisation_id == organisation_id)


@cache
def _can_answer() -> Select[int]:
    # Beginning with the few who have the role, as elsewhere: a join would let SQLite begin with everybody.
    having = select(MembershipRole.membership_id).where(MembershipRole.role == Role.SAFEGUARDING)
    return (
        select(Membership.id)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.id.in_(having), Membership.state == MembershipState.ACTIVE, Account.deactivated_at.is_(None))
    )


def tell(session: Session, case: SafeguardingCase, stamp: str, *, now: datetime) -> None:
    """Tell whom a case is for that something in it waits, in the caller's transaction; once for each stamp."""
    there = leads(session, case.organisation_id, but=case.membership_id)
    chosen = [one for one in there if one.id == case.for_id]
    _post(session, case, chosen or there, "new", stamp, now=now, due_at=now)


def tell_of_new_lead(session: Session, lead: Membership, *, now: datetime) -> None:
    """Tell an organisation's other leads that somebody new reads what people write to them."""
    name = session.scalars(select(Organisation.name).where(Organisation.id == lead.organisation_id)).one()
    facts = {"what": "named", "organisation": name, "path": PATH}
    key = f"{KIND}:named:{lead.id}:{now.isoformat()}"
    others = leads(session, lead.organisation_id, but=lead.id)
    posts = [outbox.Post(KIND, f"{key}:{one.account_id}", one.account_id, None, one.locale, facts) for one in others]
    outbox.post_many(session, posts, due_at=now, now=now)


def escalate_due(*, now: datetime, due_at: datetime | None = None) -> int:
    """Escalate every case that nobody has acknowledged for a day, once; returns how many.

    However often it is called, and whatever the clock did meanwhile: what escalated says so in its row.
    """
    late = (
        select(SafeguardingCase.id)
        .where(
            SafeguardingCase.state == CaseState.WAITING,
            SafeguardingCase.escalated_at.is_(None),
            SafeguardingCase.waiting_since <= now - PATIENCE,
        )
        .order_by(SafeguardingCase.waiting_since, SafeguardingCase.id)
        .limit(AT_ONCE)
    )
    # Looked at before writing: most ticks find nothing, and should cost no transaction.
    there = reading().scalars(late).first()
    reading().rollback()
    if there is None:
        return 0
    with transaction() as session:
        found = session.scalars(late.with_only_columns(SafeguardingCase).with_for_update(skip_locked=True)).all()
        for case in found:
            _escalate(session, case, now=now, due_at=due_at or now)
        return len(found)


def _escalate(session: Session, case: SafeguardingCase, *, now: datetime, due_at: datetime) -> None:
    there = leads(session, case.organisation_id, but=case.membership_id)
    told_before = {case.for_id} & {one.id for one in there} or {one.id for one in there}
    adds_nobody = told_before == {one.id for one in there}
    case.escalated_at, case.for_id = now, None
    session.flush()
    stamp = f"late:{case.waiting_since.isoformat()}"
    _post(session, case, there, "late", stamp, now=now, due_at=due_at)
    if adds_nobody:
        _post(session, case, _leads_above(session, case), "above", stamp, now=now, due_at=due_at)
    audit.about(session, "safeguarding-escalated", case, by=SYSTEM, now=now)


def _leads_above(session: Session, case: SafeguardingCase) -> list[Lead]:
    """Return the leads of the nearest organisation above that has any; nobody where there is none."""
    seen: set[int] = set()
    here: int | None = case.organisation_id
    while here is not None and here not in seen:
        seen.add(here)
        here = session.scalars(select(Organisation.parent_id).where(Organisation.id == here)).one_or_none()
        if here is not None and (found := leads(session, here)):
            return found
    return []


def _post(
    session: Session,
    case: SafeguardingCase,
    to: Sequence[Lead],
    what: str,
    stamp: str,
    *,
    now: datetime,
    due_at: datetime,
) -> None:
    name = session.scalars(select(Organisation.name).where(Organisation.id == case.organisation_id)).one()
    facts = {"what": what, "organisation": name, "path": PATH, "case": case.id}
    posts = [
        outbox.Post(KIND, f"{KIND}:{case.id}:{what}:{stamp}:{one.account_id}", one.account_id, None, one.locale, facts)
        for one in {one.account_id: one for one in to}.values()
    ]
    outbox.post_many(session, posts, due_at=due_at, now=now)


def unwanted(session: Session, message: Message) -> str | None:
    """Return why a posted notice must not be delivered any more, or None."""
    case = session.get(SafeguardingCase, message.facts.get("case") or 0)
    if message.facts.get("what") != "named" and (case is None or case.state is not CaseState.WAITING):
        return "nothing waits there any more"
    still = session.scalars(
        select(Membership.id).where(Membership.account_id == message.account_id, Membership.id.in_(_can_answer()))
    ).first()
    return None if still else "no longer a safeguarding lead"
