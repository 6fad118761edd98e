"""Names, courses and answers full of markup, formulas, turned directions and endless words: shown as they stand."""

from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mhfa_lms import clock, db
from mhfa_lms.models import Membership
from tests import hostile, make, markup
from tests.crawl import Found, Routes, crawl
from tests.hostile_world import ALL, HostileWorld, make_world
from tests.web.test_every_page import reader


@pytest.fixture
def world(app: Flask) -> HostileWorld:
    return make_world(clock.now())


def squeezed(text: str) -> str:
    return " ".join(text.replace("\0", "").split())


def pages(app: Flask, world: HostileWorld, who: str) -> list[Found]:
    routes = Routes(rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or set()))
    member = db.session().get_one(Membership, world.people[who])
    return crawl(reader(make.signed_in(app.test_client(), member)), routes, ["/join/hostile"], each=4)


@pytest.mark.parametrize("who", ["coordinator", "instructor", "learner"])
def test_everything_is_shown_as_it_stands_and_nothing_of_it_is_markup(
    app: Flask, world: HostileWorld, who: str
) -> None:
    found = pages(app, world, who)
    assert len(found) > 12
    said = ""
    for page in found:
        assert markup.problems(page.text) == [], page.address
        tree, _errors = markup.parsed(page.text)
        elements = {str(one.tag) for one in tree.iter()}
        assert not elements & {"x-hostile", "img"}, page.address
        assert all("alert" not in str(one.text) for one in tree.iter("script")), page.address
        said += squeezed(markup.words(tree))
    expected = {"coordinator": hostile.NAMES.values(), "instructor": [ALL], "learner": [ALL]}[who]
    assert [text for text in expected if squeezed(text) not in said] == []


SEARCHES = (
    "/coordinate/register?q={}",
    "/coordinate/people?q={}",
    "/v?code={}",
    "/v/{}",
    "/help?country={}",
    "/courses/{}",
)


def test_searches_for_anything_are_answered(app: Flask, world: HostileWorld) -> None:
    client = make.signed_in(app.test_client(), db.session().get_one(Membership, world.people["coordinator"]))
    texts = [*hostile.EVERYTHING.values(), *hostile.REFUSED_NAMES.values(), *hostile.CLEANED.values()]
    for number, text in enumerate(texts):
        # Each text into two of the six, and all six with texts of each kind.
        for search in (SEARCHES[number % 6], SEARCHES[(number + number // 6 + 1) % 6]):
            answer = client.get(search.format(quote(text, safe="")))
            assert answer.status_code in {200, 302, 303, 308, 404, 422, 429}, (search, text)
            if answer.status_code in {200, 422}:
                assert markup.problems(answer.text) == [], (search, text)
    for name in hostile.SCRIPTS.values():
        assert name in markup.words(markup.parsed(client.get(f"/coordinate/people?q={quote(name)}").text)[0])


JOIN = {"audience": "volunteer", "email": "new@example.org", "password": make.PASSWORD, "of_age": "y"}


def test_names_are_taken_cleaned_or_refused_with_what_was_typed(app: Flask, client: FlaskClient) -> None:
    make.organisation("open", open_to_join=True)

    def join(name: str, **values: str) -> TestResponse:
        return client.post("/join/open", data={**JOIN, "name": name, **values})

    assert join(hostile.SCRIPTS["adlam"]).status_code == 303
    for name in hostile.CLEANED.values():
        assert 'value="Amina"' in join(name, audience="").text
    for name in (*hostile.REFUSED_NAMES.values(), *hostile.UNPRINTABLE_NAMES.values()):
        answer = join(name)
        assert answer.status_code == 422, name
        assert markup.problems(answer.text) == [], name
        assert ("cannot be printed" in answer.text) == (name in hostile.UNPRINTABLE_NAMES.values()), name


def test_half_a_letter_never_arrives(app: Flask, client: FlaskClient) -> None:
    make.organisation("open", open_to_join=True)
    body = "name=Ami%ED%A0%80na&audience=volunteer&email=new%40example.org&password=x"
    answer = client.post("/join/open", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in {303, 400, 422}
