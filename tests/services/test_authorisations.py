"""Leave to mark: given by coordinators of the same organisation, from today, replaced rather than piled up."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Authorisation, Course, Membership, Organisation, Role
from mhfa_lms.policy import Actor, Forbidden
from mhfa_lms.services import authorisations
from tests import make
from tests.make import NOON

pytestmark = pytest.mark.usefixtures("database")
TODAY = date(2026, 11, 21)
UNTIL = date(2027, 12, 31)


@pytest.fixture
def here() -> Organisation:
    return make.organisation("here")


@pytest.fixture
def by(here: Organisation) -> Actor:
    return make.actor(make.member(here, Role.COORDINATOR))


@pytest.fixture
def marker(here: Organisation) -> Membership:
    return make.member(here, Role.INSTRUCTOR)


@pytest.fixture
def type_id() -> int:
    course_id = make.published().course_id
    return db.session().get_one(Course, course_id).certification_type_id


def rows() -> list[tuple[date, date]]:
    db.session().rollback()
    found = db.session().scalars(select(Authorisation).order_by(Authorisation.valid_from))
    return [(row.valid_from, row.expires_on) for row in found]


def test_a_new_one_takes_the_place_of_the_old_one(by: Actor, marker: Membership, type_id: int) -> None:
    authorisations.grant(marker.id, type_id, UNTIL, by=by, now=NOON)
    authorisations.grant(marker.id, type_id, UNTIL, by=by, now=NOON)
    assert rows() == [(TODAY, UNTIL)]
    next_year = NOON + timedelta(days=365)
    authorisations.grant(marker.id, type_id, date(2029, 1, 1), by=by, now=next_year)
    assert rows() == [(TODAY, date(2027, 11, 20)), (date(2027, 11, 21), date(2029, 1, 1))]
    found = authorisations.of(db.session(), marker.id, by=by, today=date(2027, 11, 21))
    assert [one.expires_on for one in found] == [date(2029, 1, 1)]


@pytest.mark.parametrize("until", [TODAY - timedelta(days=1), TODAY + timedelta(days=5 * 366 + 1)])
def test_days_that_cannot_be(by: Actor, marker: Membership, type_id: int, until: date) -> None:
    with pytest.raises(authorisations.AuthorisationError, match="between today and five years"):
        authorisations.grant(marker.id, type_id, until, by=by, now=NOON)
    assert rows() == []


def test_only_instructors_and_known_types(by: Actor, here: Organisation, marker: Membership, type_id: int) -> None:
    with pytest.raises(authorisations.AuthorisationError, match="not an instructor"):
        authorisations.grant(make.member(here).id, type_id, UNTIL, by=by, now=NOON)
    with pytest.raises(authorisations.AuthorisationError, match="no such certification"):
        authorisations.grant(marker.id, type_id + 1, UNTIL, by=by, now=NOON)


def test_only_coordinators_of_the_organisation(marker: Membership, type_id: int) -> None:
    stranger = make.actor(make.member(make.organisation("there"), Role.COORDINATOR))
    for who in (stranger, make.actor(marker)):
        with pytest.raises(Forbidden):
            authorisations.grant(marker.id, type_id, UNTIL, by=who, now=NOON)
    assert authorisations.of(db.session(), marker.id, by=stranger, today=TODAY) == []
