"""References inside the course that lead nowhere: links to steps."""

import re
from collections.abc import Iterator
from typing import Final

from mhfa_lms.content.problems import Problem
from mhfa_lms.content.sources import Loaded

REFERENCE: Final = re.compile(r"\]\((?P<kind>step):(?P<id>[^)\s]*)\)")


def check(loaded: Loaded) -> Iterator[Problem]:
    """Yield the links that name something which the course does not have."""
    there = {"step": {step.id for _module, step in loaded.course.steps()}}
    for source in loaded.sources.files.values():
        for found in REFERENCE.finditer(source.text):
            if found["id"] not in there[found["kind"]]:
                line = source.text.count("\n", 0, found.start()) + 1
                text = f"the course has no {found['kind']} {found['id']}"
                yield Problem(source.path, line, text, "lost-reference", "mend the id, or take the link out")
