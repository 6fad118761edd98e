"""What became of the reminders to instructors of background checks that end and of courses that are missing.

Told is what counts now, and whatever else was written about. The outbox is the ledger: its keys name what each is
about.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from mhfa_lms import clock, i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import (
    Account,
    Authorisation,
    BackgroundCheck,
    CertificationType,
    Cohort,
    Course,
    Membership,
    MembershipRole,
    MembershipState,
    Message,
    Organisation,
    Role,
    TrainingSession,
)
from mhfa_lms.services import duty_reminders, duty_years, humane_hour, reminder_words
from mhfa_lms.services.reminder_plan import Dates, Found, Plan, plan
from mhfa_lms.services.reminder_tale import Chapter, Story
from mhfa_lms.services.reminder_words import State, Voice
from mhfa_lms.services.rules import Resolved, Rule

CHECK: Final = "background-check"
DELIVERIES: Final = "deliveries"
_PERSON: Final = (
    Membership.id.label("membership_id"),
    Membership.organisation_id,
    Account.id.label("account_id"),
    Account.timezone.label("own_timezone"),
    Organisation.name.label("organisation_name"),
    Organisation.timezone,
    and_(
        Membership.state == MembershipState.ACTIVE,
        Account.deactivated_at.is_(None),
        Account.erased_at.is_(None),
        select(MembershipRole.role)
        .where(MembershipRole.membership_id == Membership.id, MembershipRole.role == Role.INSTRUCTOR)
        .exists(),
    ).label("instructs"),
)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What every story of one telling needs: what was posted, by what it is about and offset, and the rules."""

    posted: Mapping[str, Mapping[int, Any]]
    rules_of: Mapping[int, tuple[Plan, int]]
    now: datetime
    voice: Voice


def stories(
    session: Session, *conditions: ColumnElement[bool], now: datetime, voice: Voice, found: Found
) -> list[Story]:
    """Return the stories of members' background checks, and of each year in which they are to teach courses.

    Two queries for somebody who never was an instructor; else three, and what rules cost.
    """
    checks, held = _checks(session, conditions), _authorisations(session, conditions)
    people = [*checks, *held]
    if not people:
        return []
    setting = _Setting(
        _posted(session, {row.account_id for row in people}),
        {one: _rules(found(one)) for one in {row.organisation_id for row in people}},
        now,
        voice,
    )
    return [*_of_checks(checks, setting), *_of_years(held, setting)]


def _checks(session: Session, conditions: tuple[ColumnElement[bool], ...]) -> list[Any]:
    statement = select(BackgroundCheck.valid_until, *_PERSON).join(
        Membership, Membership.id == BackgroundCheck.membership_id
    )
    statement = statement.join(Account, Account.id == Membership.account_id)
    statement = statement.join(Organisation, Organisation.id == Membership.organisation_id).where(*conditions)
    return list(session.execute(statement.order_by(BackgroundCheck.valid_until.desc(), BackgroundCheck.id)))


def _authorisations(session: Session, conditions: tuple[ColumnElement[bool], ...]) -> list[Any]:
    """Return authorisations, each as often as sessions of its courses were led, or once without any."""
    led = (
        select(
            TrainingSession.instructor_id,
            Course.certification_type_id,
            TrainingSession.cohort_id,
            TrainingSession.starts_at,
        )
        .join(Cohort, Cohort.id == TrainingSession.cohort_id)
        .join(Course, Course.id == Cohort.course_id)
        .subquery()
    )
    statement = (
        select(
            Authorisation.id,
            led.c.cohort_id,
            led.c.starts_at,
            Authorisation.valid_from,
            Authorisation.expires_on,
            CertificationType.name.label("type_name"),
            *_PERSON,
        )
        .join(CertificationType, CertificationType.id == Authorisation.certification_type_id)
        .join(Membership, Membership.id == Authorisation.membership_id)
        .outerjoin(
            led,
            and_(
                led.c.instructor_id == Authorisation.membership_id,
                led.c.certification_type_id == Authorisation.certification_type_id,
            ),
        )
    )
    statement = statement.join(Account, Account.id == Membership.account_id)
    statement = statement.join(Organisation, Organisation.id == Membership.organisation_id).where(*conditions)
    return list(session.execute(statement.order_by(Authorisation.expires_on.desc(), Authorisation.id)))


def _posted(session: Session, account_ids: set[int]) -> dict[str, dict[int, Any]]:
    found: defaultdict[str, dict[int, Any]] = defaultdict(dict)
    for row in session.execute(
        select(Message.key, Message.state, Message.done_at, Message.error, Message.due_at).where(
            Message.account_id.in_(account_ids), Message.kind.in_([duty_reminders.CHECK, duty_reminders.DELIVERY])
        )
    ):
        about, _colon, offset = row.key.rpartition(":")
        found[about][int(offset)] = row
    return found


def _rules(found: Mapping[Rule, Resolved]) -> tuple[Plan, int]:
    return plan(found), int(found[Rule.MINIMUM_DELIVERIES].value)


