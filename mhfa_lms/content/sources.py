"""A course's files as they were read, and where each part of the course was written."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mhfa_lms.content.schema import Course, Step
from mhfa_lms.content.yamlfile import Located, Place


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: its path as authors know it, its text, the language it is in, and where its Markdown begins.

    `markdown_from` is a line number from 1; 0 means that the file has no Markdown below its settings.
    """

    path: str
    text: str
    language: str
    markdown_from: int = 0

    def markdown(self) -> Iterator[tuple[int, str]]:
        """Yield the lines below the settings with their numbers."""
        if self.markdown_from:
            yield from enumerate(self.text.split("\n")[self.markdown_from - 1 :], self.markdown_from)


@dataclass(frozen=True, slots=True)
class Sources:
    """Every file that was read, where each id was written, and the other files that lie in the course's folder.

    Ids are those that are unique in the course; the places inside them are those of the YAML. `translations` tells
    where each passage of a language stands, by its key.
    """

    files: dict[str, SourceFile] = field(default_factory=dict)
    ids: dict[str, tuple[Located, Place]] = field(default_factory=dict)
    heads: dict[str, Located] = field(default_factory=dict)
    translations: dict[str, dict[str, tuple[Located, Place]]] = field(default_factory=dict)

    def at(self, owner: str, *place: str | int) -> tuple[str, int]:
        """Return the path and line of a place inside the part with an id; inside course.yaml for the id ''."""
        located, base = self.ids[owner] if owner in self.ids else (next(iter(self.heads.values())), ())
        return located.path, located.line((*base, *place))

    def body_at(self, step: Step) -> tuple[str, int]:
        """Return the path of a step's file and the line where its text begins."""
        path = self.at(step.id)[0]
        return path, max(self.files[path].markdown_from, 1)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read of a course: the course itself where it could be put together, and its sources."""

    course: Course
    sources: Sources
