"""What a page may cost: at most 14 KB over the wire for learner and public pages, at most 12 queries for any page, and
the same number of queries whatever the size of the data."""

import gzip
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mhfa_lms import clock, db
from mhfa_lms.content import loader
from mhfa_lms.models import AnswerState, Membership, Organisation, Role
from mhfa_lms.paths import courses_dir
from tests import counting, make

MOST_BYTES = 14 * 1024
MOST_QUERIES = 12


def weight(client: FlaskClient, path: str) -> int:
    """Return the bytes of a page with its styles and scripts, each gzipped."""
    page = client.get(path, follow_redirects=True)
    assert page.status_code == 200, path
    parts = [page.data] + [
        client.get(address).data for address in re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page.text)
    ]
    # What only some steps show has a sheet of its own.
    assert 3 <= len(parts) <= 4, path
    return sum(len(gzip.compress(part, 6)) for part in parts)


def test_weight_of_learner_and_public_pages(client: FlaskClient) -> None:
    course = loader.load(courses_dir() / "first-conversation")
    learner = make.member(name="Amina Yusuf")
    revision = make.published(course)
    enrolment = make.enrolment(learner, revision)
    certificate = make.certificate(learner, revision)
    code, enrolment_id, learner_id = certificate.code, enrolment.id, learner.id
    paths = [
        "/",
        "/help?country=GB",
        "/courses",
        "/courses/first-conversation",
        "/v",
        f"/v/{code}",
        "/privacy",
        "/sign-in",
    ]
    found = {path: weight(client, path) for path in paths}
    make.signed_in(client, db.session().get_one(Membership, learner_id))
    steps = [f"/learn/{enrolment_id}/step/{step.id}" for _module, step in course.steps()]
    scenario = f"/learn/{enrolment_id}/scenario/{course.scenarios[0].id}"
    own = ["/home", f"/learn/{enrolment_id}", *steps, f"/learn/{enrolment_id}/assessment", scenario, "/certificates",
           f"/certificates/{code}", "/account", "/account/time-zone"]  # fmt: skip
    found |= {path: weight(client, path) for path in own}
    assert {path: size for path, size in found.items() if size > MOST_BYTES} == {}


def grow(place: Organisation, count: int) -> None:
    """Add people with training, certificates, and answers that wait."""
    revision = make.published()
    for number in range(count):
        person = make.member(place, name=f"Person {number}")
        enrolment = make.enrolment(person, revision)
        make.certificate(person, revision)
        make.answer(enrolment, state=AnswerState.WAITING, submitted_at=clock.now() - timedelta(days=1))


@pytest.fixture
def everybody(app: Flask) -> tuple[Organisation, Membership, int]:
    """One person with every role, their enrolment, and their organisation."""
    place = make.organisation()
    revision = make.published()
    person = make.member(place, *Role, holder=make.account(is_admin=True))
    make.authorisation(person, revision)
    enrolment = make.enrolment(person, revision)
    make.attempt(enrolment)
    make.certificate(person, revision)
    make.answer(make.enrolment(make.member(place), revision), state=AnswerState.WAITING)
    return place, person, enrolment.id


PAGES = [
    *("/home", "/learn/{enrolment}", "/learn/{enrolment}/step/one-a", "/learn/{enrolment}/assessment"),
    *("/learn/{enrolment}/assessment/1/question/1", "/learn/{enrolment}/assessment/1/check"),
    *("/learn/{enrolment}/scenario/sam", "/certificates", "/account", "/account/organisations"),
    *("/account/copy", "/account/delete", "/account/time-zone", "/progress/{work}"),
    *(
        "/mark",
        "/mark/attempts",
        "/mark/learners",
        "/mark/finished",
        "/coordinate/people/invitations",
        "/coordinate/formats",
        "/coordinate/help-lines",
        "/coordinate",
        "/coordinate/register",
        "/coordinate/people",
        "/coordinate/people/{member}",
        "/coordinate/people/{member}/reminders",
        "/account/reminders",
    ),
    *("/coordinate/people/invite", "/coordinate/courses", "/admin", "/admin/organisations", "/admin/courses"),
    *("/admin/outbox", "/admin/help-lines", "/courses", "/help"),
]


def count(app: Flask, person_id: int, path: str) -> int:
    client = make.signed_in(app.test_client(), db.session().get_one(Membership, person_id))
    client.get(path)  # the first time a process reads the course
    with counting.queries() as ran:
        assert client.get(path).status_code == 200, path
    assert len(ran) <= MOST_QUERIES, f"{path}: " + "\n".join(ran.statements)
    return len(ran)


def test_queries(app: Flask, everybody: tuple[Organisation, Membership, int]) -> None:
    place, person, enrolment = everybody
    place_id, person_id, work = place.id, person.id, make.work(person)
    paths = [path.format(enrolment=enrolment, member=person_id, work=work) for path in PAGES]
    few = {path: count(app, person_id, path) for path in paths}
    grow(db.session().get_one(Organisation, place_id), 40)
    assert {path: count(app, person_id, path) for path in paths} == few
