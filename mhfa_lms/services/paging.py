"""Long lists: pages found by key, and counts that stop counting.

A page begins after (or ends before) one row, so that page 1,000 costs what page 1 costs and a row added meanwhile
shifts nothing. Counts are exact up to 10,000; beyond that nobody reads the last digit, and counting would cost more
than the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from mhfa_lms import i18n
from mhfa_lms.db import rows

PAGE: Final = 25
COUNTED: Final = 10_000
Columns = Select[*tuple[Any, ...]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows a list has: `number` exactly, or `more` than that."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        return f"{i18n.format_number(self.number)}{'+' if self.more else ''}"

    def __bool__(self) -> bool:
        return self.number > 0


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, in order, and the ids to go on from: `before` this one, or `after` that one."""

    rows: Sequence[T]
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """By what a list is ordered: a key, then the id. `within` keeps the place to rows the reader may see."""

    key: InstrumentedAttribute[Any]
    id: InstrumentedAttribute[int]
    within: ColumnElement[bool]
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after a row's id, or before one. Neither: at the beginning."""

    after: int | None = None
    before: int | None = None


def page(session: Session, statement: Columns, order: Order, place: Place, *, size: int = PAGE) -> Page[Any]:
    """Return a page of a statement whose rows have an `id`. One query, two away from the beginning.

    An id that is not there (any more) means the beginning.
    """
    backwards = place.after is None and place.before is not None
    anchor = place.before if backwards else place.after
    found = None
    if anchor is not None:
        found = rows(session, select(order.key, order.id).where(order.id == anchor, order.within)).one_or_none()
    backwards = backwards and found is not None
    falling = backwards != order.newest_first
    here = tuple_(order.key, order.id)
    if found is not None:
        there = tuple_(*found)
        statement = statement.where(here < there if falling else here > there)
    columns = (order.key.desc(), order.id.desc()) if falling else (order.key, order.id)
    fetched = session.execute(statement.order_by(*columns).limit(size + 1)).all()
    some = list(reversed(fetched[:size])) if backwards else fetched[:size]
    more = len(fetched) > size
    has_previous, has_next = (more, True) if backwards else (found is not None, more)
    return Page(
        some,
        before=some[0].id if some and has_previous else None,
        after=some[-1].id if some and has_next else None,
    )


def count(session: Session, ids: Columns, *, cap: int = COUNTED) -> Total:
    """Return how many rows a statement finds, counting no further than the cap."""
    return counts(session, ids, cap=cap)[0]


def counts(session: Session, *several: Columns, cap: int = COUNTED) -> list[Total]:
    """Return the same for several statements, in one query."""
    asked = [select(func.count()).select_from(ids.limit(cap + 1).subquery()).scalar_subquery() for ids in several]
    return [Total(min(number, cap), number > cap) for number in rows(session, select(*asked)).one()]
