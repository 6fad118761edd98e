"""What `courses check` looks for: small pure checks, from what was read to findings.

A check of a file sees its text and works also when the course cannot be put together. A check of a course sees the
course and the places of its parts. Those of `ADVICE` find what does not stop publishing, and only `courses check` asks.
To add one: write a module here, name it below, and give its codes in `problems.CODES` and courses/README.md.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from mhfa_lms.content.checks import form, minutes, outcomes, reading, references, translated, words
from mhfa_lms.content.problems import Problem
from mhfa_lms.content.sources import Loaded, SourceFile

OF_FILES: Final[tuple[Callable[[SourceFile], Iterable[Problem]], ...]] = (words.check, form.check)
OF_COURSES: Final[tuple[Callable[[Loaded], Iterable[Problem]], ...]] = (
    references.check,
    translated.gaps,
)
ADVICE: Final[tuple[Callable[[Loaded], Iterable[Problem]], ...]] = (
    outcomes.check,
    reading.check,
    minutes.check,
    translated.check,
)


def file(source: SourceFile) -> Iterator[Problem]:
    """Yield what is wrong with one file."""
    for check in OF_FILES:
        yield from check(source)


def course(loaded: Loaded) -> Iterator[Problem]:
    """Yield what is wrong with a course whose files fit together: what stops publishing."""
    for check in OF_COURSES:
        yield from check(loaded)


def advice(loaded: Loaded) -> Iterator[Problem]:
    """Yield what could be better: it stops nothing."""
    for check in ADVICE:
        yield from check(loaded)
