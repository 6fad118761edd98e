"""The beginnings of a course: the smallest set of files that is right, for authors to write on."""

import re
from pathlib import Path
from typing import Final

SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
COURSE: Final = """\
title: {title}
language: en
summary: One or two sentences for the list of courses.
about: |
  Who the course is for, and what people can do after it.
certification:
  slug: {slug}
  name: What somebody is certified as
  description: What somebody can do who holds this certificate.
kind: full
hours: 1
review: {{status: draft}}
modules: [01-first]
"""
MODULE: Final = """\
id: first
title: The first module
summary: What it is about, in a sentence.
"""
STEP: Final = """\
---
id: first-step
title: The first step
minutes: 4
question:
  id: first-question
  kind: single
  prompt: A question to think about?
  options:
    - {id: a, text: The right answer, correct: true, feedback: Say why.}
    - {id: b, text: Another answer, feedback: Say why not.}
---
Write here. One thought to a step.

::: key To remember
The point of this step.
:::
"""
ASSESSMENT: Final = """\
id: final
title: Final assessment
draw: 1
questions:
  - id: q-one
    module: first
    kind: single
    prompt: The first question?
    options:
      - {id: a, text: The right answer, correct: true}
      - {id: b, text: Another answer}
      - {id: c, text: A third answer}
    explanation: Say why.
  - id: q-two
    module: first
    kind: single
    prompt: The second question, so that a second try can draw another?
    options:
      - {id: a, text: An answer}
      - {id: b, text: The right answer, correct: true}
      - {id: c, text: A third answer}
    explanation: Say why.
"""


class StarterError(ValueError):
    """The course cannot be begun like this; the text says why."""


def write(folder: Path, *, title: str | None = None) -> list[Path]:
    """Write the files of a new course into a folder that does not exist yet; returns them. Raises `StarterError`."""
    if not SLUG.fullmatch(folder.name) or len(folder.name) > 60:
        raise StarterError(f"{folder.name}: use small letters, digits and single hyphens, such as first-conversation.")
    if folder.exists():
        raise StarterError(f"{folder} exists already.")
    # In quotation marks, as JSON writes them: a title may hold a colon.
    quoted = (
        '"' + (title or "First aid for mental health: a new course").replace("\\", "\\\\").replace('"', '\\"') + '"'
    )
    texts = {
        "course.yaml": COURSE.format(title=quoted, slug=folder.name),
        "assessment.yaml": ASSESSMENT,
        "modules/01-first/module.yaml": MODULE,
        "modules/01-first/01-first-step.md": STEP,
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [folder / name for name in texts]
