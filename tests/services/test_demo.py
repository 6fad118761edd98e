"""The demonstration: complete, the same each time, and safe to repeat."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.adapters import pictures
from mhfa_lms.models import (
    Account,
    AnswerState,
    BackgroundCheck,
    Certificate,
    CertificateLook,
    Course,
    CourseKind,
    Enrolment,
    EnrolmentState,
    Invitation,
    Mark,
    Membership,
    Message,
    Reminder,
    ScenarioAnswer,
    WorkState,
)
from mhfa_lms.services import demo, demo_answers, demo_people, names, passwords, reminders, renewing, scenarios
from mhfa_lms.services.periods import Standing, standing
from tests import make
from tests.services import invented

# The history is made backwards from the present day: one of these is a leap day.
DAYS = [datetime(2026, 11, 21, 12, 0, tzinfo=UTC), datetime(2028, 2, 29, 3, 0, tzinfo=UTC)]


@pytest.fixture(scope="module", params=DAYS, ids=lambda day: f"{day:%Y-%m-%d}")
def template(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, datetime]:
    """The demonstration as made at a moment, and the moment."""
    return invented.template(sqlite_template, tmp_path_factory.mktemp("demo"), request.param), request.param


@pytest.fixture
def now(template: tuple[Path, datetime], tmp_path: Path) -> Iterator[datetime]:
    """A moment at which the demonstration was made, and a database that holds it."""
    with invented.copied(template[0], tmp_path):
        yield template[1]


def test_one_renews_with_the_refresher_and_one_waits_for_the_window(now: datetime) -> None:
    session, month = db.session(), timedelta(days=31)
    under_way = {
        row.name: (row.state, row.ready_since is not None)
        for row in session.execute(
            select(Membership.name, Enrolment.state, Enrolment.ready_since)
            .join(Membership, Membership.id == Enrolment.membership_id)
            .join(Course, Course.id == Enrolment.course_id)
            .where(Course.kind == CourseKind.REFRESHER)
        )
    }
    active = EnrolmentState.ACTIVE
    assert under_way == {"Rosa Quispe Mamani": (active, False), "Ngozi Adeyemi": (active, True)}
    assert renewing.issue_waiting(now=now, failed=print) == 0
    assert renewing.issue_waiting(now=now + 5 * month, failed=print) == 1


def test_either_database_holds_it(database: str) -> None:
    invented.fill(make.NOON)
    assert db.session().scalar(select(func.count(Account.id))) == len({one.email for one in demo_people.PEOPLE})


def test_there_are_certificates_in_every_standing(now: datetime) -> None:
    found = {standing(one, now.date()) for one in db.session().scalars(select(Certificate))}
    assert found == set(Standing)
    renewed = select(func.count(Certificate.id)).where(Certificate.renewed_by_id.is_not(None))
    assert db.session().scalar(renewed) == 2


def test_nothing_happened_in_the_future_or_before_people_joined(now: datetime) -> None:
    session = db.session()
    assert session.scalars(select(Certificate).where(Certificate.issued_at > now)).all() == []
    assert session.scalars(select(Mark).where(Mark.marked_at > now)).all() == []
    assert session.scalars(select(ScenarioAnswer).where(ScenarioAnswer.submitted_at > now)).all() == []
    early = select(Certificate.name).join(Membership, Membership.id == Certificate.membership_id)
    assert session.scalars(early.where(Certificate.issued_at < Membership.joined_at)).all() == []


def test_answers_wait_one_is_held_and_none_is_used_twice(now: datetime) -> None:
    answers = db.session().scalars(select(ScenarioAnswer)).all()
    waiting = [one for one in answers if one.state is AnswerState.WAITING]
    assert len(waiting) >= 5
    assert len({one.text for one in waiting}) == len(waiting)
    assert sum(one.claimed_by_id is not None for one in waiting) == 1
    assert {one.state for one in answers} == set(AnswerState)


def test_nobody_marked_their_own_answer(now: datetime) -> None:
    for mark in db.session().scalars(select(Mark)):
        assert mark.marker_id != mark.answer.enrolment.membership_id


def test_reminders_were_sent_and_some_are_due(now: datetime) -> None:
    assert len({one.offset_days for one in db.session().scalars(select(Reminder))}) == 5
    db.session().rollback()
    assert reminders.post_due(now=now) >= 3
    assert reminders.post_due(now=now) == 0


def test_everybody_has_the_one_password_and_the_shown_accounts_exist(now: datetime) -> None:
    by_address = {one.email: one for one in db.session().scalars(select(Account))}
    assert set(demo.addresses()) <= set(by_address)
    assert len({one.password_hash for one in by_address.values()}) == 1
    assert passwords.verify(by_address["learner@demo.example"].password_hash, demo.PASSWORD)
    passwords.check(demo.PASSWORD, "learner@demo.example")
    assert [one.email for one in by_address.values() if one.is_admin] == ["admin@demo.example"]


def test_one_person_belongs_to_two_organisations(now: datetime) -> None:
    counts = Counter(db.session().scalars(select(Membership.account_id)))
    assert max(counts.values()) == 2


def test_invitations_are_open_and_one_mail_failed(now: datetime) -> None:
    session = db.session()
    assert len(session.scalars(select(Invitation).where(Invitation.accepted_at.is_(None))).all()) == 5
    failed = session.scalars(select(Message).where(Message.state == WorkState.FAILED)).one()
    assert failed.kind == "invitation"


def test_there_is_a_look_an_earlier_certificate_and_two_background_checks(now: datetime) -> None:
    session = db.session()
    look = session.scalars(select(CertificateLook)).one()
    assert look.logo is not None
    assert all(pictures.plain_png(one) for one in (look.logo, look.signature_1 or b""))
    assert len(look.signatories) == 2
    assert session.scalars(select(Certificate).where(Certificate.is_imported)).one().evidence
    days = sorted((one.valid_until - now.date()).days for one in session.scalars(select(BackgroundCheck)))
    assert days[0] < 30 < days[1]


def test_making_it_again_changes_nothing(now: datetime) -> None:
    people = db.session().scalar(select(func.count(Account.id)))
    db.session().rollback()
    assert demo.make(now=now + timedelta(days=3)) is False
    assert db.session().scalar(select(func.count(Account.id))) == people


def test_it_needs_its_course_and_leaves_nothing_without_it(database: str) -> None:
    with pytest.raises(demo.DemoError):
        demo.make(now=make.NOON)
    assert db.session().scalars(select(Account)).all() == []


def test_the_same_day_gives_the_same_numbers(now: datetime, sqlite_template: Path, tmp_path: Path) -> None:
    codes = select(Certificate.code).order_by(Certificate.id)
    first = db.session().scalars(codes).all()
    again = tmp_path / "again"
    again.mkdir()
    with invented.copied(invented.template(sqlite_template, again, now), again):
        assert db.session().scalars(codes).all() == first


def test_the_answers_fit_the_scenario() -> None:
    answers = demo_answers.load()
    for written in (*answers.good, *answers.try_again, *answers.waiting):
        assert 80 <= scenarios.count_words(written.text) <= 600, written.text[:60]
    assert all(written.asked and min(written.levels) > 1 and sum(written.levels) >= 12 for written in answers.good)
    assert all(written.feedback for written in (*answers.good, *answers.try_again))
    assert "\n" not in answers.draft


def test_people_are_put_in_order_whatever_letters_they_use(now: datetime) -> None:
    for membership in db.session().scalars(select(Membership)):
        assert membership.sort_key == names.sort_key(membership.name)
