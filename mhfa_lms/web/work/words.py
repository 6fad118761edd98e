"""Long work in words: how each kind is spoken of, and where one comes to it from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mhfa_lms import i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.services.work import Stage, Work


@dataclass(frozen=True, slots=True)
class Words:
    """How a kind of work is spoken of; each of them is asked in the reader's language.

    `title` names it. `units` says how many of how many, the first as it is written. `begun_at` is where it can be asked
    for again. `found_at` is the page that lists it, with its name. `result` is where the finished work is looked at,
    with words for the way there: without it, it is a file to download. `cancelled` says what is left of work that was
    ended early: without it nothing is.
    """

    title: Callable[[Work], str]
    about: Callable[[Work], str]
    units: Callable[[str, int], str]
    begun_at: Callable[[Work], str]
    found_at: Callable[[], tuple[str, str]]
    result: Callable[[Work], tuple[str, str]] | None = None
    cancelled: Callable[[], str] | None = None


# The area that begins a kind of work adds its entry: one for each of `services.work.KINDS`.
WORDS: Final[dict[str, Words]] = {}


@dataclass(frozen=True, slots=True)
class Shown:
    """A piece of work, ready to be shown."""

    work: Work
    title: str
    about: str
    progress: str
    state: str
    kind: str
    again: str
    found_at: tuple[str, str]
    result: tuple[str, str] | None
    cancelled: str


def shown(found: Work) -> Shown:
    """Return a piece of work in words."""
    words = WORDS[found.kind]
    state, kind = _state(found.stage)
    return Shown(
        found,
        words.title(found),
        words.about(found),
        words.units(i18n.format_number(found.done), found.total),
        state,
        kind,
        words.begun_at(found),
        words.found_at(),
        words.result(found) if words.result else None,
        words.cancelled() if words.cancelled else _("Nothing was kept."),
    )


def _state(stage: Stage) -> tuple[str, str]:
    """Return a stage in a word or two, and the kind of its tag."""
    return {
        Stage.WAITING: (_("Waiting"), "plain"),
        Stage.RUNNING: (_("Under way"), "work"),
        Stage.PUT_OFF: (_("Waiting"), "warn"),
        Stage.DONE: (_("Ready"), "ok"),
        Stage.EXPIRED: (_("File removed"), "plain"),
        Stage.FAILED: (_("Did not work"), "bad"),
        Stage.CANCELLED: (_("Cancelled"), "plain"),
    }[stage]


def listed(found: list[Work]) -> list[Shown]:
    """Return several pieces of work in words, for an overview."""
    return [shown(one) for one in found]
