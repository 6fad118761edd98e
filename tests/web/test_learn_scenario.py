"""The scenario in a browser: writing, waiting, reading the result."""

import re

import pytest
from flask.testing import FlaskClient

from mhfa_lms import db
from mhfa_lms.models import AnswerState, Enrolment, Mark, ScenarioAnswer
from mhfa_lms.services import scenarios
from tests.make import NOON
from tests.services.learner import Learner, learner
from tests.web.test_learn import enter


@pytest.fixture
def who(client: FlaskClient) -> Learner:
    """A learner, signed in."""
    found = learner()
    enter(client, found)
    return found


def address(who: Learner) -> str:
    return f"/learn/{who.enrolment_id}/scenario/sam"


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the page's form."""
    return dict(re.findall(r'<input id="\w+" name="(version|page)" type="hidden" value="([^"]*)">', page))


def newest(who: Learner) -> ScenarioAnswer:
    db.session().rollback()
    found = scenarios.newest(db.session(), who.enrolment_id, "sam")
    assert found is not None
    return found


def decide(who: Learner, *, passed: bool) -> None:
    with db.transaction() as session:
        answer = scenarios.newest(session, who.enrolment_id, "sam")
        assert answer is not None
        answer.state = AnswerState.PASSED if passed else AnswerState.TRY_AGAIN
        answer.decided_at = NOON
        enrolment = session.get_one(Enrolment, who.enrolment_id)
        session.add(
            Mark(
                answer_id=answer.id,
                marker_id=who.membership_id,
                revision_id=enrolment.revision_id,
                levels={"asks": 4 if passed else 1, "hears": 3},
                required={"asked": passed},
                points=7 if passed else 4,
                harm=not passed,
                required_missing=not passed,
                passed=passed,
                feedback="You listened well.",
                marked_at=NOON,
            )
        )


def test_beside_the_box_stands_who_reads_it_and_where_help_is(client: FlaskClient, who: Learner) -> None:
    page = client.get(address(who)).text
    assert "Who reads this" in page
    assert "without your name" in page
    assert "cannot be used in an emergency" in page
    assert page.index("cannot be used in an emergency") < page.index("<textarea")
    assert page.count('href="/help"') == 2
    assert "From 3 to 100 words." in page
    assert "data-exit" in page
    assert f'data-draft-url="{address(who)}/draft?' in page


def test_a_draft_is_kept_without_javascript(client: FlaskClient, who: Learner) -> None:
    fields = hidden(client.get(address(who)).text)
    answer = client.post(address(who), data={**fields, "text": "I would sit", "do": "save"}, follow_redirects=True)
    assert "Your draft is saved" in answer.text
    assert ">\nI would sit</textarea>" in client.get(address(who)).text.replace("\r\n", "\n")


def test_a_draft_is_kept_by_the_script(client: FlaskClient, who: Learner) -> None:
    page = client.get(address(who)).text
    found = re.search(r'data-draft-url="([^"]+)"', page)
    assert found is not None
    url = found[1].replace("&amp;", "&")
    assert client.post(url, json={"text": "One"}).json == {"version": 2}
    assert client.post(url, json={"text": "One two"}).json == {"version": 3}
    done = client.post(address(who), data={**hidden(page), "text": "One two three", "do": "submit"})
    assert (done.status_code, newest(who).state) == (303, AnswerState.WAITING)
    late = client.post(url, json={"text": "One two three four"})
    assert late.status_code == 409
    assert newest(who).text == "One two three"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"text": 7}', b"{"])
def test_a_draft_that_is_no_text_is_refused(client: FlaskClient, who: Learner, body: bytes) -> None:
    assert client.post(f"{address(who)}/draft", data=body, content_type="application/json").status_code == 400


def test_a_draft_needs_the_token_that_the_script_sends(client: FlaskClient, who: Learner) -> None:
    client.application.config["WTF_CSRF_ENABLED"] = True
    assert client.post(f"{address(who)}/draft", json={"text": "One"}).status_code == 400
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get(address(who)).text)
    assert found is not None
    headers = {"X-CSRFToken": found[1]}
    assert client.post(f"{address(who)}/draft", json={"text": "One"}, headers=headers).status_code == 200


