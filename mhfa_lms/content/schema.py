"""The closed, frozen types a course's files become. What is not named here is an error in the files.

Ids are the author's and stable: progress, answers and marks refer to them for as long as a revision is kept.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from mhfa_lms.content import conversation_faults, gating
from mhfa_lms.content.activities import Activity
from mhfa_lms.content.conversations import Conversation
from mhfa_lms.content.heads import CourseHead, Outcome
from mhfa_lms.content.media import Download, File, Media, files_of
from mhfa_lms.content.parts import ContentNote, Language, Line, Part, Slug, Text
from mhfa_lms.content.problems import CodedError
from mhfa_lms.content.questions import FreeText, Question
from mhfa_lms.content.scenarios import Scenario

_EVERY_OPTION = "every option of a step's question needs feedback"
_TEACHES = {
    **dict.fromkeys(("single", "multiple", "true-false"), _EVERY_OPTION),
    "text": "a step's question of kind text needs a model answer or an explanation",
}


class Reflection(Part):
    """Something to think about and to write down for oneself."""

    prompt: Text
    write: bool = True


class Step(Part):
    """One screen of teaching."""

    id: Slug
    title: Line
    minutes: Annotated[int, Field(ge=1, le=60)] = 4
    # False for a step that is on offer and not needed.
    required: bool = True
    body: Text
    quick_exit: bool = False
    content_note: ContentNote | None = None
    # Gentler, and covers what is assessed; needed where there is a content note.
    summary: Text | None = None
    question: Question | None = None
    # Words to think about; with a box to write in, for oneself alone.
    reflection: Text | Reflection | None = None
    media: Annotated[tuple[Media, ...], Field(max_length=12)] = ()
    download: Annotated[tuple[Download, ...], Field(max_length=12)] = ()
    # Names conversations/<conversation>.yaml; the step can be read once an ending of it was reached.
    conversation: Slug | None = None
    # Something to do away from the screen; the step counts as done when an instructor has confirmed it.
    activity: Activity | None = None

    @model_validator(mode="after")
    def _note_has_a_choice(self) -> Self:
        if self.content_note and not self.summary:
            raise ValueError("a step with a content_note needs a summary")
        if self.activity and (self.content_note or self.conversation):
            raise ValueError("an activity stands in a step without a content_note and without a conversation")
        if self.question and not self.question.teaches:
            raise ValueError(_TEACHES.get(self.question.kind, "a step's question needs an explanation"))
        return self

    @property
    def offers_exit(self) -> bool:
        """Whether its page offers to be left quickly: wherever a content note warns, and where the author says so."""
        return self.quick_exit or self.content_note is not None

    @property
    def to_think_about(self) -> str | None:
        """The words of its reflection."""
        return self.reflection.prompt if isinstance(self.reflection, Reflection) else self.reflection

    @property
    def has_writing(self) -> bool:
        """Whether it has a box for what the learner writes for themselves."""
        return isinstance(self.reflection, Reflection) and self.reflection.write

    @property
    def files(self) -> Iterator[File]:
        """Every file of its pictures, recordings and downloads."""
        return files_of(self.media, self.download)


class Term(Part):
    """A word of the course that not everybody knows, and what it means here."""

    id: Slug
    term: Line
    definition: Text


class GlossaryFile(Part):
    """All of glossary.yaml."""

    terms: Annotated[tuple[Term, ...], Field(min_length=1)]


class ModuleFile(Part):
    """What a module.yaml says; the steps lie beside it."""

    id: Slug
    title: Line
    summary: Text
    outcomes: tuple[Outcome, ...] = ()
    # Modules to be finished before this one opens.
    after: tuple[Slug, ...] = ()
    required: bool = True


class Module(ModuleFile):
    """Some steps that belong together."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @property
    def minutes(self) -> int:
        """The time its steps take together, in minutes."""
        return sum(step.minutes for step in self.steps)


class Assessment(Part):
    """A pool of questions from which each attempt draws."""

    id: Slug
    title: Line
    draw: Annotated[int, Field(ge=1, le=100)]
    # A time limit, which an instructor can extend; without it there is none.
    minutes: Annotated[int, Field(ge=1, le=600)] | None = None
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _pool_is_large_enough(self) -> Self:
        if len(self.questions) < 2 * self.draw:
            need = f"the pool needs at least {2 * self.draw} questions, so that a second draw can differ"
            raise CodedError("pool-too-small", need, f"it has {len(self.questions)}: write more, or draw fewer")
        for question in self.questions:
            if question.module is None or question.explanation is None:
                raise ValueError(f"question {question.id} needs a module and an explanation")
            if isinstance(question, FreeText) and not question.accepted:
                raise CodedError("unanswerable", f"question {question.id} needs accepted answers: nobody marks it")
        return self


class Translated(Part):
    """A passage in another language, and which wording of the source it is a translation of (see `passages.digest`)."""

    of: str
    text: Text


