"""From a course's folder to a `Course`, or to every problem in its files at once, each with file and line."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from mhfa_lms.content import checks, conversation_files, translating
from mhfa_lms.content.checks import minutes
from mhfa_lms.content.conversations import Conversation
from mhfa_lms.content.explaining import explained
from mhfa_lms.content.heads import CourseFile
from mhfa_lms.content.media_files import MediaReader
from mhfa_lms.content.problems import CourseProblemsError, Problem, Severity
from mhfa_lms.content.scenarios import Scenario
from mhfa_lms.content.schema import Assessment, Course, GlossaryFile, Module, ModuleFile, Step, Translated
from mhfa_lms.content.sources import Loaded, SourceFile, Sources
from mhfa_lms.content.yamlfile import Located, Place, read_yaml

FENCE: Final = "---"
LARGEST: Final = 512 * 1024
LANGUAGE_TAG: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
LANGUAGE: Final = re.compile(r"^language:\s*['\"]?([A-Za-z-]+)", re.MULTILINE)
P = TypeVar("P", CourseFile, ModuleFile, Step, Assessment, Scenario, Conversation, GlossaryFile)


def find(folder: Path) -> list[Path]:
    """Return the folders of the courses under a folder, in order."""
    return sorted(path.parent for path in folder.glob("*/course.yaml"))


def load(folder: Path) -> Course:
    """Return the course in a folder whose name is its slug. Raises `CourseProblemsError` with every error found."""
    return _Loading(folder).course().course


def examine(folder: Path) -> list[Problem]:
    """Return everything that is found in a course's files, errors and warnings, in order."""
    loading = _Loading(folder)
    try:
        loaded = loading.course()
    except CourseProblemsError as error:
        return error.problems
    return sorted({*loading.problems, *checks.advice(loaded)})


def write_translation(folder: Path, language: str) -> translating.Written:
    """Write the files of a course's translation into a language anew, keeping what is done.

    Raises `CourseProblemsError` when the course has errors.
    """
    reading = _Loading(folder)
    loaded = reading.course()
    return translating.write(folder, loaded.course, loaded.sources, language, reading.entries(language))


