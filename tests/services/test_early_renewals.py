"""A refresher that was finished before its window: it waits, and renews once, on the first day on which it can."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from mhfa_lms import db
from mhfa_lms.jobs.tick import tidy
from mhfa_lms.models import (
    Certificate,
    CourseKind,
    Enrolment,
    EnrolmentState,
    Membership,
    MembershipState,
    Message,
    WorkState,
)
from mhfa_lms.services import (
    certification,
    half_open,
    humane_hour,
    overview_counts,
    reminder_story,
    reminders,
    renewing,
)
from mhfa_lms.services.reminder_reasons import Reason
from mhfa_lms.services.reminder_words import State
from tests import make
from tests.make import NOON
from tests.services.test_certification import complete, ready, renewal

OPENS = date(2026, 12, 1)
LONG: dict[str, Any] = {"expires_on": date(2027, 5, 2), "window_closes_on": date(2027, 9, 1)}


def refuse(_enrolment_id: int, error: Exception) -> None:
    raise error


def issued(now: datetime) -> int:
    """Renew what waits; nothing is expected to fail."""
    return renewing.issue_waiting(now=now, failed=refuse)


def waiting(zone: str = "UTC", **dates: Any) -> tuple[Enrolment, Certificate]:
    """A refresher finished on 21 November 2026, and the certificate that it will renew from 1 December on."""
    enrolment, old = renewal(kind=CourseKind.REFRESHER, dates={"window_opens_on": OPENS, **dates})
    with db.transaction() as session:
        session.get_one(Membership, enrolment.membership_id).organisation.timezone = zone
    assert complete(enrolment.id) is None
    found = db.session().get_one(Enrolment, enrolment.id)
    assert (found.state, found.ready_since) == (EnrolmentState.ACTIVE, NOON)
    return found, old


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12", "America/New_York"])
def test_it_renews_on_the_first_day_of_the_window_where_the_organisation_is(database: str, zone: str) -> None:
    enrolment, old = waiting(zone)
    enrolment_id, old_id = enrolment.id, old.id
    midnight = humane_hour.at(OPENS, 0, zone)
    assert issued(midnight - timedelta(seconds=1)) == 0
    assert issued(midnight + timedelta(seconds=40)) == 1
    assert issued(midnight + timedelta(days=1)) == 0
    session = db.session()
    (new,) = session.scalars(select(Certificate).where(Certificate.enrolment_id == enrolment_id)).all()
    assert session.get_one(Certificate, old_id).renewed_by_id == new.id
    assert (new.completed_on, new.starts_on, new.expires_on) == (OPENS, OPENS, date(2029, 12, 1))
    (mail,) = session.scalars(select(Message).where(Message.key == f"certificate-ready:{new.code}")).all()
    # Nobody is written to at midnight.
    assert mail.due_at == humane_hour.first_from(midnight + timedelta(seconds=40), zone, 9) > midnight


def test_who_has_finished_is_not_asked_to_renew_also_before_the_window_and_the_ledger_says_why(database: str) -> None:
    """The reminder of 180 days before falls due on 3 November, weeks before this window opens."""
    enrolment, old = waiting(**LONG)
    enrolment_id, old_id = enrolment.id, old.id
    for at in (NOON, humane_hour.at(OPENS, 0, "UTC")):
        assert reminders.post_due(now=at) == 0
        story = reminder_story.of_certificate(db.session(), old_id, now=at)
        assert story.verdict == "Not needed: the renewal is finished, and the new certificate comes on 1 December 2026."
        assert {(one.state, one.words) for one in story.chapters} == {(State.STOPPED, story.verdict)}
    with db.transaction() as session:
        found = session.get_one(Enrolment, enrolment_id)
        found.state, found.ended_at = EnrolmentState.ENDED, NOON
    assert reminders.post_due(now=NOON + timedelta(days=1)) == 1


def test_a_reminder_on_its_way_is_not_sent_to_who_has_finished_meanwhile(database: str) -> None:
    enrolment, old = renewal(kind=CourseKind.REFRESHER, dates={"window_opens_on": OPENS, **LONG})
    enrolment_id, old_id = enrolment.id, old.id
    assert reminders.post_due(now=NOON) == 1
    message = db.session().scalars(select(Message)).one()
    assert reminders.unwanted(db.session(), message, now=NOON) is None
    complete(enrolment_id)
    message = db.session().scalars(select(Message)).one()
    assert reminders.unwanted(db.session(), message, now=NOON) is Reason.FINISHED
    with db.transaction() as session:
        posted = session.scalars(select(Message)).one()
        posted.state, posted.error, posted.done_at = WorkState.CANCELLED, Reason.FINISHED.value, NOON
    first = reminder_story.of_certificate(db.session(), old_id, now=NOON).chapters[0].words
    assert first.endswith("The renewal was finished early, and the new certificate comes on its day.")
    # Where the full course comes next, a refresher that waits renews nothing.
    with db.transaction() as session:
        row = session.get_one(Certificate, old_id)
        row.earned_by, row.full_course_next = CourseKind.REFRESHER, True
    message = db.session().scalars(select(Message)).one()
    assert reminders.unwanted(db.session(), message, now=NOON) is None


def test_after_an_outage_it_renews_all_the_same_and_too_late_it_ends_without(database: str) -> None:
    late, _old = waiting()
    late_id = late.id
    assert issued(datetime(2026, 12, 20, 12, tzinfo=UTC)) == 1
    over, _other = waiting()
    assert issued(datetime(2027, 3, 12, 12, tzinfo=UTC)) == 0
    states = [db.session().get_one(Enrolment, one).state for one in (late_id, over.id)]
    assert states == [EnrolmentState.COMPLETED, EnrolmentState.COMPLETED]


def test_a_certificate_earned_after_it_is_not_renewed_by_it(database: str) -> None:
    """Who takes the full course meanwhile starts a new cycle: an old refresher does not count in that one."""
    enrolment, old = waiting()
    revision = enrolment.revision
    with db.transaction() as session:
        row = session.get_one(Certificate, old.id)
        row.revoked_at, row.revoked_reason = NOON, "a mistake"
    later = {"completed_on": date(2026, 11, 25), "starts_on": date(2026, 11, 25), "window_opens_on": date(2029, 5, 25)}
    make.certificate(enrolment.membership, revision, **later)
    enrolment_id = enrolment.id
    assert complete(enrolment_id, NOON + timedelta(days=5)) is None
    assert db.session().get_one(Enrolment, enrolment_id).state is EnrolmentState.COMPLETED


def test_who_has_left_is_not_renewed(database: str) -> None:
    enrolment, _old = waiting()
    with db.transaction() as session:
        member = session.get_one(Membership, enrolment.membership_id)
        member.state, member.left_at = MembershipState.LEFT, NOON
    assert issued(NOON + timedelta(days=30)) == 0


def test_a_full_course_never_waits(database: str) -> None:
    enrolment = ready()
    assert complete(enrolment.id) is not None
    assert db.session().get_one(Enrolment, enrolment.id).ready_since is None


def test_one_that_fails_stops_no_other_nor_the_rest_of_the_housekeeping(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told of, counted for the system page once the tick should have issued it, and tried again."""
    (bad, _old), (good, _other) = waiting(), waiting()
    bad_id, good_id = bad.id, good.id
    midnight, complete_it, done = humane_hour.at(OPENS, 0, "UTC"), certification.complete_if_ready, []

    def stumble(session: Session, enrolment_id: int, **values: Any) -> Certificate | None:
        if enrolment_id == bad_id:
            # What the database refuses must cost the next one nothing either.
            session.execute(text("SELECT nothing FROM nowhere"))
        return complete_it(session, enrolment_id, **values)

    def fall(*, now: datetime) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(certification, "complete_if_ready", stumble)
    monkeypatch.setattr(half_open, "sweep", fall)
    monkeypatch.setattr(overview_counts, "refresh", lambda **_values: done.append("overviews"))
    with capture_logs() as logs, pytest.raises(ZeroDivisionError):
        tidy(midnight)
    told = [(one["event"], one.get("enrolment_id"), one.get("chore")) for one in logs if one["log_level"] == "error"]
    assert told == [("chore-stumbled", None, "half-open"), ("renewal-not-issued", bad_id, None)]
    assert done == ["overviews"]
    states = [db.session().get_one(Enrolment, one).state for one in (bad_id, good_id)]
    assert states == [EnrolmentState.ACTIVE, EnrolmentState.COMPLETED]
    minute = timedelta(minutes=1)
    assert [renewing.overdue(db.session(), now=midnight + at * minute) for at in (4, 5)] == [0, 1]
    monkeypatch.setattr(certification, "complete_if_ready", complete_it)
    assert issued(midnight + minute) == 1
    assert renewing.overdue(db.session(), now=midnight + 5 * minute) == 0
