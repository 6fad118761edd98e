"""The list of people whose future certificates a change of a rule concerns: on its page, and as a file."""

from collections.abc import Iterator
from typing import Final

from mhfa_lms import clock, db
from mhfa_lms.services import rule_changes, rule_learners
from mhfa_lms.services.rule_changes import Change
from mhfa_lms.services.rule_learners import Learner
from mhfa_lms.web.identity import me

ROWS_AT_ONCE: Final = 1_000
COLUMNS: Final = (
    "name",
    "organisation",
    "course",
    "enrolled_on",
    *(
        f"{fact}_{when}"
        for when in ("now", "then")
        for fact in ("valid_until", "window_opens_on", "window_closes_on", "renewed_until")
    ),
)


def some(change: Change, text: str, where: str, start: int, size: int) -> tuple[int, list[Learner]]:
    """Return how many people a change concerns, and so many of them; nobody where it is about reminders."""
    if change.rule not in rule_changes.CERTIFICATE_RULES:
        return 0, []
    return rule_learners.listed(
        db.session(), change, by=me(), now=clock.now(), text=text, where=where, start=start, size=size
    )


def rows(change: Change, text: str, where: str, total: int) -> Iterator[list[str]]:
    """Yield the lines of the file."""
    for start in range(0, total, ROWS_AT_ONCE):
        for one in some(change, text, where, start, ROWS_AT_ONCE)[1]:
            dates = [
                day.isoformat()
                for period, renewed in ((one.before, one.renewed_before), (one.after, one.renewed_after))
                for day in (period.expires_on, period.window_opens_on, period.window_closes_on, renewed.expires_on)
            ]
            yield [one.name, one.organisation, one.course, one.enrolled_at.date().isoformat(), *dates]
