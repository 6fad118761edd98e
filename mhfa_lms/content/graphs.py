"""Rules about graphs of places: which can be reached, which lead to a goal, and how to set them out in layers.

A graph is a mapping from each place to the places it leads to; a target that is no place is left out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

Edges = Mapping[str, Sequence[str]]
SWEEPS = 8


def reachable(edges: Edges, start: str) -> set[str]:
    """Return the places that can be reached from `start`, itself among them."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        place = waiting.pop()
        if place in edges and place not in found:
            found.add(place)
            waiting.extend(edges[place])
    return found


def leading_to(edges: Edges, goals: Iterable[str]) -> set[str]:
    """Return the places from which one of the goals can be reached, the goals among them."""
    back: dict[str, list[str]] = {place: [] for place in edges}
    for place, targets in edges.items():
        for target in targets:
            if target in back:
                back[target].append(place)
    return set().union(*(reachable(back, goal) for goal in goals))


def shortest(edges: Edges, start: str, goals: Collection[str]) -> list[str] | None:
    """Return the places of a shortest way from `start` to one of the goals, both ends included; None without one."""
    came_from: dict[str, str | None] = {start: None}
    waiting = [start] if start in edges else []
    for place in waiting:
        if place in goals:
            way = [place]
            while (before := came_from[way[-1]]) is not None:
                way.append(before)
            return way[::-1]
        for target in edges[place]:
            if target in edges and target not in came_from:
                came_from[target] = place
                waiting.append(target)
    return None


def backward(edges: Edges, start: str) -> set[tuple[str, str]]:
    """Return the edges that close a circle, as met in depth-first order from `start`: without them none is left."""
    found: set[tuple[str, str]] = set()
    done: set[str] = set()
    for first in (start, *edges):
        if first in edges and first not in done:
            _walk(edges, first, done, found)
    return found


def _walk(edges: Edges, first: str, done: set[str], found: set[tuple[str, str]]) -> None:
    """Go depth-first without recursion; an edge to a place on the way here closes a circle."""
    here: dict[str, list[str]] = {first: list(edges[first])}
    while here:
        place = next(reversed(here))
        if not here[place]:
            done.add(place)
            here.pop(place)
            continue
        target = here[place].pop(0)
        if target in here:
            found.add((place, target))
        elif target in edges and target not in done:
            here[target] = list(edges[target])


@dataclass(frozen=True, slots=True)
class Layers:
    """Places set out in layers: every edge that is not in `back` leads from a layer to a later one."""

    rows: tuple[tuple[str, ...], ...]
    back: frozenset[tuple[str, str]]

    @property
    def place_of(self) -> dict[str, tuple[int, int]]:
        """The layer and the position in it of each place, from 0."""
        return {place: (row, column) for row, places in enumerate(self.rows) for column, place in enumerate(places)}


def layered(edges: Edges, start: str) -> Layers:
    """Set every place out in layers, the start in the first, with few crossings (barycentres, swept to and fro)."""
    back = backward(edges, start)
    onward = {
        place: [target for target in dict.fromkeys(targets) if target in edges and (place, target) not in back]
        for place, targets in edges.items()
    }
    depth = _depths(onward)
    rows: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for place in edges:
        rows[depth[place]].append(place)
    for sweep in range(SWEEPS):
        _sweep(rows, onward, down=sweep % 2 == 0)
    return Layers(tuple(map(tuple, rows)), frozenset(back))


def _depths(onward: Edges) -> dict[str, int]:
    """Return the longest way to each place of a graph without circles."""
    before = dict.fromkeys(onward, 0)
    for targets in onward.values():
        for target in targets:
            before[target] += 1
    depth = dict.fromkeys(onward, 0)
    waiting = [place for place, count in before.items() if count == 0]
    for place in waiting:
        for target in onward[place]:
            depth[target] = max(depth[target], depth[place] + 1)
            before[target] -= 1
            if before[target] == 0:
                waiting.append(target)
    return depth


def _sweep(rows: list[list[str]], onward: Edges, *, down: bool) -> None:
    """Order each row by the middle of its neighbours in the rows already ordered."""
    near: dict[str, list[str]] = {place: [] for row in rows for place in row}
    for place, targets in onward.items():
        for target in targets:
            one, other = (target, place) if down else (place, target)
            near[one].append(other)
    at = {place: column / max(len(row), 1) for row in rows for column, place in enumerate(row)}
    for row in rows if down else reversed(rows):
        middle = {
            place: sum(at[one] for one in near[place]) / len(near[place]) if near[place] else at[place] for place in row
        }
        row.sort(key=lambda place: middle[place])
        at.update({place: column / len(row) for column, place in enumerate(row)})
