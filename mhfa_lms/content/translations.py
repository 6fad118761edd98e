"""A course in another language, passage by passage.

A translation says of which wording it is one. When the source has changed since, it is stale and not shown: a safety
note that was corrected must reach everybody. Where there is none, or only a stale one, the source's passage stands, in
its own language. A question is shown whole in one language or in the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mhfa_lms.content import passages
from mhfa_lms.content.passages import Speaking
from mhfa_lms.content.questions import FreeText, Number, Question
from mhfa_lms.content.schema import Course


@dataclass(frozen=True, slots=True)
class Stale:
    """A passage whose source has changed since it was translated."""

    key: str
    source: str
    text: str


def languages(course: Course) -> tuple[str, ...]:
    """Return the languages a course can be read in, its own first."""
    return (course.language, *sorted(course.translations))


def choose(course: Course, wish: str) -> str:
    """Return the language of a course that fits a wish such as `de-AT` best; its own when none does."""
    there = {one.casefold(): one for one in reversed(languages(course))}
    parts = wish.casefold().split("-")
    for length in range(len(parts), 0, -1):
        if found := there.get("-".join(parts[:length])):
            return found
    return course.language


def spoken(course: Course, language: str) -> Course:
    """Return a course whose every passage knows its language: the one asked for, where it is translated."""
    source = passages.of(course) if course.translations else {}
    words = {name: fresh(course, name) for name in course.translations}
    shown = Speaking(words.get(language, {}), language, course.language).part(course)
    return _accepting(shown, [source, *words.values()]) if words else shown


def fresh(course: Course, language: str) -> dict[str, str]:
    """Return a language's passages by key, but for those whose source has changed since: what learners see of it."""
    source = passages.of(course)
    there = course.translations[language]
    return {key: one.text for key, one in there.items() if key in source and one.of == passages.digest(source[key])}


def _accepting(course: Course, languages: Sequence[Mapping[str, str]]) -> Course:
    """Return a course whose questions take what people write in any of its languages: they may switch on the way."""
    modules = [
        module.model_copy(
            update={
                "steps": tuple(
                    step.model_copy(update={"question": _taking(step.question, languages)}) if step.question else step
                    for step in module.steps
                )
            }
        )
        for module in course.modules
    ]
    questions = tuple(_taking(one, languages) for one in course.assessment.questions)
    assessment = course.assessment.model_copy(update={"questions": questions})
    return course.model_copy(update={"modules": tuple(modules), "assessment": assessment})


def _taking(question: Question, languages: Sequence[Mapping[str, str]]) -> Question:
    """Return a question with the accepted words, or the unit, of every language."""
    if not isinstance(question, FreeText | Number):
        return question
    if isinstance(question, FreeText):
        keys = [f"{question.id}.accepted.{at}" for at in range(len(question.accepted))]
    else:
        keys = [f"{question.id}.unit"]
    words = [found for there in languages for key in keys if (found := there.get(key))]
    return question.model_copy(update={"also": tuple(dict.fromkeys((*question.also, *words)))})


def stale(course: Course, language: str) -> Iterator[Stale]:
    """Yield the passages of a language whose source has changed since."""
    source = passages.of(course)
    for key, one in course.translations.get(language, {}).items():
        if key in source and one.of != passages.digest(source[key]):
            yield Stale(key, source[key], one.text)


def accepting(course: Course) -> Course:
    """Return a course whose questions take words of every language it can be read in: accepted answers, and units."""
    if not course.translations:
        return course
    modules = tuple(
        module.model_copy(
            update={
                "steps": tuple(
                    step.model_copy(update={"question": _open(course, step.question)}) if step.question else step
                    for step in module.steps
                )
            }
        )
        for module in course.modules
    )
    pool = tuple(_open(course, question) for question in course.assessment.questions)
    assessment = course.assessment.model_copy(update={"questions": pool})
    return course.model_copy(update={"modules": modules, "assessment": assessment})


def _open(course: Course, question: Question) -> Question:
    if not isinstance(question, (FreeText, Number)):
        return question
    start = f"{question.id}.{'accepted.' if isinstance(question, FreeText) else 'unit'}"
    own = [*question.accepted] if isinstance(question, FreeText) else [question.unit] if question.unit else []
    theirs = [one.text for there in course.translations.values() for key, one in there.items() if key.startswith(start)]
    # The course's own words too: what is accepted is the same in whatever language it is read.
    return question.model_copy(update={"also": tuple(dict.fromkeys((*question.also, *own, *theirs)))})


def counts(course: Course, language: str) -> tuple[int, int, int]:
    """Return how many passages of a language are done, stale and missing."""
    there = course.translations.get(language, {})
    source = passages.of(course)
    old = sum(1 for _one in stale(course, language))
    known = sum(key in source for key in there)
    return known - old, old, len(source) - known
