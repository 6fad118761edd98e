"""A part of a course as reviewers read it: its passages with names in words, and its settings said beside them.

What belongs together (a scene, one thing to say in it, an option) makes a group. Settings that no words were found for
show as they are written in the files.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Final

from mhfa_lms.content.review_parts import Part, Passage
from mhfa_lms.i18n import gettext as _
from mhfa_lms.web.reviewing import fields

HEADED: Final = ("scenes", "endings")


@dataclass(frozen=True, slots=True)
class Note:
    """Something said beside a group. `to` is the anchor it leads to; `right` says that it tells the right answer."""

    text: str
    to: str = ""
    right: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Passages that belong together. `kind` is the setting they stand in; `anchor` is there for those with a title."""

    kind: str
    anchor: str
    title: Passage | None
    passages: tuple[Passage, ...]
    notes: tuple[Note, ...]


def groups(part: Part) -> list[Group]:
    """Return a part's passages, put together; settings stand with the first group they belong to."""
    facts: dict[str, list[tuple[str, str]]] = {}
    for name, value in part.facts:
        of, _space, label = name.rpartition(" ")
        facts.setdefault(of, []).append((label, value))
    found = []
    for of, run in groupby(part.passages, key=lambda one: one.of):
        passages = tuple(run)
        notes = [note for label, value in facts.pop(of, []) if of for note in _note(part, of, label, value)]
        if fields.kind_of(of) == "items" and ("kind", "ordering") in part.facts:
            place = [
                one.of for one in part.passages if one.label == "text" and fields.kind_of(one.of) == "items"
            ].index(of)
            notes.append(Note(_("Right answer: place %(number)s", number=place + 1), right=True))
        if fields.kind_of(of) == "exemplars":
            notes += _missing(part, of)
        titled = fields.kind_of(of) in HEADED and passages[0].label == "title"
        anchor = passages[0].anchor.rpartition(".")[0] if titled else ""
        found.append(
            Group(fields.kind_of(of), anchor, passages[0] if titled else None, passages[titled:], tuple(notes))
        )
    return found


def settings(part: Part) -> list[Note]:
    """Return the settings of a part that stand with none of its passages."""
    shown = {one.of for one in part.passages} - {""}
    found = [(name.rpartition(" "), value) for name, value in part.facts]
    own = [(of, label, value) for (of, _space, label), value in found if of not in shown]
    return [note for of, label, value in own for note in _note(part, of, label, value)]


def _missing(part: Part, of: str) -> list[Note]:
    """Say which needed actions an example lacks: what is false is no setting of its own."""
    there = {name for name, value in part.facts if value == "true"}
    actions = [one for one in part.passages if one.label == "title" and one.of.startswith("required_actions ")]
    lacking = [one.text for one in actions if f"{of} {one.of.split()[-1]}" not in there]
    return [Note(_("Needed, and missing: %(what)s", what=what)) for what in lacking]


def _named(part: Part, kind: str, id_: str) -> str:
    """Return the words of something that a setting names by its id; the id where there are none."""
    wanted = f"{kind} {id_}"
    return next((one.text for one in part.passages if one.of == wanted and one.label in {"title", "text"}), id_)


def _note(part: Part, of: str, label: str, value: str) -> list[Note]:
    kind = fields.kind_of(of)
    if kind == "choices":
        return [_of_choice(part, label, value)]
    if kind == "items" and label == "target":
        return [Note(_("Right answer: %(answer)s", answer=_named(part, "targets", value)), right=True)]
    if kind == "exemplars":
        return [_of_exemplar(part, label, value)]
    if kind == "required_actions":
        asked = _named(part, "competencies", label)
        return [Note(_("Counts as done where “%(what)s” is at level %(level)s or higher", what=asked, level=value))]
    if part.kind == "question" and label in {"answer", "accepted", "also"}:
        return [Note(_("Right answer: %(answer)s", answer=value), right=True)]
    if label == "start":
        return [Note(_("Begins with: %(scene)s", scene=_named(part, "scenes", value)), f"{part.anchor}.scenes.{value}")]
    return [Note(fields.said(of, label, value))]


def _of_choice(part: Part, label: str, value: str) -> Note:
    """Say where a choice leads, or what it shows of a competency."""
    if label == "feedback_now":
        return Note(_("The feedback is shown at once"))
    if label != "next":
        effect = fields.values().get(value, value)
        return Note(_("Shows: %(what)s: %(effect)s", what=_named(part, "competencies", label), effect=effect))
    for kind in HEADED:
        title = _named(part, kind, value)
        if title != value:
            words = {
                "scenes": _("Leads to: %(scene)s", scene=title),
                "endings": _("Leads to the ending: %(scene)s", scene=title),
            }
            return Note(words[kind], f"{part.anchor}.{kind}.{value}")
    return Note(_("Leads to: %(scene)s", scene=value))


def _of_exemplar(part: Part, label: str, value: str) -> Note:
    """Say a model mark: a level of a competency, or whether a needed action is there."""
    if value == "true":
        what = _named(part, "required_actions", label)
        return Note(_("Needed, and there: %(what)s", what=what))
    return Note(_("%(what)s: level %(level)s", what=_named(part, "competencies", label), level=value))
