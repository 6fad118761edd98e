"""While a backup is restored the site says so, shows the way to help, and asks nothing of the database."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from mhfa_lms.settings import Settings
from mhfa_lms.standby import BusyError, Standby
from tests import kept
from tests.counting import queries


@pytest.fixture
def restoring(settings: Settings) -> Iterator[None]:
    """A restore goes on."""
    with Standby(settings.data_dir).closed():
        yield


@pytest.mark.parametrize("path", ["/", "/home", "/sign-in", "/v", "/coordinate/register", "/nowhere"])
def test_each_page_says_so_and_leads_to_help(client: FlaskClient, restoring: None, path: str) -> None:
    with queries() as counted:
        answer = client.get(path)
    assert (answer.status_code, answer.headers["Retry-After"], len(counted)) == (503, "30", 0)
    assert "from a safe copy" in answer.text
    assert 'href="/help"' in answer.text


def test_programs_get_json(client: FlaskClient, restoring: None) -> None:
    answer = client.get("/v/ABCD", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert answer.get_json()["error"] == "Service Unavailable"


def test_nothing_is_written_meanwhile(client: FlaskClient, restoring: None) -> None:
    with queries() as counted:
        assert client.post("/sign-in", data={"email": "a@example.org", "password": "x"}).status_code == 503
    assert len(counted) == 0


def test_help_now_and_its_looks_go_on(client: FlaskClient, restoring: None) -> None:
    with queries() as counted:
        answer = client.get("/help?country=IE")
        style = answer.text.split('rel="stylesheet" href="')[1].split('"')[0]
        assert (answer.status_code, client.get(style).status_code) == (200, 200)
        assert "116 123" in answer.text
    assert len(counted) == 0


def test_the_process_lives_and_is_not_ready(client: FlaskClient, restoring: None) -> None:
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["restoring"]) == (503, True)


def test_it_speaks_the_visitor_s_language_and_not_the_last_one_s(client: FlaskClient, restoring: None) -> None:
    client.set_cookie("language", "ar-XB")
    assert 'dir="rtl"' in client.get("/").text
    client.delete_cookie("language")
    assert 'dir="ltr"' in client.get("/").text


def test_afterwards_everything_answers_again(client: FlaskClient, settings: Settings) -> None:
    member = kept.member()
    kept.signed_in(client, member, now=datetime.now(UTC))
    assert client.get("/home").status_code == 200
    with Standby(settings.data_dir).closed():
        assert client.get("/home").status_code == 503
    assert client.get("/home").status_code == 200


def test_whoever_sends_a_form_is_waited_for_and_let_go(client: FlaskClient, settings: Settings) -> None:
    asked: list[int] = []

    @client.application.before_request
    def meanwhile() -> None:
        with pytest.raises(BusyError), Standby(settings.data_dir).closed(patience_s=0):
            pytest.fail("a form is being handled")
        asked.append(1)

    client.post("/sign-in", data={"email": "a@example.org", "password": "x"})
    assert asked == [1]
    with Standby(settings.data_dir).closed(patience_s=0):
        pass