class Course(CourseHead):
    """A whole course as its files describe it."""

    slug: Slug
    modules: Annotated[tuple[Module, ...], Field(min_length=1)]
    assessment: Assessment
    scenarios: tuple[Scenario, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    glossary: tuple[Term, ...] = ()
    # {language: {key of a passage: its translation}}
    translations: dict[Language, dict[str, Translated]] = {}

    def steps(self) -> Iterator[tuple[Module, Step]]:
        """Yield every step with its module, in order."""
        for module in self.modules:
            for step in module.steps:
                yield module, step

    def all_outcomes(self) -> tuple[Outcome, ...]:
        """Return what the course and its modules promise to teach."""
        return (*self.outcomes, *(one for module in self.modules for one in module.outcomes))

    @cached_property
    def before(self) -> dict[str, tuple[str, ...]]:
        """The modules to be finished before each module opens, by id."""
        return gating.before(((one.id, one.after, one.required) for one in self.modules), self.order)

    @cached_property
    def needed_modules(self) -> frozenset[str]:
        """The modules that completing the course needs: the required ones, and those these open after."""
        needed: set[str] = set()
        waiting = [module.id for module in self.modules if module.required]
        while waiting:
            one = waiting.pop()
            if one not in needed:
                needed.add(one)
                waiting += self.before[one]
        return frozenset(needed)

    @cached_property
    def has_activities(self) -> bool:
        """Whether a step asks for something that an instructor confirms."""
        return any(step.activity for _module, step in self.steps())

    @property
    def has_quick_exit(self) -> bool:
        """Whether a step or a scenario offers to leave the page quickly."""
        return any(step.offers_exit for _module, step in self.steps()) or any(one.quick_exit for one in self.scenarios)

    @property
    def ids(self) -> frozenset[str]:
        """The ids that are taken: of modules, steps, questions, scenarios."""
        return frozenset(found for _kind, found in _ids(self))

    def module(self, module_id: str) -> Module | None:
        """Return a module by its id."""
        return next((module for module in self.modules if module.id == module_id), None)

    def step(self, step_id: str) -> tuple[Module, Step] | None:
        """Return a step with its module by the step's id."""
        return next(((module, step) for module, step in self.steps() if step.id == step_id), None)

    def scenario(self, scenario_id: str) -> Scenario | None:
        """Return a scenario by its id."""
        return next((scenario for scenario in self.scenarios if scenario.id == scenario_id), None)

    def conversation(self, conversation_id: str) -> Conversation | None:
        """Return a conversation by its id."""
        return next((one for one in self.conversations if one.id == conversation_id), None)

    @model_validator(mode="after")
    def _conversations_fit(self) -> Self:
        known = {conversation.id for conversation in self.conversations}
        for _module, step in self.steps():
            if step.conversation is not None and step.conversation not in known:
                raise ValueError(f"step {step.id} names the unknown conversation {step.conversation}")
        for conversation in self.conversations:
            if faults := conversation_faults.find(conversation):
                raise ValueError(f"conversation {conversation.id}: {faults[0].text}")
        return self

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        seen: set[str] = set()
        for kind, found in _ids(self):
            if found in seen:
                raise ValueError(f"the id {found} of a {kind} is used twice")
            seen.add(found)
        modules = {module.id for module in self.modules}
        for question in self.assessment.questions:
            if question.module not in modules:
                raise ValueError(f"question {question.id} names the unknown module {question.module}")
            if question.outcome and question.outcome not in {one.id for one in self.all_outcomes()}:
                raise ValueError(f"question {question.id} names the unknown outcome {question.outcome}")
        return self

    @model_validator(mode="after")
    def _has_a_way_through(self) -> Self:
        known = {module.id for module in self.modules}
        for module in self.modules:
            if unknown := set(module.after) - known:
                raise ValueError(f"after of module {module.id} names the unknown module {min(unknown)}")
        if found := gating.circle(self.before):
            raise ValueError(f"these modules wait for one another, so none of them opens: {', '.join(found)}")
        if not self._needs_anything():
            raise ValueError("nothing of the course is needed to complete it")
        if self.slug in self.prerequisites.courses:
            raise ValueError("prerequisites names the course itself")
        return self

    def _needs_anything(self) -> bool:
        asked = self.completion
        steps = any(step.required for module, step in self.steps() if module.id in self.needed_modules)
        scenarios = asked.scenarios and bool(self.scenarios)
        return (asked.steps and steps) or asked.assessment or scenarios or asked.sessions


def _ids(course: Course) -> Iterator[tuple[str, str]]:
    for module in course.modules:
        yield "module", module.id
        for step in module.steps:
            yield "step", step.id
            if step.question:
                yield "question", step.question.id
    for question in course.assessment.questions:
        yield "question", question.id
    for scenario in course.scenarios:
        yield "scenario", scenario.id
    for conversation in course.conversations:
        yield "conversation", conversation.id
    for term in course.glossary:
        yield "term", term.id
