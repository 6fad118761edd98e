"""Agreeing something with a learner, and what the learner sees of it and of the time."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from mhfa_lms import clock, db
from mhfa_lms.models import CourseRevision, Membership, Organisation, Role, Way
from mhfa_lms.services import learning
from tests import make
from tests.small_course import course, document


@pytest.fixture
def two(app: Flask) -> tuple[FlaskClient, FlaskClient, FlaskClient, int]:
    """The browsers of a learner whose assessment has a limit, an instructor and a coordinator; the enrolment."""
    place = make.organisation()
    pool = {**document()["assessment"], "minutes": 40}
    revision = make.published(course("timed", assessment=pool))
    place_id, revision_id = place.id, revision.id
    member = make.member(place, name="Otto Learner")
    member_id, enrolment_id = member.id, make.enrolment(member, revision).id
    actor = make.actor(db.session().get_one(Membership, member_id))
    for _module, step in course().steps():
        learning.complete(enrolment_id, step.id, Way.READ, by=actor, now=make.NOON)
    browsers = [make.signed_in(app.test_client(), db.session().get_one(Membership, member_id))]
    for role in (Role.INSTRUCTOR, Role.COORDINATOR):
        staff = make.member(db.session().get_one(Organisation, place_id), role, name="Ines")
        staff_id = staff.id
        make.authorisation(staff, db.session().get_one(CourseRevision, revision_id))
        browsers.append(make.signed_in(app.test_client(), db.session().get_one(Membership, staff_id)))
    return browsers[0], browsers[1], browsers[2], enrolment_id


def test_agreed_seen_and_taken_back(two: tuple[FlaskClient, FlaskClient, FlaskClient, int]) -> None:
    learner, instructor, coordinator, enrolment_id = two
    path, own = f"/mark/learners/{enrolment_id}", f"/learn/{enrolment_id}/assessment"
    assert f'href="{path}"' in instructor.get("/mark/learners").text
    assert "40 minutes from when you start" in learner.get(own).text
    refused = instructor.post(path, data={"kind": "more-time", "amount": "0", "reason": "Kept"})
    assert refused.status_code == 422
    assert "whole number from 1 to 400" in refused.text
    assert "Kept" in refused.text
    assert instructor.post(path, data={"kind": "more-time", "amount": "50"}).status_code == 422
    nothing = instructor.post(path, data={"kind": "other-format", "wanted": " ", "reason": "Kept"})
    assert nothing.status_code == 422
    assert "Choose a format" in nothing.text
    form = {"kind": "more-time", "amount": "50", "reason": "Agreed before"}
    assert instructor.post(path, data=form).status_code == 303
    page = learner.get(own).text
    assert "50 % more time" in page
    assert "60 minutes from when you start" in page
    mine = f"/coordinate/people/courses/{enrolment_id}"
    seen = coordinator.get(mine).text
    assert "Otto Learner" in seen
    assert "Agreed before" in seen
    end = seen.split('name="end" value="')[1].split('"')[0]
    assert coordinator.post(mine, data={"end": end}).status_code == 303
    assert "Taken back" in coordinator.get(mine).text
    assert "40 minutes from when you start" in learner.get(own).text
    assert learner.get(path).status_code == 403


def test_one_minute_is_one_minute(app: Flask) -> None:
    revision = make.published(course("quick", assessment={**document()["assessment"], "minutes": 1}))
    member = make.member(name="Otto Learner")
    enrolment_id = make.enrolment(member, revision).id
    outline = make.signed_in(app.test_client(), member).get(f"/learn/{enrolment_id}").text
    assert "3 questions. You pass with 80 % or more. You have 1 minute." in " ".join(outline.split())


def test_no_time_is_offered_where_there_is_no_limit(app: Flask) -> None:
    place, revision = make.organisation(), make.published()
    enrolment_id = make.enrolment(make.member(place, name="Otto Learner"), revision).id
    instructor = make.member(place, Role.INSTRUCTOR, name="Ines")
    make.authorisation(instructor, revision)
    browser, path = make.signed_in(app.test_client(), instructor), f"/mark/learners/{enrolment_id}"
    page = browser.get(path).text
    assert "no time limit, so no time needs to be agreed" in page
    offered = [one for one in ("more-time", "more-minutes", "no-time-limit") if f'value="{one}"' in page]
    assert (offered, 'value="more-attempts"' in page) == ([], True)
    form = {"kind": "more-time", "amount": "50", "reason": "Agreed before"}
    assert browser.post(path, data=form).status_code == 422
    assert browser.post(path, data={**form, "kind": "more-attempts", "amount": "1"}).status_code == 303


def test_an_attempt_shows_its_end_and_afterwards_its_result(
    two: tuple[FlaskClient, FlaskClient, FlaskClient, int],
) -> None:
    learner, _instructor, _coordinator, enrolment_id = two
    base = f"/learn/{enrolment_id}/assessment"
    question = learner.post(base).location or ""
    page = learner.get(question).text
    assert "You have until" in page
    assert "<script" not in page.split("<main")[1].split("</main")[0]
    assert learner.post(question, data={"choice": "a", "version": "1"}).status_code == 303
    with time_machine.travel(clock.now() + timedelta(minutes=42), tick=False):
        assert (learner.get(question).location or "").endswith("/1/check")
        assert "The time is over" in learner.get(f"{base}/1/check").text
        late = learner.post(f"{base}/1/question/2", data={"choice": "a", "version": "1"})
        assert (late.location or "").endswith("/1/result")
        result = learner.get(f"{base}/1/result").text
    assert "Everything that you had saved before is counted" in result
    assert "Not passed yet" in result
