"""Where the parts of a conversation stand when it is drawn: the author's map of everything, and the learner's stones.

Geometry only, in the drawing's own units; templates make SVG of it.
"""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from mhfa_lms.content import graphs, playing
from mhfa_lms.content.conversations import Choice, Conversation, Effect, Ending, Scene
from mhfa_lms.content.playing import Way

BOX: Final = 300  # a scene's width
BETWEEN: Final = 96  # between two columns
GAP: Final = 32  # between two boxes of a column
LANE: Final = 16  # between two ways back
LINE: Final = 17
PAD: Final = 12
LETTERS: Final = 40  # in a line of a box
STEP_X: Final = 66  # between two stones
STEP_Y: Final = 62
STONE: Final = 44  # a stone's width and, at three quarters, its height


@dataclass(frozen=True, slots=True)
class Row:
    """A choice inside a scene's box: its lines, where they begin, and where its edge leaves the box."""

    choice: Choice
    lines: tuple[str, ...]
    top: int
    height: int


@dataclass(frozen=True, slots=True)
class Box:
    """A scene or an ending as a box, its upper left corner at (x, y)."""

    place: Scene | Ending
    title: tuple[str, ...]
    rows: tuple[Row, ...]
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from a choice to where it leads, as an SVG path."""

    path: str
    effect: Effect
    back: bool


@dataclass(frozen=True, slots=True)
class Map:
    """The whole conversation, drawn from left to right."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Stone:
    """A scene or ending as a stone: `number` is its turn on the learner's way (from 1), 0 when it is not on it."""

    x: int
    y: int
    number: int
    met: bool
    ending: bool


@dataclass(frozen=True, slots=True)
class Thread:
    """A line between stones. `taken` is on the way, `tried` was chosen before; others are still open."""

    path: str
    taken: bool
    tried: bool


@dataclass(frozen=True, slots=True)
class Stones:
    """The learner's way over the stones, drawn from top to bottom."""

    width: int
    height: int
    stones: tuple[Stone, ...]
    threads: tuple[Thread, ...]


def _wrapped(text: str, most: int) -> tuple[str, ...]:
    lines = textwrap.wrap(text, LETTERS)
    if len(lines) > most:
        lines = [*lines[: most - 1], textwrap.shorten(" ".join(lines[most - 1 :]), LETTERS, placeholder=" …")]
    return tuple(lines)


def _box(place: Scene | Ending) -> Box:
    """Return a place's box, still at the origin."""
    title = _wrapped(place.title, 2)
    top = PAD + (len(title) + 1) * LINE + PAD
    rows: list[Row] = []
    for choice in place.choices if isinstance(place, Scene) else ():
        lines = _wrapped(choice.say, 3)
        rows.append(Row(choice, lines, top, (len(lines) + 1) * LINE + PAD))
        top += rows[-1].height + 4
    return Box(place, title, tuple(rows), 0, 0, top)


