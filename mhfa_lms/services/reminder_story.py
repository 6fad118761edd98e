"""What became of every reminder: what was sent, what will be and when, and why something was not. In words.

The same story is told to its hero (`Voice.OWN`), and of them to coordinators and whoever runs the installation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from mhfa_lms import clock, i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Account, Certificate, Membership, Message, Reminder
from mhfa_lms.services import authorisation_story, duty_story, humane_hour, reminder_words
from mhfa_lms.services.names import email_key
from mhfa_lms.services.reminder_plan import Found, Plan, once, plan
from mhfa_lms.services.reminder_reasons import Reason, reason, situation
from mhfa_lms.services.reminder_tale import Chapter, Story
from mhfa_lms.services.reminder_words import State, Voice
from mhfa_lms.services.reminders import is_kept

__all__ = ["Chapter", "Story", "of_account", "of_certificate", "of_membership", "stories", "tell"]

MOST: Final = 200


def tell(session: Session, email: str, *, now: datetime) -> list[Story] | None:
    """Return the stories of all that an account holds (`of_account`), told to others; None without an account."""
    account_id = session.scalars(select(Account.id).where(Account.email_key == email_key(email))).one_or_none()
    return None if account_id is None else of_account(session, account_id, now=now, voice=Voice.OTHERS)


def of_account(session: Session, account_id: int, *, now: datetime, voice: Voice = Voice.OWN) -> list[Story]:
    """Return the stories of all that an account holds, and then of what an instructor needs to go on."""
    return _all(session, Membership.account_id == account_id, now, voice)


def of_membership(session: Session, membership_id: int, *, now: datetime) -> list[Story]:
    """Return the stories of a member, told to a coordinator."""
    return _all(session, Membership.id == membership_id, now, Voice.OTHERS)


def _all(session: Session, of_whom: ColumnElement[bool], now: datetime, voice: Voice) -> list[Story]:
    found = once(session)
    return [
        *stories(session, of_whom, now=now, voice=voice, found=found),
        *authorisation_story.stories(session, of_whom, now=now, voice=voice, found=found),
        *duty_story.stories(session, of_whom, now=now, voice=voice, found=found),
    ]


def of_certificate(session: Session, certificate_id: int, *, now: datetime) -> Story:
    """Return the story of one certificate, told to its holder. Four queries."""
    return stories(session, Certificate.id == certificate_id, now=now, voice=Voice.OWN)[0]


def stories(
    session: Session,
    *conditions: ColumnElement[bool],
    now: datetime,
    voice: Voice = Voice.OTHERS,
    found: Found | None = None,
) -> list[Story]:
    """Return the stories of certificates, the one that ends last first. Two queries, and two an organisation."""
    rows = situation(session, *conditions, limit=MOST)
    posted = _posted(session, [row.id for row in rows])
    found = found or once(session)
    plans = {one: plan(found(one)) for one in {row.organisation_id for row in rows}}
    rows.sort(key=lambda row: (row.expires_on, row.id), reverse=True)
    return [_Teller(row, plans[row.organisation_id], posted.get(row.id, {}), now, voice).story() for row in rows]


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


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tells one certificate's story. `posted` holds what was posted, by offset."""

    row: Any
    rules_of: Plan
    posted: Mapping[int, Any]
    now: datetime
    voice: Voice

    @property
    def zone(self) -> str:
        """The zone in which the reader's hours are counted."""
        return humane_hour.reader_zone(self.row.own_timezone, self.row.timezone)

    def story(self) -> Story:
        row, today = self.row, clock.civil_date(self.now, self.row.timezone)
        schedule = dict(self.rules_of.schedule(row))
        # What was posted under rules that have been changed since is told as well.
        for offset in self.posted:
            schedule.setdefault(offset, self.rules_of.day(offset, row) or row.window_closes_on)
        due = self.rules_of.due(row, today)
        chapters = [self._chapter(offset, day, today, due) for offset, day in _in_order(schedule)]
        verdict = self._verdict(today)
        return Story(row.code, row.type_name, row.organisation_name, row.expires_on, verdict, tuple(chapters))

    def _verdict(self, today: date) -> str:
        against = reason(self.row, kept=False, today=today)
        if against is Reason.FINISHED:
            return reminder_words.renewed_before(self.row.window_opens_on)
        if against is None and today > self.row.window_closes_on:
            against = Reason.OVER
        kept = against is Reason.STOPPED and self.rules_of.keep_last
        return reminder_words.verdict(against, self.voice, kept=kept)

    def _chapter(self, offset: int, day: date, today: date, due: int | None) -> Chapter:
        if offset in self.posted:
            state, at, words = reminder_words.sent(self.posted[offset], self.zone, self.voice)
            return Chapter(offset, day, state, words, at)
        against = reason(self.row, kept=is_kept(self.rules_of, offset, self.row), today=today)
        if against is Reason.FINISHED:
            return Chapter(offset, day, State.STOPPED, reminder_words.renewed_before(self.row.window_opens_on))
        if against is not None:
            return Chapter(offset, day, State.STOPPED, reminder_words.not_sent(against, self.voice))
        if day > today:
            at = humane_hour.planned(day, self.row.timezone, self.zone, self.rules_of.hour)
            return Chapter(offset, day, State.LATER, _("Will go on %(when)s.", when=_moment(at, self.zone)), at)
        if offset == due and not any(sent < offset for sent in self.posted):
            at = humane_hour.first_from(self.now, self.zone, self.rules_of.hour)
            return Chapter(offset, day, State.DUE, _("Is due: will go on %(when)s.", when=_moment(at, self.zone)), at)
        if today > self.row.window_closes_on:
            return Chapter(offset, day, State.MISSED, reminder_words.not_sent(Reason.OVER, self.voice))
        return Chapter(offset, day, State.MISSED, _("Not sent: a later one was due by the time reminders were posted."))


def _in_order(schedule: Mapping[int, date]) -> Sequence[tuple[int, date]]:
    return sorted(schedule.items(), key=lambda item: -item[0])


def _moment(at: datetime, zone: str) -> str:
    return i18n.format_moment(at, zone)
