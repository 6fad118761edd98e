"""A course in several languages: each passage says which one it is in, and the choice can change on the way."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from mhfa_lms import db
from mhfa_lms.content.schema import Course
from mhfa_lms.models import Membership
from mhfa_lms.paths import templates_dir
from tests import make, markup
from tests.content.test_translations import german
from tests.small_course import course, document

GLOSSARY = [
    {"id": "stigma", "term": "Stigma", "definition": "A mark of *shame* that others put on a person."},
    {"id": "aerger", "term": "Ärger", "definition": "What one feels."},
]


def two_languages(**more: Any) -> Course:
    """The small course, a part of it also in German; with a glossary and a step that uses it."""
    words = document(**more)
    words["glossary"] = GLOSSARY
    words["modules"][0]["steps"][0]["body"] = "It is [stigma](term:stigma), see [the next](step:one-b)."
    plain = Course.model_validate(words)
    wanted = ("course.title", "one.title", "one-a", "practice-one", "q-1", "q-2", "q-3", "sam.title", "stigma")
    return Course.model_validate({**words, "translations": german(plain, *wanted)})


@pytest.fixture
def learning(client: FlaskClient) -> tuple[FlaskClient, int]:
    """Somebody on the course that has two languages."""
    enrolment = make.enrolment(revision=make.published(two_languages()))
    enrolment_id = enrolment.id
    make.signed_in(client, db.session().get_one(Membership, enrolment.membership_id))
    return client, enrolment_id


def spoken(page: str, text: str) -> str | None:
    """The language that stands at the element which begins with a text."""
    found = re.search(rf'lang="([^"]*)"[^>]*>(?:<[^>]+>)*(?:\d\. )?{re.escape(text)}', page)
    return found[1] if found else None


def test_each_passage_says_its_language(learning: tuple[FlaskClient, int]) -> None:
    client, enrolment_id = learning
    outline = f"/learn/{enrolment_id}"
    page = client.get(outline).text
    assert spoken(page, "Module one") == "en"
    assert 'value="course:de" lang="de">Deutsch</button>' in page
    answer = client.post("/language", data={"language": "course:de", "next": outline})
    assert (answer.status_code, answer.location) == (303, outline)
    page = client.get(outline).text
    assert spoken(page, "DE Module one") == "de"
    assert spoken(page, "Module two") == "en"
    assert '<html lang="en"' in page
    assert markup.problems(page) == []
    page = client.get(f"{outline}/step/one-a").text
    assert spoken(page, "DE Step one-a") == "de"
    assert spoken(page, "<p>DE It is") == "de" or '<div class="prose" lang="de"' in page
    assert "DE What helps?" in page
    assert markup.problems(page) == []
    client.post("/language", data={"language": "en", "next": outline})
    assert spoken(client.get(outline).text, "Module one") == "en"


def test_a_language_the_course_does_not_have_changes_nothing(learning: tuple[FlaskClient, int]) -> None:
    client, enrolment_id = learning
    for wish in ("course:fr", 'course:"><script>', "course:"):
        client.post("/language", data={"language": wish, "next": "/"})
        page = client.get(f"/learn/{enrolment_id}").text
        assert spoken(page, "Module one") == "en"
        assert "<script>" not in page


def test_the_language_can_change_in_the_middle_of_an_answer(learning: tuple[FlaskClient, int]) -> None:
    client, enrolment_id = learning
    for step in ("one-a", "one-b", "two-a", "two-b"):
        client.post(f"/learn/{enrolment_id}/step/{step}", data={"do": "continue"})
    place = client.post(f"/learn/{enrolment_id}/assessment").location
    page = client.get(place).text
    shown = re.search(r'name="page" value="([^"]+)"', page)
    assert shown
    answer = client.post(place, data={"choice": "a", "version": 1, "page": shown[1], "language": "course:de"})
    assert (answer.status_code, answer.location) == (303, place)
    page = client.get(place).text
    assert re.search(r'value="a"[^>]* checked', page)
    for number in (1, 2, 3):
        page = client.get(place[:-1] + str(number)).text
        asked = re.search(r'lang="(de|en)"[^>]*>.{0,80}?(DE )?Question \d\?', page, re.DOTALL)
        assert asked
        assert (asked[1] == "de") == bool(asked[2])


def test_words_are_explained_below_the_step_and_on_a_page(learning: tuple[FlaskClient, int]) -> None:
    client, enrolment_id = learning
    page = client.get(f"/learn/{enrolment_id}/step/one-a").text
    assert '<a href="#term-stigma"' in page
    assert '<a href="../step/one-b"' in page
    assert page.count('id="term-stigma"') == 1
    assert "A mark of <em>shame</em>" in page
    assert "term-aerger" not in page
    assert "term-" not in client.get(f"/learn/{enrolment_id}/step/one-b").text
    whole = client.get(f"/learn/{enrolment_id}/glossary").text
    assert whole.index("Ärger") < whole.index("Stigma")
    assert markup.problems(whole) == []


def test_a_course_without_words_has_no_page_for_them(client: FlaskClient) -> None:
    enrolment = make.enrolment(revision=make.published(course(glossary=[])))
    enrolment_id = enrolment.id
    make.signed_in(client, db.session().get_one(Membership, enrolment.membership_id))
    assert client.get(f"/learn/{enrolment_id}/glossary").status_code == 404
    assert "glossary" not in client.get(f"/learn/{enrolment_id}").text


def test_no_page_of_a_learner_takes_the_courses_language_for_a_passages() -> None:
    """Each text says which language it is in (`|lang`): a passage that is not translated is in the course's own."""
    found = {
        path.name
        for path in (templates_dir() / "learn").glob("*.html")
        if 'lang="{{ course.language }}"' in path.read_text(encoding="utf-8")
    }
    # Filled by a script with titles of several courses.
    assert found <= {"kept_module.html"}


def test_a_copy_on_a_device_has_no_switch_which_needs_a_connection(learning: tuple[FlaskClient, int]) -> None:
    client, enrolment_id = learning
    assert "/language" in client.get(f"/learn/{enrolment_id}/step/one-a").text
    for path in ("step/one-a", "module/one"):
        assert "/language" not in client.get(f"/learn/{enrolment_id}/{path}?kept=1").text