def author_map(conversation: Conversation) -> Map:
    """Set the whole conversation out in columns: each choice is a row of its scene, and its edge leaves from there."""
    spread = _spread(conversation.edges, conversation.start)
    boxes = {one.id: _box(one) for one in conversation.places}
    columns = spread.layers.rows
    tall = [sum((boxes[one].height if one in boxes else LINE) + GAP for one in column) - GAP for column in columns]
    height = max(tall)
    placed: dict[str, Box] = {}
    bends: dict[str, tuple[int, int]] = {}
    for number, column in enumerate(columns):
        x, y = PAD + number * (BOX + BETWEEN), PAD + (height - tall[number]) // 2
        for one in column:
            if one in boxes:
                placed[one] = _moved(boxes[one], x, y)
                y += boxes[one].height + GAP
            else:
                bends[one] = (x, y + LINE // 2)
                y += LINE + GAP
    edges = tuple(_edges(conversation, placed, bends, spread, height + PAD))
    width = 2 * PAD + len(columns) * (BOX + BETWEEN) - BETWEEN
    lanes = sum(edge.back for edge in edges) * LANE
    return Map(width + GAP, height + 2 * PAD + lanes, tuple(placed.values()), edges)


def _moved(box: Box, x: int, y: int) -> Box:
    return Box(box.place, box.title, box.rows, x, y, box.height)


@dataclass(frozen=True, slots=True)
class _Spread:
    """Layers in which an edge over several of them has a bend in each one between; `bends` names these by edge."""

    layers: graphs.Layers
    bends: Mapping[tuple[str, str], tuple[str, ...]]
    back: frozenset[tuple[str, str]]


def _spread(edges: Mapping[str, tuple[str, ...]], start: str) -> _Spread:
    plain = graphs.layered(edges, start)
    row = {place: at for place, (at, _column) in plain.place_of.items()}
    drawn: dict[str, tuple[str, ...]] = dict.fromkeys(edges, ())
    bends: dict[tuple[str, str], tuple[str, ...]] = {}
    for place, targets in edges.items():
        for target in dict.fromkeys(targets):
            if (place, target) in plain.back:
                continue
            # No id holds a colon.
            between = tuple(f"{place}:{target}:{at}" for at in range(row[place] + 1, row[target]))
            bends[place, target] = between
            for one, other in zip((place, *between), (*between, target), strict=True):
                drawn[one] = (*drawn.get(one, ()), other)
    return _Spread(graphs.layered(drawn, start), bends, plain.back)


def _edges(
    conversation: Conversation,
    placed: Mapping[str, Box],
    bends: Mapping[str, tuple[int, int]],
    spread: _Spread,
    below: int,
) -> list[Edge]:
    """Return every choice's edge; those that lead back each have a lane of their own below everything else."""
    found: list[Edge] = []
    for scene in conversation.scenes:
        box = placed[scene.id]
        for row in box.rows:
            target = placed[row.choice.next]
            leaves = (box.x + BOX, box.y + row.top + row.height // 2)
            arrives = (target.x, target.y + PAD + LINE)
            back = (scene.id, row.choice.next) in spread.back
            path = f"M{leaves[0]} {leaves[1]}"
            if back:
                below += LANE
                path += _around(leaves, arrives, below)
            else:
                for x, y in (bends[bend] for bend in spread.bends[scene.id, row.choice.next]):
                    path += _across(leaves, (x, y)) + f"H{x + BOX}"
                    leaves = (x + BOX, y)
                path += _across(leaves, arrives)
            found.append(Edge(path, row.choice.effect, back))
    return found


def _across(one: tuple[int, int], other: tuple[int, int]) -> str:
    """Return a curve between columns: it leaves and arrives level."""
    bow = BETWEEN // 2
    return f"C{one[0] + bow} {one[1]} {other[0] - bow} {other[1]} {other[0]} {other[1]}"


def _around(one: tuple[int, int], other: tuple[int, int], lane: int) -> str:
    """Return a way back: down behind the box, along a lane below everything, and up in front of the other box."""
    bow = BETWEEN // 2
    down = f"C{one[0] + bow} {one[1]} {one[0] + bow} {lane} {one[0]} {lane}"
    return f"{down}H{other[0]}C{other[0] - bow} {lane} {other[0] - bow} {other[1]} {other[0]} {other[1]}"


def stones(way: Way, seen: frozenset[str]) -> Stones:
    """Set the places out as stones: those of the way numbered, those met before marked, the others open."""
    conversation = way.conversation
    spread = _spread(conversation.edges, conversation.start)
    rows = spread.layers.rows
    width = max(len(row) for row in rows) * STEP_X
    at = {
        one: (round(width / 2 + (column - (len(row) - 1) / 2) * STEP_X), STEP_Y // 2 + number * STEP_Y)
        for number, row in enumerate(rows)
        for column, one in enumerate(row)
    }
    numbers: dict[str, int] = {}
    for number, place in enumerate([*(turn.scene.id for turn in way.turns), way.here_id], 1):
        numbers.setdefault(place, number)
    met = playing.met_places(conversation, seen)
    drawn = tuple(
        Stone(*at[one.id], numbers.get(one.id, 0), one.id in met, isinstance(one, Ending))
        for one in conversation.places
    )
    return Stones(width, len(rows) * STEP_Y, drawn, _threads(way, seen, at, spread))


def _threads(way: Way, seen: frozenset[str], at: Mapping[str, tuple[int, int]], spread: _Spread) -> tuple[Thread, ...]:
    """Return one line for each pair of places; those of the way come last, to lie on top."""
    taken = {(turn.scene.id, turn.choice.next) for turn in way.turns}
    tried = {
        (scene.id, choice.next)
        for scene, choice in way.conversation.choices()
        if playing.key(scene.id, choice.id) in seen
    }
    found = []
    for pair in dict.fromkeys((scene.id, choice.next) for scene, choice in way.conversation.choices()):
        points = [at[one] for one in (pair[0], *spread.bends.get(pair, ()), pair[1])]
        path = f"M{points[0][0]} {points[0][1]}"
        for one, other in pairwise(points):
            path += _down(one, other)
        found.append(Thread(path, pair in taken, pair in tried))
    return tuple(sorted(found, key=lambda one: (one.taken, one.tried)))


def _down(one: tuple[int, int], other: tuple[int, int]) -> str:
    """Return a curve between rows; back up it swings out to the side."""
    if other[1] > one[1]:
        middle = (one[1] + other[1]) // 2
        return f"C{one[0]} {middle} {other[0]} {middle} {other[0]} {other[1]}"
    aside = max(one[0], other[0]) + STEP_X // 2
    return f"C{aside} {one[1]} {aside} {other[1]} {other[0]} {other[1]}"
