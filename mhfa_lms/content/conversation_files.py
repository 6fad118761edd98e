"""What a conversation leaves to others: a scenario's competencies, and the content note and time of its step."""

from collections.abc import Collection, Iterable

from mhfa_lms.content import conversation_faults
from mhfa_lms.content.checks import minutes
from mhfa_lms.content.conversation_faults import MEND, Fault
from mhfa_lms.content.conversations import Conversation, Skill
from mhfa_lms.content.scenarios import Scenario
from mhfa_lms.content.schema import Module, Step


def completed(read: Conversation, name: str, scenarios: Iterable[Scenario]) -> tuple[Conversation, list[Fault]]:
    """Return a conversation with the competencies of the scenario it names, and everything that is wrong with it."""
    if read.id != name:
        return read, [Fault(("id",), f"the id is {read.id!r}, and the file {name}.yaml", "setting", "name both alike")]
    if read.scenario is None:
        return read, conversation_faults.find(read)
    scenario = next((one for one in scenarios if one.id == read.scenario), None)
    if scenario is None:
        return read, [
            Fault(("scenario",), f"there is no scenario {read.scenario!r} in this course", "lost-reference", MEND)
        ]
    skills = tuple(Skill(id=one.id, title=one.title) for one in scenario.competencies)
    # Published revisions hold the competencies themselves.
    whole = read.model_copy(update={"competencies": skills, "scenario": None})
    return whole, conversation_faults.find(whole)


def joined(
    modules: Iterable[Module], conversations: Collection[Conversation], untimed: Collection[str]
) -> list[Module]:
    """Return the modules with what steps take from their conversations.

    That is the content note, summary and all, where they have none of their own; and the time, in the steps named in
    `untimed`, for which the author left it out.
    """
    known = {one.id: one for one in conversations}

    def whole(step: Step) -> Step:
        conversation = known.get(step.conversation or "")
        if conversation is None:
            return step
        step = _with_note(step, conversation)
        return minutes.timed(step, conversation) if step.id in untimed else step

    return [module.model_copy(update={"steps": tuple(map(whole, module.steps))}) for module in modules]


def _with_note(step: Step, conversation: Conversation) -> Step:
    if conversation.content_note is None or step.content_note:
        return step
    return step.model_copy(
        update={"content_note": conversation.content_note, "summary": step.summary or conversation.summary}
    )
