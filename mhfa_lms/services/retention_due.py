"""When retention ends: dates, and the rule that an organisation sets for them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from mhfa_lms import clock
from mhfa_lms.models import Organisation
from mhfa_lms.services import rule_trees, rules
from mhfa_lms.services.periods import add_months
from mhfa_lms.services.rules import Rule

# So many organisations in one condition: databases bound the number of parameters.
AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Due:
    """One row that is not to be kept any more, since the day after `kept_until`. `label` is what people know it by."""

    id: int
    kept_until: date
    label: str = ""


def kept_until(last_day: date, months: int) -> date:
    """Return the last day on which something is kept: so many calendar months after its own last day."""
    return add_months(last_day, months)


def is_over(last_day: date, months: int, today: date) -> bool:
    """Whether retention has ended: from the day after the last day on which it is kept."""
    return kept_until(last_day, months) < today


def first_kept(months: int, today: date) -> date:
    """Return the earliest last day of something still kept today: whatever ended before it is over.

    It is `is_over` turned round, so that a database compares a column with one date.
    """
    day = add_months(today, -months)
    # 31 May less three months is 28 February, which is kept until 28 May only: the next day is the first one kept.
    return day if not is_over(day, months, today) else date.fromordinal(day.toordinal() + 1)


@dataclass(frozen=True, slots=True)
class Terms:
    """Organisations that share the rule and the present day."""

    months: int
    today: date
    organisation_ids: tuple[int, ...]

    @property
    def first_kept(self) -> date:
        """Return the earliest last day of what is still kept."""
        return first_kept(self.months, self.today)

    def of(self, column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
        """Return the condition that a row belongs to one of them."""
        ids = self.organisation_ids
        return or_(*(column.in_(ids[start : start + AT_ONCE]) for start in range(0, len(ids), AT_ONCE)))


def terms(session: Session, now: datetime) -> Iterator[Terms]:
    """Yield every organisation's terms, those alike together."""
    resolved = rule_trees.resolve_everywhere(session, [Rule.RETENTION_MONTHS])
    alike: defaultdict[tuple[int, date], list[int]] = defaultdict(list)
    for row in session.execute(select(Organisation.id, Organisation.timezone).order_by(Organisation.id)):
        months = int(resolved[row.id][Rule.RETENTION_MONTHS].value)
        alike[months, clock.civil_date(now, row.timezone)].append(row.id)
    for (months, today), ids in alike.items():
        yield Terms(months, today, tuple(ids))


def installation_months(session: Session) -> int:
    """Return the rule for what belongs to no organisation."""
    found = rules.resolve(session, [Rule.RETENTION_MONTHS], organisation_id=None)
    return int(found[Rule.RETENTION_MONTHS].value)
