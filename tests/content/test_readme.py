"""courses/README.md is right: its examples are courses, and it leaves nothing out."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import TypeAdapter

from mhfa_lms.content import conversations, heads, loader, media, questions, scenarios, schema, starter, translating
from mhfa_lms.content.parts import Part
from mhfa_lms.content.problems import CODES
from mhfa_lms.paths import courses_dir

TEXT = (courses_dir() / "README.md").read_text(encoding="utf-8")
# A fence names the file that the example is, or the type it is an example of.
EXAMPLES = re.findall(r"^```(?:yaml|markdown) (\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
# What is put together from the files, not written by authors.
MADE = {schema.Course, schema.Module, schema.Translated, media.File}
ROOTS = (heads.CourseFile, schema.ModuleFile, schema.Assessment, schema.Step, scenarios.Scenario, schema.GlossaryFile,
         conversations.Conversation, translating.Entry)  # fmt: skip
# The text below the settings.
UNWRITTEN = {"body"}


def course(folder: Path) -> Path:
    """Write the course that the README's files are."""
    target = folder / starter.NAME
    starter.write(target)
    for name in {name for name, _text in EXAMPLES if "/" in name}:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(text for other, text in EXAMPLES if other == name), encoding="utf-8")
    return target


def test_every_example_says_what_it_is() -> None:
    assert len(re.findall(r"^```(?:yaml|markdown)", TEXT, re.MULTILINE)) == len(EXAMPLES)


def test_the_examples_are_a_course_without_findings(tmp_path: Path) -> None:
    found = course(tmp_path)
    assert loader.examine(found) == []
    assert loader.load(found).translations["de"]["first-step.title"].text == "Der erste Schritt"


def test_a_new_course_is_the_course_of_the_readme(tmp_path: Path) -> None:
    written = {path.relative_to(tmp_path).as_posix() for path in starter.write(tmp_path / starter.NAME)}
    named = {name for name, _text in EXAMPLES if "/" in name and "/translations/" not in name}
    assert named == {name for name in written if "/media/" not in name}
    for name in named:
        whole = "".join(text for other, text in EXAMPLES if other == name)
        assert (tmp_path / name).read_text(encoding="utf-8") == whole, name


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, text in EXAMPLES if "/" not in name])
def test_every_other_example_is_what_it_says(name: str, text: str) -> None:
    data: Any = yaml.safe_load(text)
    if name == "Question":
        assert [questions.read(one).id for one in data]
        return
    [wanted] = {getattr(home, name) for home in (heads, media, scenarios, schema) if name in vars(home)}
    for setting in ("file", "captions", "poster"):
        if setting in data:
            assert re.fullmatch(media.NAME, data[setting])
            data[setting] = {"name": data[setting], "sha256": "0" * 64, "size": 1}
    TypeAdapter(wanted).validate_python(data)


def _types(annotation: Any, seen: set[type[Part]]) -> None:
    plain = isinstance(annotation, type) and not get_args(annotation)
    if plain and issubclass(annotation, Part) and annotation not in seen | MADE:
        seen.add(annotation)
        for field in annotation.model_fields.values():
            _types(field.annotation, seen)
    for inner in get_args(annotation):
        _types(inner, seen)


def test_every_setting_is_explained() -> None:
    seen: set[type[Part]] = set()
    for root in ROOTS:
        _types(root, seen)
    assert len(seen) > 25
    # In a table or the text, not only in an example.
    prose = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    names = {name for kind in seen for name in kind.model_fields} - UNWRITTEN
    assert {name for name in names if not re.search(rf"(?<![\w-]){name}(?![\w-])", prose)} == set()


def test_every_code_is_explained() -> None:
    told = dict(re.findall(r"^\| (`.*?) \| .* \| (error|warning) \|$", TEXT, re.MULTILINE))
    explained = {code: kind for codes, kind in told.items() for code in re.findall(r"`([^`]+)`", codes)}
    assert explained == {code: severity.value for code, severity in CODES.items()}
