"""The page of one's own long work, without a script; large exports of the register; where such work is found again."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from mhfa_lms import clock, db
from mhfa_lms.jobs.work import work_waiting
from mhfa_lms.models import AuditEvent, Job, Membership, Organisation, Role, WorkState
from mhfa_lms.services import register_exports
from mhfa_lms.settings import Settings
from tests import make
from tests.crowd import crowd

Person = tuple[FlaskClient, int]


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """From three rows on the worker makes the file."""
    monkeypatch.setattr(register_exports, "AT_ONCE", 3)


@pytest.fixture
def coordinator(client: FlaskClient) -> FlaskClient:
    here = make.organisation("here", name="Here")
    crowd(here, make.published(), 5)
    person = make.member(db.session().get_one(Organisation, here.id), Role.COORDINATOR, name="Coordinator")
    return make.signed_in(client, person)


@pytest.fixture
def learner(client: FlaskClient) -> Person:
    person = make.member(name="Amina Yusuf")
    return make.signed_in(client, person), make.work(person, payload={"name": "my-data.zip"}, total_units=3)


def put(job_id: int, **values: Any) -> None:
    with db.transaction() as session:
        session.execute(update(Job).where(Job.id == job_id).values(**values))


def work_through(settings: Settings) -> None:
    db.session().rollback()
    assert work_waiting(settings, clock.now, long=True) == 1
    db.sessions.remove()


def begun(client: FlaskClient, path: str = "/coordinate/register.csv") -> str:
    answer = client.post(path)
    assert answer.status_code == 303
    assert re.fullmatch(r"/progress/\d+", answer.headers["Location"])
    return str(answer.headers["Location"])


def test_a_large_export_is_made_by_the_worker_and_found_again(
    coordinator: FlaskClient, settings: Settings, many: None
) -> None:
    page = coordinator.get("/coordinate/register").text
    assert '<form class="inline" method="post" action="/coordinate/register.csv">' in page
    assert "Export these 5 as CSV" in page
    path = begun(coordinator)
    text = coordinator.get(path).text
    for shown in ("The register as a CSV file", "Waiting", "0 of 5 rows", "You may leave this page", "Cancel"):
        assert shown in text
    overview = coordinator.get("/coordinate").text
    assert f'href="{path}"' in overview
    assert "0 of 5 rows" in overview
    work_through(settings)
    assert f'href="{path}/file"' in coordinator.get(path).text
    for place in ("/coordinate", "/account"):
        assert f'href="{path}/file"' in coordinator.get(place).text
    found = coordinator.get(f"{path}/file")
    assert found.status_code == 200
    assert found.data.startswith(b"certificate_number,name,")
    assert found.data.count(b"\r\n") == 6


def test_the_download_is_for_the_person_alone(coordinator: FlaskClient, settings: Settings, many: None) -> None:
    path = begun(coordinator, "/coordinate/register.xlsx")
    work_through(settings)
    found = coordinator.get(f"{path}/file")
    headers = found.headers
    assert headers["Content-Disposition"].startswith("attachment; filename=register-here-")
    assert headers["Content-Disposition"].endswith(".xlsx")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Length"] == str(len(found.data))
    assert headers["Content-Type"].startswith("application/vnd.openxmlformats")


def test_the_query_on_screen_goes_with_it(coordinator: FlaskClient, settings: Settings, many: None) -> None:
    path = begun(coordinator, "/coordinate/register.csv?q=sample&standing=valid")
    assert "0 of 1 row<" in coordinator.get(path).text
    work_through(settings)
    assert coordinator.get(f"{path}/file").data.count(b"\r\n") == 2
    put(int(path.rsplit("/", 1)[1]), state=WorkState.FAILED, file_id=None)
    again = re.search(r'href="(/coordinate/register[^"]*)">Start it again', coordinator.get(path).text)
    assert again is not None
    assert again[1] == "/coordinate/register?q=sample&amp;standing=valid"


def test_an_old_address_of_what_has_grown_leads_to_the_button(coordinator: FlaskClient, many: None) -> None:
    answer = coordinator.get("/coordinate/register.csv", follow_redirects=True)
    assert answer.mimetype == "text/html"
    assert "press the export button" in answer.text


def test_the_trail_notes_who_took_how_many(coordinator: FlaskClient, many: None) -> None:
    begun(coordinator)
    event = db.session().scalars(select(AuditEvent).where(AuditEvent.verb == "register-exported")).one()
    assert event.data == {"rows": 5, "format": "csv"}


def test_too_many_at_once_are_refused_in_words(coordinator: FlaskClient, many: None) -> None:
    for number in range(5):
        begun(coordinator, f"/coordinate/register.csv?q={number}")
    answer = coordinator.post("/coordinate/register.csv?q=six", follow_redirects=True)
    assert "You have several exports under way" in answer.text
    assert db.session().scalar(select(func.count(Job.id)).where(Job.kind == "register-export")) == 5


STAGES: dict[str, tuple[Callable[[Any], dict[str, Any]], list[str], list[str]]] = {
    "waiting": (
        lambda _now: {"attempts": 0},
        ["Waiting", "It begins in a moment", "Update now", "Cancel"],
        ["Download"],
    ),
    "running": (
        lambda now: {"leased_until": now + timedelta(minutes=1), "done_units": 1},
        ["Under way", "1 of 3 parts", 'value="1"', "Cancel"],
        ["Download"],
    ),
    "interrupted": (lambda _now: {"done_units": 2}, ["goes on in a few minutes", "Cancel"], []),
    "put off": (
        lambda now: {"error": "OSError", "due_at": now + timedelta(minutes=5)},
        ["We try again by ourselves", "Cancel"],
        ["OSError"],
    ),
    "being put together": (
        lambda now: {"leased_until": now + timedelta(minutes=1), "done_units": 3},
        ["Now the file is being put together"],
        [],
    ),
    "failed": (
        lambda now: {"state": WorkState.FAILED, "done_at": now, "error": "OSError"},
        ["Did not work", "Start it again", "name number"],
        ["OSError", "Cancel", "Update now"],
    ),
    "cancelled": (
        lambda now: {"state": WorkState.CANCELLED, "done_at": now},
        ["Cancelled", "Nothing was kept", "Start it again"],
        ["Update now"],
    ),
    "expired": (
        lambda now: {"state": WorkState.DONE, "done_at": now - timedelta(days=8)},
        ["File removed", "kept for 7 days"],
        ["Download", "Update now"],
    ),
}


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_says_what_it_is_and_what_to_do(learner: Person, stage: str) -> None:
    client, job_id = learner
    values, shown, hidden = STAGES[stage]
    put(job_id, **values(clock.now()))
    text = client.get(f"/progress/{job_id}").text
    main = text[text.index("<main") : text.index("</main>")]
    assert [words for words in shown if words not in main] == []
    assert [words for words in hidden if words in main] == []
    ended = "Cancel<" not in main
    assert ('http-equiv="refresh"' in text) is not ended
    assert ("/static/work." in text) is not ended


def test_without_a_script_the_page_asks_again_until_it_is_told_not_to(learner: Person) -> None:
    client, job_id = learner
    text = client.get(f"/progress/{job_id}").text
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in text
    assert f'href="/progress/{job_id}?quiet=yes">Stop that' in text
    quiet = client.get(f"/progress/{job_id}?quiet=yes").text
    assert "http-equiv" not in quiet
    assert "/static/work." not in quiet
    assert f'href="/progress/{job_id}?quiet=yes"' in quiet


def test_cancelling(learner: Person) -> None:
    client, job_id = learner
    answer = client.post(f"/progress/{job_id}/cancel", follow_redirects=True)
    assert "Cancelled" in answer.text
    assert "It had ended already" in client.post(f"/progress/{job_id}/cancel", follow_redirects=True).text
    assert client.get(f"/progress/{job_id}/file").headers["Location"] == f"/progress/{job_id}"


def test_the_account_page_lists_what_is_ones_own(learner: Person, app: Flask) -> None:
    client, job_id = learner
    assert f'href="/progress/{job_id}"' in client.get("/account").text
    stranger = make.signed_in(app.test_client(), make.member())
    assert f'href="/progress/{job_id}"' not in stranger.get("/account").text
    assert stranger.get(f"/progress/{job_id}").status_code == 404


def test_an_export_is_seen_in_its_organisation_alone(
    coordinator: FlaskClient, app: Flask, settings: Settings, many: None
) -> None:
    path = begun(coordinator)
    work_through(settings)
    asker = db.session().scalars(select(Job.account_id).where(Job.kind == "register-export")).one()
    holder = db.session().scalars(select(Membership).where(Membership.account_id == asker)).one().account
    elsewhere = make.member(make.organisation("there"), Role.COORDINATOR, holder=holder)
    client = make.signed_in(app.test_client(), elsewhere)
    for address in (path, f"{path}/file"):
        assert client.get(address).status_code == 404
        assert coordinator.get(address).status_code == 200


def test_a_file_that_is_not_there_in_full_is_not_sent(coordinator: FlaskClient, settings: Settings, many: None) -> None:
    path = begun(coordinator)
    work_through(settings)
    (file,) = (settings.data_dir / "files" / "work").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert "no longer there" in coordinator.get(f"{path}/file", follow_redirects=True).text
