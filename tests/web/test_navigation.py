"""The navigation says what a person's roles open, where they are, and how much waits."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mhfa_lms import db
from mhfa_lms.models import AnswerState, Membership, Role
from mhfa_lms.services import sessions
from mhfa_lms.web import navigation
from tests import make

LEARNING = ["Home", "My course", "Certificates"]
COORDINATING = ["Overview", "Register", "Courses", "People"]


def entries(page: str) -> list[str]:
    """Return the words of the navigation's one line, without the numbers."""
    bar = re.search(r'<nav class="nav.*?<div>(.*?)</div></nav>', page, re.S)
    assert bar
    return [unescape(re.sub(r" <b.*|<[^>]+>", "", one)) for one in re.findall(r"<a [^>]*>(.*?)</a>", bar.group(1))]


def current(page: str) -> set[tuple[str, str]]:
    """Return where the navigation says one is."""
    bar = page.split('<nav class="nav')[1].split("</nav>")[0]
    return set(re.findall(r'href="([^"]+)" aria-current="(\w+)"', bar))


def test_each_role_finds_its_places(app: Flask) -> None:
    place = make.organisation()
    of = {role: make.member(place, role).id for role in Role}
    everything = make.member(place, *Role, holder=make.account(is_admin=True)).id
    wanted = {
        of[Role.LEARNER]: [*LEARNING, "Account"],
        of[Role.SAFEGUARDING]: [*LEARNING, "Cases", "Account"],
        of[Role.INSTRUCTOR]: [*LEARNING, "To mark", "Learners", "Account"],
        of[Role.COORDINATOR]: [*LEARNING, *COORDINATING, "Account"],
        everything: [*LEARNING, "To mark", "Learners", "Cases", *COORDINATING, "Administration", "Account"],
    }
    for person, words in wanted.items():
        client = make.signed_in(app.test_client(), db.session().get_one(Membership, person))
        page = client.get("/account").text
        assert entries(page) == words
        # More than fits on one line of a phone folds into one row, which needs no script.
        assert ("<details><summary>Menu" in page) == (len(words) > 4)
    assert entries(app.test_client().get("/privacy").text) == ["Check a certificate", "Courses", "Sign in"]


def test_it_says_where_one_is(client: FlaskClient) -> None:
    person = make.member(make.organisation(), Role.COORDINATOR)
    enrolment = make.enrolment(person).id
    make.signed_in(client, db.session().get_one(Membership, person.id))
    for path, where in {
        "/home": ("/home", "page"),
        f"/learn/{enrolment}": ("/learn", "true"),
        "/coordinate": ("/coordinate", "page"),
        "/coordinate/sites": ("/coordinate", "true"),
        "/coordinate/people/invite": ("/coordinate/people", "true"),
        "/account/password": ("/account", "true"),
    }.items():
        assert current(client.get(path).text) == {where}, path
    assert current(client.get("/privacy").text) == set()


def desk(waiting: int) -> Membership:
    """Return an instructor for whom so many answers wait."""
    place, revision = make.organisation(), make.published()
    marker = make.member(place, Role.INSTRUCTOR)
    make.authorisation(marker, revision)
    for _one in range(waiting):
        make.answer(make.enrolment(make.member(place), revision), state=AnswerState.WAITING)
    return marker


def test_what_waits_is_counted_beside_to_mark(app: Flask) -> None:
    for waiting, shown in ((0, None), (1, "1"), (2, "2")):
        page = make.signed_in(app.test_client(), desk(waiting)).get("/account").text
        found = re.search(r'<b class="count">(.+?)<span class="vh"> answers? waits?</span></b>', page)
        assert (found and found.group(1)) == shown


def test_many_are_not_counted_to_the_last(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_COUNTED", 2)
    monkeypatch.setattr(navigation, "MOST_COUNTED", 2)
    assert '<b class="count">2+<span' in make.signed_in(client, desk(4)).get("/account").text


def test_my_course_leads_to_the_one_under_way(client: FlaskClient) -> None:
    person = make.member()
    person_id = person.id
    make.signed_in(client, person)
    assert "You are on no course at the moment." in client.get("/learn").text
    first = make.enrolment(db.session().get_one(Membership, person_id)).id
    assert client.get("/learn").headers["Location"] == f"/learn/{first}"


def test_home_says_what_the_roles_open(app: Flask) -> None:
    client = make.signed_in(app.test_client(), desk(3))
    page = client.get("/home").text
    assert "What you can do here" in page
    assert "3 wait" in page
    assert "No course is open yet" not in page
    boss = make.member(None, Role.COORDINATOR)
    page = make.signed_in(app.test_client(), boss).get("/home").text
    assert 'href="/coordinate/register"' in page.split("What you can do here")[1]
    assert "What you can do here" not in make.signed_in(app.test_client(), make.member()).get("/home").text
