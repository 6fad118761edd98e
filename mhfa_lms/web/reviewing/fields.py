"""The fields and settings of course files in words."""

from typing import Final

from mhfa_lms.i18n import gettext as _

LEVELS: Final = frozenset("1234")


def labels() -> dict[str, str]:
    """Return the fields of course files in words, in the language in use; others show as they are written."""
    return {
        "title": _("Title"),
        "summary": _("Summary"),
        "about": _("About the course"),
        "body": _("Text"),
        "text": _("Words"),
        "prompt": _("Question"),
        "explanation": _("Explanation afterwards"),
        "feedback": _("Feedback"),
        "reflection": _("To think about"),
        "topic": _("Topic of the note"),
        "content_note": _("Content note"),
        "situation": _("Situation"),
        "description": _("Description"),
        "comment": _("Comment"),
        "hint": _("Hint"),
        "publisher": _("Publisher"),
        "transcript": _("Transcript"),
        "alt": _("In place of the picture"),
        "caption": _("Caption"),
        "name": _("Name"),
        "seems": _("How the person seems"),
        "say": _("What you can say or do"),
        "model": _("An answer to compare with"),
        "instructions": _("What to do"),
        "term": _("Word"),
        "definition": _("What it means"),
        "right": _("When all of it is right"),
        "partly": _("When some of it is right"),
        "wrong": _("When nothing of it is right"),
        "credit": _("Who made it"),
        "licence": _("Licence"),
        "unit": _("Unit"),
        "answer": _("Right answer"),
        "accepted": _("Right answers"),
        "also": _("Right answers"),
        "known_words": _("Words taken as known"),
        "by": _("Reviewed by"),
    }


def inside() -> dict[tuple[str, str], str]:
    """Return fields that have another name inside some setting, by that setting and the field."""
    return {
        ("scenes", "title"): _("Scene"),
        ("scenes", "text"): _("What happens, and what the person says"),
        ("endings", "title"): _("Ending"),
        ("endings", "text"): _("How it ends"),
        ("choices", "feedback"): _("What is said about it afterwards"),
        ("options", "text"): _("Answer to choose"),
        ("options", "feedback"): _("What is said to those who choose it"),
        ("items", "text"): _("To match or to put in order"),
        ("targets", "text"): _("To match with"),
        ("content_note", "text"): _("Content note"),
        ("exemplars", "text"): _("Example of an answer"),
        ("exemplars", "comment"): _("Why it is marked so"),
        ("competencies", "title"): _("Competency"),
        ("required_actions", "title"): _("Needed in every answer"),
        ("outcomes", "text"): _("What people learn"),
        ("sources", "title"): _("Source"),
        ("certification", "name"): _("What it certifies"),
        ("person", "about"): _("About the person"),
        ("person", "name"): _("Name of the person"),
        ("download", "title"): _("File to take along"),
        ("download", "about"): _("About the file"),
        ("media", "title"): _("Title of the recording"),
        ("media", "name"): _("File"),
        ("download", "name"): _("File"),
        ("media", "kind"): _("Picture or recording"),
    }


def names_of_settings() -> dict[str, str]:
    """Return what settings are called that are no text of their own."""
    return {
        "language": _("Language"),
        "kind": _("Kind"),
        "hours": _("Hours"),
        "minutes": _("Minutes"),
        "pass_percent": _("Needed to pass, in percent"),
        "attempts": _("Attempts"),
        "valid_months": _("Valid for months"),
        "window_before_months": _("Can be renewed months before the end"),
        "window_after_months": _("Can be renewed months after the end"),
        "status": _("State of the review in the files"),
        "date": _("Date"),
        "order": _("Order"),
        "after": _("Opens after"),
        "sessions": _("Needs a session"),
        "required": _("Needed to complete the course"),
        "quick_exit": _("Can be left quickly"),
        "conversation": _("Conversation"),
        "scenario": _("Scenario"),
        "draw": _("Questions in each attempt"),
        "module": _("Module"),
        "outcome": _("Outcome"),
        "pass_points": _("Points needed to pass"),
        "min": _("Fewest words"),
        "max": _("Most words"),
        "write": _("Has a box to write in"),
        "tolerance": _("Right up to this far from it"),
        "year": _("Year"),
        "url": _("Address"),
        "place": _("Above or below the text"),
        "decorative": _("Only for decoration"),
        "duration": _("Length"),
        "speech": _("Somebody speaks"),
        "confirm": _("Confirmed by"),
        "complete_within_days": _("Usually finished within days"),
        "courses": _("Courses to finish before"),
        "shuffle": _("Shuffled"),
        "steps": _("Needs the steps"),
        "assessment": _("Needs the assessment"),
        "scenarios": _("Needs the scenarios"),
    }


def values() -> dict[str, str]:
    """Return what settings can be, in words."""
    return {
        "true": _("yes"),
        "false": _("no"),
        "helpful": _("helpful"),
        "mixed": _("meant well, something is missing"),
        "harmful": _("harmful"),
        "supported": _("help is on its way"),
        "open": _("something is left to do"),
        "alone": _("the person is left with it"),
        "single": _("one answer is right"),
        "multiple": _("several answers can be right"),
        "true-false": _("true or false"),
        "matching": _("matching"),
        "ordering": _("putting in order"),
        "gap": _("filling gaps"),
        "number": _("a number"),
        "text": _("words of one’s own"),
        "picture": _("picture"),
        "audio": _("sound"),
        "video": _("video"),
        "above": _("above"),
        "below": _("below"),
        "instructor": _("an instructor"),
        "draft": _("not reviewed"),
        "reviewed": _("reviewed"),
        "full": _("whole course"),
        "refresher": _("refresher"),
        "free": _("free"),
    }


WORDED: Final = frozenset(
    {"kind", "status", "order", "outcome", "place", "confirm", "required", "quick_exit", "sessions", "write",
     "decorative", "speech", "shuffle", "steps", "assessment", "scenarios"}
)  # fmt: skip


def kind_of(of: str) -> str:
    """Return which list or setting something stands in: `choices` for `scenes closing choices wait`."""
    words = of.split()
    return "" if not words else words[-2] if len(words) % 2 == 0 else words[0]


def plain_name(label: str, of: str) -> str:
    """Return what a passage is called, in words."""
    kind = kind_of(of)
    if kind == "competencies" and label in LEVELS:
        return _("Level %(number)s", number=label)
    if of.startswith("gaps ") and label == "text":
        return _("To choose for the gap %(gap)s", gap=of.split()[1])
    return inside().get((kind, label)) or labels().get(label, label)


def name_of(label: str, of: str) -> str:
    """Return what a passage is called where it stands alone: with the author's key of what it belongs to, if any."""
    words = of.split()
    return f"{plain_name(label, of)} ({words[-1]})" if len(words) > 1 else plain_name(label, of)


def said(of: str, label: str, value: str) -> str:
    """Return a setting in words; as it is written in the files where there are none."""
    name = inside().get((kind_of(of), label)) or names_of_settings().get(label) or labels().get(label)
    if name is None:
        return f"{of} {label}: {value}".strip()
    return _("%(what)s: %(value)s", what=name, value=values().get(value, value) if label in WORDED else value)
