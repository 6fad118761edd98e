"""Whether the text is easy to read: the reading age of English, and in every language the length of sentences."""

from collections.abc import Iterator
from typing import Final

from mhfa_lms.content import prose
from mhfa_lms.content.conversations import Conversation
from mhfa_lms.content.problems import Problem
from mhfa_lms.content.schema import Step
from mhfa_lms.content.sources import Loaded

# Of 9 to 11, which is the aim: a warning comes above it.
OLDEST: Final = 11.0
MOST_WORDS: Final = 35
MEND: Final = "shorten sentences and long words; words that you explain belong under known_words in course.yaml"


def check(loaded: Loaded) -> Iterator[Problem]:
    """Yield the steps that are hard to read, and the sentences that are long."""
    english = loaded.course.language.casefold().partition("-")[0] == "en"
    for _module, step in loaded.course.steps():
        if english:
            yield from _age(loaded, step)
        path, first = loaded.sources.body_at(step)
        yield from _long(path, first, step.body)
    for conversation in loaded.course.conversations:
        yield from _talk(loaded, conversation, english=english)


def _talk(loaded: Loaded, conversation: Conversation, *, english: bool) -> Iterator[Problem]:
    """Yield the scenes and endings with long sentences, and the conversation when it is hard to read as a whole."""
    for number, one in enumerate(conversation.places):
        beyond = number - len(conversation.scenes)
        kind, at = ("scenes", number) if beyond < 0 else ("endings", beyond)
        path, line = loaded.sources.at(conversation.id, kind, at, "text")
        yield from _long(path, line, one.text)
    texts = [conversation.situation, *(one.text for one in conversation.places)]
    texts += [choice.feedback for _scene, choice in conversation.choices() if choice.feedback]
    age = prose.reading_age("\n\n".join(texts), loaded.course.known_words) if english else None
    if age is not None and age > OLDEST:
        said = f"the conversation reads like a text for the age of {age:.0f}; the aim is 9 to {OLDEST:.0f}"
        yield Problem(*loaded.sources.at(conversation.id, "situation"), said, "reading-age", MEND)


def _long(path: str, first: int, text: str) -> Iterator[Problem]:
    for sentence in prose.sentences(text):
        if len(sentence.words) > MOST_WORDS:
            said = f"a sentence of {len(sentence.words)} words: “{' '.join(sentence.words[:5])} …”"
            yield Problem(path, first + sentence.line, said, "long-sentence", "make two of it")


def _age(loaded: Loaded, step: Step) -> Iterator[Problem]:
    parts = {("body",): step.body, ("summary",): step.summary or ""}
    for place, text in parts.items():
        age = prose.reading_age(text, loaded.course.known_words)
        if age is not None and age > OLDEST:
            path, line = loaded.sources.body_at(step) if place == ("body",) else loaded.sources.at(step.id, *place)
            said = f"the {place[0]} reads like a text for the age of {age:.0f}; the aim is 9 to {OLDEST:.0f}"
            yield Problem(path, line, said, "reading-age", MEND)
