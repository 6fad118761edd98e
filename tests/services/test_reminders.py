"""Reminders from the database: the right ones, once each, and what stops them."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, func, insert, select

from mhfa_lms import db, i18n
from mhfa_lms.adapters.mail import RecordingMailer, RefusedError
from mhfa_lms.jobs.delivery import Counts, send_waiting
from mhfa_lms.jobs.tick import TickReport, tick
from mhfa_lms.models import (
    Account,
    Audience,
    Certificate,
    Course,
    CourseRevision,
    Membership,
    MembershipState,
    Message,
    Organisation,
    Reminder,
    Role,
    WorkState,
)
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import authorisation_reminders, digests, reminder_story, reminders, rules
from mhfa_lms.services.reminder_plan import GRACE, Plan
from mhfa_lms.services.rules import Rule
from mhfa_lms.settings import Settings
from tests import make
from tests.jobs.mails import messages, reminded
from tests.small_course import course as small_course

pytestmark = pytest.mark.usefixtures("database")
NOON = make.NOON
TODAY = NOON.date()
MONTHS_3 = 92


def in_days(days: int, **values: Any) -> dict[str, Any]:
    """The dates of a certificate that expires in so many days, with the usual three years and window."""
    expires = TODAY + timedelta(days=days)
    return {
        "starts_on": expires - timedelta(days=1095),
        "completed_on": expires - timedelta(days=1095),
        "expires_on": expires,
        "window_opens_on": expires - timedelta(days=183),
        "window_closes_on": expires + timedelta(days=MONTHS_3),
        **values,
    }


def held(
    days: int, membership: Membership | None = None, revision: CourseRevision | None = None, **values: Any
) -> Certificate:
    return make.certificate(membership, revision, **in_days(days, **values))


def change(row: Any, **values: Any) -> None:
    with db.transaction() as session:
        found = session.get_one(type(row), row.id)
        for name, value in values.items():
            setattr(found, name, value)


def set_rule(rule: Rule, value: Any, organisation_id: int | None = None) -> None:
    rules.put(rule, value, by=SYSTEM, now=NOON, organisation_id=organisation_id)


@pytest.mark.parametrize(
    ("days", "offset"),
    [(181, None), (180, 180), (91, 180), (90, 90), (30, 30), (1, 30), (0, 0), (-29, 0), (-30, GRACE), (-92, GRACE)],
)
def test_the_latest_due_reminder_is_posted_once(days: int, offset: int | None) -> None:
    certificate = held(days)
    assert reminders.post_due(now=NOON) == (offset is not None)
    assert reminders.post_due(now=NOON) == 0
    assert reminded() == ([(certificate.id, offset)] if offset is not None else [])


def test_after_the_window_nothing_goes() -> None:
    held(-93)
    assert reminders.post_due(now=NOON) == 0


def test_day_by_day_five_reminders_go(settings: Settings) -> None:
    certificate = held(200)
    out = RecordingMailer()
    for number in range(0, 320, 3):
        now = NOON + timedelta(days=number)
        reminders.post_due(now=now)
        send_waiting(settings, lambda now=now: now, mailer=out)  # type: ignore[misc]  # mypy sees no default here
    assert reminded() == [(certificate.id, offset) for offset in (180, 90, 30, 0, GRACE)]
    assert len({mail["Message-ID"] for mail in out.sent}) == len(out.sent) == 5


def test_the_mail_knows_all_its_template_asks_for(settings: Settings) -> None:
    owner = make.organisation(name="North District")
    member = make.member(owner, name="Amina Yusuf", audience=Audience.EDUCATOR, holder=make.account(locale="en-XA"))
    certificate = held(90, member)
    reminders.post_due(now=NOON)
    (row,) = messages("reminder")
    assert row.facts == {
        "name": "Amina Yusuf",
        "type": certificate.type_name,
        "organisation": "North District",
        "expires_on": certificate.expires_on.isoformat(),
        "offset_days": 90,
        "window_opens_on": certificate.window_opens_on.isoformat(),
        "window_closes_on": certificate.window_closes_on.isoformat(),
        "as_of": "2026-11-21",
        "audience": "educator",
        "path": f"/certificates/{certificate.code}/renew",
        "membership_id": member.id,
        "event": f"certificate:{certificate.code}",
    }
    assert (row.locale, row.account_id, row.organisation_id) == ("en-XA", member.account_id, owner.id)
    out = RecordingMailer()
    assert send_waiting(settings, lambda: NOON, mailer=out) == Counts(sent=1)
    assert out.sent[0]["List-Unsubscribe"]


def test_the_day_is_the_organisation_s_own() -> None:
    evening = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)
    east = make.member(make.organisation(timezone="Pacific/Auckland"))
    west = make.member(make.organisation(timezone="America/Los_Angeles"))
    tomorrow = held(181, east)
    held(181, west)
    assert reminders.post_due(now=evening) == 1
    assert reminded() == [(tomorrow.id, 180)]


def test_each_organisation_s_own_rules_count_and_those_of_the_one_above_it() -> None:
    district = make.organisation()
    school = make.organisation(parent_id=district.id)
    set_rule(Rule.REMINDER_DAYS, [60], district.id)
    set_rule(Rule.GRACE_REMINDER_DAYS, 7, school.id)
    inside = held(60, make.member(school))
    late = held(-7, make.member(school))
    other = held(60, make.member(district), code="A" * 16)
    held(60, make.member(make.organisation()), code="B" * 16)
    reminders.post_due(now=NOON)
    assert set(reminded()) >= {(inside.id, 60), (late.id, GRACE), (other.id, 60)}
    assert len(reminded()) == 4  # and 90 days, by the installation's rules


def test_a_change_of_the_days_never_goes_back() -> None:
    certificate = held(25)
    reminders.post_due(now=NOON)
    set_rule(Rule.REMINDER_DAYS, [180, 100])
    reminders.post_due(now=NOON)
    assert reminded() == [(certificate.id, 30)]


# Everything that stops a reminder, each with what it is called.
def renewed(certificate: Certificate, membership: Membership) -> None:
    newer = held(1000, membership, code="NEWER00000000000")
    change(certificate, renewed_by_id=newer.id)


def newer(certificate: Certificate, membership: Membership) -> None:
    held(1000, membership, code="NEWER00000000000")


def replaced(certificate: Certificate, membership: Membership) -> None:
    corrected = held(30, membership, code="CORRECTED0000000")
    change(certificate, replaced_by_id=corrected.id)


def revoked(certificate: Certificate, membership: Membership) -> None:
    change(certificate, revoked_at=NOON, revoked_reason="a mistake")


def left(certificate: Certificate, membership: Membership) -> None:
    change(membership, state=MembershipState.LEFT, left_at=NOON)


def stopped(certificate: Certificate, membership: Membership) -> None:
    change(membership, reminders_stopped_at=NOON)


def closed(certificate: Certificate, membership: Membership) -> None:
    change(db.session().get_one(Account, membership.account_id), deactivated_at=NOON)


STOPS = [renewed, newer, replaced, revoked, left, stopped, closed]


@pytest.mark.parametrize("stop", STOPS)
def test_what_stops_a_reminder_before_it_is_posted(stop: Any) -> None:
    member = make.member()
    certificate = held(30, member)
    stop(certificate, member)
    reminders.post_due(now=NOON)
    assert certificate.id not in [id_ for id_, _offset in reminded()]


@pytest.mark.parametrize("stop", STOPS)
def test_what_stops_a_reminder_after_it_was_posted(stop: Any, settings: Settings) -> None:
    member = make.member()
    certificate = held(30, member)
    reminders.post_due(now=NOON)
    stop(certificate, member)
    out = RecordingMailer()
    assert send_waiting(settings, lambda: NOON, mailer=out) == Counts(cancelled=1)
    assert out.sent == []
    (row,) = messages("reminder")
    assert row.state is WorkState.CANCELLED
    assert row.error
    assert "path" not in row.facts


def test_of_two_that_wait_only_the_later_one_is_sent(settings: Settings) -> None:
    held(31)
    reminders.post_due(now=NOON)
    reminders.post_due(now=NOON + timedelta(days=2))
    out = RecordingMailer()
    assert send_waiting(settings, lambda: NOON + timedelta(days=2), mailer=out) == Counts(sent=1, cancelled=1)
    assert [row.state for row in messages("reminder")] == [WorkState.CANCELLED, WorkState.DONE]


def test_a_reminder_that_waited_past_the_window_is_not_sent(settings: Settings) -> None:
    held(-90)
    reminders.post_due(now=NOON)
    late = NOON + timedelta(days=3)
    assert send_waiting(settings, lambda: late, mailer=RecordingMailer()) == Counts(cancelled=1)


def test_an_organisation_may_keep_the_last_one_going_in_spite_of_an_opt_out(settings: Settings) -> None:
    owner = make.organisation()
    set_rule(Rule.KEEP_LAST_REMINDER, True, owner.id)
    member = make.member(owner, reminders_stopped_at=NOON)
    held(30, member)
    held(0, member, another_type())
    last = held(-30, make.member(owner, reminders_stopped_at=NOON))
    without_grace = held(0, make.member(owner, reminders_stopped_at=NOON), code="G" * 16, window_closes_on=TODAY)
    held(-30, make.member(reminders_stopped_at=NOON))
    reminders.post_due(now=NOON)
    assert sorted(reminded()) == [(last.id, GRACE), (without_grace.id, 0)]
    assert send_waiting(settings, lambda: NOON, mailer=RecordingMailer()) == Counts(sent=2)


def another_type() -> CourseRevision:
    return make.published(small_course("another"))


def test_a_certificate_of_another_type_or_that_does_not_count_is_no_newer_one() -> None:
    member = make.member()
    certificate = held(30, member)
    held(1000, member, another_type(), code="OTHERTYPE0000000")
    held(1000, member, code="REVOKED000000000", revoked_at=NOON, revoked_reason="a mistake")
    held(1000, code="SOMEBODYELSE0000")
    reminders.post_due(now=NOON)
    assert reminded() == [(certificate.id, 30)]


def test_a_corrected_certificate_is_not_reminded_of_what_the_first_one_was() -> None:
    member = make.member()
    first = held(30, member)
    reminders.post_due(now=NOON)
    second = held(30, member, code="CORRECTED0000000")
    change(first, replaced_by_id=second.id)
    assert reminders.post_due(now=NOON) == 0
    assert reminders.post_due(now=NOON + timedelta(days=30)) == 1
    assert reminded() == [(first.id, 30), (second.id, 0)]


def test_an_organisation_that_erased_a_certificate_reminds_of_it_no_more() -> None:
    held(30, erased_at=NOON)
    assert reminders.post_due(now=NOON) == 0


@contextmanager
def counting() -> Iterator[list[str]]:
    seen: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine(), "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(db.engine(), "before_cursor_execute", count)


def many(count: int, days: list[int] | None = None) -> list[int]:
    """Insert so many certificates of one organisation, expiring in random (or the given) numbers of days."""
    chance = random.Random(7)
    owner, revision = make.organisation(), make.published()
    with db.transaction() as session:
        type_id = session.get_one(Course, revision.course_id).certification_type_id
        session.execute(
            insert(Account),
            [
                {"id": 10_000 + n, "email": f"p{n}@example.org", "email_key": f"p{n}@example.org", "created_at": NOON}
                for n in range(count)
            ],
        )
        session.execute(
            insert(Membership),
            [
                {
                    "id": 10_000 + n,
                    "account_id": 10_000 + n,
                    "organisation_id": owner.id,
                    "name": f"Person {n}",
                    "sort_key": f"person {n:012}",
                    "joined_at": NOON,
                }
                for n in range(count)
            ],
        )
        session.execute(
            insert(Certificate),
            [
                {
                    "id": 10_000 + n,
                    "code": f"{n:016}",
                    "membership_id": 10_000 + n,
                    "organisation_id": owner.id,
                    "certification_type_id": type_id,
                    "name": f"Person {n}",
                    "sort_key": f"person {n:012}",
                    "type_name": "First aider",
                    "course_title": "Course",
                    "organisation_name": "North",
                    "issuer_name": "North",
                    "locale": "en",
                    "issued_at": NOON,
                    "issued_on": TODAY,
                    **in_days(days[n] if days else chance.randint(-130, 900)),
                }
                for n in range(count)
            ],
        )
    return list(range(10_000, 10_000 + count))


def test_the_database_chooses_as_the_rules_do() -> None:
    """For each day around the ends of the bands the bulk query agrees with the pure function."""
    ids = many(400, [number - 130 for number in range(400)])
    reminders.post_due(now=NOON)
    usual = Plan((180, 90, 30, 0), 30)
    db.session().rollback()
    due = {
        row.id: usual.due(row, TODAY)
        for row in db.session().scalars(select(Certificate).where(Certificate.id.in_(ids)))
    }
    assert dict(reminded()) == {id_: offset for id_, offset in due.items() if offset is not None}
    assert len(reminded()) == 273


def test_a_tick_asks_the_same_number_of_queries_whatever_the_size(settings: Settings) -> None:
    held(500)
    tick(settings, NOON)
    with counting() as few:
        tick(settings, NOON)
    many(1_200)
    tick(settings, NOON)
    with counting() as lots:
        assert tick(settings, NOON) == TickReport(0, 0, 0)
    assert len(lots) <= len(few) + 12  # one organisation more, in another time, and no more than that


def test_posting_works_in_batches() -> None:
    many(1_200, [30] * 1_200)
    with counting() as seen:
        assert reminders.post_due(now=NOON) == 1_200
    # Three pages of 500, each with one query for what is due and a few that insert many rows at once.
    assert len([one for one in seen if "FROM certificate" in one]) <= 20
    assert len(seen) <= 60
    db.session().rollback()
    assert db.session().scalar(select(func.count(func.distinct(Message.key)))) == 1_200
    assert db.session().scalar(select(func.count()).select_from(Reminder)) == 1_200


def test_a_tick_as_if_later_is_sent_now() -> None:
    held(120)
    later = NOON + timedelta(days=90)
    assert reminders.post_due(now=later, due_at=NOON) == 1
    (row,) = messages("reminder")
    assert row.due_at == NOON
    assert row.facts["as_of"] == "2027-02-19"


def coordinator(owner: Organisation, **values: Any) -> Membership:
    return make.member(owner, Role.COORDINATOR, name="Chris Coordinator", **values)


def test_coordinators_get_one_letter_a_week(settings: Settings) -> None:
    owner, other = make.organisation(name="North"), make.organisation()
    first = coordinator(owner)
    coordinator(owner, state=MembershipState.LEFT, left_at=NOON)
    coordinator(other)
    for number, days in enumerate((100, 10, -5, -93, -2000, 700)):
        held(days, make.member(owner), code=f"{number:016}")
    held(700, make.member(other), code="F" * 16)
    renewed_one = make.member(owner)
    old = held(5, renewed_one, code="D" * 16)
    renewed(old, renewed_one)
    monday = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
    assert digests.post_due(now=NOON) == 1
    assert digests.post_due(now=NOON + timedelta(days=1)) == 0
    assert digests.post_due(now=monday) == 1
    rows = messages(digests.KIND)
    assert [row.key for row in rows] == [f"coordinator-digest:{first.id}:2026-W{week}" for week in (47, 48)]
    assert {name: rows[0].facts[name] for name in ("organisation", "due", "grace", "lapsed", "path")} == {
        "organisation": "North", "due": 2, "grace": 1, "lapsed": 2, "path": "/coordinate/register",
    }  # fmt: skip
    out = RecordingMailer()
    assert send_waiting(settings, lambda: NOON, mailer=out) == Counts(sent=1)
    assert "2 certificates can be renewed now" in out.sent[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]  # there is one


def test_an_old_lapse_alone_is_no_reason_to_write() -> None:
    owner = make.organisation()
    coordinator(owner)
    held(-MONTHS_3 - 8, make.member(owner))
    assert digests.post_due(now=NOON) == 0
    held(-MONTHS_3 - 6, make.member(owner), code="C" * 16)
    # Counted once a day where there was nothing to tell.
    assert digests.post_due(now=NOON) == 0
    assert digests.post_due(now=NOON + timedelta(days=1)) == 1


def test_who_coordinates_no_more_gets_no_letter(settings: Settings) -> None:
    owner = make.organisation()
    member = coordinator(owner)
    held(10, make.member(owner))
    digests.post_due(now=NOON)
    change(member, state=MembershipState.LEFT, left_at=NOON)
    assert send_waiting(settings, lambda: NOON, mailer=RecordingMailer()) == Counts(cancelled=1)


def instructor(days: int, **values: Any) -> tuple[Membership, CourseRevision]:
    member, revision = make.member(None, Role.INSTRUCTOR, **values), make.published()
    make.authorisation(member, revision, expires_on=TODAY + timedelta(days=days))
    return member, revision


def test_instructors_are_reminded_of_their_authorisation(settings: Settings) -> None:
    instructor(91)
    instructor(181, name="Not yet")
    instructor(-1, name="Too late")
    for _ in range(2):
        authorisation_reminders.post_due(now=NOON)
    (row,) = messages("authorisation-reminder")
    assert (row.facts["offset_days"], row.facts["expires_on"]) == (180, "2027-02-20")
    assert authorisation_reminders.post_due(now=NOON + timedelta(days=1)) == 2
    # No mail went out in between: of the two about one authorisation only the latest does.
    sent = send_waiting(settings, lambda: NOON + timedelta(days=1), mailer=RecordingMailer())
    assert sent == Counts(sent=2, cancelled=1)


def test_an_authorisation_that_was_extended_is_not_reminded_of(settings: Settings) -> None:
    member, revision = instructor(90)
    authorisation_reminders.post_due(now=NOON)
    make.authorisation(member, revision, valid_from=date(2026, 11, 1), expires_on=date(2028, 12, 31))
    assert send_waiting(settings, lambda: NOON, mailer=RecordingMailer()) == Counts(cancelled=1)
    assert authorisation_reminders.post_due(now=NOON + timedelta(days=60)) == 0


def story(member: Membership, now: datetime = NOON) -> reminder_story.Story:
    db.session().rollback()
    email = db.session().get_one(Account, member.account_id).email
    told = reminder_story.tell(db.session(), email.upper(), now=now)
    assert told
    db.session().rollback()
    return told[0]


def test_the_story_of_a_certificate_says_what_went_what_did_not_and_why(settings: Settings) -> None:
    member = make.member()
    held(80, member)
    assert [one.state for one in story(member).chapters] == ["missed", "due", "later", "later", "later"]
    reminders.post_due(now=NOON)
    assert story(member).chapters[1].state == "waiting"
    send_waiting(settings, lambda: NOON, mailer=RecordingMailer())
    assert story(member).chapters[1].words == "Sent on 21 November 2026, 12:00."
    change(member, reminders_stopped_at=NOON)
    found = story(member)
    assert found.verdict == "No more reminders: The person has stopped reminders."
    assert [one.state for one in found.chapters] == ["stopped", "sent", "stopped", "stopped", "stopped"]


@pytest.mark.parametrize("stop", STOPS)
def test_the_story_names_what_stopped_a_reminder(stop: Any) -> None:
    member = make.member()
    certificate = held(80, member)
    stop(certificate, member)
    told = reminder_story.tell(db.session(), db.session().get_one(Account, member.account_id).email, now=NOON)
    assert told is not None
    (found,) = [one for one in told if one.code == certificate.code]
    assert found.verdict.startswith("No more reminders: ")
    assert {one.state for one in found.chapters} == {"stopped"}
    assert certificate.code in found.as_text()
    assert found.as_data()["reminders"][0]["words"].startswith("Not sent. ")


def test_nobody_has_no_story_and_a_person_without_certificates_an_empty_one() -> None:
    member = make.member()
    assert reminder_story.tell(db.session(), "nobody@example.org", now=NOON) is None
    email = db.session().get_one(Account, member.account_id).email
    assert reminder_story.tell(db.session(), email, now=NOON) == []


def test_the_story_says_at_what_hour_the_next_ones_will_go() -> None:
    member = make.member(make.organisation(timezone="Europe/London"), holder=make.account(timezone="America/New_York"))
    certificate = held(80, member)
    found = reminder_story.of_certificate(db.session(), certificate.id, now=NOON)
    later = [one for one in found.chapters if one.state == "later"]
    assert [one.day.isoformat() for one in later] == ["2027-01-10", "2027-02-09", "2027-03-11"]
    # It is evening there when the organisation's day begins, and still a humane hour.
    assert later[0].words == "Will go on 9 January 2027, 19:00."
    assert all(9 <= one.at.astimezone(ZoneInfo("America/New_York")).hour < 21 for one in later if one.at)


def test_holders_are_told_in_their_own_words_and_others_of_them() -> None:
    member = make.member(reminders_stopped_at=NOON)
    certificate = held(80, member)
    own = reminder_story.of_certificate(db.session(), certificate.id, now=NOON)
    assert own.verdict == "No more reminders: You have stopped reminders."
    (of_them,) = reminder_story.of_membership(db.session(), member.id, now=NOON)
    assert of_them.verdict == "No more reminders: The person has stopped reminders."
    with i18n.use("en-XA"):
        assert reminder_story.of_certificate(db.session(), certificate.id, now=NOON).verdict.startswith("[")


def test_a_failed_one_tells_the_server_s_words_to_those_who_can_mend_it(settings: Settings) -> None:
    member = make.member()
    certificate = held(80, member)
    reminders.post_due(now=NOON)
    out = RecordingMailer(RefusedError("the mail server refused the mail for good (550)", "no such user"))
    send_waiting(settings, lambda: NOON, mailer=out)
    own = reminder_story.of_certificate(db.session(), certificate.id, now=NOON)
    assert own.chapters[1].words == "It could not be delivered."
    (of_them,) = reminder_story.of_membership(db.session(), member.id, now=NOON)
    assert "no such user" in of_them.chapters[1].words


def test_the_story_of_an_instructor_tells_of_authorisations_too(settings: Settings) -> None:
    member, _revision = instructor(91)
    authorisation_reminders.post_due(now=NOON)
    told = reminder_story.of_account(db.session(), member.account_id, now=NOON)[0]
    assert (told.about, told.code) == ("authorisation", "")
    assert [one.state for one in told.chapters] == ["waiting", "later", "later", "later"]
    assert told.as_text().startswith("Authorisation (")
