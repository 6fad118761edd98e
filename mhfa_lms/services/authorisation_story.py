"""What became of the reminders to instructors that their leave to teach and mark ends."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from mhfa_lms import clock, i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import ngettext
from mhfa_lms.models import AuthorisationReminder, Message
from mhfa_lms.services import authorisation_reminders, humane_hour, reminder_words
from mhfa_lms.services.reminder_plan import Dates, Found, Plan, plan
from mhfa_lms.services.reminder_tale import Chapter, Story
from mhfa_lms.services.reminder_words import State, Voice

ABOUT: Final = "authorisation"


def stories(
    session: Session, *conditions: ColumnElement[bool], now: datetime, voice: Voice, found: Found
) -> list[Story]:
    """Return the story of each authorisation in force that no longer one has taken the place of.

    Two queries, and what rules cost; one for somebody who is no instructor.
    """
    rows = authorisation_reminders.valid(session, *conditions)
    if not rows:
        return []
    posted = _posted(session, [row.id for row in rows])
    plans = {one: plan(found(one)) for one in {row.organisation_id for row in rows}}
    rows.sort(key=lambda row: (row.expires_on, row.id), reverse=True)
    return [_story(row, plans[row.organisation_id], posted.get(row.id, {}), now, voice) for row in rows]


def _posted(session: Session, ids: list[int]) -> dict[int, dict[int, Any]]:
    found: dict[int, dict[int, Any]] = {}
    columns = (Message.state, Message.done_at, Message.error, Message.due_at)
    for row in session.execute(
        select(AuthorisationReminder.authorisation_id, AuthorisationReminder.offset_days, *columns)
        .join(Message, Message.id == AuthorisationReminder.message_id)
        .where(AuthorisationReminder.authorisation_id.in_(ids))
    ):
        found.setdefault(row.authorisation_id, {})[row.offset_days] = row
    return found


def _story(row: Any, rules_of: Plan, posted: Mapping[int, Any], now: datetime, voice: Voice) -> Story:
    today = clock.civil_date(now, row.timezone)
    zone = humane_hour.reader_zone(row.own_timezone, row.timezone)
    chapters = []
    for offset, day in rules_of.schedule(Dates(row.valid_from, row.expires_on, row.expires_on)):
        if offset in posted:
            state, at, words = reminder_words.sent(posted[offset], zone, voice)
            chapters.append(Chapter(offset, day, state, words, at))
        elif day > today:
            at = humane_hour.planned(day, row.timezone, zone, rules_of.hour)
            words = _("Will go on %(when)s.", when=i18n.format_moment(at, zone))
            chapters.append(Chapter(offset, day, State.LATER, words, at))
        else:
            words = _("Not sent: a later one was due by the time reminders were posted.")
            chapters.append(Chapter(offset, day, State.MISSED, words))
    verdict = _("Reminders go out on the days below.") if row.expires_on >= today else _("It has ended.")
    if row.extension_months is not None:
        once = ngettext(
            "It was extended once, by %(num)s month.", "It was extended once, by %(num)s months.", row.extension_months
        )
        verdict = f"{once} {verdict}"
    return Story("", row.type_name, row.organisation_name, row.expires_on, verdict, tuple(chapters), ABOUT)
