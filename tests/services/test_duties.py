"""What instructors owe: background checks and courses taught, their reminders, and what stands against planning."""

from datetime import date, datetime, timedelta

import pytest

from mhfa_lms import db, i18n
from mhfa_lms.adapters.mail import RecordingMailer
from mhfa_lms.jobs.delivery import Counts, send_waiting
from mhfa_lms.models import Authorisation, Cohort, CourseRevision, Membership, Role, TrainingSession
from mhfa_lms.policy import SYSTEM, Forbidden
from mhfa_lms.services import duties, duty_reminders, duty_story, duty_years, rules
from mhfa_lms.services.authorisations import AuthorisationError
from mhfa_lms.services.duties import Against
from mhfa_lms.services.humane_hour import at
from mhfa_lms.services.reminder_plan import once
from mhfa_lms.services.reminder_tale import Story
from mhfa_lms.services.reminder_words import Voice
from mhfa_lms.services.rules import Rule
from mhfa_lms.settings import Settings
from tests import make
from tests.jobs.mails import messages

pytestmark = pytest.mark.usefixtures("database")
NOON = make.NOON
TODAY = NOON.date()


def teacher(**values: date) -> tuple[Membership, CourseRevision, Authorisation]:
    member, revision = make.member(None, Role.INSTRUCTOR), make.published()
    filled = {"valid_from": date(2026, 1, 1), "expires_on": date(2028, 12, 31), **values}
    return member, revision, make.authorisation(member, revision, **filled)


def taught(member: Membership, revision: CourseRevision, *days: date) -> None:
    """Have a course taught, in sessions on these days."""
    with db.transaction() as session:
        cohort = Cohort(
            organisation_id=member.organisation_id, course_id=revision.course_id, name=str(days), created_at=NOON
        )
        session.add(cohort)
        session.flush()
        for day in days:
            begins = datetime.combine(day, datetime.min.time(), NOON.tzinfo) + timedelta(hours=10)
            session.add(
                TrainingSession(
                    cohort_id=cohort.id,
                    starts_at=begins,
                    ends_at=begins + timedelta(hours=4),
                    timezone="UTC",
                    instructor_id=member.id,
                )
            )


def test_a_check_is_noted_by_its_last_day_and_a_mistyped_one_mended() -> None:
    member, _revision, _held = teacher()
    coordinator = make.actor(make.member(db.session().merge(member).organisation, Role.COORDINATOR))
    assert duties.check_of(db.session(), member.id) is None
    for until in (date(2027, 3, 1), date(2029, 3, 1), date(2028, 3, 1), date(2028, 3, 1)):
        duties.record_check(member.id, until, today=TODAY, by=coordinator, now=NOON)
        assert duties.check_of(db.session(), member.id) == until
    for wrong in (TODAY - timedelta(days=1), TODAY + timedelta(days=3000)):
        with pytest.raises(AuthorisationError):
            duties.record_check(member.id, wrong, today=TODAY, by=coordinator, now=NOON)
    learner = make.member()
    with pytest.raises(AuthorisationError):
        duties.record_check(learner.id, TODAY, today=TODAY, by=SYSTEM, now=NOON)
    with pytest.raises(Forbidden):
        duties.record_check(member.id, TODAY, today=TODAY, by=make.actor(learner), now=NOON)


@pytest.mark.parametrize(
    ("start", "end", "day", "found"),
    [
        ("2026-01-01", "2028-12-31", "2026-01-01", ("2026-01-01", "2026-12-31")),
        ("2026-01-01", "2028-12-31", "2026-12-31", ("2026-01-01", "2026-12-31")),
        ("2026-01-01", "2028-12-31", "2027-01-01", ("2027-01-01", "2027-12-31")),
        ("2024-02-29", "2027-12-31", "2025-02-28", ("2025-02-28", "2026-02-27")),
        ("2026-01-01", "2026-12-30", "2026-06-01", None),  # cut short
        ("2026-01-01", "2028-12-31", "2025-12-31", None),
    ],
)
def test_the_years_of_an_authorisation(start: str, end: str, day: str, found: tuple[str, str] | None) -> None:
    dates = [date.fromisoformat(one) for one in (start, end, day)]
    wanted = tuple(date.fromisoformat(one) for one in found) if found else None
    assert duties.year_of(*dates) == wanted


