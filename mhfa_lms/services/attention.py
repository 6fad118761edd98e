"""What an administrator should look at, gathered from everywhere: failed mails, course problems, old help lines."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mhfa_lms.help import lines
from mhfa_lms.models import Account, CourseProblem, CourseRevision, Organisation
from mhfa_lms.services import acceptance, backlog, catalogue, formats, help_checks, paging, sealing
from mhfa_lms.services.backlog import Backlog

# The worker looks every few seconds: what has been due for so long says that it is not running.
WORKER_SILENT_AFTER: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Attention:
    """The state of the installation. `stale_countries` are names; `drafts` are revisions that no clinician has
    reviewed, as id and title: live ones, and newest ones where none is live. `waiting` are newest ones that are closed.
    """

    backlog: Backlog
    problems: int
    stale_countries: list[str]
    drafts: list[tuple[int, str]]
    waiting: list[CourseRevision]
    organisations: paging.Total
    people: paging.Total
    formats_asked: int

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
            or self.waiting
            or self.stale_countries
            or self.formats_asked
        )


def gather(session: Session, *, now: datetime) -> Attention:
    """Look everywhere. Six queries, whatever there is."""
    counts = (select(func.count(CourseProblem.id)), formats.waiting(formats.of_nobody()))
    problems, asked = session.execute(select(*(one.scalar_subquery() for one in counts))).one()
    living = select(Account.id).where(Account.erased_at.is_(None))
    organisations, people = paging.counts(session, select(Organisation.id), living)
    newest = acceptance.newest(session)
    waiting = [one for one, _signed in newest if not one.open]
    return Attention(
        backlog.measure(session, now=now),
        problems,
        [country.name for country, checked in checked_lines(session) if help_checks.is_stale(checked, now)],
        _drafts(newest, waiting),
        waiting,
        organisations,
        people,
        asked,
    )


def _drafts(newest: list[tuple[CourseRevision, bool]], waiting: list[CourseRevision]) -> list[tuple[int, str]]:
    taught = {one.course_id for one, _signed in newest if one.open}
    live = [one for one, signed in newest if one.open and not signed]
    drafts = [one for one in live if catalogue.course(one).review.status == "draft"]
    return [(one.id, one.title) for one in [*drafts, *(one for one in waiting if one.course_id not in taught)]]


def checked_lines(session: Session) -> list[tuple[lines.Country, datetime | None]]:
    """Return every country whose help lines we hold, the international entry last, with the last check."""
    directory, last = lines.load(), help_checks.last_checks(session)
    return [(country, last.get(country.country)) for country in (*directory.countries, directory.international)]
