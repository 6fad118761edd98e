"""A conversation's pages: one scene a page, going back, the map of the way, and nobody else's business."""

import gzip
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.content import loader, playing
from mhfa_lms.models import ConversationRun, Membership, StepProgress
from mhfa_lms.paths import courses_dir
from tests import counting, make
from tests.services.learner import Learner
from tests.services.test_conversations import talker
from tests.talk import STEP


@pytest.fixture
def who(client: FlaskClient) -> Learner:
    found = talker()
    make.signed_in(client, db.session().get_one(Membership, found.membership_id))
    return found


def address(who: Learner) -> str:
    return f"/learn/{who.enrolment_id}/step/{STEP}/conversation"


def say(client: FlaskClient, who: Learner, depth: int, scene: str, choice: str) -> str:
    answer = client.post(address(who), data={"depth": depth, "scene": scene, "choice": choice})
    assert (answer.status_code, answer.location) == (303, address(who))
    return client.get(address(who)).text


def test_from_the_step_through_the_conversation_and_on(client: FlaskClient, who: Learner) -> None:
    step = f"/learn/{who.enrolment_id}/step/{STEP}"
    page = client.get(step).text
    assert "Begin the conversation" in page
    assert 'value="continue"' not in page
    first = client.get(address(who)).text
    assert "You meet Noor." in first
    assert "Seems door." in first
    assert "Go back one choice" not in first
    hurt = say(client, who, 0, "door", "push")
    assert "Seems hurt." in hurt
    assert "Why <strong>push</strong> is harmful." in hurt
    assert "Go on with the conversation" in client.get(step).text
    end = say(client, who, 1, "hurt", "leave")
    assert "Think about alone?" in end
    assert "nobody was hurt" in end
    way = client.get(f"{address(who)}/way").text
    assert "Why <strong>push</strong> is harmful." in way
    assert "This could hurt" in way
    assert "2 choices. You have been to 3 of 5 places." in way
    assert re.search(r"One thing you have not tried here.*Say sit", way, re.S)
    assert "Your way did not come to this." in way
    assert client.post(step, data={"do": "continue"}).location == f"/learn/{who.enrolment_id}"
    assert [row.step for row in db.session().scalars(select(StepProgress))] == [STEP]


def test_continuing_without_an_ending_leads_into_the_conversation(client: FlaskClient, who: Learner) -> None:
    answer = client.post(f"/learn/{who.enrolment_id}/step/{STEP}", data={"do": "continue"}, follow_redirects=True)
    assert answer.request.path == address(who)
    assert "Talk with the person to an ending first." in answer.text
    assert db.session().scalars(select(StepProgress)).all() == []


def test_going_back_from_the_page_and_from_the_map(client: FlaskClient, who: Learner) -> None:
    say(client, who, 0, "door", "push")
    page = say(client, who, 1, "hurt", "leave")
    assert "What was said before" in page
    assert 'name="depth" value="1"><input type="hidden" name="scene" value="hurt"' in page
    client.post(address(who), data={"do": "back", "depth": 1, "scene": "hurt"})
    assert "Seems hurt." in client.get(address(who)).text
    client.post(address(who), data={"do": "back", "depth": 0, "scene": "door"})
    assert "Seems door." in client.get(address(who)).text
    say(client, who, 0, "door", "sit")
    way = client.get(f"{address(who)}/way").text
    assert "You are still on the way." in way
    assert "Left open on other ways" in way


def test_nothing_chosen_is_said_and_linked(client: FlaskClient, who: Learner) -> None:
    answer = client.post(address(who), data={"depth": 0, "scene": "door"})
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert 'href="#choice"' in answer.text


def test_another_window_is_shown_where_the_conversation_is_now(client: FlaskClient, who: Learner) -> None:
    say(client, who, 0, "door", "push")
    say(client, who, 0, "door", "sit")
    answer = client.post(address(who), data={"depth": 1, "scene": "hurt", "choice": "sorry"})
    assert answer.status_code == 409
    assert "in another window" in answer.text
    assert "Seems table." in answer.text


@pytest.mark.parametrize("data", [{"do": "fly"}, {"do": ""}])
def test_unknown_wishes_are_refused(client: FlaskClient, who: Learner, data: dict[str, str]) -> None:
    assert client.post(address(who), data=data).status_code == 400


def test_a_switch_of_language_keeps_the_choice(client: FlaskClient, who: Learner) -> None:
    answer = client.post(address(who), data={"depth": 0, "scene": "door", "choice": "push", "language": "en-XA"})
    assert answer.location == f"{address(who)}?choice=push"
    assert 'value="push" checked' in client.get(answer.location).text
    assert db.session().scalars(select(ConversationRun)).all() == []


def test_steps_without_one_lead_back_and_unknown_ones_are_not_found(client: FlaskClient, who: Learner) -> None:
    base = f"/learn/{who.enrolment_id}/step"
    assert client.get(f"{base}/one-a/conversation").location == f"{base}/one-a"
    assert client.get(f"{base}/nowhere/conversation").status_code == 404
    assert client.get(f"{address(who)}/way").location == address(who)


def test_it_is_the_learners_own(client: FlaskClient, who: Learner) -> None:
    make.signed_in(client, db.session().get_one(Membership, talker().membership_id))
    assert client.get(address(who)).status_code == 404
    assert client.get(f"{address(who)}/way").status_code == 404
    assert client.post(address(who), data={"depth": 0, "scene": "door", "choice": "sit"}).status_code == 404


def test_what_the_pages_cost(client: FlaskClient) -> None:
    course = loader.load(courses_dir() / "first-conversation")
    step = next(step for _module, step in course.steps() if step.conversation)
    conversation = course.conversation(step.conversation or "")
    assert conversation is not None
    member = make.member()
    enrolled = make.enrolment(member, make.published(course))
    base = f"/learn/{enrolled.id}/step/{step.id}"
    make.signed_in(client, member)
    paths = [base, f"{base}?whole=1", f"{base}/conversation"]
    for depth, turn in enumerate(playing.helpful_way(conversation).turns):
        data = {"depth": depth, "scene": turn.scene.id, "choice": turn.choice.id}
        assert client.post(f"{base}/conversation", data=data).status_code == 303
    for path in [*paths, f"{base}/conversation/way"]:
        with counting.queries() as ran:
            page = client.get(path)
        assert len(ran) <= 12, path
        parts = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page.text)
        bodies = [page.data, *(client.get(one).data for one in parts)]
        assert sum(len(gzip.compress(body, 6)) for body in bodies) <= 14 * 1024, path
