"""Questions of every kind in a browser without JavaScript: asked without their key, kept, refused, explained."""

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.content import questions
from mhfa_lms.content.schema import Course
from mhfa_lms.models import AttemptAnswer, PracticeAnswer
from mhfa_lms.services import scoring
from tests import kinds, make, markup, small_course
from tests.services.learner import Learner
from tests.web.test_learn import enter

KINDS = list(kinds.DOCUMENTS)
# An answer of which something does not fit, as its form sends it, and something that is no answer.
NOT_QUITE: dict[str, list[str]] = {
    "single": ["advise"],
    "multiple": ["quiet", "phone", "back"],
    "true-false": ["true"],
    "matching": ["open=room", "echo=fix", "wait=time"],
    "ordering": ["zebra=2", "mango=1", "apple=3", "delta=4"],
    "gap": ["verb=one", "next=three"],
    "number": ["9,5"],
    "text": ["Not that"],
}
NO_ANSWER: dict[str, list[str]] = {
    "single": ["elsewhere"],
    "multiple": ["elsewhere"],
    "true-false": ["elsewhere"],
    "matching": ["open=room", "", ""],
    "ordering": ["zebra=2", "mango=2", "apple=1", "delta=3"],
    "gap": ["verb=one", ""],
    "number": ["a lot"],
    "text": ["?"],
}


def on_kind(client: FlaskClient, kind: str) -> Learner:
    """Return a learner, signed in, on a course whose first step and whose whole pool ask questions of one kind."""
    document: dict[str, Any] = small_course.document(f"kind-{kind}")
    document["modules"][0]["steps"][0]["question"] = kinds.document(kind, id="practice")
    document["assessment"]["draw"] = 1
    document["assessment"]["questions"] = [kinds.document(kind, id=f"pool-{number}", module="one") for number in (1, 2)]
    enrolment = make.enrolment(revision=make.published(Course.model_validate(document)))
    member = enrolment.membership
    who = Learner(make.actor(member), enrolment.id, member.id)
    enter(client, who)
    return who


def step(who: Learner) -> str:
    return f"/learn/{who.enrolment_id}/step/one-a"


def begin(client: FlaskClient, who: Learner) -> str:
    """Do the steps, start an attempt and return the address of its question."""
    who.do_steps()
    return str(client.post(f"/learn/{who.enrolment_id}/assessment").location)


def fields(page: str) -> list[str]:
    """Return what the page's form would send as it stands, in order."""
    main = page[page.index("<main") :]
    picked = r'<input type="(?:radio|checkbox)"[^>]*value="([^"]+)" checked|<option value="([^"]+)" selected'
    written = r'<input id="choice"[^>]* value="([^"]*)"'
    return [html.unescape("".join(found)) for found in re.findall(f"{picked}|{written}", main) if "".join(found)]


def orders(page: str) -> list[str]:
    """Return everything that can be chosen, in the order of the page."""
    return re.findall(r'(?:<input type="(?:radio|checkbox)"[^>]*|<option) value="([^"]+)"', page[page.index("<main") :])


@pytest.mark.parametrize("kind", KINDS)
def test_no_page_of_an_open_attempt_holds_the_key(client: FlaskClient, kind: str) -> None:
    who = on_kind(client, kind)
    address = begin(client, who)
    pages = [client.get(step(who)).text]
    pages += [client.get(address).text, client.post(address, data={"choice": NO_ANSWER[kind], "version": 1}).text]
    client.post(address, data={"choice": NOT_QUITE[kind], "version": 1})
    pages += [client.get(path).text for path in (address, address.replace("question/1", "check"))]
    pages += [client.get(f"/learn/{who.enrolment_id}/assessment").text, client.get(f"/learn/{who.enrolment_id}").text]
    for page in pages:
        assert "SECRET" not in page
        assert "correct" not in page
        assert "73.5" not in page
        assert "2.25" not in page
        assert not markup.problems(page)


