"""The administrator's page of one course: what publishing would change for whom, publishing, accepting."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from os import environ
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.content import loader, starter
from mhfa_lms.models import AuditEvent, CourseProblem, CourseRevision, Enrolment
from mhfa_lms.paths import courses_dir
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import acceptance, publishing
from tests import make

PAGE = "/admin/courses/listening"


@pytest.fixture
def folder(app: Flask, tmp_path: Path) -> Path:
    """The files of a course that the installation has."""
    starter.write(tmp_path / "courses" / "listening", title="Listening")
    app.extensions["mhfa_settings"] = replace(app.extensions["mhfa_settings"], courses_dir=tmp_path / "courses")
    return tmp_path / "courses" / "listening"


@pytest.fixture
def admin(client: FlaskClient, folder: Path) -> FlaskClient:
    """A browser in which an administrator is signed in."""
    return make.signed_in(client, make.member(holder=make.account("admin@example.org", is_admin=True)))


def edit(folder: Path, old: str, new: str, name: str = "course.yaml") -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def press(admin: FlaskClient, how: str) -> str:
    """Press one of the buttons on the page as it is; returns the page after it."""
    found = re.search(r'name="seen" value="(\w+)"', admin.get(PAGE).text)
    assert found
    answer = admin.post(f"{PAGE}/publish", data={"how": how, "seen": found[1]})
    assert answer.status_code == 303
    return admin.get(answer.headers["Location"]).text


def step_of(folder: Path) -> tuple[str, str]:
    """The file of the course's first step, and the first line of its text."""
    path = min(folder.glob("modules/*/*.md"))
    body = path.read_text(encoding="utf-8").split("---\n", 2)[2].strip()
    return str(path.relative_to(folder)), body.splitlines()[0]


def test_a_course_is_published_closed_and_opened_by_accepting_it(admin: FlaskClient, folder: Path) -> None:
    assert "This course was never published." in admin.get(PAGE).text
    assert 'href="/admin/courses/listening"' in admin.get("/admin/courses").text
    page = press(admin, "revision")
    assert "Revision 1 is published." in page
    assert "Nobody can begin it yet" in page
    assert "There is nothing to publish" in page
    assert "Revision 1 of a course waits" in admin.get("/admin").text
    revision = db.session().scalars(select(CourseRevision.id)).one()
    db.session().rollback()
    assert "not open" not in admin.get("/courses").text
    assert "listening" not in admin.get("/courses").text
    address = f"/admin/courses/{revision}/accept"
    assert "no clinician has reviewed it" in admin.get(address).text
    assert admin.post(address, data={"reason": " "}).status_code == 422
    assert admin.post(address, data={"reason": "Read <b>on paper</b>."}).status_code == 303
    assert "Read &lt;b&gt;on paper&lt;/b&gt;." in admin.get(PAGE).text
    assert "Live: revision 1" in admin.get(PAGE).text
    assert "was accepted without a clinical review on" in admin.get(PAGE).text
    assert "of a course waits" not in admin.get("/admin").text
    assert "/courses/listening" in admin.get("/courses").text
    assert db.session().scalars(select(AuditEvent.verb).where(AuditEvent.verb == "course-accepted")).all()


def test_small_changes_offer_a_correction_and_say_whom_it_reaches(admin: FlaskClient, folder: Path) -> None:
    publishing.publish(folder, by=SYSTEM, now=clock.now())
    acceptance.accept_waiting(by=SYSTEM, now=clock.now())
    learner = make.enrolment(revision=db.session().scalars(select(CourseRevision)).one()).id
    name, line = step_of(folder)
    edit(folder, line, f"{line} Slowly.", name)
    page = admin.get(PAGE).text
    assert "1 part differs from revision 1." in page
    assert "A correction reaches 1 learner under way at once" in page
    assert "get the correction; progress and results stay" in page
    assert "<ins>" in page
    page = press(admin, "correction")
    assert "1 learner under way has it now." in page
    assert "Live: revision 2" in page
    db.session().rollback()
    assert db.session().get_one(Enrolment, learner).revision.number == 2


