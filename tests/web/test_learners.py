"""An instructor's learners, never with whose answer waits; and finding somebody or something in long lists."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mhfa_lms import db
from mhfa_lms.models import AnswerState, Mark, Membership, Organisation, Role, ScenarioAnswer
from tests import kept as make
from tests.counting import queries
from tests.make import NOON
from tests.small_course import course


@pytest.fixture
def place(app: Flask) -> Organisation:
    return make.organisation("here")


@pytest.fixture
def marker(place: Organisation) -> Membership:
    found = make.member(place, Role.INSTRUCTOR, name="Ingrid")
    make.authorisation(found, make.published())
    return found


@pytest.fixture
def client(app: Flask, marker: Membership) -> FlaskClient:
    return make.signed_in(app.test_client(), marker)


def learner(place: Organisation, name: str, state: AnswerState | None = None) -> ScenarioAnswer | None:
    enrolled = make.enrolment(make.member(place, name=name))
    return make.answer(enrolled, state=state, submitted_at=NOON - timedelta(days=3)) if state else None


def marked(answer: ScenarioAnswer | None, marker: Membership) -> None:
    assert answer is not None
    with db.transaction() as session:
        row = session.get_one(ScenarioAnswer, answer.id)
        revision_id = row.enrolment.revision_id
        session.add(
            Mark(
                answer_id=answer.id, marker_id=marker.id, revision_id=revision_id, levels={"asks": 4, "hears": 3},
                required={"asked": True}, points=7, harm=False, required_missing=False, passed=True,
                feedback="", marked_at=NOON,
            )
        )  # fmt: skip


def test_a_name_never_stands_beside_an_answer_that_waits(client: FlaskClient, place: Organisation) -> None:
    learner(place, "Writes")
    learner(place, "Waits", AnswerState.WAITING)
    page = client.get("/mark/learners").text
    assert "2 learners" in page
    # The rows differ in nothing but the name, and no time of sending is there.
    rows = [re.sub(r"learners/\d+", "learners/1", row.split("</tr>")[0]) for row in page.split("<tr")[2:]]
    assert rows[0].replace("Waits", "Writes") == rows[1]
    assert "0 of 1" in rows[0]
    assert "18 November" not in page


def test_the_day_to_aim_for_stands_with_a_learner_and_costs_one_query(
    app: Flask, client: FlaskClient, place: Organisation, marker: Membership
) -> None:
    learner(place, "Without a day")
    client.get("/mark/learners")
    with queries() as before:
        assert "Aim to finish" not in client.get("/mark/learners").text
    revision = make.published(course("dated", complete_within_days=7))
    make.authorisation(marker, revision)
    people = [make.member(place, name=f"Dated {number}") for number in range(3)]
    for one in people:
        make.enrolment(one, revision, enrolled_at=datetime(2026, 11, 1, 12, tzinfo=UTC))
    make.enrolment(make.member(place, name="Over"), revision, completed_at=NOON)
    client.get("/mark/learners")
    with queries() as after:
        page = client.get("/mark/learners").text
    assert page.count("Aim to finish by Nov 8, 2026") + page.count("Aim to finish by 8 Nov 2026") == len(people)
    assert len(after) <= len(before) + 1
    coordinator = make.signed_in(app.test_client(), make.member(place, Role.COORDINATOR))
    dossier = coordinator.get(f"/coordinate/people/{people[0].id}").text
    assert "Aim to finish by" in dossier
    assert "8 Nov 2026" in dossier


def test_who_is_listed(client: FlaskClient, place: Organisation, marker: Membership) -> None:
    learner(place, "Ours", AnswerState.PASSED)
    learner(make.organisation("there"), "Theirs")
    make.enrolment(marker)
    make.enrolment(make.member(place, name="Done"), completed_at=NOON)
    page = client.get("/mark/learners").text
    assert "1 learner<" in page
    assert "Ours" in page
    assert "1 of 1" in page
    page = client.get("/mark/learners?state=finished").text
    assert "Done" in page
    assert "Ours" not in page


def test_learners_are_found_by_name_over_the_whole_list(client: FlaskClient, place: Organisation) -> None:
    for number in range(27):
        learner(place, f"Person {number:02}")
    page = client.get("/mark/learners").text
    assert "27 learners" in page
    assert "Person 26" not in page
    page = client.get("/mark/learners?q=person+26").text
    assert "Person 26" in page
    assert "1 learner<" in page
    assert 'href="/mark/learners">Clear filters' in page
    assert "Nobody matches these filters." in client.get("/mark/learners?q=nobody").text


def test_without_leave_to_mark_there_is_no_list(app: Flask, place: Organisation) -> None:
    learner(place, "Ours")
    client = make.signed_in(app.test_client(), make.member(place, Role.INSTRUCTOR))
    assert "Ours" not in client.get("/mark/learners").text


def test_what_was_marked_is_found_by_name(client: FlaskClient, place: Organisation, marker: Membership) -> None:
    other = make.member(place, Role.INSTRUCTOR)
    marked(learner(place, "Amina", AnswerState.PASSED), marker)
    marked(learner(place, "Benedetta", AnswerState.PASSED), marker)
    marked(learner(place, "Carl", AnswerState.PASSED), other)
    page = client.get("/mark/finished").text
    assert "2 answers" in page
    assert "Carl" not in page
    page = client.get("/mark/finished?q=amina").text
    assert "1 answer<" in page
    assert "Benedetta" not in page


def test_invitations_and_people_are_found_by_address(app: Flask, place: Organisation) -> None:
    boss = make.member(place, Role.COORDINATOR, name="Boss")
    make.member(place, name="Amina", work_email="amina@school.example")
    client = make.signed_in(app.test_client(), boss)
    for name in ("Ann", "Bob"):
        sent = {"name": name, "email": f"{name}@new.example", "audience": "volunteer", "site_id": "",
                "roles": "learner", "course_id": ""}  # fmt: skip
        assert client.post("/coordinate/people/invite", data=sent).status_code == 303
    client.get("/coordinate/people/invitations")  # where it was said that they were sent
    page = client.get("/coordinate/people/invitations?q=bob@NEW").text
    assert "1 invitation matches" in page
    assert "Ann@new.example" not in page
    assert "No invitation matches" in client.get("/coordinate/people/invitations?q=carl").text
    page = client.get("/coordinate/people?q=AMINA@school").text
    assert "1 person<" in page
    assert "Boss" not in page.split("<main")[1].split("</main>")[0]


def test_the_register_offers_those_certified_now(app: Flask, place: Organisation) -> None:
    boss = make.member(place, Role.COORDINATOR)
    make.certificate(boss, make.published())
    client = make.signed_in(app.test_client(), boss)
    assert '<a href="/coordinate/register?standing=valid,due">Certified now</a>' in client.get(
        "/coordinate/register"
    ).text.replace("%2C", ",")
    assert ">Certified now</a>" not in client.get("/coordinate/register?standing=valid,due").text


def test_whoever_joins_may_say_where_they_belong(app: Flask) -> None:
    open_one = make.organisation("open", open_to_join=True)
    north, elsewhere = make.site(open_one, "North"), make.site(make.organisation("shut"), "Elsewhere")
    client = app.test_client()
    assert "Elsewhere" not in client.get("/join/open").text
    person = make.member(None, name="Amina")
    make.signed_in(client, person)
    form = {"name": "Amina", "audience": "volunteer"}
    assert client.post("/join/open", data={**form, "site_id": elsewhere.id}).status_code == 422
    assert client.post("/join/open", data={**form, "site_id": north.id}).status_code == 303
    assert "North" in client.get("/account").text
    plain = make.organisation("plain", open_to_join=True)
    assert "Which place" not in app.test_client().get(f"/join/{plain.slug}").text


def test_organisations_are_found_by_name_and_short_name(app: Flask, place: Organisation) -> None:
    make.organisation("harbour-line", name="Harbour Line")
    client = make.signed_in(app.test_client(), make.member(place, holder=make.account(is_admin=True)))
    assert "2 organisations" in client.get("/admin/organisations").text
    for words in ("LINE", "harbour-"):
        page = client.get("/admin/organisations", query_string={"q": words}).text
        assert "1 organisation<" in page
        assert "/join/here" not in page
    assert "No organisation matches" in client.get("/admin/organisations?q=nobody").text
