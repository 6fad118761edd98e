"""From a course's folder to a `Course`, or to every problem in its files at once, each with file and line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from mhfa_lms.content import linter
from mhfa_lms.content.problems import CourseProblemsError, Problem
from mhfa_lms.content.schema import Assessment, Course, CourseFile, Module, ModuleFile, Scenario, Step
from mhfa_lms.content.yamlfile import Located, Place, read_yaml

FENCE: Final = "---"
LARGEST: Final = 512 * 1024
P = TypeVar("P", CourseFile, ModuleFile, Step, Assessment, Scenario)


def find(folder: Path) -> list[Path]:
    """Return the folders of the courses under a folder, in order."""
    return sorted(path.parent for path in folder.glob("*/course.yaml"))


def load(folder: Path) -> Course:
    """Return the course in a folder whose name is its slug. Raises `CourseProblemsError` with every problem found."""
    return _Loading(folder).course()


class _Loading:
    """One course being read; problems are collected on the way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        # Where each id was written, to show both places when one is used twice.
        self.ids: dict[str, Problem] = {}

    def course(self) -> Course:
        """Read everything, then hand over the course or the problems."""
        head = self.read(CourseFile, self.folder / "course.yaml")
        names = head.modules if head else self.folders("modules")
        modules = [self.module(self.folder / "modules" / name) for name in names]
        assessment = self.read(Assessment, self.folder / "assessment.yaml")
        wanted = head.scenarios if head else ()
        scenarios = [self.read(Scenario, self.folder / "scenarios" / f"{name}.yaml") for name in wanted]
        self.unlisted(head)
        if self.problems or head is None or assessment is None:
            raise CourseProblemsError(self.problems)
        try:
            return Course.model_validate(
                {
                    **head.model_dump(exclude={"modules", "scenarios"}),
                    "slug": self.folder.name,
                    "modules": modules,
                    "assessment": assessment,
                    "scenarios": scenarios,
                }
            )
        except ValidationError as error:
            raise CourseProblemsError(list(_explained(error, Located(self.shown(self.folder), None)))) from error

    def module(self, folder: Path) -> Module | None:
        """Read a module with its steps."""
        head = self.read(ModuleFile, folder / "module.yaml")
        steps = [self.step(path) for path in sorted(folder.glob("*.md"))]
        if not steps:
            self.problem(folder / "module.yaml", 1, "the module has no steps (files that end in .md)")
        good = tuple(step for step in steps if step)
        return Module(**head.model_dump(), steps=good) if head and good else None

    def step(self, path: Path) -> Step | None:
        """Read one step: YAML between two lines of three hyphens, then Markdown."""
        text = self.text(path)
        if text is None:
            return None
        lines = text.split("\n")
        end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), 0)
        if lines[0].rstrip() != FENCE or not end:
            self.problem(path, 1, "a step begins with settings between two lines of ---")
            return None
        body = "\n".join(lines[end + 1 :])
        self.problems += linter.check_markdown(self.shown(path), body, end + 2)
        try:
            located = read_yaml(self.shown(path), "\n".join(lines[1:end]), first_line=2)
        except CourseProblemsError as error:
            self.problems += error.problems
            return None
        if isinstance(located.data, dict):
            if "body" in located.data:
                self.problem(path, located.line(("body",)), "the body is the text below the settings")
            located.data["body"] = body
        return self.build(Step, located)

    def read(self, kind: type[P], path: Path) -> P | None:
        """Read a YAML file as one of our types."""
        text = self.text(path)
        if text is None:
            return None
        try:
            located = read_yaml(self.shown(path), text)
        except CourseProblemsError as error:
            self.problems += error.problems
            return None
        return self.build(kind, located)

    def build(self, kind: type[P], located: Located) -> P | None:
        """Check data against a type; note every problem at its line."""
        self.note_ids(located)
        try:
            return kind.model_validate(located.data)
        except ValidationError as error:
            self.problems += _explained(error, located)
            return None

    def note_ids(self, located: Located) -> None:
        """Note the ids that must be unique in the course, and report those used twice."""
        for found, place in _ids(located.data, ()):
            here = Problem(located.path, located.line(place), f"the id {found!r} is used twice in the course")
            first = self.ids.setdefault(found, here)
            if first is not here:
                self.problems.append(Problem(here.path, here.line, f"{here.text}, first at {first.path}:{first.line}"))

    def text(self, path: Path) -> str | None:
        """Return a file's text, checked for words; a file that cannot be read is a problem."""
        try:
            if path.stat().st_size > LARGEST:
                self.problem(path, 1, f"the file is larger than {LARGEST // 1024} KB")
                return None
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            self.problem(path, 1, "this file is missing")
            return None
        except (OSError, UnicodeDecodeError):
            self.problem(path, 1, "this file cannot be read as UTF-8 text")
            return None
        self.problems += linter.check(self.shown(path), text)
        return text.replace("\r\n", "\n")

    def unlisted(self, head: CourseFile | None) -> None:
        """Report folders and files that nothing names: they would silently not be taught."""
        if head is None:
            return
        for name in set(self.folders("modules")) - set(head.modules):
            self.problem(self.folder / "modules" / name, 1, "course.yaml does not list this module")
        for path in sorted((self.folder / "scenarios").glob("*.yaml")):
            if path.stem not in head.scenarios:
                self.problem(path, 1, "course.yaml does not list this scenario")

    def folders(self, name: str) -> list[str]:
        """Return the names of the folders in a folder, in order."""
        return sorted(path.name for path in (self.folder / name).glob("*") if path.is_dir())

    def problem(self, path: Path, line: int, text: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(self.shown(path), line, text))

    def shown(self, path: Path) -> str:
        """Return a path as authors know it: from the course's folder on."""
        return path.relative_to(self.folder.parent).as_posix()


def _ids(data: Any, place: Place) -> Iterator[tuple[str, Place]]:
    """Yield the ids that share one space: modules, steps, questions, scenarios; not options, levels or exemplars."""
    if not isinstance(data, dict):
        return
    if isinstance(data.get("id"), str):
        yield data["id"], (*place, "id")
    if isinstance(data.get("question"), dict):
        yield from _ids(data["question"], (*place, "question"))
    if isinstance(data.get("questions"), list):
        for number, question in enumerate(data["questions"]):
            yield from _ids(question, (*place, "questions", number))


def _explained(error: ValidationError, located: Located) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        place = detail["loc"]
        yield Problem(located.path, located.line(place), _words(detail, place))


def _words(detail: Any, place: Place) -> str:
    name = ".".join(str(part) for part in place) or "the file"
    match detail["type"]:
        case "missing":
            return f"“{place[-1]}” is missing" if place else "something is missing"
        case "extra_forbidden":
            return f"“{name}” is not a known setting; check its spelling"
        case "value_error":
            return str(detail["ctx"]["error"])
        case _:
            return f"“{name}”: {detail['msg'][:1].lower()}{detail['msg'][1:]}"
