"""A conversation small enough to read in one look: three scenes, one circle, two endings; and a course that has it."""

from typing import Any

from mhfa_lms.content.conversations import Conversation
from mhfa_lms.content.schema import Course
from tests import small_course

STEP = "one-b"


def choice(name: str, effect: str, leads_to: str, **more: Any) -> dict[str, Any]:
    """Return a choice that shows one thing about the competency "hears"."""
    feedback = {} if effect == "helpful" else {"feedback": f"Why **{name}** is {effect}."}
    return {"id": name, "say": f"Say {name}", "shows": {"hears": effect}, "next": leads_to, **feedback, **more}


def scene(name: str, *choices: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a scene."""
    return {"id": name, "title": f"Scene {name}", "seems": f"Seems {name}.", "text": f"Text {name}.",
            "choices": list(choices), **more}  # fmt: skip


def ending(name: str, outcome: str) -> dict[str, Any]:
    """Return an ending."""
    return {"id": name, "title": f"Ending {name}", "outcome": outcome, "seems": f"Seems {name}.",
            "text": f"Text {name}.", "reflection": f"Think about {name}?"}  # fmt: skip


def document(**changes: Any) -> dict[str, Any]:
    """Return a conversation's data; `changes` replace its parts."""
    return {
        "id": "talk",
        "title": "The talk",
        "person": {"name": "Noor", "about": "A neighbour."},
        "situation": "You meet Noor.",
        "competencies": [{"id": "hears", "title": "Hears"}, {"id": "asks", "title": "Asks"}],
        "start": "door",
        "scenes": [
            scene("door", choice("sit", "helpful", "table"), choice("push", "harmful", "hurt", feedback_now=True)),
            scene("table", choice("hear", "helpful", "well"), choice("advise", "mixed", "hurt")),
            scene("hurt", choice("sorry", "helpful", "table"), choice("leave", "harmful", "alone")),
        ],
        "endings": [ending("well", "supported"), ending("alone", "alone")],
        **changes,
    }


def conversation(**changes: Any) -> Conversation:
    """Return the conversation."""
    return Conversation.model_validate(document(**changes))


def course(slug: str = "small", **changes: Any) -> Course:
    """Return the small course; its step `STEP` has the conversation."""
    whole = small_course.document(slug)
    whole["modules"][0]["steps"][1]["conversation"] = "talk"
    return Course.model_validate({**whole, "conversations": [document(**changes)]})
