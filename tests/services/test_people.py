"""People, sites, training records and the overview: who may read and change them, and what they count."""

import threading
from datetime import date

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Audience, AuditEvent, Membership, Organisation, Role, Site
from mhfa_lms.policy import Actor, Forbidden
from mhfa_lms.services import overview, people, sites, training_record
from mhfa_lms.services.overview_counts import Figures
from mhfa_lms.services.paging import Place
from mhfa_lms.services.people import Details, Filters
from mhfa_lms.services.training_record import Tried
from tests import make
from tests.make import NOON

pytestmark = pytest.mark.usefixtures("database")
TODAY = date(2026, 11, 21)
DETAILS = Details("Émile Zola", None, Audience.EDUCATOR, "fr", "emile@here.example")


@pytest.fixture
def here() -> Organisation:
    return make.organisation("here")


@pytest.fixture
def by(here: Organisation) -> Actor:
    return make.actor(make.member(here, Role.COORDINATOR, name="Coordinator"))


@pytest.fixture
def stranger() -> Actor:
    return make.actor(make.member(make.organisation("there"), Role.COORDINATOR, name="Stranger"))


def lines(by: Actor, **filters: object) -> list[people.Line]:
    wanted = Filters(**filters)  # type: ignore[arg-type]  # a test's own values
    return list(people.page(db.session(), wanted, Place(), by=by, today=TODAY).rows)


def test_a_line_says_roles_courses_and_until_when(here: Organisation, by: Actor) -> None:
    revision = make.published()
    person = make.member(here, Role.SAFEGUARDING, Role.INSTRUCTOR, name="Amina", listed_since=NOON)
    make.enrolment(person, revision)
    make.certificate(person, revision)
    make.certificate(person, revision, expires_on=date(2029, 12, 31), window_closes_on=date(2030, 3, 31))
    make.certificate(person, revision, expires_on=date(2035, 1, 1), window_closes_on=date(2035, 3, 31),
                     revoked_at=NOON, revoked_reason="A mistake")  # fmt: skip
    [line] = lines(by, text="amina")
    assert line.roles == (Role.LEARNER, Role.INSTRUCTOR, Role.SAFEGUARDING)
    assert line.courses == (revision.title,)
    assert line.certified_until == date(2029, 12, 31)
    assert line.listed


def test_strangers_see_and_change_nothing(here: Organisation, stranger: Actor) -> None:
    person = make.member(here, name="Amina")
    assert [line.name for line in lines(stranger)] == ["Stranger"]
    assert people.member(db.session(), person.id, by=stranger) is None
    with pytest.raises(Forbidden):
        people.set_details(person.id, DETAILS, by=stranger, now=NOON)
    with pytest.raises(Forbidden):
        training_record.of(db.session(), person, by=stranger, today=TODAY)
    assert db.session().get_one(Membership, person.id).name == "Amina"


def test_learners_see_nobody(here: Organisation) -> None:
    learner = make.actor(make.member(here))
    with pytest.raises(Forbidden):
        lines(learner)
    with pytest.raises(Forbidden):
        overview.of(db.session(), by=learner, today=TODAY, now=NOON)
    with pytest.raises(Forbidden):
        sites.add("North", by=learner, now=NOON)


def test_details_are_kept_and_noted_without_names(here: Organisation, by: Actor) -> None:
    person = make.member(here, name="Amina")
    people.set_details(person.id, DETAILS, by=by, now=NOON)
    row = db.session().get_one(Membership, person.id)
    assert (row.name, row.sort_key, row.languages, row.work_email) == (
        "Émile Zola", "emile zola", "fr", "emile@here.example",
    )  # fmt: skip
    event = db.session().scalars(select(AuditEvent).where(AuditEvent.verb == "details-changed")).one()
    assert (event.subject_id, event.data) == (person.id, {})


def test_a_site_elsewhere_changes_nothing(here: Organisation, by: Actor) -> None:
    person, theirs = make.member(here, name="Amina"), make.site(make.organisation("there"))
    with pytest.raises(people.UnknownSiteError):
        people.set_details(person.id, Details("New", theirs.id, Audience.OTHER, "", ""), by=by, now=NOON)
    assert db.session().get_one(Membership, person.id).name == "Amina"


def test_two_coordinators_adding_one_site(here: Organisation, by: Actor) -> None:
    found: list[str] = []
    start = threading.Barrier(4)

    def add() -> None:
        start.wait()
        try:
            sites.add("North School", by=by, now=NOON)
            found.append("added")
        except sites.SiteExistsError:
            found.append("exists")
        finally:
            db.sessions.remove()

    threads = [threading.Thread(target=add) for _number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    db.session().rollback()
    assert sorted(found) == ["added", "exists", "exists", "exists"]
    assert db.session().scalars(select(Site.name)).all() == ["North School"]


def test_the_overview_by_site_adds_up(here: Organisation, by: Actor) -> None:
    north, revision = make.site(here), make.published()
    both = make.member(here, name="Twice certified", site_id=north.id)
    make.certificate(both, revision)
    make.certificate(both, revision)
    due = {"starts_on": date(2024, 1, 1), "window_opens_on": TODAY, "expires_on": date(2027, 5, 21)}
    make.certificate(make.member(here, name="Due"), revision, **due, window_closes_on=date(2027, 8, 21))
    make.certificate(
        make.member(here, name="Lapsed in January"),
        revision,
        starts_on=date(2020, 1, 1),
        window_opens_on=date(2025, 4, 1),
        expires_on=date(2025, 9, 30),
        window_closes_on=date(2025, 12, 31),
    )
    make.certificate(
        make.member(here, name="Lapsed last year"),
        revision,
        starts_on=date(2020, 1, 1),
        window_opens_on=date(2025, 4, 1),
        expires_on=date(2025, 9, 30),
        window_closes_on=date(2025, 12, 30),
    )
    make.enrolment(make.member(here, name="Learner", site_id=north.id), revision)
    found = overview.of(db.session(), by=by, today=TODAY, now=NOON)
    assert found.figures == Figures(certified=2, due=1, grace=0, lapsed=1, in_training=1)
    assert [(one.name, one.figures.certified, one.figures.in_training) for one in found.sites] == [
        ("North", 1, 1),
        ("", 1, 0),
    ]


def test_a_record_of_somebody_who_has_not_begun(here: Organisation, by: Actor) -> None:
    person = make.member(here)
    make.enrolment(person)
    [line] = training_record.of(db.session(), person, by=by, today=TODAY).courses
    assert (line.steps_done, line.steps_total, line.tried, line.tries) == (0, 4, Tried.NOT_STARTED, 0)
    assert [(skill.title, skill.state) for skill in line.skills] == [("Sam", None)]
