"""`mhfa-lms courses`."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import CourseRevision
from tests import make
from tests.cli.conftest import Run
from tests.small_course import course

SHIPPED = Path(__file__).parents[2] / "courses"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of courses with one, begun by `courses new`."""
    folder = tmp_path / "courses"
    folder.mkdir()
    monkeypatch.setenv("MHFA_COURSES_DIR", str(folder))
    return folder


def test_the_courses_that_come_with_the_program_have_no_problems(run: Run) -> None:
    result = run("courses", "check", str(SHIPPED), "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert "first-conversation" in told["courses"]
    assert told["problems"] == []


def test_a_new_course_can_be_checked_and_published_as_it_is(run: Run, folder: Path) -> None:
    assert run("courses", "new", "listening", "--title", 'Say: "hello"').exit_code == 0
    assert run("courses", "check").exit_code == 0
    done = json.loads(run("courses", "publish", "--json").stdout)[0]
    assert (done["slug"], done["revision"], done["new"], done["open"]) == ("listening", 1, True, False)
    assert json.loads(run("courses", "publish", "--json").stdout)[0]["new"] is False


def test_publishing_says_what_changes_for_whom_and_a_dry_run_changes_nothing(run: Run, folder: Path) -> None:
    run("courses", "new", "listening")
    assert "listening: revision 1, the first of this course." in run("courses", "publish", "--dry-run").stdout
    assert "mhfa-lms courses accept listening" in run("courses", "publish").stdout
    assert "revision 1 is open" in run("courses", "accept", "listening").stdout
    make.enrolment(revision=db.session().scalars(select(CourseRevision)).one())
    step = folder / "listening/modules/01-first/01-first-step.md"
    step.write_text(step.read_text().replace("minutes: 4", "minutes: 5"))
    planned = run("courses", "publish", "--correction", "--dry-run")
    assert "revision 2, 1 part differs from" in planned.stdout
    assert "1 under way on revision 1 gets the correction." in planned.stdout
    assert "minutes: changed from 4 to 5" in planned.stdout
    assert db.session().scalars(select(CourseRevision.number)).all() == [1]
    assert "1 learner under way has it" in run("courses", "publish", "--correction").stdout
    last = folder / "listening/modules/01-first/03-practice.md"
    last.write_text(last.read_text().replace("id: practice", "id: another"))
    refused = run("courses", "publish", "--correction")
    assert refused.exit_code == 1
    assert "modules/first/steps/practice: was taken out" in refused.stdout
    assert run("courses", "accept", "listening", "--revision", "9").exit_code == 1
    assert run("courses", "accept", "nothing").exit_code == 1


def test_a_course_is_not_begun_over_another_one(run: Run, folder: Path) -> None:
    assert run("courses", "new", "listening").exit_code == 0
    assert "exists already" in run("courses", "new", "listening").stderr
    assert run("courses", "new", "Not A Slug").exit_code == 1


def test_every_problem_is_listed_with_file_and_line(run: Run, folder: Path) -> None:
    run("courses", "new", "listening")
    course_file, step = folder / "listening" / "course.yaml", folder / "listening/modules/01-first/01-first-step.md"
    course_file.write_text(course_file.read_text().replace("hours: 1", "hours: many"))
    step.write_text(step.read_text().replace("minutes: 4", "minutes: 400"))
    result = run("courses", "check")
    assert result.exit_code == 1
    assert "course.yaml:11: " in result.stdout
    assert "01-first-step.md:4: " in result.stdout
    published = run("courses", "publish")
    assert published.exit_code == 1
    assert "course.yaml:11: " in published.stdout


def test_a_folder_without_a_course_is_an_error(run: Run, tmp_path: Path) -> None:
    assert run("courses", "check", str(tmp_path)).exit_code == 1


def test_what_differs_between_two_revisions_is_shown_part_by_part(run: Run) -> None:
    make.published(course())
    make.published(course(summary="Another summary."))
    result = run("courses", "diff", "small", "1", "2", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == [
        {
            "where": "summary",
            "kind": "reworded",
            "words": "Summary: reworded",
            "before": "A small course.",
            "after": "Another summary.",
        },
    ]
    assert "+Another summary." in run("courses", "diff", "small", "1", "2").stdout
    assert "are the same" in run("courses", "diff", "small", "1", "1").stdout
    assert run("courses", "diff", "small", "1", "9").exit_code == 1
