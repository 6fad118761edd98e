"""What an administrator should look at, gathered from everywhere: failed mails, course problems, old help lines."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from mhfa_lms.help import lines
from mhfa_lms.models import Account, CourseProblem, Message, Organisation, WorkState
from mhfa_lms.services import backlog, catalogue, help_checks, paging, sealing
from mhfa_lms.services.backlog import Backlog

# The worker looks every few seconds: what has been due for so long says that it is not running.
WORKER_SILENT_AFTER: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Attention:
    """The state of the installation. `stale_countries` are names; `drafts` are courses without a clinical review."""

    backlog: Backlog
    problems: int
    stale_countries: list[str]
    drafts: list[str]
    organisations: paging.Total
    people: paging.Total

    @property
    def worker_is_silent(self) -> bool:
        """Whether work has been waiting for longer than a running worker lets it."""
        oldest = max(self.backlog.messages.oldest_seconds, self.backlog.jobs.oldest_seconds)
        return oldest > WORKER_SILENT_AFTER.total_seconds()

    @property
    def tail_is_long(self) -> bool:
        """Whether more audit events wait for their seal than the worker seals at once."""
        return self.backlog.unsealed_events > sealing.BATCH

    @property
    def calm(self) -> bool:
        """Whether nothing asks for attention."""
        return not (
            self.worker_is_silent
            or self.tail_is_long
            or self.backlog.messages.failed
            or self.backlog.jobs.failed
            or self.problems
            or self.stale_countries
        )


def gather(session: Session, *, now: datetime) -> Attention:
    """Look everywhere. Ten queries, whatever there is."""
    return Attention(
        backlog.measure(session, now=now),
        session.scalar(select(func.count(CourseProblem.id))) or 0,
        [country.name for country, checked in checked_lines(session) if help_checks.is_stale(checked, now)],
        [
            revision.title
            for revision in catalogue.newest(session)
            if catalogue.course(revision).review.status == "draft"
        ],
        paging.count(session, select(Organisation.id)),
        paging.count(session, select(Account.id).where(Account.erased_at.is_(None))),
    )


def checked_lines(session: Session) -> list[tuple[lines.Country, datetime | None]]:
    """Return every country whose help lines we hold, the international entry last, with the last check."""
    directory, last = lines.load(), help_checks.last_checks(session)
    return [(country, last.get(country.country)) for country in (*directory.countries, directory.international)]


def mails(
    session: Session, *, state: WorkState, before: int | None = None, size: int = paging.PAGE
) -> tuple[list[Any], int | None]:
    """Return a page of the outbox, the newest first, and the id that the next page begins before.

    Each row is a message, the organisation's name and the account's address.
    """
    conditions: list[ColumnElement[bool]] = [Message.state == state]
    if before is not None:
        conditions.append(Message.id < before)
    rows = list(
        session.execute(
            select(Message, Organisation.name.label("organisation"), Account.email)
            .outerjoin(Organisation, Organisation.id == Message.organisation_id)
            .outerjoin(Account, Account.id == Message.account_id)
            .where(and_(*conditions))
            .order_by(Message.id.desc())
            .limit(size + 1)
        )
    )
    return rows[:size], rows[size - 1].Message.id if len(rows) > size else None
