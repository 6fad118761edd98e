"""Earlier certificates from a table: matched within the organisation, dated by the rules, each recorded once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from mhfa_lms import db
from mhfa_lms.models import AuditEvent, Certificate, Job, Message, Organisation, Role
from mhfa_lms.policy import SYSTEM, Actor, Forbidden
from mhfa_lms.services import certificates, erasure, history, history_records, renewal, verification
from mhfa_lms.services.history_rows import Line, missing_columns, unknown_columns
from mhfa_lms.services.periods import Standing, add_months
from tests import make
from tests.make import NOON

pytestmark = pytest.mark.usefixtures("database")
DAY = "2025-03-31"


@pytest.fixture
def here() -> Organisation:
    make.published()
    return make.organisation("here", name="Here")


@pytest.fixture
def by(here: Organisation) -> Actor:
    return make.actor(make.member(here, Role.COORDINATOR, name="Coordinator"))


@pytest.fixture
def amina(here: Organisation) -> int:
    return make.member(here, name="Amina Yusuf", holder=make.account("amina@example.org")).id


def title() -> str:
    return str(make.published().title)


def row(number: int = 2, **cells: str | None) -> Line:
    return number, {"email": "amina@example.org", "course": title(), "completed_on": DAY, **cells}


def recorded(by: Actor, *rows: Line) -> int:
    return history_records.record(history.plan(rows, by=by, now=NOON).new, by=by, now=NOON)


def the_one() -> Certificate:
    db.session().rollback()
    return db.session().scalars(select(Certificate)).one()


def count(model: Any = Certificate) -> int:
    db.session().rollback()
    return db.session().scalar(select(func.count(model.id))) or 0


def test_a_row_becomes_a_certificate_that_says_where_it_comes_from(by: Actor, amina: int) -> None:
    cells: dict[str, Any] = {
        "name": "Amina  Yusof",
        "instructor": "Ben Ode",
        "evidence": "Seen on paper",
        "earlier_number": "A-17",
    }
    assert recorded(by, row(**cells)) == 1
    made = the_one()
    day = date(2025, 3, 31)
    assert (made.membership_id, made.name, made.completed_on, made.starts_on) == (amina, "Amina Yusof", day, day)
    assert made.expires_on == add_months(day, 36)
    assert made.evidence == "Instructor: Ben Ode\nEarlier number: A-17\nSeen on paper"
    assert (made.file_id, count(Job), count(Message)) == (None, 0, 0)
    found = verification.look_up(made.code, now=NOON)
    assert found is not None
    assert (found.standing, found.origin) == (Standing.VALID, "Recorded from earlier records by Here")
    assert "Ode" not in str(found)
    event = db.session().scalars(select(AuditEvent).where(AuditEvent.verb == "certificate-imported")).one()
    assert (event.subject_id, event.data, event.account_id) == (made.id, {}, by.account_id)


def test_the_file_says_when_it_ends_and_the_rules_when_it_can_be_renewed(by: Actor, amina: int) -> None:
    recorded(by, row(expires_on="2027-03-31"))
    made = the_one()
    assert (made.expires_on, made.window_opens_on, made.window_closes_on) == (
        date(2027, 3, 31),
        date(2026, 9, 30),
        date(2027, 6, 30),
    )
    assert renewal.course_for(db.session(), made, NOON.date()) is not None


def test_uploading_again_never_duplicates(by: Actor, amina: int) -> None:
    rows = [row(), row(3), row(4, completed_on="2022-03-31")]
    found = history.plan(rows, by=by, now=NOON)
    assert ([one.row.number for one in found.new], found.known) == ([2, 4], [3])
    assert count() == 0
    assert history_records.record(found.new, by=by, now=NOON) == 2
    assert history_records.record(found.new, by=by, now=NOON) == 0
    again = history.plan(rows, by=by, now=NOON)
    assert (again.new, again.known) == ([], [2, 3, 4])
    assert count() == 2


def test_the_database_refuses_the_same_row_twice(by: Actor, amina: int) -> None:
    recorded(by, row())
    made = the_one()
    make_again = {column.key: getattr(made, column.key) for column in Certificate.__table__.columns}
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.add(Certificate(**{**make_again, "id": None, "code": "0" * 16}))


def test_two_at_once_record_once(by: Actor, amina: int) -> None:
    found = history.plan([row()], by=by, now=NOON)

    def record(_number: int) -> int:
        try:
            return history_records.record(found.new, by=by, now=NOON)
        finally:
            db.sessions.remove()

    with ThreadPoolExecutor(4) as several:
        assert sum(several.map(record, range(4))) == 1
    assert count() == 1


def test_what_was_earned_or_corrected_here_is_known(by: Actor, here: Organisation, amina: int) -> None:
    recorded(by, row())
    corrected = certificates.replace(the_one().code, "Amina Yusof", by=by, now=NOON)
    assert (corrected.is_imported, corrected.imported_key) == (True, None)
    assert history.plan([row()], by=by, now=NOON).known == [2]
    certificates.revoke(corrected.code, "A mistake", by=by, now=NOON)
    assert history.plan([row()], by=by, now=NOON).known == [2]
    earned = make.member(db.session().get_one(Organisation, by.organisation_id), holder=make.account("ben@example.org"))
    make.certificate(earned, make.published(), completed_on=date(2025, 3, 31), starts_on=date(2025, 3, 31))
    assert history.plan([row(email="ben@example.org")], by=by, now=NOON).known == [2]


FAULTS: list[tuple[dict[str, str | None], str]] = [
    ({"email": ""}, "Give the person’s e-mail address."),
    ({"completed_on": ""}, "Give the day"),
    ({"completed_on": "31/03/2025"}, "year-month-day"),
    ({"completed_on": "20250331"}, "year-month-day"),
    ({"completed_on": "2025-02-30"}, "year-month-day"),
    ({"completed_on": "2026-11-22"}, "not in the future"),
    ({"completed_on": "1700-01-01"}, "from 1990 on"),
    ({"completed_on": None}, "formula"),
    ({"expires_on": DAY}, "after the completion"),
    ({"expires_on": "2055-01-01"}, "at most ten years"),
    ({"course": ""}, "Name the course"),
    ({"course": "Juggling"}, "Name a course of this site"),
    ({"name": "A\u202eB"}, "cannot be seen"),
    ({"evidence": "x" * 501}, "Shorten"),
    ({"email": "", "employee_id": "99"}, "Nobody in your organisation"),
    ({"email": "nobody"}, "This is no e-mail address"),
    ({"email": "nobody@example.org\tx"}, "cannot be seen"),
]


@pytest.mark.parametrize(("cells", "fix"), FAULTS)
def test_a_bad_row_is_named_with_what_to_do_and_the_good_ones_go_on(
    by: Actor, amina: int, cells: dict[str, str | None], fix: str
) -> None:
    found = history.plan([row(2, **cells), row(3, completed_on="2022-03-31")], by=by, now=NOON)
    (fault,) = found.faults
    assert fault.number == 2
    assert fix in fault.fix
    assert [one.row.number for one in found.new] == [3]


def test_somebody_elsewhere_is_answered_like_nobody(by: Actor, here: Organisation, amina: int) -> None:
    make.member(make.organisation("there"), holder=make.account("elsewhere@example.org"))
    rows = [row(2, email="elsewhere@example.org"), row(3, email="nobody@example.org")]
    found = history.plan(rows, by=by, now=NOON)
    assert [(one.membership_id, one.here) for one in found.awaited] == [(None, ""), (None, "")]
    assert (found.new, found.faults) == ([], [])
    assert history_records.record(found.awaited, by=by, now=NOON) == 0
    assert count() == 0


def test_people_are_found_by_work_address_and_number_unless_two_share_it(by: Actor, here: Organisation) -> None:
    owner = db.session().get_one(Organisation, by.organisation_id)
    one = make.member(owner, name="One", work_email="Desk@example.org", employee_id="17").id
    make.member(owner, name="Two", work_email="shared@example.org")
    make.member(owner, name="Three", work_email="shared@example.org")
    rows = [
        row(2, email="DESK@Example.org"),
        row(3, email="", employee_id="17", completed_on="2024-03-31"),
        row(4, email="shared@example.org"),
    ]
    found = history.plan(rows, by=by, now=NOON)
    assert [entry.membership_id for entry in found.new] == [one, one]
    assert [fault.number for fault in found.faults] == [4]


def test_another_name_is_pointed_out(by: Actor, amina: int) -> None:
    found = history.plan([row(2, name="amina YUSUF"), row(3, name="Ben", completed_on="2024-01-01")], by=by, now=NOON)
    assert [one.row.number for one in found.other_names] == [3]


def test_columns() -> None:
    assert missing_columns(("name",)) == ["email", "course", "completed_on"]
    assert missing_columns(("employee_id", "course", "completed_on")) == []
    assert unknown_columns(("email", "shoe size")) == ["shoe size"]


def test_only_coordinators_and_only_their_own(by: Actor, here: Organisation, amina: int) -> None:
    found = history.plan([row()], by=by, now=NOON)
    learner = Actor(by.account_id, membership_id=by.membership_id, organisation_id=by.organisation_id)
    with pytest.raises(Forbidden):
        history.plan([row()], by=learner, now=NOON)
    with pytest.raises(Forbidden):
        history_records.record(found.new, by=learner, now=NOON)
    other = make.actor(make.member(make.organisation("there"), Role.COORDINATOR))
    assert history_records.record(found.new, by=other, now=NOON) == 0


def test_the_holder_has_it_drawn_when_it_is_wanted(by: Actor, amina: int) -> None:
    recorded(by, row())
    made = the_one()
    holder = Actor(made.membership.account_id)
    code = made.code
    for _time in range(2):
        certificates.have_drawn(code, by=holder, now=NOON)
    assert count(Job) == 1
    with pytest.raises(Forbidden):
        certificates.have_drawn(code, by=by, now=NOON)


def test_erasing_the_person_takes_the_evidence_too(by: Actor, amina: int) -> None:
    recorded(by, row(evidence="Seen on paper"))
    erasure.erase("amina@example.org", by=SYSTEM, now=NOON + timedelta(days=1))
    assert (the_one().evidence, the_one().name) == ("", "")


def test_more_rows_than_a_piece(by: Actor, amina: int) -> None:
    start = datetime(1996, 1, 1)  # noqa: DTZ001  # days only
    rows = [row(number, completed_on=f"{start + timedelta(days=number):%Y-%m-%d}") for number in range(2, 602)]
    assert recorded(by, *rows) == 600
    assert count() == 600
