"""Translations that are no longer those of the course as it stands."""

from collections.abc import Iterator, Mapping

from mhfa_lms.content import passages, translations
from mhfa_lms.content.kinds.gap import MARK, Gap
from mhfa_lms.content.problems import Problem
from mhfa_lms.content.schema import Course
from mhfa_lms.content.sources import Loaded


def check(loaded: Loaded) -> Iterator[Problem]:
    """Yield the translated passages whose source has changed since, and those whose source is gone."""
    source = passages.of(loaded.course)
    for language, places in loaded.sources.translations.items():
        for one in translations.stale(loaded.course, language):
            located, place = places[one.key]
            text = f"the source of {one.key} has changed since this was translated; learners see the source"
            mend = f"run courses translate {loaded.course.slug} {language}, mend the text, and delete its was"
            yield Problem(located.path, located.line(place), text, "stale-translation", mend)
        for key, (located, place) in places.items():
            if key not in source:
                text = f"the course has no passage {key}"
                mend = "take it out, or mend the key"
                yield Problem(located.path, located.line(place), text, "lost-translation", mend)


def gaps(loaded: Loaded) -> Iterator[Problem]:
    """Yield the translations that learners would see, and that have lost a gap of their question."""
    for language in loaded.course.translations:
        for key in _without_gaps(loaded.course, translations.fresh(loaded.course, language)):
            located, place = loaded.sources.translations[language][key]
            text = f"the translation of {key} does not name the gaps of its question, each once"
            mend = "keep the braces and what is in them as the source has them"
            yield Problem(located.path, located.line(place), text, "unanswerable", mend)


def _without_gaps(course: Course, words: Mapping[str, str]) -> Iterator[str]:
    asked = [*course.assessment.questions, *(step.question for _module, step in course.steps())]
    for question in asked:
        if isinstance(question, Gap):
            key = f"{question.id}.text"
            if key in words and sorted(MARK.findall(words[key])) != sorted(gap.id for gap in question.gaps):
                yield key
