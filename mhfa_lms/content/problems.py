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


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding: the file's path as it was read, the line (from 1), what is wrong, its code, and how to mend it."""

    path: str
    line: int
    text: str
    code: str = "setting"
    mend: str = ""

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
