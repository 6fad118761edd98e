"""Care for the learner: a pause after hard steps, and the quick way out of every page about hard things."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Enrolment, Role, StepProgress, Way
from tests import make
from tests.small_course import course

PAUSE = "Take a pause"


@pytest.fixture
def learner(client: FlaskClient) -> tuple[FlaskClient, str]:
    """A signed-in learner whose organisation has a safeguarding lead, and the address of their course."""
    here = make.organisation()
    make.member(here, Role.SAFEGUARDING, name="Lee Lead")
    person = make.member(here)
    enrolment_id = make.enrolment(person).id
    return make.signed_in(client, person), f"/learn/{enrolment_id}"


def ways() -> dict[str, Way]:
    db.session().rollback()
    return {row.step: row.way for row in db.session().scalars(select(StepProgress))}


def test_a_pause_is_offered_after_a_hard_step_and_costs_nobody_else_a_click(learner: tuple[FlaskClient, str]) -> None:
    client, course = learner
    hard = f"{course}/step/two-b"
    assert PAUSE not in client.get(hard).text, "not before it was read"
    assert PAUSE not in client.get(f"{course}/step/two-a").text
    page = client.get(f"{hard}?whole=1").text
    assert f'href="{course}/pause/two-b"' in page
    assert page.index(">Continue<") < page.index(PAUSE)
    pause = client.get(f"{course}/pause/two-b")
    assert pause.status_code == 200
    for shown in ("Your place is kept", "Go on", 'href="/home"', 'href="/help"', 'href="/support"', "data-exit"):
        assert shown in pause.text, shown
    assert ways() == {}
    assert client.post(hard, data={"do": "continue"}).status_code == 303
    assert ways() == {"two-b": Way.READ}
    assert f'<a class="btn big" href="{course}"' in client.get(f"{course}/pause/two-b").text


def test_a_summary_is_followed_by_the_offer_too(learner: tuple[FlaskClient, str]) -> None:
    client, course = learner
    client.post(f"{course}/step/two-b", data={"do": "summary"})
    assert PAUSE in client.get(f"{course}/step/two-b").text


def test_there_is_no_pause_after_a_step_that_is_none(learner: tuple[FlaskClient, str]) -> None:
    client, course = learner
    assert client.get(f"{course}/pause/nowhere").status_code == 404


def exits(client: FlaskClient, path: str) -> bool:
    """Whether a page offers the way out: a plain link, so that it works without a script, and leaves no referrer."""
    page: Any = client.get(path)
    assert page.status_code == 200, path
    found = re.search(r'<a class="btn quit" data-exit href="(https://[^"]+)" rel="nofollow noreferrer">', page.text)
    return found is not None


def test_every_page_about_hard_things_has_the_quick_way_out(learner: tuple[FlaskClient, str]) -> None:
    client, course = learner
    hard = ("step/two-b", "step/two-b?whole=1", "pause/two-b", "scenario/sam", "paper", "workbook", "two-answers")
    for path in [*(f"{course}/{one}" for one in hard), "/support", "/help"]:
        assert exits(client, path), path
    enrolment_id = int(course.rsplit("/", 1)[1])
    make.answer(db.session().get_one(Enrolment, enrolment_id))
    assert exits(client, f"{course}/scenario/sam"), "an answer that was handed in"
    for path in (f"{course}/step/two-a", course, "/home"):
        assert not exits(client, path), path


def test_the_assessment_of_a_course_about_hard_things_has_it_too(client: FlaskClient) -> None:
    person = make.member()
    revision = make.published(course("hard", content_note="It talks about suicide."))
    enrolment = make.enrolment(person, revision)
    make.attempt(enrolment)
    address = f"/learn/{enrolment.id}/assessment"
    make.signed_in(client, person)
    for path in (address, f"{address}/1/question/1", f"{address}/1/check"):
        assert exits(client, path), path


def test_a_scenario_that_is_closed_has_the_way_out_too(client: FlaskClient) -> None:
    person = make.member()
    enrolment_id = make.enrolment(person).id
    assert exits(make.signed_in(client, person), f"/learn/{enrolment_id}/scenario/sam")
