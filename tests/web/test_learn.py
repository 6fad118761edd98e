"""A learner's pages: home, the outline, steps and practice."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select

from mhfa_lms import clock, db
from mhfa_lms.models import (
    AnswerState,
    Certificate,
    Enrolment,
    Membership,
    MembershipState,
    Organisation,
    StepProgress,
    Way,
)
from mhfa_lms.services import sessions
from tests import make
from tests.make import NOON
from tests.services.learner import Learner, learner
from tests.small_course import course


@contextmanager
def counted() -> Iterator[list[str]]:
    """Count the statements that a page sends."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    yield sent
    event.remove(db.engine(), "before_cursor_execute", note)


def enter(client: FlaskClient, who: Learner) -> FlaskClient:
    """Sign a learner's browser in."""
    return make.signed_in(client, db.session().get_one(Membership, who.membership_id))


def ways() -> dict[str, Way]:
    db.session().rollback()
    return {row.step: row.way for row in db.session().scalars(select(StepProgress))}


def test_nobody_learns_without_signing_in(client: FlaskClient) -> None:
    answer = client.get("/home")
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/home")


def test_somebody_without_a_course_starts_one_with_one_click(client: FlaskClient) -> None:
    course_id = make.published().course_id
    make.signed_in(client, make.member(name="Noor Haddad"))
    page = client.get("/home").text
    assert "Welcome, <bdi>Noor</bdi>" in page
    assert "Start this course" in page
    answer = client.post("/learn/enrol", data={"course": course_id})
    assert answer.status_code == 303
    assert "First aid for mental health: small" in client.get(answer.location).text
    assert client.post("/learn/enrol", data={"course": course_id}).location == answer.location


def test_home_says_so_when_there_is_nothing_to_learn(client: FlaskClient) -> None:
    make.signed_in(client, make.member())
    assert "No course is open yet" in client.get("/home").text


def test_home_of_somebody_without_an_organisation(client: FlaskClient) -> None:
    member = make.member()
    with db.transaction() as session:
        row = session.get_one(Membership, member.id)
        row.state, row.left_at = MembershipState.LEFT, NOON
    make.published()
    _enter_alone(client, member.id)
    page = client.get("/home").text
    assert "You do not belong to an organisation yet" in page
    assert "Start this course" not in page


def _enter_alone(client: FlaskClient, membership_id: int) -> None:
    account_id = db.session().get_one(Membership, membership_id).account_id
    with db.transaction() as session:
        secret = sessions.begin(session, account_id, now=clock.now())
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = secret, True


def test_unknown_and_closed_courses_cannot_be_started(client: FlaskClient) -> None:
    closed = make.published(open=False).course_id
    make.signed_in(client, make.member())
    assert client.post("/learn/enrol", data={"course": "x"}).status_code == 404
    assert client.post("/learn/enrol", data={"course": closed}).location == "/home"


def test_one_tap_on_home_resumes_where_the_learner_was(client: FlaskClient) -> None:
    who = learner()
    enter(client, who)
    client.post(f"/learn/{who.enrolment_id}/step/one-a", data={"do": "continue"})
    page = client.get("/home").text
    first = re.search(r'<a class="btn big" href="([^"]+)">Continue</a>', page)
    assert first is not None
    assert first[1] == f"/learn/{who.enrolment_id}/step/one-b"
    assert "step 2 of 2" in page
    assert "About 3 minutes left in this module" in page
    assert "1 of 2 steps finished" in page


def test_a_whole_module_by_continue(client: FlaskClient) -> None:
    who = learner()
    enter(client, who)
    base = f"/learn/{who.enrolment_id}"
    page = client.get(f"{base}/step/one-a").text
    assert "step 1 of 2" in page
    assert "Body of <strong>one-a</strong>" in page
    assert client.post(f"{base}/step/one-a", data={"do": "continue"}).location == f"{base}/step/one-b"
    answer = client.post(f"{base}/step/one-b", data={"do": "continue"}, follow_redirects=True)
    assert "You have finished the module “Module one”." in answer.text
    for step in ("two-a", "two-b"):
        answer = client.post(f"{base}/step/{step}", data={"do": "continue"}, follow_redirects=True)
    assert "You have finished every step" in answer.text
    assert "Go to the assessment" in answer.text