def _of_checks(rows: list[Any], setting: _Setting) -> Iterator[Story]:
    longest: dict[int, date] = {}
    for row in rows:
        until = row.valid_until
        counts = longest.setdefault(row.membership_id, until) == until
        posted = setting.posted.get(duty_reminders.about_check(row.membership_id, until), {})
        if not posted and not (counts and row.instructs):
            continue
        against = _no_instructor(row) or ("" if counts else _("A newer check is on record."))
        days = setting.rules_of[row.organisation_id][0].schedule(Dates(date.min, until, until))
        told = _Teller(row, until, dict(days), posted, against, setting)
        verdict = told.verdict(_("Reminders go out on the days below."))
        yield Story("", "", row.organisation_name, until, verdict, told.chapters(_when), CHECK)


def _of_years(rows: list[Any], setting: _Setting) -> Iterator[Story]:
    for _id, some in groupby(rows, key=lambda row: int(row.id)):
        sessions = list(some)
        row = sessions[0]
        today, needed = clock.civil_date(setting.now, row.timezone), setting.rules_of[row.organisation_id][1]
        for dates in reversed(list(duty_years.full_years(row.valid_from, row.expires_on))):
            posted = setting.posted.get(duty_reminders.about_year(row.id, dates[0]), {})
            if not posted and not (row.instructs and needed and dates[0] <= today <= dates[1]):
                continue
            led = [one for one in sessions if one.starts_at]
            year = duty_years.counted(dates, led, zone=row.timezone, needed=needed)
            against = _no_instructor(row) or ("" if year.missing else _("Enough courses are taught or planned."))
            days = {offset: year.last - timedelta(days=offset) for offset in duty_reminders.YEAR_DAYS}
            told = _Teller(row, year.last, days, posted, against, setting)
            so_far = _("Courses taught or planned: %(taught)s of %(needed)s.", taught=year.taught, needed=year.needed)
            verdict = told.verdict(_("Reminders go out on the days below, while courses are missing."))
            yield Story(
                "",
                row.type_name,
                row.organisation_name,
                year.last,
                f"{so_far} {verdict}",
                told.chapters(_unless_taught),
                DELIVERIES,
            )


def _no_instructor(row: Any) -> str:
    return "" if row.instructs else _("No longer an instructor here.")


def _when(moment: str) -> str:
    return _("Will go on %(when)s.", when=moment)


def _unless_taught(moment: str) -> str:
    return _("Will go on %(when)s, if courses are still missing then.", when=moment)


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tells of one thing that ends on the day `last`: `days` and `posted` by offset, `against` what stops the rest."""

    row: Any
    last: date
    days: Mapping[int, date]
    posted: Mapping[int, Any]
    against: str
    setting: _Setting

    @property
    def today(self) -> date:
        """The present day of the organisation."""
        return clock.civil_date(self.setting.now, self.row.timezone)

    def verdict(self, going: str) -> str:
        """Return whether reminders go out at all; `going` says that they do."""
        if self.against:
            return _("No more reminders: %(why)s", why=self.against)
        return going if self.today <= self.last else _("It has ended.")

    def chapters(self, later: Callable[[str], str]) -> tuple[Chapter, ...]:
        """Return each reminder, the first one first; `later` says of one to come when it will go."""
        # What was posted under rules that have been changed since is told as well.
        days = {offset: self.last - timedelta(days=offset) for offset in self.posted} | dict(self.days)
        return tuple(self._chapter(offset, days[offset], later) for offset in sorted(days, reverse=True))

    def _chapter(self, offset: int, day: date, later: Callable[[str], str]) -> Chapter:
        row, now = self.row, self.setting.now
        zone, hour = humane_hour.reader_zone(row.own_timezone, row.timezone), self.setting.rules_of[row.organisation_id]
        if offset in self.posted:
            state, at, words = reminder_words.sent(self.posted[offset], zone, self.setting.voice)
            return Chapter(offset, day, state, words, at)
        if self.against:
            return Chapter(offset, day, State.STOPPED, _("Not sent. %(why)s", why=self.against))
        if day > self.today:
            at = humane_hour.planned(day, row.timezone, zone, hour[0].hour)
            return Chapter(offset, day, State.LATER, later(i18n.format_moment(at, zone)), at)
        if any(nearer < offset and on <= self.today for nearer, on in self.days.items()) or self._posted_nearer(offset):
            words = _("Not sent: a later one was due by the time reminders were posted.")
            return Chapter(offset, day, State.MISSED, words)
        if self.today > self.last:
            return Chapter(offset, day, State.MISSED, _("Not sent: the day had passed."))
        at = humane_hour.first_from(now, zone, hour[0].hour)
        words = _("Is due: will go on %(when)s.", when=i18n.format_moment(at, zone))
        return Chapter(offset, day, State.DUE, words, at)

    def _posted_nearer(self, offset: int) -> bool:
        return any(nearer < offset for nearer in self.posted)