def test_larger_changes_offer_a_new_revision_only(admin: FlaskClient, folder: Path) -> None:
    publishing.publish(folder, by=SYSTEM, now=clock.now())
    edit(folder, "id: final", "id: another-name", "assessment.yaml")
    page = admin.get(PAGE).text
    assert "Publish as a correction" not in page
    assert "This is more than a correction" in page
    # By hand, past the page: refused all the same.
    assert "Not published: this is more than a correction." in press(admin, "correction")
    assert db.session().scalars(select(CourseRevision.number)).all() == [1]


def test_files_that_changed_since_they_were_shown_are_shown_again(admin: FlaskClient, folder: Path) -> None:
    admin.get(PAGE)
    answer = admin.post(f"{PAGE}/publish", data={"how": "revision", "seen": "of-another-day"})
    assert "The files have changed since you looked." in admin.get(answer.headers["Location"]).text
    assert db.session().scalars(select(CourseRevision.id)).all() == []


def test_problems_are_shown_with_file_and_line_and_nothing_is_published(admin: FlaskClient, folder: Path) -> None:
    edit(folder, "title:", "titel:")
    page = admin.get(PAGE).text
    assert "course.yaml:" in page
    assert "Publish as" not in page
    assert admin.post(f"{PAGE}/publish", data={"how": "revision"}).status_code == 303
    assert db.session().scalars(select(CourseRevision.id)).all() == []
    assert db.session().scalars(select(CourseProblem.id)).all()
    assert "course.yaml:" in admin.get("/admin/courses").text


def test_only_a_listed_folder_is_read(admin: FlaskClient, folder: Path) -> None:
    shutil.copytree(folder, folder.parents[1] / "outside")
    for slug in ("outside", "..", "nothing", "%2e%2e%2foutside"):
        assert admin.get(f"/admin/courses/{slug}").status_code == 404
        assert admin.post(f"/admin/courses/{slug}/publish").status_code == 404
    client = make.signed_in(admin, make.member())
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}/publish").status_code == 403


def test_a_running_process_notices_what_another_one_publishes(
    client: FlaskClient, folder: Path, database_url: str, tmp_path: Path
) -> None:
    publishing.publish(folder, by=SYSTEM, now=clock.now())
    acceptance.accept_waiting(by=SYSTEM, now=clock.now())
    revision = db.session().scalars(select(CourseRevision)).one()
    member = make.member()
    enrolled = make.enrolment(member, revision).id
    make.signed_in(client, member)
    name, line = step_of(folder)
    address = f"/learn/{enrolled}/step/{loader.load(folder).modules[0].steps[0].id}"
    assert "Quite another word" not in client.get(address).text
    edit(folder, line, f"Quite another word. {line}", name)
    db.session().rollback()
    surroundings = {
        **environ,
        "MHFA_DATA_DIR": str(tmp_path / "data"),
        "MHFA_DATABASE_URL": database_url,
        "MHFA_COURSES_DIR": str(folder.parent),
        "MHFA_SECRET_KEY": "a-test-key-that-is-long-enough",
    }
    words = [sys.executable, "-m", "mhfa_lms.cli", "courses", "publish", "--correction"]
    subprocess.run(words, env=surroundings, check=True, capture_output=True)
    assert "Quite another word" in client.get(address).text


def test_the_map_of_a_conversation(admin: FlaskClient, folder: Path) -> None:
    shutil.copytree(courses_dir() / "first-conversation", folder.parent / "first-conversation")
    address = "/admin/courses/first-conversation/conversations/leyla-after-closing"
    assert f'href="{address}"' in admin.get("/admin/courses/first-conversation").text
    page = admin.get(address).text
    assert 'class="talk-map"' in page
    assert "Ending: help is on its way" in page
    assert 'href="#place-table"' in page
    assert admin.get(f"{address}x").status_code == 404
    assert admin.get("/admin/courses/nowhere/conversations/x").status_code == 404
    edit(folder.parent / "first-conversation", "title:", "tittle:")
    assert admin.get(address).location == "/admin/courses/first-conversation"