class _Loading:
    """One course being read; problems are collected on the way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        # Steps whose author left the time out.
        self.untimed: set[str] = set()
        self.sources = Sources()
        self.language = "en"
        self.media = MediaReader(folder, self.told)

    def course(self) -> Loaded:
        """Read everything, then hand over the course or the problems."""
        self.language = self.declared()
        head = self.read(CourseFile, self.folder / "course.yaml")
        names = head.modules if head else self.folders("modules")
        modules = [self.module(self.folder / "modules" / name) for name in names]
        assessment = self.read(Assessment, self.folder / "assessment.yaml")
        wanted = head.scenarios if head else ()
        scenarios = [self.read(Scenario, self.folder / "scenarios" / f"{name}.yaml") for name in wanted]
        conversations = self.conversations([one for one in modules if one], [one for one in scenarios if one])
        glossary = self.folder / "glossary.yaml"
        words = self.read(GlossaryFile, glossary) if glossary.exists() else None
        translations = self.translations()
        self.unlisted(head)
        if self.errors or head is None or assessment is None:
            raise CourseProblemsError(self.problems)
        course = self.put_together(
            head,
            modules=conversation_files.joined([one for one in modules if one], conversations, self.untimed),
            assessment=assessment,
            scenarios=scenarios,
            conversations=conversations,
            glossary=words.terms if words else (),
            translations=translations,
        )
        loaded = Loaded(course, self.sources)
        self.problems += checks.course(loaded)
        if self.errors:
            raise CourseProblemsError(self.problems)
        return loaded

    def translations(self) -> dict[str, dict[str, Translated]]:
        """Read what is translated, by language and passage."""
        found = {}
        for name in self.folders(translating.FOLDER):
            if LANGUAGE_TAG.fullmatch(name):
                self.language = name
                found[name] = translating.translated(self.entries(name))
            else:
                where = self.folder / translating.FOLDER / name
                self.problem(where, 1, "this folder is not named by a language tag such as de", "unlisted-file")
        return {name: texts for name, texts in found.items() if texts}

    def entries(self, language: str) -> dict[str, translating.Entry]:
        """Read one language's files."""
        found: dict[str, translating.Entry] = {}
        self.sources.translations[language] = {}
        for path in sorted((self.folder / translating.FOLDER / language).rglob("*.yaml")):
            located = self.located(path)
            if located is None:
                continue
            try:
                entries = translating.Entries.validate_python(located.data or {})
            except ValidationError as error:
                self.problems += explained(error, located)
                continue
            for key, entry in entries.items():
                found[key] = entry
                self.sources.translations[language][key] = located, (key,)
        return found

    def put_together(self, head: CourseFile, **parts: Any) -> Course:
        """Return the course of its parts. Raises `CourseProblemsError` when they contradict each other."""
        try:
            return Course.model_validate(
                {**head.model_dump(exclude={"modules", "scenarios"}), "slug": self.folder.name, **parts}
            )
        except ValidationError as error:
            whole = Located(self.shown(self.folder / "course.yaml"), None)
            raise CourseProblemsError([*self.problems, *explained(error, whole)]) from error

    def declared(self) -> str:
        """Return the language that course.yaml names, before it is known to be right: its words are checked by it."""
        path = self.folder / "course.yaml"
        found = LANGUAGE.search(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else None
        return found[1] if found else "en"

    @property
    def errors(self) -> bool:
        """Whether something was found that stops publishing."""
        return any(one.severity is Severity.ERROR for one in self.problems)

    def conversations(self, modules: list[Module], scenarios: list[Scenario]) -> list[Conversation]:
        """Read the conversations that steps name, each once; one that no step names is a problem."""
        steps = [step for module in modules for step in module.steps]
        wanted = dict.fromkeys(step.conversation for step in steps if step.conversation)
        for path in sorted((self.folder / "conversations").glob("*.yaml")):
            if path.stem not in wanted:
                self.problem(path, 1, "no step names this conversation", "unlisted-file")
        found = [self.conversation(self.folder / "conversations" / f"{name}.yaml", scenarios) for name in wanted]
        return [one for one in found if one]

    def conversation(self, path: Path, scenarios: list[Scenario]) -> Conversation | None:
        """Read one conversation, and note what is wrong with its ways."""
        located = self.located(path)
        read = self.build(Conversation, located) if located else None
        if located is None or read is None:
            return None
        whole, faults = conversation_files.completed(read, path.stem, scenarios)
        self.problems += [
            Problem(located.path, located.line(one.place), one.text, one.code, one.mend) for one in faults
        ]
        return whole

    def module(self, folder: Path) -> Module | None:
        """Read a module with its steps."""
        head = self.read(ModuleFile, folder / "module.yaml")
        steps = [self.step(path) for path in sorted(folder.glob("*.md"))]
        if not steps:
            self.problem(folder / "module.yaml", 1, "the module has no steps (files that end in .md)", "missing-file")
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

    def read(self, kind: type[P], path: Path) -> P | None:
        """Read a YAML file as one of our types."""
        located = self.located(path)
        return self.build(kind, located) if located else None

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

    def unlisted(self, head: CourseFile | None) -> None:
        """Report folders and files that nothing names: they would silently not be taught."""
        if head is None:
            return
        for name in set(self.folders("modules")) - set(head.modules):
            self.problem(self.folder / "modules" / name, 1, "course.yaml does not list this module", "unlisted-file")
        for path in sorted((self.folder / "scenarios").glob("*.yaml")):
            if path.stem not in head.scenarios:
                self.problem(path, 1, "course.yaml does not list this scenario", "unlisted-file")
        self.media.unused()

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