def test_the_order_of_what_is_shown_tells_nothing(client: FlaskClient) -> None:
    who = on_kind(client, "ordering")
    page = client.get(begin(client, who)).text
    shown = list(dict.fromkeys(value.partition("=")[0] for value in orders(page)))
    assert sorted(shown) == ["apple", "delta", "mango", "zebra"]
    assert shown != ["zebra", "mango", "apple", "delta"]
    # The same again on every visit, in practice too.
    assert orders(client.get(step(who)).text) == orders(client.get(step(who)).text)


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_is_kept_and_explained_after_handing_in(client: FlaskClient, kind: str) -> None:
    who = on_kind(client, kind)
    address = begin(client, who)
    assert fields(client.get(address).text) == []
    assert client.post(address, data={"choice": NOT_QUITE[kind], "version": 1}).status_code == 303
    # As sent, but in the order of the page; a number is written plainly.
    assert sorted(fields(client.get(address).text)) == sorted(one.replace(",", ".") for one in NOT_QUITE[kind])
    question = kinds.question(kind)
    kept = db.session().scalars(select(AttemptAnswer.chosen)).one()
    assert kept == questions.checked(question, NOT_QUITE[kind])
    assert client.post(address.replace("question/1", "check")).status_code == 303
    page = client.get(address.replace("question/1", "result")).text
    assert "SECRET-because" in page
    assert not markup.problems(page)
    credit = questions.credit(question, [str(one) for one in kept])
    assert ("Right in part" in page) == bool(credit)
    assert f"{scoring.points(credit).normalize():f} of 1" in page
    for part in question.looked([str(one) for one in kept]).parts:
        assert html.escape(part.label or part.given) in page


@pytest.mark.parametrize("kind", KINDS)
def test_the_right_answer_passes(client: FlaskClient, kind: str) -> None:
    address = begin(client, on_kind(client, kind))
    client.post(address, data={"choice": kinds.question(kind).right, "version": 1})
    client.post(address.replace("question/1", "check"))
    page = client.get(address.replace("question/1", "result")).text
    assert "You have passed the assessment" in page
    assert "1 of 1" in page


@pytest.mark.parametrize("kind", KINDS)
def test_practice_refuses_what_is_no_answer_keeps_it_and_explains_an_answer(client: FlaskClient, kind: str) -> None:
    who = on_kind(client, kind)
    refused = client.post(step(who), data={"do": "answer", "choice": NO_ANSWER[kind]})
    assert refused.status_code == 422
    wanted = [] if NO_ANSWER[kind] == ["elsewhere"] else [one for one in NO_ANSWER[kind] if one]
    assert sorted(fields(refused.text)) == sorted(wanted)
    target = re.search(r'<div class="errors".*?href="#([^"]+)"', refused.text, re.DOTALL)
    assert target is not None
    assert f'id="{target[1]}"' in refused.text
    assert not markup.problems(refused.text)
    assert client.post(step(who), data={"do": "answer"}).status_code == 422
    assert client.post(step(who), data={"do": "answer", "choice": NOT_QUITE[kind]}).status_code == 303
    row = db.session().scalars(select(PracticeAnswer)).one()
    assert not row.correct
    page = client.get(step(who)).text
    assert "Look at it again" in page
    assert "See what fits" in page
    assert "SECRET-because" in page
    assert not markup.problems(page)
    assert sorted(fields(client.get(f"{step(who)}?again=1").text)) == sorted(
        one.replace(",", ".") for one in NOT_QUITE[kind]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_switching_the_language_keeps_half_an_answer(client: FlaskClient, kind: str) -> None:
    who = on_kind(client, kind)
    half = NO_ANSWER[kind] if kind in {"matching", "ordering", "gap"} else NOT_QUITE[kind]
    sent = [one for one in half if one]
    for address, more in ((step(who), {}), (begin(client, who), {"version": 1})):
        answer = client.post(address, data={"language": "en-XA", "choice": half, **more})
        assert answer.status_code == 303
        assert "Not" not in urlparse(answer.location).query
        assert sorted(fields(client.get(answer.location).text)) == sorted(
            one if "choice" in parse_qs(urlparse(answer.location).query) else one.replace(",", ".") for one in sent
        )


def test_switching_the_language_loses_no_words_that_are_too_many(client: FlaskClient) -> None:
    who = on_kind(client, "text")
    words = "Too many of them. " * 100
    for address, more in ((step(who), {}), (begin(client, who), {"version": 1})):
        answer = client.post(address, data={"language": "en-XA", "choice": words, **more})
        assert answer.status_code == 422
        assert words in answer.text
        assert "no more than" in answer.text


def test_words_to_practise_with_show_an_answer_to_compare_with(client: FlaskClient) -> None:
    document: dict[str, Any] = small_course.document("free")
    document["modules"][0]["steps"][0]["question"] = kinds.document("text", accepted=[])
    enrolment = make.enrolment(revision=make.published(Course.model_validate(document)))
    who = Learner(make.actor(enrolment.membership), enrolment.id, enrolment.membership_id)
    enter(client, who)
    assert "<textarea" in client.get(step(who)).text
    client.post(step(who), data={"do": "answer", "choice": "I would <b>ask</b>."})
    page = client.get(step(who)).text
    assert "I would &lt;b&gt;ask&lt;/b&gt;." in page
    assert "See an answer to compare with" in page
    assert "Look at it again" not in page
    assert "This fits" not in page
