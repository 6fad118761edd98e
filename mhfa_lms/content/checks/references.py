"""References inside the course that lead nowhere: links to steps and to terms of the glossary."""

import re
from collections.abc import Iterator
from typing import Final

from mhfa_lms.content import passages
from mhfa_lms.content.problems import Problem
from mhfa_lms.content.schema import Course
from mhfa_lms.content.sources import Loaded

REFERENCE: Final = re.compile(r"\]\((?P<kind>step|term):(?P<id>[^)\s]*)\)")


def check(loaded: Loaded) -> Iterator[Problem]:
    """Yield the links that name something the course does not have, and those that stand where no link works."""
    there = {
        "step": {step.id for _module, step in loaded.course.steps()},
        "term": {term.id for term in loaded.course.glossary},
    }
    for path, line, text in _texts(loaded):
        for found in REFERENCE.finditer(text):
            if found["id"] not in there[found["kind"]]:
                here = line + text.count("\n", 0, found.start())
                said = f"the course has no {found['kind']} {found['id']}"
                yield Problem(path, here, said, "lost-reference", "mend the id, or take the link out")
    yield from _misplaced(loaded)


def _texts(loaded: Loaded) -> Iterator[tuple[str, int, str]]:
    """Yield the files of the course itself, and the translations: not the older wordings that are kept beside them."""
    sources = loaded.sources
    for source in sources.files.values():
        if not source.path.startswith(f"{loaded.course.slug}/translations/"):
            yield source.path, 1, source.text
    for language, found in loaded.course.translations.items():
        for key, one in found.items():
            located, place = sources.translations[language][key]
            yield located.path, located.line((*place, "text")), one.text


def _misplaced(loaded: Loaded) -> Iterator[Problem]:
    good = set(_linking(loaded.course))
    for key, text in passages.of(loaded.course).items():
        if key not in good and REFERENCE.search(text):
            owner, _dot, rest = key.partition(".")
            path, line = loaded.sources.at(owner, *rest.split("."))
            said = "a link to a term or a step does not work here"
            yield Problem(path, line, said, "lost-reference", "it belongs into the text or the summary of a step")


def _linking(course: Course) -> Iterator[str]:
    """Yield the passages that may link inside the course: on a step's page, where terms are explained below."""
    for _module, step in course.steps():
        yield f"{step.id}.body"
        yield f"{step.id}.summary"
