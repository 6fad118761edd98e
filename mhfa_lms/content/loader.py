"""From a course's folder to a `Course`, or to every problem in its files at once, each with file and line."""

import re
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from mhfa_lms.content import checks, conversation_files, translating
from mhfa_lms.content.conversations import Conversation
from mhfa_lms.content.explaining import explained
from mhfa_lms.content.file_reader import FileReader
from mhfa_lms.content.heads import CourseFile
from mhfa_lms.content.problems import CourseProblemsError, Problem
from mhfa_lms.content.scenarios import Scenario
from mhfa_lms.content.schema import Assessment, Course, GlossaryFile, Module, ModuleFile, Translated
from mhfa_lms.content.sources import Loaded
from mhfa_lms.content.yamlfile import Located

LANGUAGE_TAG: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
LANGUAGE: Final = re.compile(r"^language:\s*['\"]?([A-Za-z-]+)", re.MULTILINE)


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


class _Loading(FileReader):
    """One course being read."""

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
