"""YAML as authors may write it: what is wrong is told with its line, and nothing is read without end."""

import pytest

from mhfa_lms.content.problems import CourseProblemsError
from mhfa_lms.content.yamlfile import DEEPEST, read_yaml

REPEATING = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("title: x\nreview:\n  date: 2026-02-30\n", 3),
        (f"a: 1\nb: {'1' * 5000}\n", 2),
        (REPEATING, 2),
        ("a: &a [*a]\n", 1),
        ("a: 1\nb: " + "[" * 100_000 + "]" * 100_000, 2),
        ("a: 1\n? [b]\n: c\n", 2),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(CourseProblemsError) as raised:
        read_yaml("course.yaml", text)
    assert [one.line for one in raised.value.problems] == [line]


def test_numbers_as_keys_keep_their_lines() -> None:
    found = read_yaml("course.yaml", "1:30: half past one\n0x1f: thirty-one\n")
    assert (found.line((90,)), found.line((31,))) == (1, 2)


def test_as_deep_as_course_files_ever_are() -> None:
    assert read_yaml("course.yaml", "[" * DEEPEST + "]" * DEEPEST).data is not None