def test_reminders_of_a_check_go_once_an_offset_and_not_after_it_was_renewed(settings: Settings) -> None:
    member, _revision, _held = teacher(valid_from=date(2026, 8, 1))
    duties.record_check(member.id, TODAY + timedelta(days=90), today=TODAY, by=SYSTEM, now=NOON)
    assert [duty_reminders.post_due(now=NOON) for _ in range(2)] == [1, 0]
    (row,) = messages(duty_reminders.CHECK)
    assert row.facts["offset_days"] == 90
    assert duty_reminders.post_due(now=NOON + timedelta(days=60)) == 1
    duties.record_check(member.id, TODAY + timedelta(days=900), today=TODAY, by=SYSTEM, now=NOON)
    assert send_waiting(settings, lambda: NOON + timedelta(days=60), mailer=RecordingMailer()) == Counts(cancelled=2)


def test_courses_that_are_missing_are_told_90_days_before_the_year_ends_and_at_its_end(settings: Settings) -> None:
    member, revision, _held = teacher()
    taught(member, revision, date(2026, 3, 1), date(2026, 3, 8))  # one course in two sessions
    taught(member, revision, date(2025, 12, 31))  # the year before
    days = [date(2026, 10, 1), date(2026, 10, 2), date(2026, 11, 1), date(2026, 12, 31), date(2027, 1, 1)]
    out = RecordingMailer()
    assert [duty_reminders.post_due(now=at(day, 12, "UTC")) for day in days[:2]] == [0, 1]
    assert send_waiting(settings, lambda: at(days[1], 12, "UTC"), mailer=out) == Counts(sent=1)
    assert [duty_reminders.post_due(now=at(day, 12, "UTC")) for day in days[2:]] == [0, 1, 0]
    first, last = messages(duty_reminders.DELIVERY)
    assert (first.facts["taught"], first.facts["needed"], first.facts["expires_on"]) == (1, 2, "2026-12-31")
    taught(member, revision, date(2026, 12, 20))
    assert send_waiting(settings, lambda: last.due_at, mailer=out) == Counts(cancelled=1)


def test_after_days_without_mail_only_the_latest_of_each_goes_out(settings: Settings) -> None:
    member, _revision, _held = teacher(expires_on=date(2026, 12, 31))
    duties.record_check(member.id, date(2026, 12, 31), today=TODAY, by=SYSTEM, now=NOON)
    last_day = at(date(2026, 12, 31), 12, "UTC")
    for now in (NOON, at(date(2026, 12, 1), 12, "UTC"), last_day):
        duty_reminders.post_due(now=now)
    waiting = [(row.kind, row.facts["offset_days"]) for row in messages()]
    check, delivery = duty_reminders.CHECK, duty_reminders.DELIVERY
    assert waiting == [(check, 90), (delivery, 90), (check, 30), (check, 0), (delivery, 0)]
    out = RecordingMailer()
    assert send_waiting(settings, lambda: last_day, mailer=out) == Counts(sent=2, cancelled=3)


def test_what_stands_against_planning_somebody() -> None:
    member, revision, held = teacher()
    type_id = held.certification_type_id

    def against(day: date) -> tuple[Against, ...]:
        db.session().rollback()
        return duties.stands_against(db.session(), member.id, type_id, day)

    assert against(date(2026, 12, 31)) == ()
    assert against(date(2029, 1, 1)) == (Against.NOT_AUTHORISED,)
    assert against(date(2027, 6, 1)) == (Against.TOO_FEW,)
    duties.record_check(member.id, date(2027, 5, 31), today=TODAY, by=SYSTEM, now=NOON)
    assert against(date(2027, 5, 31)) == (Against.TOO_FEW,)
    assert against(date(2027, 6, 1)) == (Against.CHECK_ENDED, Against.TOO_FEW)
    rules.put(Rule.MINIMUM_DELIVERIES, 1, by=SYSTEM, now=NOON)
    taught(member, revision, date(2026, 5, 1))
    assert against(date(2027, 5, 31)) == ()
    assert against(date(2028, 1, 1)) == (Against.CHECK_ENDED, Against.TOO_FEW)


def test_who_instructs_no_more_is_left_alone(settings: Settings) -> None:
    member, _revision, _held = teacher()
    duties.record_check(member.id, TODAY + timedelta(days=30), today=TODAY, by=SYSTEM, now=NOON)
    assert duty_reminders.post_due(now=NOON) == 2  # and the courses of the year
    with db.transaction() as session:
        row = session.get_one(Membership, member.id)
        row.roles = [one for one in row.roles if one.role is not Role.INSTRUCTOR]
    assert send_waiting(settings, lambda: NOON, mailer=RecordingMailer()) == Counts(cancelled=2)


def told(member: Membership, now: datetime = NOON) -> list[Story]:
    db.session().rollback()
    return duty_story.stories(
        db.session(), Membership.id == member.id, now=now, voice=Voice.OWN, found=once(db.session())
    )


