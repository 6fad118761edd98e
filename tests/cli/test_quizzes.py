"""`mhfa-lms courses import` and `export-quiz`."""

import json
from pathlib import Path

import pytest
import yaml

from mhfa_lms.content import loader
from tests.cli.conftest import Run

GIFT = """\
::What helps first:: What helps first? {=Listening ~Advice ####Being heard helps.}

Say more. {}

How many? {#3}
"""


@pytest.fixture
def courses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """A folder of courses with one."""
    folder = tmp_path / "courses"
    folder.mkdir()
    monkeypatch.setenv("MHFA_COURSES_DIR", str(folder))
    assert run("courses", "new", "listening").exit_code == 0
    return folder


@pytest.fixture
def quiz(tmp_path: Path) -> Path:
    path = tmp_path / "quiz.gift"
    path.write_text(GIFT, encoding="utf-8")
    return path


def test_questions_are_added_to_a_course_with_a_report(run: Run, courses: Path, quiz: Path) -> None:
    before = (courses / "listening" / "assessment.yaml").read_text(encoding="utf-8")
    module = loader.load(courses / "listening").modules[0].id
    result = run("courses", "import", str(quiz), "--course", "listening", "--module", module)
    assert result.exit_code == 0
    assert "quiz.gift:1: taken as what-helps-first (single)" in result.stdout
    assert "quiz.gift:3: refused, 'Say more. {}': it asks for a long text" in result.stdout
    assert "quiz.gift:5:   changed: it had no general feedback" in result.stdout
    assert "Taken: 2, of them changed: 1. Refused: 1." in result.stdout
    assert (courses / "listening" / "assessment.yaml").read_text(encoding="utf-8").startswith(before)
    asked = loader.load(courses / "listening").assessment.questions
    assert [one.id for one in asked][-2:] == ["what-helps-first", "how-many"]


def test_a_second_time_gives_other_ids(run: Run, courses: Path, quiz: Path) -> None:
    module = loader.load(courses / "listening").modules[0].id
    for _time in range(2):
        assert run("courses", "import", str(quiz), "--course", "listening", "--module", module).exit_code == 0
    assert [one.id for one in loader.load(courses / "listening").assessment.questions][-2:] == [
        "what-helps-first-2",
        "how-many-2",
    ]


def test_only_looking_writes_nothing(run: Run, courses: Path, quiz: Path) -> None:
    path = courses / "listening" / "assessment.yaml"
    before = path.read_bytes()
    told = json.loads(run("courses", "import", str(quiz), "--dry-run", "--json").stdout)
    assert (len(told["taken"]), len(told["refused"]), told["written"]) == (2, 1, None)
    assert path.read_bytes() == before


def test_a_new_file_is_never_written_over_another(run: Run, installation: Path, quiz: Path, tmp_path: Path) -> None:
    out = tmp_path / "new.yaml"
    assert run("courses", "import", str(quiz), "--out", str(out)).exit_code == 0
    assert [one["id"] for one in yaml.safe_load(out.read_text(encoding="utf-8"))["questions"]] == [
        "what-helps-first",
        "how-many",
    ]
    again = run("courses", "import", str(quiz), "--out", str(out))
    assert again.exit_code == 1
    assert "exists already" in again.stderr


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        (b"<!DOCTYPE x><quiz/>", ("--dry-run",), "document type"),
        (b"\xff\xfe\xff", ("--dry-run",), "UTF-8"),
        (b"Only text.", ("--dry-run",), "No question was taken"),
        (b"A?{T}", (), "Say where the questions go"),
        (b"A?{T}", ("--course", "nowhere"), "There is no course nowhere"),
        (b"A?{T}", ("--course", "listening", "--module", "nowhere"), "has no module nowhere"),
    ],
)
def test_what_cannot_be_imported_says_why(
    run: Run, courses: Path, tmp_path: Path, content: bytes, words: tuple[str, ...], said: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    result = run("courses", "import", str(path), *words)
    assert result.exit_code == 1
    assert said in result.stderr


def test_a_quiz_goes_out_and_comes_back(run: Run, courses: Path, tmp_path: Path) -> None:
    out = tmp_path / "quiz.xml"
    result = run("courses", "export-quiz", "listening", "--out", str(out))
    assert result.exit_code == 0
    told = json.loads(run("courses", "import", str(out), "--dry-run", "--json").stdout)
    course = loader.load(courses / "listening")
    practice = sum(step.question is not None for _module, step in course.steps())
    assert told["refused"] == []
    assert len(told["taken"]) == len(course.assessment.questions) + practice
