"""What a look at a table of earlier certificates found, kept as the first line of the file with its rows."""

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final

from mhfa_lms.services.history import Plan

# Of each kind of row, so many are shown.
SHOWN: Final = 50
FAULTS_SHOWN: Final = 500


@dataclass(frozen=True, slots=True)
class Preview:
    """How many rows would become what, and the first of each.

    `problem` says why the table cannot be read at all, `missing_columns` what its first row lacks. Rows are shown as
    lists: number, name, course, completed and expires (in the line as YYYY-MM-DD); of other names: number, name in the
    file, name here; of faults: number, value, what to do.
    """

    problem: str = ""
    new: int = 0
    awaited: int = 0
    known: int = 0
    faults: int = 0
    other_names: int = 0
    absent: int = 0
    invited: int = 0
    unknown_columns: list[str] = field(default_factory=list)
    missing_columns: list[str] = field(default_factory=list)
    first_new: list[list[Any]] = field(default_factory=list)
    first_awaited: list[list[Any]] = field(default_factory=list)
    first_other_names: list[list[Any]] = field(default_factory=list)
    first_faults: list[list[Any]] = field(default_factory=list)

    @property
    def is_unreadable(self) -> bool:
        """Whether no row was looked at."""
        return bool(self.problem or self.missing_columns)

    @property
    def can_record(self) -> bool:
        """Whether there is anything new."""
        return bool(self.new or self.awaited)

    def line(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self))


def read(line: str) -> Preview:
    """Return what a line of `Preview.line` holds, with its days as days."""
    held = json.loads(line)
    for name in ("first_new", "first_awaited"):
        held[name] = [[*one[:3], *map(date.fromisoformat, one[3:])] for one in held[name]]
    return Preview(**held)


def of(plan: Plan, unknown_columns: list[str]) -> Preview:
    """Return the preview of a plan."""
    return Preview(
        new=len(plan.new),
        awaited=len(plan.awaited),
        known=len(plan.known),
        faults=len(plan.faults),
        other_names=len(plan.other_names),
        absent=len(plan.absent),
        invited=len(plan.invited),
        unknown_columns=unknown_columns,
        first_new=[_shown(one) for one in plan.new[:SHOWN]],
        first_awaited=[_shown(one) for one in plan.awaited[:SHOWN]],
        first_other_names=[[one.row.number, one.name, one.here] for one in plan.other_names[:SHOWN]],
        first_faults=[[one.number, one.value, one.fix] for one in plan.faults[:FAULTS_SHOWN]],
    )


def _shown(one: Any) -> list[Any]:
    row = one.row
    name = one.name or row.email
    return [row.number, name, one.kind.course_title, row.completed_on.isoformat(), one.expires_on.isoformat()]