def states(story: Story) -> list[tuple[int, str]]:
    return [(one.offset_days, one.state.value) for one in story.chapters]


def test_the_story_of_a_check_says_what_went_what_comes_and_what_stopped_it(settings: Settings) -> None:
    member, _revision, _held = teacher(valid_from=date(2026, 8, 1), expires_on=date(2027, 1, 1))
    until = TODAY + timedelta(days=80)
    duties.record_check(member.id, until, today=TODAY, by=SYSTEM, now=NOON)
    (check,) = told(member)  # the authorisation has no full year, so no courses are counted
    assert (check.about, check.title, check.expires_on) == ("background-check", "Background check", until)
    assert states(check) == [(180, "missed"), (90, "due"), (30, "later"), (0, "later")]
    assert check.chapters[2].words == "Will go on 10 January 2027, 09:00."
    assert check.as_text().startswith("Background check (")
    duty_reminders.post_due(now=NOON)
    send_waiting(settings, lambda: NOON, mailer=RecordingMailer())
    assert told(member)[0].chapters[1].words == "Sent on 21 November 2026, 12:00."
    duties.record_check(member.id, until + timedelta(days=900), today=TODAY, by=SYSTEM, now=NOON)
    newer, older = told(member)
    assert {one.state for one in newer.chapters} == {"later"}
    assert older.verdict == "No more reminders: A newer check is on record."
    assert states(older) == [(180, "stopped"), (90, "sent"), (30, "stopped"), (0, "stopped")]
    ended = told(member, NOON + timedelta(days=2000))[0]
    assert (ended.verdict, ended.chapters[3].words) == ("It has ended.", "Not sent: the day had passed.")


def test_the_story_of_a_year_counts_what_was_taught_and_names_why_nothing_goes(settings: Settings) -> None:
    member, revision, held = teacher()
    taught(member, revision, date(2026, 3, 1), date(2026, 3, 8))
    taught(member, revision, date(2025, 12, 31))
    (before,) = told(member, at(date(2026, 9, 1), 12, "UTC"))
    assert (before.about, before.expires_on) == ("deliveries", date(2026, 12, 31))
    assert before.verdict.startswith("Courses taught or planned: 1 of 2. Reminders go out")
    assert states(before) == [(90, "later"), (0, "later")]
    assert before.chapters[0].words == "Will go on 2 October 2026, 09:00, if courses are still missing then."
    assert states(told(member)[0]) == [(90, "due"), (0, "later")]
    duty_reminders.post_due(now=NOON)
    taught(member, revision, date(2026, 12, 20))
    assert send_waiting(settings, lambda: NOON, mailer=RecordingMailer()) == Counts(cancelled=1)
    (enough,) = told(member)
    assert enough.chapters[0].words == "Posted, then not sent: enough courses were taught."
    assert enough.chapters[1].words == "Not sent. Enough courses are taught or planned."
    with i18n.use("en-XA"):
        assert told(member)[0].chapters[0].words.count("[") == 2
    # The year after begins with nothing; of the one that is over is told because something was posted about it.
    year, last_year = told(member, at(date(2027, 2, 1), 12, "UTC"))
    assert "0 of 2" in year.verdict
    assert last_year.expires_on == date(2026, 12, 31)
    other, _revision, _held = teacher()
    duties.record_check(other.id, TODAY, today=TODAY, by=SYSTEM, now=NOON)  # somebody else's
    authorised = db.session().get_one(Authorisation, held.id)
    here = duty_years.standing(db.session(), db.session().get_one(Membership, member.id), [authorised], TODAY)
    assert here == (None, {held.id: (date(2026, 12, 31), 2)})
    year_now = duties.year(db.session(), authorised, TODAY, zone="UTC", needed=2)
    assert year_now is not None
    assert year_now.taught == 2
    rules.put(Rule.MINIMUM_DELIVERIES, 0, by=SYSTEM, now=NOON)
    assert told(member, at(date(2028, 2, 1), 12, "UTC"))[0].expires_on == date(2026, 12, 31)


def test_to_somebody_who_instructs_no_more_only_what_was_written_is_told() -> None:
    member, _revision, _held = teacher()
    duties.record_check(member.id, TODAY + timedelta(days=30), today=TODAY, by=SYSTEM, now=NOON)
    assert duty_reminders.post_due(now=NOON) == 2
    other, _revision, _held = teacher()
    with db.transaction() as session:
        for one in (member, other):
            row = session.get_one(Membership, one.id)
            row.roles = [held for held in row.roles if held.role is not Role.INSTRUCTOR]
    assert {one.verdict.rpartition(": ")[2] for one in told(member)} == {"No longer an instructor here."}
    assert told(other) == []
