"""What a course says about its own order: what opens after what, what is needed before, and what completes it."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, Self

from pydantic import model_validator

from mhfa_lms.content.parts import Part, Slug


class Order(StrEnum):
    """Whether modules can be taken in any order, or each opens once the needed ones before it are finished.

    In order, scenarios open when the needed steps are finished, too; else they are open from the start.
    """

    FREE = "free"
    IN_ORDER = "in-order"


class Prerequisites(Part):
    """What somebody must have before a course opens: all of it."""

    # Certifications held, as slugs: valid today, or due for renewal.
    certifications: tuple[Slug, ...] = ()
    # Courses completed in the same organisation, at whatever time.
    courses: tuple[Slug, ...] = ()

    @property
    def any(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.certifications or self.courses)


# A module's id, what it opens after, and whether it is required, in the order of the course.
Ruled = tuple[str, tuple[str, ...], bool]
NOTHING: Final = Prerequisites()


class Completion(Part):
    """What completes the course. Whatever is not needed stays on offer."""

    steps: bool = True
    assessment: bool = True
    scenarios: bool = True
    sessions: bool = True

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not (self.steps or self.assessment or self.scenarios or self.sessions):
            raise ValueError("completion asks for nothing: at least one of steps, assessment, scenarios must be needed")
        return self


def circle(after: Mapping[str, Iterable[str]]) -> list[str]:
    """Return ids that wait for one another in a circle, in its order; nothing when there is no circle."""
    finished: set[str] = set()
    for start in after:
        path: list[str] = []
        found = _walk(start, after, path, finished)
        if found:
            return found
    return []


def _walk(here: str, after: Mapping[str, Iterable[str]], path: list[str], finished: set[str]) -> list[str]:
    if here in path:
        return path[path.index(here) :]
    if here in finished:
        return []
    path.append(here)
    for one in after.get(here, ()):
        if found := _walk(one, after, path, finished):
            return found
    path.pop()
    finished.add(here)
    return []


def before(modules: Iterable[Ruled], order: Order) -> dict[str, tuple[str, ...]]:
    """Return, by module id, the modules that must be finished before it opens. In order, every needed one before it."""
    earlier: list[str] = []
    found: dict[str, tuple[str, ...]] = {}
    for name, after, required in modules:
        found[name] = tuple(dict.fromkeys([*after, *earlier] if order is Order.IN_ORDER else after))
        if required:
            earlier.append(name)
    return found