def test_practice_shows_its_feedback_and_gates_nothing(client: FlaskClient) -> None:
    who = learner()
    enter(client, who)
    address = f"/learn/{who.enrolment_id}/step/one-a"
    missing = client.post(address, data={"do": "answer"})
    assert missing.status_code == 422
    assert "<title>Error: " in missing.text
    assert 'href="#choice"' in missing.text
    answer = client.post(address, data={"do": "answer", "choice": "b"})
    assert (answer.status_code, answer.location) == (303, f"{address}#feedback")
    page = client.get(address).text
    assert "Not first." in page
    assert "See what fits" in page
    assert ways() == {}
    assert 'value="b" checked' in client.get(f"{address}?again=1").text
    client.post(address, data={"do": "answer", "choice": "a"})
    assert "This fits" in client.get(address).text


def test_a_content_note_comes_with_a_summary_and_a_skip_that_count_as_done(client: FlaskClient) -> None:
    who = learner()
    enter(client, who)
    address = f"/learn/{who.enrolment_id}/step/two-b"
    page = client.get(address).text
    assert "It mentions thoughts of suicide." in page
    assert "Body of" not in page
    assert "data-exit" in page
    assert "Body of" in client.get(f"{address}?whole=1").text
    assert ways() == {}
    assert client.post(address, data={"do": "summary"}).location == address
    gentle = client.get(address).text
    assert "The gentler summary." in gentle
    assert "Body of" not in gentle
    assert ways() == {"two-b": Way.SUMMARY}
    assert "Body of" in client.get(f"{address}?whole=1").text
    assert ways() == {"two-b": Way.SUMMARY}
    other = learner()
    enter(client, other)
    skipped = client.post(f"/learn/{other.enrolment_id}/step/two-b", data={"do": "skip"})
    assert skipped.location == f"/learn/{other.enrolment_id}"
    assert "Finished" in client.get(skipped.location).text


def test_steps_without_a_note_cannot_be_skipped_and_quick_exit_is_only_where_tagged(client: FlaskClient) -> None:
    who = learner()
    enter(client, who)
    address = f"/learn/{who.enrolment_id}/step/one-a"
    for do in ("skip", "summary", "", "else"):
        assert client.post(address, data={"do": do}).status_code == 400
    assert "data-exit" not in client.get(address).text
    assert client.get(f"/learn/{who.enrolment_id}/step/nowhere").status_code == 404


def test_home_brings_a_new_result_and_the_certificate(client: FlaskClient) -> None:
    who = learner()
    who.do_steps()
    who.take()
    make.answer(db.session().get_one(Enrolment, who.enrolment_id), state=AnswerState.TRY_AGAIN)
    enter(client, who)
    page = client.get("/home").text
    assert "Feedback on your answer:" in page
    assert "Read the feedback" in page
    done = learner()
    done.do_steps()
    done.pass_rest(attempt=False)
    done.take()
    enter(client, done)
    page = client.get("/home").text
    assert "You have finished this course" in page
    assert re.search(r'href="/certificates/[0-9A-Z]{16}"', page)


@pytest.mark.parametrize(
    ("opens", "ends", "closes", "words"),
    [
        (-10, 30, 120, "You can renew it now."),
        (-100, -10, 80, "You can still renew it until"),
        (-400, -300, -200, "To be certified again, take the full course."),
    ],
)
def test_home_says_when_a_certificate_can_be_renewed(
    client: FlaskClient, opens: int, ends: int, closes: int, words: str
) -> None:
    who = learner()
    member = db.session().get_one(Membership, who.membership_id)
    today = clock.now().date()
    days = {"window_opens_on": opens, "expires_on": ends, "window_closes_on": closes}
    dates: dict[str, Any] = {name: today + timedelta(days=count) for name, count in days.items()}
    revision = make.published(course("renewable"))
    make.certificate(member, revision, starts_on=today - timedelta(days=1000), **dates)
    enter(client, who)
    page = client.get("/home").text
    assert words in page
    assert "Go on with my renewal" in page or "See how to renew" in page
    assert asked(client, "/home") <= 12


