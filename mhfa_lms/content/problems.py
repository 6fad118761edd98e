"""Findings in course files: each with its file and line, how grave it is, and how to mend it; reported all at once."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """An error stops publishing; a warning is advice."""

    ERROR = "error"
    WARNING = "warning"


# Every code a finding can have. They are stable: programs and people look them up. courses/README.md explains each.
CODES: Final[dict[str, Severity]] = {
    "yaml": Severity.ERROR,
    "setting": Severity.ERROR,
    "missing-file": Severity.ERROR,
    "unreadable-file": Severity.ERROR,
    "unlisted-file": Severity.ERROR,
    "duplicate-id": Severity.ERROR,
    "pool-too-small": Severity.ERROR,
    "unanswerable": Severity.ERROR,
    "unsafe-words": Severity.ERROR,
    "owned-mark": Severity.ERROR,
    "link": Severity.ERROR,
    "lost-reference": Severity.ERROR,
    "heading": Severity.ERROR,
    "box": Severity.ERROR,
    "missing-alt": Severity.ERROR,
    "picture": Severity.ERROR,
    "html": Severity.WARNING,
    "media": Severity.ERROR,
    "missing-captions": Severity.ERROR,
    "heavy-file": Severity.WARNING,
    "unused-file": Severity.WARNING,
    "unreachable-scene": Severity.ERROR,
    "endless-conversation": Severity.ERROR,
    "no-helpful-way": Severity.ERROR,
    "outcome-without-question": Severity.WARNING,
    "reading-age": Severity.WARNING,
    "long-sentence": Severity.WARNING,
    "minutes": Severity.WARNING,
    "stale-translation": Severity.WARNING,
    "lost-translation": Severity.WARNING,
}

# How to mend what nobody said more about. The guide to the format is courses/README.md.
MENDS: Final[dict[str, str]] = {
    "yaml": "put a text with a colon, # or quotation marks between quotation marks, and indent with spaces",
    "setting": "change one of the settings it speaks of; courses/README.md explains each",
    "missing-file": "write the file, or take out the setting that names it",
    "unreadable-file": "save it as plain UTF-8 text of at most 512 KB",
    "unlisted-file": "name it there, or move it out of the course’s folder",
    "unanswerable": "mark or write exactly what is right; courses/README.md shows each kind of question",
    "missing-alt": "write under alt what the picture tells to somebody who does not see it",
    "media": "put a fitting file into the folder media and name it here; courses/README.md says what fits",
    "missing-captions": "add a file with captions that ends in .vtt",
    "heavy-file": "make it smaller if you can",
    "unused-file": "name it in a step, or delete it",
}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding: the file's path as it was read, the line (from 1), what is wrong, its code, and how to mend it.

    Where nothing is said about mending, it is what mends most findings of its code.
    """

    path: str
    line: int
    text: str
    code: str = "setting"
    mend: str = ""

    def __post_init__(self) -> None:
        if not self.mend:
            # The one moment at which a frozen object may be written to.
            object.__setattr__(self, "mend", MENDS.get(self.code, ""))

    @property
    def severity(self) -> Severity:
        """Whether it stops publishing."""
        return CODES[self.code]

    @property
    def words(self) -> str:
        """What is wrong, and how to mend it."""
        return f"{self.text}: {self.mend}" if self.mend else self.text

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.severity}: {self.words} [{self.code}]"


class CodedError(ValueError):
    """What a type says of data that cannot be right, with the finding's own code and how to mend it."""

    def __init__(self, code: str, text: str, mend: str = "") -> None:
        self.code, self.mend = code, mend
        super().__init__(text)


class CourseProblemsError(ValueError):
    """A course that cannot be published, with everything that is wrong in it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))