def test_words_from_another_window_are_shown_and_ones_own_are_kept(client: FlaskClient, who: Learner) -> None:
    mine, other = hidden(client.get(address(who)).text), hidden(client.get(address(who)).text)
    client.post(address(who), data={**other, "text": "From the other window", "do": "save"})
    clash = client.post(address(who), data={**mine, "text": "From this window", "do": "save"})
    assert clash.status_code == 409
    assert "<title>Error: " in clash.text
    assert "From the other window" in clash.text
    assert "From this window</textarea>" in clash.text
    assert newest(who).text == "From the other window"
    again = client.post(address(who), data={**hidden(clash.text), "text": "From both windows", "do": "save"})
    assert again.status_code == 303
    assert newest(who).text == "From both windows"


def test_too_few_words_are_kept_and_said(client: FlaskClient, who: Learner) -> None:
    fields = hidden(client.get(address(who)).text)
    short = client.post(address(who), data={**fields, "text": "Two words", "do": "submit"})
    assert short.status_code == 422
    assert "this is 2 words, and an answer needs at least 3" in short.text
    assert "Two words</textarea>" in short.text
    long = client.post(address(who), data={**hidden(short.text), "text": "word " * 101, "do": "submit"})
    assert "this is 101 words, and there is room for 100" in long.text
    huge = client.post(address(who), data={**fields, "text": "x" * 20_001, "do": "save"})
    assert huge.status_code == 422


def test_an_answer_waits_and_a_late_window_loses_nothing(client: FlaskClient, who: Learner) -> None:
    fields = hidden(client.get(address(who)).text)
    for _click in range(2):
        sent = client.post(address(who), data={**fields, "text": "I would ask Sam.", "do": "submit"})
        assert (sent.status_code, sent.location) == (303, address(who))
    assert "Your answer is with your instructor" in client.get(address(who)).text
    late = client.post(address(who), data={**fields, "text": "Something else entirely.", "do": "submit"})
    assert late.status_code == 409
    assert "handed in already, from another window" in late.text
    assert "Something else entirely." in late.text


def test_a_passed_answer_shows_levels_and_feedback_until_it_was_read(client: FlaskClient, who: Learner) -> None:
    who.write("I would ask Sam.", submit=True)
    decide(who, passed=True)
    page = client.get(address(who)).text
    assert "Your answer has passed" in page
    assert "You listened well." in page
    assert "Basics and advanced" in page
    assert "7 of 8 points" in page
    assert newest(who).result_seen_at is None
    assert "Feedback on your answer" in client.get("/home").text
    assert client.post(f"{address(who)}/seen").location == "/home"
    assert "Feedback on your answer" not in client.get("/home").text
    assert client.post(f"{address(who)}/again").status_code == 303
    assert newest(who).number == 1


def test_an_answer_that_did_not_pass_can_be_tried_again(client: FlaskClient, who: Learner) -> None:
    who.write("I would ask Sam.", submit=True)
    decide(who, passed=False)
    page = client.get(address(who)).text
    assert "Not there yet" in page
    assert "Could do harm" in page
    assert "Missing" in page
    for _click in range(2):
        assert client.post(f"{address(who)}/again").location == address(who)
    page = client.get(address(who)).text
    assert "Your last answer is in the box" in page
    assert "I would ask Sam.</textarea>" in page
    assert newest(who).number == 2


def test_writing_is_closed_kindly_until_somebody_can_be_turned_to(client: FlaskClient) -> None:
    alone = learner(safeguarding=False)
    enter(client, alone)
    page = client.get(address(alone)).text
    assert "Ask your coordinator to name a safeguarding lead" in page
    assert "<textarea" not in page
    refused = client.post(address(alone), data={"text": "I wrote this", "version": 0, "page": "p", "do": "save"})
    assert refused.status_code == 409
    assert "I wrote this" in refused.text
    assert client.post(f"{address(alone)}/draft", json={"text": "One"}).status_code == 409


def test_an_enrolment_that_is_over_takes_no_answers(client: FlaskClient, who: Learner) -> None:
    who.write("A draft kept")
    with db.transaction() as session:
        enrolment = session.get_one(Enrolment, who.enrolment_id)
        enrolment.state, enrolment.ended_at = enrolment.state.__class__.ENDED, NOON
    page = client.get(address(who)).text
    assert "This start of the course is over" in page
    assert "A draft kept" in page
    assert "<textarea" not in page
    assert client.post(address(who), data={"text": "x", "version": 2, "page": "p", "do": "save"}).status_code == 409


def test_unknown_scenarios_are_not_found(client: FlaskClient, who: Learner) -> None:
    for path in ("nowhere", "nowhere/draft", "nowhere/again", "nowhere/seen"):
        assert client.post(f"/learn/{who.enrolment_id}/scenario/{path}", json={"text": ""}).status_code == 404