def test_home_of_a_holder_with_everything_on_it_stays_within_its_queries(client: FlaskClient) -> None:
    who = learner()
    who.do_steps()
    who.pass_rest(attempt=False)
    who.take()
    make.published(course("offered"))
    with db.transaction() as session:
        held = session.scalars(select(Certificate).where(Certificate.membership_id == who.membership_id)).one()
        held.window_opens_on = held.starts_on
    enter(client, who)
    page = client.get("/home").text
    assert "See how to renew" in page
    assert "Courses you can start" in page
    assert asked(client, "/home") <= 12


def test_home_is_silent_about_certificates_that_are_renewed_or_not_due(client: FlaskClient) -> None:
    who = learner()
    member = db.session().get_one(Membership, who.membership_id)
    revision = make.published(course("renewable"))
    newer = make.certificate(member, revision)
    due: dict[str, Any] = {"starts_on": date(2023, 11, 21), "window_opens_on": date(2026, 6, 1)}
    due["expires_on"] = clock.now().date()
    make.certificate(member, revision, renewed_by_id=newer.id, **due)
    make.certificate(revision=revision, **due)  # somebody else's
    enter(client, who)
    page = client.get("/home").text
    assert "See how to renew" not in page
    assert "Go on with my renewal" not in page


def test_other_peoples_enrolments_do_not_exist(client: FlaskClient) -> None:
    who = learner()
    who.do_steps()
    who.take(right=0)
    base = f"/learn/{who.enrolment_id}"
    colleague = make.member(
        db.session().get_one(Organisation, db.session().get_one(Enrolment, who.enrolment_id).organisation_id)
    )
    pages = ["", "/step/one-a", "/assessment", "/assessment/1/question/1", "/assessment/1/check"]
    pages += ["/assessment/1/result", "/scenario/sam"]
    posts = ["/again", "/scenario/sam/draft", "/scenario/sam/again", "/scenario/sam/seen", *pages[1:5], "/scenario/sam"]
    for member_id in (colleague.id, make.member().id):
        make.signed_in(client, db.session().get_one(Membership, member_id))
        for path in pages:
            assert client.get(base + path).status_code == 404, path
        for path in posts:
            assert client.post(base + path, data={"do": "continue"}).status_code == 404, path


def test_no_page_asks_more_than_twelve_times_whatever_there_is(client: FlaskClient) -> None:
    who = learner()
    who.do_steps()
    who.take(right=0)
    who.take(right=0)
    base = f"/learn/{who.enrolment_id}"
    pages = ["/home", base, f"{base}/step/one-a", f"{base}/assessment", f"{base}/assessment/2/result"]
    pages.append(f"{base}/scenario/sam")
    more_courses(who, 1)
    enter(client, who)
    few = [asked(client, path) for path in pages]
    more_courses(who, 12)
    enter(client, who)
    assert [asked(client, path) for path in pages] == few
    assert max(few) <= 12


def more_courses(who: Learner, count: int) -> None:
    """Put a learner on many other courses, finished ones among them."""
    member = db.session().get_one(Membership, who.membership_id)
    for number in range(count):
        done = make.enrolment(member, make.published(course(f"done-{count}-{number}")), completed_at=NOON)
        make.answer(done, state=AnswerState.PASSED)
        make.enrolment(member, make.published(course(f"more-{count}-{number}")), enrolled_at=NOON)


def asked(client: FlaskClient, path: str) -> int:
    """How many statements a page sends once its courses are known to the process."""
    client.get(path)
    with counted() as sent:
        assert client.get(path).status_code == 200
    return len(sent)
