"""YAML with line numbers, so that a problem in the data can be shown where its author wrote it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from mhfa_lms.content.problems import CourseProblemsError, Problem

Place = tuple[str | int, ...]
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Course files are a few levels deep. The parser goes down by calling itself, and far below it ends the process.
DEEPEST: Final = 40


@dataclass(frozen=True, slots=True)
class Located:
    """Data from a file, and the line of each place in it."""

    path: str
    data: Any
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """Return the line of a place, or of the nearest place around it."""
        for length in range(len(place), -1, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return 1


def read_yaml(path: str, text: str, first_line: int = 1) -> Located:
    """Read a YAML text that begins at `first_line` of its file. Raises `CourseProblemsError`."""
    node = None
    try:
        _look(text)
        node = yaml.compose(text, Loader=Loader)
        data = yaml.load(text, Loader=Loader)  # noqa: S506  # the loader is a safe one, in C where there is one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = (mark.line if mark else 0) + first_line
        said = getattr(error, "problem", None) or "cannot be read"
        raise CourseProblemsError([Problem(path, line, f"this is not valid YAML: {said}", "yaml")]) from error
    except ValueError as error:
        line = next(_not_what_they_seem(node), 0) + first_line
        text, mend = "this looks like a date or a number and is none", "put it between quotation marks, or mend it"
        raise CourseProblemsError([Problem(path, line, text, "yaml", mend)]) from error
    lines: dict[Place, int] = {}
    twice = [
        Problem(path, line + first_line, f"the key {key!r} stands here a second time", "yaml", "take one of them out")
        for key, line in (_walk(node, (), lines, first_line) if node else ())
    ]
    if twice:
        raise CourseProblemsError(twice)
    return Located(path, data, lines)


def _look(text: str) -> None:
    """Refuse what is read without end: texts that repeat others, each of which repeats others, and lists in lists."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        mark: Any = event.start_mark
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            said = "course files do not repeat other places (*name): write it out"
            raise yaml.MarkedYAMLError(problem=said, problem_mark=mark)
        if depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"more than {DEEPEST} levels", problem_mark=mark)


def _not_what_they_seem(node: Any) -> Iterator[int]:
    """Yield the lines (from 0) of values such as the 30th of February."""
    if isinstance(node, yaml.ScalarNode):
        try:
            yaml.load(node.value, Loader=Loader)  # noqa: S506  # the loader is a safe one
        except ValueError:
            yield node.start_mark.line
        except yaml.YAMLError:
            return
    elif isinstance(node, yaml.CollectionNode):
        for one in node.value:
            for part in one if isinstance(one, tuple) else (one,):
                yield from _not_what_they_seem(part)


def _walk(node: Any, place: Place, lines: dict[Place, int], first: int) -> Iterator[tuple[str, int]]:
    """Note the line of every place; yield the keys that stand twice in one mapping."""
    lines.setdefault(place, node.start_mark.line + first)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            # As the parser reads it: 0x1f and 1:30 are numbers, too.
            name = yaml.load(key.value, Loader=Loader) if key.tag.endswith(":int") else key.value  # noqa: S506
            lines[(*place, name)] = key.start_mark.line + first
            if key.value in seen:
                yield key.value, key.start_mark.line
            seen.add(key.value)
            yield from _walk(value, (*place, name), lines, first)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _walk(value, (*place, number), lines, first)
