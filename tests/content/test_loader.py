"""Reading course files: a right course becomes frozen types; a wrong one names every problem with file and line."""

import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from mhfa_lms.content import loader
from mhfa_lms.content.problems import CourseProblemsError
from mhfa_lms.paths import courses_dir


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the course we ship, to break."""
    return Path(shutil.copytree(courses_dir() / "first-conversation", tmp_path / "first-conversation"))


def problems(folder: Path) -> list[str]:
    with pytest.raises(CourseProblemsError) as caught:
        loader.load(folder)
    return [str(problem) for problem in caught.value.problems]


def replace(path: Path, old: str, new: str) -> int:
    """Replace the first occurrence; returns its line."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def first_step(folder: Path) -> Path:
    return sorted((folder / "modules" / "01-listening").glob("*.md"))[0]


def test_the_shipped_course_is_what_the_issue_of_a_certificate_needs() -> None:
    course = loader.load(courses_dir() / "first-conversation")
    assert [module.id for module in course.modules] == ["listening", "starting", "suicide"]
    assert all(len(module.steps) >= 6 for module in course.modules)
    assert all(sum(step.question is not None for step in module.steps) >= 6 for module in course.modules)
    assert len(course.assessment.questions) >= 40
    assert course.assessment.draw == 15
    assert len(course.scenarios) == 1
    assert course.review.status == "draft"


def test_every_step_about_suicide_can_be_left_and_read_gently() -> None:
    course = loader.load(courses_dir() / "first-conversation")
    module = course.module("suicide")
    assert module is not None
    assert all(step.quick_exit and step.content_note and step.summary for step in module.steps)


def test_a_course_is_frozen() -> None:
    course = loader.load(courses_dir() / "first-conversation")
    with pytest.raises(ValidationError):
        course.title = "Other"


def test_every_problem_is_reported_at_once_with_its_line(folder: Path) -> None:
    step = first_step(folder)
    misspelt = replace(step, "minutes:", "minuets:")
    pool = replace(folder / "assessment.yaml", "draw: 15", "draw: 500")
    missing = replace(folder / "course.yaml", "summary:", "sumary:")
    found = problems(folder)
    assert any(f"{step.name}:{misspelt}: error: “minuets” is not a known setting" in line for line in found)
    assert any(f"assessment.yaml:{pool}:" in line for line in found)
    assert any(f"course.yaml:{missing}: error: “sumary” is not a known setting" in line for line in found)
    assert any("course.yaml:1: error: “summary” is missing" in line for line in found)


def test_an_id_used_twice_shows_both_places(folder: Path) -> None:
    steps = sorted((folder / "modules" / "01-listening").glob("*.md"))
    first = next(line for line in steps[0].read_text(encoding="utf-8").splitlines() if line.startswith("id: "))
    second = next(line for line in steps[1].read_text(encoding="utf-8").splitlines() if line.startswith("id: "))
    replace(steps[1], second, first)
    assert any(steps[1].name in line and "used twice" in line and steps[0].name in line for line in problems(folder))


def test_broken_yaml_names_its_line(folder: Path) -> None:
    line = replace(folder / "course.yaml", "language: en", "language: [en")
    assert any("is not valid YAML" in text and int(text.split(":")[1]) >= line for text in problems(folder))


def test_a_key_that_stands_twice_is_a_problem(folder: Path) -> None:
    replace(folder / "course.yaml", "language: en", "language: en\nlanguage: de")
    assert any("a second time" in line for line in problems(folder))


def test_words_that_do_harm_are_found(folder: Path) -> None:
    step = first_step(folder)
    text = step.read_text(encoding="utf-8")
    step.write_text(text + "\nHe committed suicide.\n", encoding="utf-8")
    line = text.count("\n") + 2
    assert any(f"{step.name}:{line}:" in found and "died by suicide" in found for found in problems(folder))


@pytest.mark.parametrize(
    ("tail", "words"),
    [
        ("::: say Sam\nHello\n", "never closed"),
        ("::: shout\nHello\n:::\n", "unknown box"),
        ("# Title\n", "headings begin with ##"),
        ("[x](http://example.org)\n", "https://"),
    ],
)
def test_the_form_of_the_text_is_checked(folder: Path, tail: str, words: str) -> None:
    step = first_step(folder)
    step.write_text(step.read_text(encoding="utf-8") + "\n" + tail, encoding="utf-8")
    assert any(words in line for line in problems(folder))


def test_files_nobody_lists_and_files_that_are_missing(folder: Path) -> None:
    shutil.copytree(folder / "modules" / "01-listening", folder / "modules" / "04-extra")
    (folder / "assessment.yaml").unlink()
    found = problems(folder)
    assert any("does not list this module" in line for line in found)
    assert any("assessment.yaml:1: error: this file is missing" in line for line in found)


def test_a_file_that_is_not_text(folder: Path) -> None:
    first_step(folder).write_bytes(b"\xff\xfe\x00")
    assert any("cannot be read as UTF-8" in line for line in problems(folder))


@pytest.mark.parametrize("letter", ["\0", "\x1b", "\x7f", "\x85"])
def test_control_characters_are_a_problem_in_text_and_in_escapes(folder: Path, letter: str) -> None:
    step = first_step(folder)
    step.write_text(step.read_text(encoding="utf-8") + f"\nA word{letter} here.\n", encoding="utf-8")
    replace(folder / "course.yaml", 'title: "First', f'title: "x\\u{ord(letter):04x}First')
    found = [one for one in problems(folder) if f"the control character U+{ord(letter):04X}" in one]
    assert len(found) == 2, found
