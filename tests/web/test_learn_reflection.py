"""The box for what a learner writes for themselves: sent with whatever button, kept as it is typed, removed at will."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Reflection, Role
from mhfa_lms.services import reflections
from tests import make, markup
from tests.services.learner import Learner
from tests.services.test_reflections import WORDS, writer
from tests.web.test_learn import enter, ways


@pytest.fixture
def who(client: FlaskClient) -> Learner:
    found = writer()
    enter(client, found)
    return found


def address(who: Learner, step: str = "one-b") -> str:
    return f"/learn/{who.enrolment_id}/step/{step}"


def fields(page: str) -> dict[str, str]:
    """The hidden fields that say from which version the box was made."""
    return dict(re.findall(r'name="(reflection_\w+)" value="([^"]*)"', page))


def stored(who: Learner) -> str | None:
    db.session().rollback()
    return reflections.written(db.session(), who.enrolment_id, "one-b").text


def test_the_page_says_who_reads_it(client: FlaskClient, who: Learner) -> None:
    page = client.get(address(who)).text
    assert markup.problems(page) == []
    assert "Who reads this: only you." in page
    assert "Delete what I wrote" not in page
    thought = client.get(address(who, "one-a")).text
    assert "Only a thought." in thought
    assert 'name="reflection"' not in thought


@pytest.mark.parametrize(("do", "done"), [("reflect", False), ("continue", True)])
def test_whatever_button_is_pressed_it_is_kept(client: FlaskClient, who: Learner, do: str, done: bool) -> None:
    sent = {**fields(client.get(address(who)).text), "reflection": WORDS, "do": do}
    assert client.post(address(who), data=sent).status_code == 303
    assert stored(who) == WORDS
    assert ("one-b" in ways()) is done
    page = client.get(address(who)).text
    assert WORDS in page
    assert "Delete what I wrote" in page


def test_it_is_removed_for_good(client: FlaskClient, who: Learner) -> None:
    client.post(address(who), data={"reflection": WORDS, "do": "reflect"})
    sent = {**fields(client.get(address(who)).text), "reflection": WORDS, "do": "forget"}
    assert client.post(address(who), data=sent).status_code == 303
    assert not db.session().scalars(select(Reflection.id)).all()


def test_two_windows_show_both_texts(client: FlaskClient, who: Learner) -> None:
    first, second = (fields(client.get(address(who)).text) for _window in range(2))
    client.post(address(who), data={**first, "reflection": "from the first", "do": "reflect"})
    answer = client.post(address(who), data={**second, "reflection": "from the second", "do": "continue"})
    assert answer.status_code == 409
    assert markup.problems(answer.text) == []
    assert "from the first" in answer.text
    assert "from the second" in answer.text
    assert "one-b" not in ways()
    client.post(address(who), data={**fields(answer.text), "reflection": "both", "do": "reflect"})
    assert stored(who) == "both"


def test_it_is_kept_as_it_is_typed(client: FlaskClient, who: Learner) -> None:
    draft = re.search(r'data-draft-url="([^"]+)"', client.get(address(who)).text)
    assert draft is not None
    url = draft[1].replace("&amp;", "&")
    assert client.post(url, json={"text": "one"}).json == {"version": 1}
    assert client.post(url, json={"text": "one two"}).json == {"version": 2}
    assert client.post(url.replace("page=", "page=x"), json={"text": "other"}).status_code == 409
    assert client.post(url, json={"words": "x"}).status_code == 400
    assert client.post(url, json={"text": "x" * 20_001}).status_code == 422
    assert client.post(url.replace("one-b", "one-a"), json={"text": "x"}).status_code == 404
    assert stored(who) == "one two"


def test_too_much_is_given_back(client: FlaskClient, who: Learner) -> None:
    answer = client.post(address(who), data={"reflection": "long " * 5000, "do": "continue"})
    assert answer.status_code == 422
    assert answer.text.count("long long") > 1
    assert "Shorten it" in answer.text


def test_a_lost_key_is_said_plainly(client: FlaskClient, who: Learner) -> None:
    client.post(address(who), data={"reflection": WORDS, "do": "reflect"})
    reflections.configure(["another-key-altogether"])
    page = client.get(address(who)).text
    assert "cannot be opened" in page
    assert markup.problems(page) == []
    assert client.post(address(who), data={"do": "continue"}).status_code == 303
    assert client.post(address(who), data={"do": "forget"}).status_code == 303
    assert not db.session().scalars(select(Reflection.id)).all()


def test_no_other_page_shows_it_or_that_it_is_there(client: FlaskClient, who: Learner) -> None:
    client.post(address(who), data={"reflection": WORDS, "do": "reflect"})
    member = make.member(make.organisation(), *Role)
    assert make.signed_in(client, member).get(address(who)).status_code == 404
