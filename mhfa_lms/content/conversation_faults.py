"""What is wrong with a conversation as a whole: ids, scenes that nobody meets, circles without an end."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mhfa_lms.content import graphs
from mhfa_lms.content.conversations import Conversation, Effect

Place = tuple[str | int, ...]
MEND: Final = "mend the id, or add what is missing"
RENAME: Final = "give one of them another id"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where in the file's data, what it is, its code (see `problems.CODES`), and how to mend it."""

    place: Place
    text: str
    code: str
    mend: str


def find(conversation: Conversation) -> list[Fault]:
    """Return every fault; ways are looked at once all ids are right."""
    named = [*_ids(conversation), *_names(conversation)]
    return named or list(_ways(conversation))


def _ids(conversation: Conversation) -> Iterator[Fault]:
    places: list[tuple[str, Place]] = [(one.id, ("scenes", at, "id")) for at, one in enumerate(conversation.scenes)]
    places += [(one.id, ("endings", at, "id")) for at, one in enumerate(conversation.endings)]
    counted = Counter(name for name, _place in places)
    for name, place in places:
        if counted[name] > 1:
            yield Fault(place, f"{counted[name]} scenes or endings have the id {name!r}", "duplicate-id", RENAME)
    for at, scene in enumerate(conversation.scenes):
        seen: set[str] = set()
        for number, choice in enumerate(scene.choices):
            if choice.id in seen:
                yield Fault(
                    ("scenes", at, "choices", number, "id"),
                    f"two choices of a scene have the id {choice.id!r}",
                    "duplicate-id",
                    RENAME,
                )
            seen.add(choice.id)
    skills = Counter(one.id for one in conversation.competencies)
    for at, skill in enumerate(conversation.competencies):
        if skills[skill.id] > 1:
            yield Fault(
                ("competencies", at, "id"), f"two competencies have the id {skill.id!r}", "duplicate-id", RENAME
            )


def _names(conversation: Conversation) -> Iterator[Fault]:
    known = set(conversation.edges)
    skills = {one.id for one in conversation.competencies}
    if conversation.scene(conversation.start) is None:
        yield Fault(("start",), f"there is no scene {conversation.start!r} to start with", "lost-reference", MEND)
    for at, scene in enumerate(conversation.scenes):
        for number, choice in enumerate(scene.choices):
            place: Place = ("scenes", at, "choices", number)
            if choice.next not in known:
                yield Fault((*place, "next"), f"there is no scene or ending {choice.next!r}", "lost-reference", MEND)
            for name in sorted(set(choice.shows) - skills):
                yield Fault(
                    (*place, "shows", name),
                    f"{name!r} is not one of the conversation’s competencies",
                    "lost-reference",
                    MEND,
                )


def _ways(conversation: Conversation) -> Iterator[Fault]:
    edges = conversation.edges
    met = graphs.reachable(edges, conversation.start)
    endings = {one.id for one in conversation.endings}
    leaving = graphs.leading_to(edges, endings)
    for at, scene in enumerate(conversation.scenes):
        if scene.id not in met:
            yield _unreachable(("scenes", at, "id"), scene.id)
        if scene.id not in leaving:
            text = f"from the scene {scene.id!r} no ending can be reached: it goes round for ever"
            yield Fault(("scenes", at, "id"), text, "endless-conversation", "let a choice lead out of the circle")
    for at, ending in enumerate(conversation.endings):
        if ending.id not in met:
            yield _unreachable(("endings", at, "id"), ending.id)
    if graphs.shortest(helpful(conversation), conversation.start, endings) is None:
        text = "no way of helpful choices alone leads from the start to an ending"
        yield Fault(("start",), text, "no-helpful-way", "give each scene of one way a choice that helps")


def _unreachable(place: Place, name: str) -> Fault:
    return Fault(
        place, f"no choice leads to {name!r}: nobody would meet it", "unreachable-scene", "let a choice lead there"
    )


def helpful(conversation: Conversation) -> dict[str, tuple[str, ...]]:
    """Return where each scene leads when only what helps is said."""
    ways = {
        scene.id: tuple(one.next for one in scene.choices if one.effect is Effect.HELPFUL)
        for scene in conversation.scenes
    }
    return {**{one.id: () for one in conversation.endings}, **ways}
