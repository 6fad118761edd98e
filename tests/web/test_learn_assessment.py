"""The assessment in a browser without JavaScript."""

import re
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import AttemptAnswer, Enrolment
from tests.services.learner import Learner, learner
from tests.web.test_learn import enter


@pytest.fixture
def who(client: FlaskClient) -> Learner:
    """A learner who has done every step, signed in."""
    found = learner()
    found.do_steps()
    enter(client, found)
    return found


def base(who: Learner) -> str:
    return f"/learn/{who.enrolment_id}/assessment"


def begin(client: FlaskClient, who: Learner) -> str:
    """Start an attempt; returns its address."""
    answer = client.post(base(who))
    assert answer.status_code == 303
    assert answer.location.endswith("/question/1")
    return str(answer.location).removesuffix("/question/1")


def fill(client: FlaskClient, attempt: str, right: int) -> None:
    for place in (1, 2, 3):
        client.post(f"{attempt}/question/{place}", data={"choice": "a" if place <= right else "b", "version": 1})


def test_it_says_what_it_asks_before_it_starts(client: FlaskClient, who: Learner) -> None:
    page = client.get(base(who)).text
    assert "3 of 3 right (80 %)" in page
    assert "This will be attempt 1 of 2" in page
    assert "Start the assessment" in page


def test_the_pass_mark_is_in_questions_unless_part_of_a_point_can_decide(app: Flask) -> None:
    with app.test_request_context():
        words = app.jinja_env.from_string(
            "{% import 'learn/parts.html' as parts %}{{ parts.to_pass(needed, total, 80) }}"
        )
        assert words.render(needed=Decimal(12), total=15) == "12 of 15 right (80 %)"
        part = "At least 3.2 of 4 points (80 %). Some questions can give part of a point."
        assert words.render(needed=Decimal("3.2"), total=4) == part


def test_it_cannot_start_before_the_steps_are_done(client: FlaskClient) -> None:
    early = learner()
    enter(client, early)
    assert "It opens when you have finished the steps" in client.get(base(early)).text
    assert client.post(base(early)).location == base(early)


def test_one_question_a_page_and_answers_are_kept(client: FlaskClient, who: Learner) -> None:
    attempt = begin(client, who)
    page = client.get(f"{attempt}/question/1").text
    assert "Question 1 of 3" in page
    assert "Because" not in page
    missing = client.post(f"{attempt}/question/1", data={"version": 1})
    assert missing.status_code == 422
    assert "Choose one answer" in missing.text
    answer = client.post(f"{attempt}/question/1", data={"choice": "c", "version": 1, "page": "x"})
    assert answer.location == f"{attempt}/question/2"
    page = client.get(f"{attempt}/question/1").text
    assert 'value="c" checked' in page
    assert 'name="version" value="2"' in page
    assert client.get(f"{attempt}/question/4").status_code == 404
    assert client.get(f"{base(who)}/9/question/1").status_code == 404


def test_two_windows_never_overwrite_each_other_unseen(client: FlaskClient, who: Learner) -> None:
    attempt = begin(client, who)
    sent = {"choice": "a", "version": 1}
    for _click in range(2):
        assert client.post(f"{attempt}/question/1", data=sent).status_code == 303
    other = client.post(f"{attempt}/question/1", data={"choice": "b", "version": 1})
    assert other.status_code == 409
    assert "You answered this in another window" in other.text
    assert 'value="a" checked' in other.text
    assert [row.chosen for row in db.session().scalars(select(AttemptAnswer))] == [["a"]]


def test_the_check_page_links_to_what_is_unanswered(client: FlaskClient, who: Learner) -> None:
    attempt = begin(client, who)
    client.post(f"{attempt}/question/2", data={"choice": "a", "version": 1})
    page = client.get(f"{attempt}/check").text
    assert "2 questions have no answer yet" in page
    assert f"{attempt}/question/3?then=check" in page
    refused = client.post(f"{attempt}/check")
    assert refused.status_code == 422
    assert "Question 3 is not answered" in refused.text
    back = client.post(f"{attempt}/question/3", data={"choice": "a", "version": 1, "then": "check"})
    assert back.location == f"{attempt}/check"
    done = client.post(f"{attempt}/check", data={"leave_blank": "yes"})
    assert done.location == f"{attempt}/result"
    assert "2 of 3" in client.get(done.location).text


def test_the_result_explains_each_question(client: FlaskClient, who: Learner) -> None:
    attempt = begin(client, who)
    assert client.get(f"{attempt}/result").location == f"{attempt}/check"
    fill(client, attempt, right=3)
    for _click in range(2):
        assert client.post(f"{attempt}/check").location == f"{attempt}/result"
    page = client.get(f"{attempt}/result").text
    assert "You have passed the assessment" in page
    assert len(re.findall("Because [1-6]", page)) == 3
    assert client.get(f"{attempt}/question/1").location == f"{attempt}/result"
    assert client.get(f"{attempt}/check").location == f"{attempt}/result"
    assert client.post(base(who)).location == base(who)


def test_after_two_failures_there_are_two_kind_ways_on(client: FlaskClient, who: Learner) -> None:
    for number in (1, 2):
        attempt = begin(client, who)
        fill(client, attempt, right=0)
        client.post(f"{attempt}/check")
        page = client.get(f"{attempt}/result").text
        assert "Not passed yet" in page
        assert ("The next attempt has other questions" in page) is (number == 1)
    page = client.get(base(who)).text
    assert "Begin the course again" in page
    assert "Ask your instructor" in page
    assert "fail" not in re.sub(r"<head>.*?</head>|data-\S+", "", page, flags=re.DOTALL).lower()
    assert client.post(base(who)).location == base(who)
    answers = {client.post(f"/learn/{who.enrolment_id}/again").location for _click in range(2)}
    assert len(answers) == 1
    assert "A fresh start" in client.get(answers.pop()).text
    states = db.session().scalars(select(Enrolment.state).order_by(Enrolment.id)).all()
    assert [state.value for state in states] == ["ended", "active"]
    assert "This start of the course is over" in client.get(base(who)).text


def test_nobody_begins_again_without_need(client: FlaskClient, who: Learner) -> None:
    assert client.post(f"/learn/{who.enrolment_id}/again").location == base(who)
