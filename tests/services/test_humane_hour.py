"""The hour at which people are written to, in real time zones and on the days when clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as search
from hypothesis import strategies as st
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.adapters.mail import RecordingMailer
from mhfa_lms.jobs.delivery import Counts, send_waiting
from mhfa_lms.models import Account, Message, Role, WorkState
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import accounts, authorisation_reminders, digests, reminders, rules
from mhfa_lms.services.humane_hour import EVENING, at, exists, first_from, planned, reader_zone
from mhfa_lms.services.rules import Rule
from mhfa_lms.settings import Settings
from tests import make
from tests.jobs.mails import messages, post

# Both ends of the world, half and three-quarter hours, half an hour of summer time, clocks that change at midnight,
# and a place that once left out a whole day.
ZONES = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "America/Santiago",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Cairo",
    "Asia/Beirut",
]
moments = st.integers(0, 28 * 365 * 24 * 60).map(
    lambda minutes: datetime(2008, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
days = st.dates(date(2008, 1, 1), date(2036, 1, 1))
hours = st.integers(6, 21)


def local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone))


@search(deadline=None)
@given(moments, st.sampled_from(ZONES), hours)
def test_nothing_goes_before_its_hour_nor_in_the_evening_nor_more_than_a_night_late(
    moment: datetime, zone: str, hour: int
) -> None:
    found = first_from(moment, zone, hour)
    assert moment <= found < moment + timedelta(hours=25)
    assert hour <= local(found, zone).hour < max(EVENING, hour + 1)
    assert first_from(found, zone, hour) == found


@search(deadline=None)
@given(days, st.sampled_from(ZONES), st.sampled_from(ZONES), hours)
def test_a_reminder_of_a_day_goes_on_that_day_of_the_organisation_s(day: date, place: str, own: str, hour: int) -> None:
    if place == "Pacific/Apia" and day == date(2011, 12, 30):
        return  # the day that was left out there
    found = planned(day, place, own, hour)
    # A late hour is that of the reader's next day, at the latest a little after the organisation's midnight.
    assert at(day, 0, place) <= found < at(day, 0, place) + timedelta(hours=25)
    if hour <= 9 and own == place:
        assert local(found, place).date() == day
        assert local(found, place).hour == hour


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2027, 3, 27), "Europe/London", "2027-03-27T09:00"),
        (date(2027, 3, 28), "Europe/London", "2027-03-28T08:00"),  # clocks went forward at one
        (date(2027, 10, 30), "Europe/London", "2027-10-30T08:00"),
        (date(2027, 10, 31), "Europe/London", "2027-10-31T09:00"),  # and back
        (date(2027, 3, 14), "America/New_York", "2027-03-14T13:00"),
        (date(2027, 11, 7), "America/New_York", "2027-11-07T14:00"),
        (date(2028, 2, 29), "Pacific/Kiritimati", "2028-02-28T19:00"),
        (date(2028, 2, 29), "Etc/GMT+12", "2028-02-29T21:00"),
        (date(2026, 9, 6), "America/Santiago", "2026-09-06T12:00"),  # has no midnight
    ],
)
def test_nine_o_clock_is_nine_o_clock_there(day: date, zone: str, instant: str) -> None:
    assert planned(day, zone, zone, 9) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


def test_an_hour_that_does_not_exist_becomes_the_next_and_one_that_comes_twice_the_first() -> None:
    assert local(at(date(2027, 3, 28), 1, "Europe/London"), "Europe/London").hour == 2
    assert at(date(2027, 10, 31), 1, "Europe/London") == datetime(2027, 10, 31, 0, tzinfo=UTC)
    assert local(at(date(2011, 12, 30), 9, "Pacific/Apia"), "Pacific/Apia").isoformat()[:16] == "2011-12-31T09:00"


def test_an_unknown_zone_counts_as_none() -> None:
    assert reader_zone("Mars/Olympus", "Europe/London") == "Europe/London"
    assert reader_zone(None, "Europe/London") == "Europe/London"
    assert reader_zone("Asia/Tokyo", "Europe/London") == "Asia/Tokyo"
    assert not exists("../../etc/passwd")
    with pytest.raises(ValueError, match="no such time zone"):
        accounts.set_timezone("Mars/Olympus", by=SYSTEM, now=make.NOON)


def reminded_in(own: str | None, place: str, now: datetime) -> Message:
    """Post the reminder of a certificate that ends today and return its mail."""
    member = make.member(make.organisation(timezone=place), holder=make.account(timezone=own))
    today = local(now, place).date()
    make.certificate(member, **make.due_in(0, today))
    assert reminders.post_due(now=now) == 1
    (row,) = messages("reminder")
    return row


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("own", "place", "now", "goes"),
    [
        (None, "Europe/London", "2027-03-28T00:01", "2027-03-28T08:00"),
        ("Asia/Tokyo", "Europe/London", "2027-01-11T00:01", "2027-01-11T00:01"),  # it is nine there
        ("America/New_York", "Europe/London", "2027-01-11T00:01", "2027-01-11T00:01"),  # seven in the evening
        ("America/New_York", "Europe/London", "2027-01-11T03:01", "2027-01-11T14:00"),
        ("Pacific/Kiritimati", "Etc/GMT+12", "2027-01-11T12:01", "2027-01-11T19:00"),
        ("Etc/GMT+12", "Pacific/Kiritimati", "2027-01-10T10:01", "2027-01-10T21:00"),
        (None, "Europe/London", "2027-01-11T23:30", "2027-01-12T09:00"),  # after an outage
        (None, "Europe/London", "2027-01-11T17:30", "2027-01-11T17:30"),
    ],
)
def test_a_reminder_waits_for_its_reader_s_hour(own: str | None, place: str, now: str, goes: str) -> None:
    row = reminded_in(own, place, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert row.due_at == datetime.fromisoformat(goes).replace(tzinfo=UTC)


@pytest.mark.usefixtures("database")
def test_the_organisation_s_hour_counts() -> None:
    rules.put(Rule.REMINDER_HOUR, 18, by=SYSTEM, now=make.NOON)
    row = reminded_in(None, "UTC", datetime(2027, 1, 11, 0, 1, tzinfo=UTC))
    assert row.due_at == datetime(2027, 1, 11, 18, tzinfo=UTC)


@pytest.mark.usefixtures("database")
def test_a_mail_that_an_outage_kept_into_the_night_waits_for_the_morning(settings: Settings) -> None:
    row = reminded_in(None, "UTC", datetime(2027, 1, 11, 10, tzinfo=UTC))
    out, night = RecordingMailer(), datetime(2027, 1, 11, 23, 30, tzinfo=UTC)
    assert send_waiting(settings, lambda: night, mailer=out) == Counts(put_off=1)
    (row,) = messages("reminder")
    assert (row.due_at, row.attempts, row.state) == (datetime(2027, 1, 12, 9, tzinfo=UTC), 0, WorkState.WAITING)
    assert send_waiting(settings, lambda: row.due_at, mailer=out) == Counts(sent=1)


@pytest.mark.usefixtures("database")
def test_a_mail_follows_its_reader_to_another_zone(settings: Settings) -> None:
    row = reminded_in(None, "UTC", datetime(2027, 1, 11, 0, 1, tzinfo=UTC))
    with db.transaction() as session:
        session.get_one(Account, row.account_id).timezone = "America/Los_Angeles"
    nine = datetime(2027, 1, 11, 9, tzinfo=UTC)
    assert send_waiting(settings, lambda: nine, mailer=RecordingMailer()) == Counts(put_off=1)
    assert messages("reminder")[0].due_at == datetime(2027, 1, 11, 17, tzinfo=UTC)


@pytest.mark.usefixtures("database")
def test_mails_posted_as_if_at_another_time_do_not_wait(settings: Settings) -> None:
    member = make.member()
    make.certificate(member)
    night = datetime(2027, 1, 11, 2, tzinfo=UTC)
    assert reminders.post_due(now=datetime(2029, 12, 1, tzinfo=UTC), due_at=night) == 1
    assert send_waiting(settings, lambda: night, mailer=RecordingMailer()) == Counts(sent=1)


@pytest.mark.usefixtures("database")
def test_instructors_and_coordinators_are_left_their_night_too() -> None:
    owner = make.organisation(timezone="America/New_York")
    make.member(owner, Role.COORDINATOR, holder=make.account(timezone="Europe/London"))
    teacher, revision = make.member(owner, Role.INSTRUCTOR), make.published()
    midnight = datetime(2027, 1, 11, 5, 1, tzinfo=UTC)
    make.authorisation(teacher, revision, expires_on=date(2027, 2, 10))
    make.certificate(make.member(owner), revision, **make.due_in(0, date(2027, 2, 10)))
    authorisation_reminders.post_due(now=midnight)
    digests.post_due(now=midnight)
    assert messages("authorisation-reminder")[0].due_at == datetime(2027, 1, 11, 14, tzinfo=UTC)
    assert messages(digests.KIND)[0].due_at == datetime(2027, 1, 11, 9, tzinfo=UTC)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("every", "keys"),
    [("weekly", ["2027-W01", "2027-W02", "2027-W05"]), ("monthly", ["2027-01", "2027-02"]), ("off", [])],
)
def test_coordinators_are_written_to_as_often_as_the_rule_says(every: str, keys: list[str]) -> None:
    rules.put(Rule.DIGEST, every, by=SYSTEM, now=make.NOON)
    owner = make.organisation()
    chris = make.member(owner, Role.COORDINATOR)
    make.certificate(make.member(owner), **make.due_in(0, date(2027, 3, 1)))
    for day in (date(2027, 1, 4), date(2027, 1, 5), date(2027, 1, 11), date(2027, 2, 1)):
        digests.post_due(now=at(day, 0, "UTC"))
    assert [row.key for row in messages(digests.KIND)] == [f"coordinator-digest:{chris.id}:{key}" for key in keys]


@pytest.mark.usefixtures("database")
def test_coordinators_learn_how_many_mails_failed() -> None:
    owner = make.organisation()
    make.member(owner, Role.COORDINATOR)
    assert digests.post_due(now=make.NOON) == 0
    post("lost", organisation_id=owner.id)
    with db.transaction() as session:
        row = session.scalars(select(Message)).one()
        row.state, row.done_at = WorkState.FAILED, make.NOON - timedelta(days=1)
    assert digests.post_due(now=make.NOON) == 1
    facts = messages(digests.KIND)[0].facts
    assert (facts["failed"], facts["due"]) == (1, 0)
