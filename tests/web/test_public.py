"""Pages that everybody can open."""

import re

import pytest
from flask.testing import FlaskClient

from mhfa_lms.help import lines
from tests import make
from tests.small_course import course


@pytest.mark.parametrize("path", ["/", "/help", "/courses", "/privacy", "/accessibility"])
def test_everybody_can_open_it_and_find_help(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert 'href="/help"' in answer.text
    assert "not affiliated with or licensed by" in answer.text


@pytest.mark.parametrize("country", [entry.country for entry in lines.load().countries])
def test_the_emergency_number_stands_first(client: FlaskClient, country: str) -> None:
    text = client.get(f"/help?country={country}").text
    entry = lines.load().country(country)
    assert entry is not None
    first = text.index(f'href="tel:{lines.dialled(entry.emergency[0])}"')
    others = [text.find(f'href="tel:{lines.dialled(number)}"') for line in entry.lines for number in line.call]
    assert all(first < place for place in others)
    assert "Last checked here: never." in text


def test_without_a_country_the_international_directory_is_shown(client: FlaskClient) -> None:
    assert "findahelpline.com" in client.get("/help?country=zz").text


def test_help_leaves_no_cookie(client: FlaskClient) -> None:
    assert "Set-Cookie" not in client.get("/help").headers


def test_a_course_says_that_no_clinician_has_reviewed_it(client: FlaskClient) -> None:
    make.published()
    assert "/courses/small" in client.get("/courses").text
    for path in ("/", "/courses", "/courses/small"):
        assert "has not yet been clinically reviewed" in client.get(path).text, path
    assert client.get("/courses/other").status_code == 404


@pytest.mark.parametrize(("hours", "said"), [(1, "about 1 hour"), (0.5, "about 0.5 hour"), (2.5, "about 2.5 hours")])
def test_hours_are_said_as_people_say_them(client: FlaskClient, hours: float, said: str) -> None:
    make.published(course(hours=hours))
    for path in ("/", "/courses", "/courses/small"):
        assert re.search(rf"{re.escape(said)}\b", client.get(path).text), path
    assert "2 steps, about 6 minutes" in client.get("/courses/small").text


def test_health_and_readiness(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").status_code == 503
    make.published()
    assert client.get("/readyz").json == {"status": "ready", "database": True, "migrations": True, "courses": True}


def test_policy_headers_are_on_every_answer(client: FlaskClient) -> None:
    for path in ("/help", "/no-such-page", "/healthz"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy


def test_unknown_pages_help_too(client: FlaskClient) -> None:
    answer = client.get("/no-such-page")
    assert answer.status_code == 404
    assert "Page not found" in answer.text
    assert 'href="/help"' in answer.text
