"""Whether the text is easy to read: the reading age of English, and in every language the length of sentences."""

from collections.abc import Iterator
from typing import Final

from mhfa_lms.content import prose
from mhfa_lms.content.problems import Problem
from mhfa_lms.content.schema import Step
from mhfa_lms.content.sources import Loaded

# Of 9 to 11, which is the aim: a warning comes above it.
OLDEST: Final = 11.0
MOST_WORDS: Final = 35


def check(loaded: Loaded) -> Iterator[Problem]:
    """Yield the steps that are hard to read, and the sentences that are long."""
    english = loaded.course.language.casefold().partition("-")[0] == "en"
    for _module, step in loaded.course.steps():
        if english:
            yield from _age(loaded, step)
        path, first = loaded.sources.body_at(step)
        for sentence in prose.sentences(step.body):
            if len(sentence.words) > MOST_WORDS:
                text = f"a sentence of {len(sentence.words)} words: “{' '.join(sentence.words[:5])} …”"
                yield Problem(path, first + sentence.line, text, "long-sentence", "make two of it")


def _age(loaded: Loaded, step: Step) -> Iterator[Problem]:
    parts = {("body",): step.body, ("summary",): step.summary or ""}
    for place, text in parts.items():
        age = prose.reading_age(text, loaded.course.known_words)
        if age is not None and age > OLDEST:
            path, line = loaded.sources.body_at(step) if place == ("body",) else loaded.sources.at(step.id, *place)
            said = f"the {place[0]} reads like a text for the age of {age:.0f}; the aim is 9 to {OLDEST:.0f}"
            mend = "shorten sentences and long words; words that you explain belong under known_words in course.yaml"
            yield Problem(path, line, said, "reading-age", mend)
