"""One tick: post what is due. The database says what that is, and unique keys make a second tick harmless."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from mhfa_lms import db, logs
from mhfa_lms.jobs import chores
from mhfa_lms.services import (
    assessment,
    authorisation_reminders,
    contact_drafts,
    corrections,
    digests,
    duty_reminders,
    half_open,
    limits,
    overview_counts,
    reminders,
    renewing,
    retention,
    safeguarding_notices,
    sealing,
)
from mhfa_lms.settings import Settings

SEALS_A_TICK: Final = 20_000


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one tick posted.

    `authorisation_reminders` are all those to instructors; `cases` counts those that escalated,
    each with a mail or more.
    """

    reminders: int
    authorisation_reminders: int
    digests: int
    cases: int = 0

    @property
    def total(self) -> int:
        """How many mails were posted."""
        return self.reminders + self.authorisation_reminders + self.digests + self.cases


def tick(settings: Settings, now: datetime, *, send_at: datetime | None = None) -> TickReport:  # noqa: ARG001  # every kind of work is handed the settings
    """Post every mail that is due at `now`, to be sent at `send_at`: at its reader's humane hour, when left out.

    Each kind is posted though another one fails; the first error is raised at the end.
    """
    posted: Counter[str] = Counter()

    def post(name: str, due: Callable[..., int]) -> None:
        posted[name] += due(now=now, due_at=send_at)

    # Somebody may be waiting to be helped: first.
    kinds: dict[str, Callable[..., int]] = {
        "cases": safeguarding_notices.escalate_due,
        "reminders": reminders.post_due,
        "authorisations": authorisation_reminders.post_due,
        "duties": duty_reminders.post_due,
        "digests": digests.post_due,
    }
    chores.each({name: partial(post, name, due) for name, due in kinds.items()})
    return TickReport(
        posted["reminders"], posted["authorisations"] + posted["duties"], posted["digests"], posted["cases"]
    )


def tidy(now: datetime, *, left_behind: bool = True) -> int:
    """Seal the audit trail, hand in attempts whose time is over, forget old counters, unfinished sign-ins and words
    that waited seven days to be sent, give corrections of courses to learners whom they have not reached, renew what
    waited for its window, post the day's retention, count for the overviews of large organisations.

    Returns how many events were sealed. Takes the real time only. `left_behind` asks for events that were committed
    long after their number was given out, which takes as long as the trail is. Each of these is done though another
    one fails; the first error is raised at the end.
    """
    sealed = [0]

    def seal() -> None:
        sealed[0] = _seal(now, left_behind=left_behind)

    chores.each(
        {
            "seal": seal,
            "hand-in": lambda: assessment.hand_in_overdue(now=now),
            "limits": lambda: limits.sweep(now=now),
            "half-open": lambda: half_open.sweep(now=now),
            "drafts": lambda: contact_drafts.sweep(now=now),
            "corrections": lambda: corrections.flow(now=now),
            "renewals": lambda: renewing.issue_waiting(now=now, failed=_not_renewed),
            "retention": lambda: retention.post_daily(now=now),
            "overviews": lambda: overview_counts.refresh(now=now, look=left_behind),
        }
    )
    return sealed[0]


def _not_renewed(enrolment_id: int, error: Exception) -> None:
    """Note a renewal that could not be issued. The next tick tries again; the system page counts them."""
    logs.logger().error(
        "renewal-not-issued", enrolment_id=enrolment_id, error=type(error).__name__, at=logs.place(error)
    )


def _seal(now: datetime, *, left_behind: bool) -> int:
    sealed = 0
    while sealed < SEALS_A_TICK and (some := sealing.seal(now=now, left_behind=left_behind)):
        sealed += some
    if sealed:
        # The log lies outside the database: whoever cuts the trail's end off does not reach it.
        count, head = sealing.sealed_so_far(db.session())
        db.session().rollback()
        logs.logger().info("audit-sealed", sealed=count, head=head)
    return sealed
