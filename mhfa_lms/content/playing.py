"""Going through a conversation: from the choices made to the place they lead to, and what is still untried."""

from collections.abc import Iterable
from dataclasses import dataclass

from mhfa_lms.content import conversation_faults, graphs
from mhfa_lms.content.conversations import Choice, Conversation, Effect, Ending, Outcome, Scene, Skill

# Circles are allowed, so a way could go on for ever.
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Turn:
    """One choice on a way, with the scene it was made in."""

    scene: Scene
    choice: Choice

    @property
    def key(self) -> str:
        """How it is kept: "scene/choice"."""
        return key(self.scene.id, self.choice.id)


def key(scene_id: str, choice_id: str) -> str:
    """Return how a choice is kept."""
    return f"{scene_id}/{choice_id}"


@dataclass(frozen=True, slots=True)
class Way:
    """The choices made from the start on, and where they lead."""

    conversation: Conversation
    turns: tuple[Turn, ...]

    @property
    def here_id(self) -> str:
        """The id of the scene or ending one is at."""
        return self.turns[-1].choice.next if self.turns else self.conversation.start

    @property
    def scene(self) -> Scene | None:
        """The scene one is at; None at an ending."""
        return self.conversation.scene(self.here_id)

    @property
    def ending(self) -> Ending | None:
        """The ending one is at, if any."""
        return self.conversation.ending(self.here_id)

    @property
    def keys(self) -> list[str]:
        """The choices as they are kept."""
        return [turn.key for turn in self.turns]

    @property
    def is_full(self) -> bool:
        """Whether one has gone round so often that this is enough."""
        return len(self.turns) >= LONGEST

    def scene_at(self, depth: int) -> Scene | None:
        """Return the scene in which the choice number `depth` (from 0) was or would be made."""
        if 0 <= depth < len(self.turns):
            return self.turns[depth].scene
        return self.scene if depth == len(self.turns) else None

    def back_to(self, depth: int) -> "Way":
        """Return the way as it was after so many choices."""
        return Way(self.conversation, self.turns[:depth])

    def on(self, choice: Choice) -> "Way":
        """Return the way with one more choice, made in the scene one is at."""
        if self.scene is None:
            return self
        return Way(self.conversation, (*self.turns, Turn(self.scene, choice)))


def follow(conversation: Conversation, keys: Iterable[object]) -> Way:
    """Return the way that choices describe, as far as it can be gone: a correction may have taken some out."""
    way = Way(conversation, ())
    for kept in keys:
        scene_id, _slash, choice_id = str(kept).partition("/")
        choice = way.scene.choice(choice_id) if way.scene and way.scene.id == scene_id else None
        if choice is None:
            break
        way = way.on(choice)
    return way


def untried(conversation: Conversation, seen: frozenset[str]) -> list[Turn]:
    """Return the choices that nobody made yet in the scenes that were met."""
    met = met_places(conversation, seen)
    return [
        Turn(scene, choice)
        for scene, choice in conversation.choices()
        if scene.id in met and key(scene.id, choice.id) not in seen
    ]


def met_places(conversation: Conversation, seen: frozenset[str]) -> frozenset[str]:
    """Return the scenes and endings that one has been at."""
    led = (choice.next for scene, choice in conversation.choices() if key(scene.id, choice.id) in seen)
    return frozenset([conversation.start, *led])


def helpful_way(conversation: Conversation) -> Way:
    """Return a shortest way of helpful choices alone to an ending; where there is one, to one with help on its way."""
    supported = [one.id for one in conversation.endings if one.outcome is Outcome.SUPPORTED]
    edges = conversation_faults.helpful(conversation)
    places = graphs.shortest(edges, conversation.start, supported)
    places = places or graphs.shortest(edges, conversation.start, [one.id for one in conversation.endings]) or []
    way = Way(conversation, ())
    for target in places[1:]:
        choices = way.scene.choices if way.scene else ()
        way = way.on(next(one for one in choices if one.next == target and one.effect is Effect.HELPFUL))
    return way


@dataclass(frozen=True, slots=True)
class Shown:
    """What a way shows of one competency: its choices that helped, those in between, and those that may hurt."""

    skill: Skill
    helpful: tuple[Turn, ...]
    mixed: tuple[Turn, ...]
    harmful: tuple[Turn, ...]


def shown(way: Way) -> list[Shown]:
    """Return what a way shows, by competency, in the author's order."""

    def having(skill: Skill, effect: Effect) -> tuple[Turn, ...]:
        return tuple(turn for turn in way.turns if turn.choice.shows.get(skill.id) is effect)

    return [
        Shown(one, having(one, Effect.HELPFUL), having(one, Effect.MIXED), having(one, Effect.HARMFUL))
        for one in way.conversation.competencies
    ]
