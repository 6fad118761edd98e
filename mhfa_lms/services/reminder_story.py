"""Why a reminder went or did not go, told in words for whoever runs the installation."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import clock
from mhfa_lms.models import Account, Membership, Message, Reminder, WorkState
from mhfa_lms.services import rules
from mhfa_lms.services.names import email_key
from mhfa_lms.services.reminder_plan import GRACE, RULES, Plan, plan
from mhfa_lms.services.reminder_reasons import WORDS, Reason, reason, situation
from mhfa_lms.services.reminders import is_kept

MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Chapter:
    """One reminder of one certificate. `state` is sent, waiting, failed, cancelled, due, later, missed or stopped."""

    offset_days: int
    day: date
    state: str
    words: str

    @property
    def title(self) -> str:
        """Which reminder it is."""
        if self.offset_days == GRACE:
            return "after expiry"
        return "on the last day" if self.offset_days == 0 else f"{self.offset_days} days before"


@dataclass(frozen=True, slots=True)
class Story:
    """All reminders of one certificate."""

    code: str
    type_name: str
    organisation: str
    expires_on: date
    verdict: str
    chapters: tuple[Chapter, ...]

    def as_data(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "certificate": self.code,
            "type": self.type_name,
            "organisation": self.organisation,
            "expires_on": self.expires_on.isoformat(),
            "verdict": self.verdict,
            "reminders": [
                {"offset_days": one.offset_days, "day": one.day.isoformat(), "state": one.state, "words": one.words}
                for one in self.chapters
            ],
        }

    def as_text(self) -> str:
        """Return it for people."""
        head = f"Certificate {self.code} ({self.type_name}, {self.organisation}), valid until {self.expires_on}"
        lines = [f"  {one.day}  {one.title + ':':16} {one.words}" for one in self.chapters]
        return "\n".join([head, f"  {self.verdict}", *lines])


def tell(session: Session, email: str, *, now: datetime) -> list[Story] | None:
    """Return the story of each certificate of an account, the one that ends last first; None without an account."""
    account_id = session.scalars(select(Account.id).where(Account.email_key == email_key(email))).one_or_none()
    if account_id is None:
        return None
    rows = situation(session, Membership.account_id == account_id, limit=MOST)
    posted = _posted(session, [row.id for row in rows])
    plans = {
        one: plan(rules.resolve(session, RULES, organisation_id=one)) for one in {row.organisation_id for row in rows}
    }
    rows.sort(key=lambda row: (row.expires_on, row.id), reverse=True)
    return [_story(row, plans[row.organisation_id], posted.get(row.id, {}), now) for row in rows]


def _posted(session: Session, certificate_ids: list[int]) -> dict[int, dict[int, Any]]:
    found: dict[int, dict[int, Any]] = {}
    for row in session.execute(
        select(
            Reminder.certificate_id, Reminder.offset_days, Message.state, Message.done_at, Message.error, Message.due_at
        )
        .join(Message, Message.id == Reminder.message_id)
        .where(Reminder.certificate_id.in_(certificate_ids))
    ):
        found.setdefault(row.certificate_id, {})[row.offset_days] = row
    return found


def _story(row: Any, rules_of: Plan, posted: dict[int, Any], now: datetime) -> Story:
    today = clock.civil_date(now, row.timezone)
    against = reason(row, kept=False)
    due = rules_of.due(row, today)
    schedule = dict(rules_of.schedule(row))
    # What was posted under rules that have been changed since is told as well.
    for offset in posted:
        schedule.setdefault(offset, rules_of.day(offset, row) or row.window_closes_on)
    chapters = [
        _chapter(row, rules_of, offset, day, posted, today, due)
        for offset, day in sorted(schedule.items(), key=lambda item: -item[0])
    ]
    if against is None and today > row.window_closes_on:
        against = Reason.OVER
    if against is None:
        verdict = "Reminders go out on the days below."
    else:
        verdict = f"No more reminders: {WORDS[against]}"
        if against is Reason.STOPPED and rules_of.keep_last:
            verdict = "The person has stopped reminders; the organisation keeps the last one going."
    return Story(row.code, row.type_name, row.organisation_name, row.expires_on, verdict, tuple(chapters))


def _chapter(
    row: Any, rules_of: Plan, offset: int, day: date, posted: dict[int, Any], today: date, due: int | None
) -> Chapter:
    if offset in posted:
        return Chapter(offset, day, *_sent(posted[offset]))
    against = reason(row, kept=is_kept(rules_of, offset, row))
    if against is not None:
        return Chapter(offset, day, "stopped", f"Not sent. {WORDS[against]}")
    if day > today:
        return Chapter(offset, day, "later", "Will go on this day.")
    if offset == due and not any(sent < offset for sent in posted):
        return Chapter(offset, day, "due", "Is due: the next tick posts it.")
    if today > row.window_closes_on:
        return Chapter(offset, day, "missed", f"Not sent. {WORDS[Reason.OVER]}")
    return Chapter(offset, day, "missed", "Not sent: a later one was due by the time reminders were posted.")


def _sent(row: Any) -> tuple[str, str]:
    if row.state is WorkState.DONE:
        return "sent", f"Sent at {row.done_at.isoformat(timespec='minutes')}."
    if row.state is WorkState.CANCELLED:
        return "cancelled", f"Posted, then not sent: {row.error}."
    if row.state is WorkState.FAILED:
        return "failed", f"Posted, and failed for good: {row.error}."
    again = f" The last try failed: {row.error}." if row.error else ""
    return "waiting", f"Posted, and waits to be sent (next try {row.due_at.isoformat(timespec='minutes')}).{again}"
