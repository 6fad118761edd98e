"""How long a step takes: computed from its words, and held against what its author wrote.

People who read to learn, often in a second language, take in some 120 words a minute; a question and something to think
about take a minute each besides their words. A step without `minutes` has the computed time.
"""

from collections.abc import Iterator
from typing import Final

from mhfa_lms.content import prose
from mhfa_lms.content.conversations import Conversation
from mhfa_lms.content.media import Picture
from mhfa_lms.content.problems import Problem
from mhfa_lms.content.schema import Step
from mhfa_lms.content.sources import Loaded

WORDS_A_MINUTE: Final = 120
LONGEST: Final = 60
# The author knows better within these bounds: two minutes, or half as much again.
TOLERANCE: Final = 2.0
SHARE: Final = 0.5


def estimate(step: Step) -> float:
    """Return about how many minutes a step takes."""
    texts = [step.body, step.to_think_about or ""]
    if step.question:
        texts += step.question.words
    thinking = (step.question is not None) + (step.reflection is not None)
    recorded = sum(one.seconds for one in step.media if not isinstance(one, Picture)) / 60
    return sum(map(prose.count, texts)) / WORDS_A_MINUTE + thinking + recorded


def talking(conversation: Conversation | None) -> float:
    """Return about how many minutes a conversation takes: people see some half of it, and think at each choice."""
    if conversation is None:
        return 0.0
    texts = [conversation.situation, *(scene.text for scene in conversation.scenes)]
    texts += [choice.say for _scene, choice in conversation.choices()]
    return (sum(map(prose.count, texts)) / WORDS_A_MINUTE + len(conversation.scenes) / 2) / 2


def timed(step: Step, conversation: Conversation | None = None) -> Step:
    """Return a step with the time that it and its conversation are likely to take."""
    return step.model_copy(update={"minutes": _whole(estimate(step) + talking(conversation))})


def _whole(minutes: float) -> int:
    """Return minutes as a step has them: whole, from 1 to 60."""
    return min(max(round(minutes), 1), LONGEST)


def check(loaded: Loaded) -> Iterator[Problem]:
    """Yield the steps whose stated time is far from what their words take."""
    for _module, step in loaded.course.steps():
        likely = estimate(step) + talking(loaded.course.conversation(step.conversation or ""))
        if abs(step.minutes - likely) > max(TOLERANCE, SHARE * likely):
            path, line = loaded.sources.at(step.id, "minutes")
            text = f"the step says {step.minutes} minutes; its words take about {_whole(likely)}"
            yield Problem(path, line, text, "minutes", "change minutes, or leave them out: then they are computed")
