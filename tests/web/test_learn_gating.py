"""What is locked is told kindly, wherever one comes from, and cannot be finished by its address."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.models import CourseRevision, Enrolment, Membership, PracticeAnswer, Role, ScenarioAnswer, StepProgress
from tests import make
from tests.make import NOON
from tests.small_course import course, document

ORDERED = "locked"
BASICS = {"courses": ["basics"], "certifications": ["basics-type"]}


def somebody(client: FlaskClient, **changes: Any) -> tuple[str, int]:
    """Sign in somebody on a course with these rules; returns the course's address and the membership."""
    organisation = make.organisation()
    make.member(organisation, Role.SAFEGUARDING)
    member = make.member(organisation)
    member_id = member.id
    base = f"/learn/{make.enrolment(member, make.published(course(ORDERED, **changes))).id}"
    make.signed_in(client, member)
    return base, member_id


def kept() -> int:
    """How many rows a learner's work has left."""
    session = db.session()
    session.rollback()
    return sum(
        session.scalar(select(func.count()).select_from(one)) or 0
        for one in (StepProgress, PracticeAnswer, ScenarioAnswer)
    )


def test_a_module_in_order_says_what_opens_it_and_cannot_be_entered_by_its_address(client: FlaskClient) -> None:
    base, _member_id = somebody(client, order="in-order")
    outline = client.get(base).text
    assert "It opens when you have finished:" in outline
    assert f'href="{base}/step/one-b"' in outline
    assert f'href="{base}/step/two-a"' not in outline
    assert f'href="{base}/scenario/sam"' not in outline
    for path in ("/step/two-a", "/scenario/sam"):
        page = client.get(base + path)
        assert page.status_code == 403
        assert "Not open yet" in page.text
        assert f'href="{base}/step/one-a"' in page.text
    assert client.post(f"{base}/step/two-a", data={"do": "continue"}).status_code == 403
    assert client.post(f"{base}/step/two-b", data={"do": "skip"}).status_code == 403
    text = "I would listen to Sam for as long as it takes."
    written = client.post(f"{base}/scenario/sam", data={"text": text, "do": "submit"})
    assert written.status_code == 403
    assert text in written.text
    assert client.post(f"{base}/scenario/sam/draft", json={"text": text}).status_code == 409
    assert kept() == 0
    for step in ("one-a", "one-b"):
        assert client.post(f"{base}/step/{step}", data={"do": "continue"}).status_code == 303
    assert client.get(f"{base}/step/two-a").status_code == 200
    assert client.get(f"{base}/scenario/sam").status_code == 403


def test_practice_in_a_locked_step_is_not_kept(client: FlaskClient) -> None:
    modules = document()["modules"]
    modules[0]["after"] = ["two"]
    base, _member_id = somebody(client, modules=modules)
    assert client.post(f"{base}/step/one-a", data={"do": "answer", "choice": "a"}).status_code == 403
    assert kept() == 0
    assert client.get(f"{base}/step/two-a").status_code == 200


def test_steps_and_modules_on_offer_are_said_to_be_and_hold_nothing_up(client: FlaskClient) -> None:
    modules = document()["modules"]
    modules[1]["required"] = False
    modules[0]["steps"][1]["required"] = False
    base, _member_id = somebody(client, modules=modules)
    outline = client.get(base).text
    assert "If you like" in outline
    assert "1 step (about 3 minutes), the assessment, 1 answer to write." in outline
    client.post(f"{base}/step/one-a", data={"do": "continue"})
    assert client.post(f"{base}/assessment").status_code == 303
    assert client.get(f"{base}/step/two-a").status_code == 200


def test_the_day_to_aim_for_is_said_without_a_lock(client: FlaskClient) -> None:
    base, _member_id = somebody(client, complete_within_days=7)
    outline = client.get(base).text
    assert "A good day to aim for is" in outline
    assert "8 November 2026" in outline
    assert "Aim to finish by 8 November 2026. If you need longer, take it." in client.get("/home").text
    assert client.get(f"{base}/step/one-a").status_code == 200


def test_prerequisites_lock_a_course_until_they_are_met(client: FlaskClient) -> None:
    base, member_id = somebody(client, prerequisites=BASICS)
    home = client.get("/home").text
    assert "Something else comes first" in home
    assert "basics-type" in home
    assert client.get(f"{base}/step/one-a").status_code == 403
    assert client.post(f"{base}/step/one-a", data={"do": "continue"}).status_code == 403
    assert client.post(f"{base}/assessment").location == f"{base}/assessment"
    assert kept() == 0
    basics = make.published(course("basics"))
    basics_id = basics.id
    make.enrolment(db.session().get_one(Membership, member_id), basics, completed_at=NOON)
    assert "Small first aider" in client.get(f"{base}/step/one-a").text
    make.certificate(db.session().get_one(Membership, member_id), db.session().get_one(CourseRevision, basics_id))
    assert client.get(f"{base}/step/one-a").status_code == 200


@pytest.mark.parametrize("has_it", [True, False])
def test_nobody_starts_a_course_by_themselves_before_its_prerequisites(client: FlaskClient, has_it: bool) -> None:
    basics, advanced = make.published(course("basics")), make.published(course("advanced", prerequisites=BASICS))
    member, course_id = make.member(), advanced.course_id
    if has_it:
        make.enrolment(member, basics, completed_at=NOON)
        make.certificate(db.session().get_one(Membership, member.id), basics)
    make.signed_in(client, db.session().get_one(Membership, member.id))
    home = client.get("/home").text
    assert ("Something else comes first" in home) is not has_it
    assert (f'name="course" value="{course_id}"' in home) is has_it
    client.post("/learn/enrol", data={"course": str(course_id)})
    db.session().rollback()
    found = db.session().scalars(select(Enrolment).where(Enrolment.course_id == course_id)).all()
    assert bool(found) is has_it
