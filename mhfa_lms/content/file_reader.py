"""Reading the files of a course one by one: each becomes one of our types, or problems with file and line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from mhfa_lms.content import checks
from mhfa_lms.content.checks import minutes
from mhfa_lms.content.conversations import Conversation
from mhfa_lms.content.explaining import explained
from mhfa_lms.content.heads import CourseFile
from mhfa_lms.content.media_files import MediaReader
from mhfa_lms.content.problems import CourseProblemsError, Problem, Severity
from mhfa_lms.content.scenarios import Scenario
from mhfa_lms.content.schema import Assessment, GlossaryFile, ModuleFile, Step
from mhfa_lms.content.sources import SourceFile, Sources
from mhfa_lms.content.yamlfile import Located, Place, read_yaml

FENCE: Final = "---"
LARGEST: Final = 512 * 1024
P = TypeVar("P", CourseFile, ModuleFile, Step, Assessment, Scenario, Conversation, GlossaryFile)


class FileReader:
    """The files of one course's folder; problems are collected on the way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        # Steps whose author left the time out.
        self.untimed: set[str] = set()
        self.sources = Sources()
        self.language = "en"
        self.media = MediaReader(folder, self.told)

    @property
    def errors(self) -> bool:
        """Whether something was found that stops publishing."""
        return any(one.severity is Severity.ERROR for one in self.problems)

    def read(self, kind: type[P], path: Path) -> P | None:
        """Read a YAML file as one of our types."""
        located = self.located(path)
        return self.build(kind, located) if located else None

    def step(self, path: Path) -> Step | None:
        """Read one step: YAML between two lines of three hyphens, then Markdown."""
        text = self.text(path)
        if text is None:
            return None
        lines = text.split("\n")
        end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), 0)
        if lines[0].rstrip() != FENCE or not end:
            self.keep(path, text)
            self.problem(path, 1, "a step begins with settings between two lines of ---", "yaml")
            return None
        body = "\n".join(lines[end + 1 :])
        self.keep(path, text, markdown_from=end + 2)
        try:
            located = read_yaml(self.shown(path), "\n".join(lines[1:end]), first_line=2)
        except CourseProblemsError as error:
            self.problems += error.problems
            return None
        if isinstance(located.data, dict):
            if "body" in located.data:
                self.problem(path, located.line(("body",)), "the body is the text below the settings", "setting")
            located.data["body"] = body
            self.media.attach(located)
        return self.build(Step, located, timed=True)

    def located(self, path: Path) -> Located | None:
        """Read a YAML file with its lines."""
        text = self.text(path)
        if text is None:
            return None
        self.keep(path, text)
        try:
            return read_yaml(self.shown(path), text)
        except CourseProblemsError as error:
            self.problems += error.problems
            return None

    def build(self, kind: type[P], located: Located, *, timed: bool = False) -> P | None:
        """Check data against a type; note every problem at its line. A `timed` part gets the time its words take."""
        self.sources.heads[located.path] = located
        self.note_ids(located)
        left_out = timed and isinstance(located.data, dict) and "minutes" not in located.data
        try:
            built = kind.model_validate(located.data)
        except ValidationError as error:
            self.problems += explained(error, located)
            return None
        if left_out and isinstance(built, Step):
            self.untimed.add(built.id)
            return built.model_copy(update={"minutes": minutes.timed(built).minutes})
        return built

    def note_ids(self, located: Located) -> None:
        """Note the ids that must be unique in the course, and report those used twice."""
        for found, place in _ids(located.data, ()):
            first, at = self.sources.ids.setdefault(found, (located, place))
            if first is not located or at != place:
                where = f"{first.path}:{first.line((*at, 'id'))}"
                text = f"the id {found!r} is used twice in the course, first at {where}"
                line = located.line((*place, "id"))
                self.problems.append(Problem(located.path, line, text, "duplicate-id", "give the newer one another id"))

    def keep(self, path: Path, text: str, markdown_from: int = 0) -> None:
        """Keep a file's text, and check what can be checked of it alone."""
        source = SourceFile(self.shown(path), text, self.language, markdown_from)
        self.sources.files[source.path] = source
        self.problems += checks.file(source)

    def text(self, path: Path) -> str | None:
        """Return a file's text; a file that cannot be read is a problem."""
        try:
            if path.stat().st_size > LARGEST:
                self.problem(path, 1, f"the file is larger than {LARGEST // 1024} KB", "unreadable-file")
                return None
            return path.read_text(encoding="utf-8").replace("\r\n", "\n")
        except FileNotFoundError:
            self.problem(path, 1, "this file is missing", "missing-file")
        except (OSError, UnicodeDecodeError):
            self.problem(path, 1, "this file cannot be read as UTF-8 text", "unreadable-file")
        return None

    def folders(self, name: str) -> list[str]:
        """Return the names of the folders in a folder, in order."""
        return sorted(path.name for path in (self.folder / name).glob("*") if path.is_dir())

    def problem(self, path: Path, line: int, text: str, code: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(self.shown(path), line, text, code))

    def told(self, path: str, line: int, text: str, code: str) -> None:
        """Note a finding about a file of the folder `media`."""
        self.problems.append(Problem(path, line, text, code))

    def shown(self, path: Path) -> str:
        """Return a path as authors know it: from the course's folder on."""
        return path.relative_to(self.folder.parent).as_posix()


# Where parts lie whose ids share one space in the course; those of options, levels and exemplars are their owner's.
_SHARED: Final = ("question", "questions", "outcomes", "terms")


def _ids(data: Any, place: Place) -> Iterator[tuple[str, Place]]:
    """Yield the ids of the course's one space, and the place of the part that has it."""
    if not isinstance(data, dict):
        return
    if isinstance(data.get("id"), str):
        yield data["id"], place
    for name in _SHARED:
        found = data.get(name)
        for number, part in enumerate(found if isinstance(found, list) else ()):
            yield from _ids(part, (*place, name, number))
        yield from _ids(found, (*place, name))
