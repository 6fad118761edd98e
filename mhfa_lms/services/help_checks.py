"""When the operator last checked the help lines of each country."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import HelpCheck
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import audit

STALE_AFTER: Final = timedelta(days=180)


def last_checks(session: Session) -> dict[str, datetime]:
    """Return the last check of each country, by its code; a country that is not there was never checked."""
    return {
        row.country: row.last
        for row in session.execute(
            select(HelpCheck.country, func.max(HelpCheck.checked_at).label("last")).group_by(HelpCheck.country)
        )
    }


def record(country: str, *, by: Actor, now: datetime) -> None:
    """Note that an administrator checked a country's lines."""
    require(by, Can.ADMINISTER)
    with transaction() as session:
        row = HelpCheck(country=country, checked_at=now, checked_by_id=by.account_id)
        session.add(row)
        session.flush()
        audit.record(session, "help-lines-checked", by=by, now=now, subject="help_check", subject_id=row.id)


def is_stale(last: datetime | None, now: datetime) -> bool:
    """Whether lines were never checked, or longer ago than 180 days."""
    return last is None or now - last > STALE_AFTER
