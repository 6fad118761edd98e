"""Reading the outbox and the jobs, for administrators: by state, by kind, the newest first."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from mhfa_lms.models import Account, Job, Message, Organisation, WorkState
from mhfa_lms.services import paging

LONGEST_KIND: Final = 60
Slice = tuple[list[Any], int | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mails: by state, those that are put off only, a part of the kind's name, a part of the organisation's."""

    state: WorkState | None
    put_off: bool = False
    kind: str = ""
    organisation: str = ""


def mails(session: Session, wanted: Wanted, *, before: int | None = None, size: int = paging.PAGE) -> Slice:
    """Return a page of the outbox, the newest first, and the id that the next page begins before.

    Each row is a message, the organisation's name and the account's address.
    """
    conditions = _mail_conditions(wanted)
    if before is not None:
        conditions.append(Message.id < before)
    statement = (
        select(Message, Organisation.name.label("organisation"), Account.email)
        .outerjoin(Organisation, Organisation.id == Message.organisation_id)
        .outerjoin(Account, Account.id == Message.account_id)
        .where(and_(True, *conditions))
        .order_by(Message.id.desc())
        .limit(size + 1)
    )
    rows = list(session.execute(statement))
    return rows[:size], rows[size - 1].Message.id if len(rows) > size else None


def mails_total(session: Session, wanted: Wanted) -> paging.Total:
    """Return how many mails there are like this."""
    return paging.count(session, select(Message.id).where(and_(True, *_mail_conditions(wanted))))


def _mail_conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    state, kind = wanted.state, wanted.kind
    conditions: list[ColumnElement[bool]] = []
    if wanted.put_off:
        conditions.append(Message.error != "")
    if wanted.organisation:
        part = Organisation.name.icontains(wanted.organisation[:LONGEST_KIND], autoescape=True)
        conditions.append(Message.organisation_id.in_(select(Organisation.id).where(part)))
    if state is WorkState.DONE:
        # Nearly all are: walking back from the newest is quicker than the index of states, which says nothing of age.
        conditions.append(Message.state.not_in([one for one in WorkState if one is not WorkState.DONE]))
    elif state is not None:
        conditions.append(Message.state == state)
    if kind:
        conditions.append(Message.kind.contains(kind[:LONGEST_KIND].lower(), autoescape=True))
    return conditions


def jobs(session: Session, *, state: WorkState, before: int | None = None, size: int = paging.PAGE) -> Slice:
    """Return a page of the jobs in a state, the newest first, and the id that the next page begins before.

    Each row is a job and the organisation's name.
    """
    conditions = [Job.state == state]
    if before is not None:
        conditions.append(Job.id < before)
    statement = (
        select(Job, Organisation.name.label("organisation"))
        .outerjoin(Organisation, Organisation.id == Job.organisation_id)
        .where(*conditions)
        .order_by(Job.id.desc())
        .limit(size + 1)
    )
    rows = list(session.execute(statement))
    return rows[:size], rows[size - 1].Job.id if len(rows) > size else None
