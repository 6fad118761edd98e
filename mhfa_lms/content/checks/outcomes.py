"""What a course promises to teach, and whether a question asks for it."""

from collections.abc import Iterator

from mhfa_lms.content.problems import Problem
from mhfa_lms.content.sources import Loaded


def check(loaded: Loaded) -> Iterator[Problem]:
    """Yield the outcomes that no question of the assessment names."""
    course = loaded.course
    asked = {question.outcome for question in course.assessment.questions}
    for outcome in course.all_outcomes():
        if outcome.id not in asked:
            path, line = loaded.sources.at(outcome.id)
            text = f"no question of the assessment asks for the outcome {outcome.id}"
            yield Problem(path, line, text, "outcome-without-question", f"give one the setting outcome: {outcome.id}")
