"""A step with pictures, recordings and files: what its page says, and how the files themselves are served."""

import shutil
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug import Response as BaseResponse

from mhfa_lms import db
from mhfa_lms.models import CourseRevision
from mhfa_lms.paths import courses_dir
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import catalogue, publishing
from tests import make, markup, tiny_media
from tests.make import NOON


@pytest.fixture
def page(app: Flask, client: FlaskClient, tmp_path: Path) -> str:
    """The first step of a course with a medium of each kind, as its learner sees it."""
    folder = Path(shutil.copytree(courses_dir() / "first-conversation", tmp_path / "first-conversation"))
    tiny_media.enrich(folder)
    publishing.publish(folder, by=SYSTEM, now=NOON)
    revision = db.session().scalars(select(CourseRevision)).one()
    course = catalogue.course(revision)
    member = make.member()
    enrolment_id = make.enrolment(member, revision).id
    signed = make.signed_in(client, member)
    return signed.get(f"/learn/{enrolment_id}/step/{course.modules[0].steps[0].id}").text


def address(page: str, name: str) -> str:
    end = page.index(f"/{name}") + len(name) + 1
    return page[page.rindex("/media/", 0, end) : end]


def fetch(client: FlaskClient, address: str, **headers: str) -> BaseResponse:
    """Read a file to its end and close it, as servers do."""
    with client.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()}) as answer:
        assert answer.get_data() is not None
        return answer


def test_nothing_plays_or_loads_before_it_is_asked_for(page: str) -> None:
    assert markup.problems(page) == []
    assert 'width="600" height="300" alt="Six stones in a row"' in page
    assert 'loading="lazy"' in page
    assert page.count('preload="none"') == 2
    assert "autoplay" not in page
    assert '<track kind="captions"' in page
    assert "0 min 5 s" in page
    assert "It plays only when you press play" in page
    assert "<strong>How</strong> are you?" in page
    assert "A sheet to print" in page
    assert page.index("<video") < page.index("Listening is help in itself") < page.index("<img")


def test_a_file_is_kept_for_a_year_and_opens_nothing(page: str, client: FlaskClient) -> None:
    answer = fetch(client, address(page, "plan.png"))
    assert answer.data == tiny_media.png(600, 300)
    assert answer.content_type == "image/png"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "Content-Disposition" not in answer.headers or "inline" in answer.headers["Content-Disposition"]


def test_what_caches_hand_to_everybody_names_nobody(page: str, client: FlaskClient) -> None:
    client.set_cookie("keeps", "yes")
    style = page[page.index("/static/") : page.index('"', page.index("/static/"))]
    for path in (address(page, "plan.png"), style):
        answer = fetch(client, path)
        assert answer.headers["Cache-Control"].startswith("public"), path
        assert {"Kept-For", "Set-Cookie"} & set(answer.headers.keys()) == set(), path


def test_a_player_gets_the_piece_it_asks_for(page: str, client: FlaskClient) -> None:
    whole = tiny_media.mp4()
    answer = fetch(client, address(page, "talk.mp4"), Range="bytes=10-19")
    assert (answer.status_code, answer.data) == (206, whole[10:20])
    assert answer.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
    assert fetch(client, address(page, "talk.mp4"), Range="bytes=900000-").status_code == 416
    etag = answer.headers["ETag"]
    assert fetch(client, address(page, "talk.mp4"), If_None_Match=etag).status_code == 304


def test_documents_are_saved_and_captions_are_text(page: str, client: FlaskClient) -> None:
    sheet = fetch(client, address(page, "sheet.pdf"))
    assert sheet.headers["Content-Disposition"] == "attachment; filename=sheet.pdf"
    words = fetch(client, address(page, "talk.vtt"), Range="bytes=0-3")
    assert (words.status_code, words.mimetype, words.get_data(as_text=True)) == (200, "text/vtt", tiny_media.VTT)


@pytest.mark.parametrize(
    "wrong",
    [
        "/media/" + "0" * 64 + "/plan.png",
        "/media/../secret-key/plan.png",
        "/media/" + "0" * 64 + "/..%2f..%2fsecret.png",
        "/media/" + "0" * 64 + "/plan.html",
        "/media/" + "A" * 64 + "/plan.png",
    ],
)
def test_what_is_no_file_of_a_course_is_not_found(client: FlaskClient, wrong: str) -> None:
    assert client.get(wrong).status_code == 404


def test_a_digest_gives_nothing_under_another_ending(page: str, client: FlaskClient) -> None:
    assert client.get(address(page, "plan.png").replace(".png", ".txt")).status_code == 404
