"""Rows of a table of earlier certificates: each read into a record, or into a fault with what to do about it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from email_validator import EmailNotValidError, validate_email

from mhfa_lms.i18n import gettext as _
from mhfa_lms.services import name_letters, names

COLUMNS: Final = (
    "email",
    "employee_id",
    "name",
    "course",
    "completed_on",
    "expires_on",
    "instructor",
    "evidence",
    "earlier_number",
)
NEEDED: Final = ("course", "completed_on")
WHO: Final = ("email", "employee_id")
FIRST_DAY: Final = date(1990, 1, 1)
LONGEST_ADDRESS: Final = 254
MOST_YEARS: Final = 10
LONGEST: Final = {"name": names.LONGEST, "instructor": names.LONGEST, "evidence": 500, "earlier_number": 80}


# A row's number, and its cells by the column's name; None is a formula.
Line = tuple[int, Mapping[str, str | None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row: its number, the value, and what would be right."""

    number: int
    value: str
    fix: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """A row that makes sense by itself. `address` is the e-mail address as written, `email` the same to compare."""

    number: int
    email: str
    address: str
    employee_id: str
    name: str
    course: str
    completed_on: date
    expires_on: date | None
    evidence: str

    @property
    def who(self) -> str:
        """How the row names the person."""
        return self.email or self.employee_id


class RowError(ValueError):
    """A row that makes no sense: the value, and what would be right."""

    def __init__(self, value: str, fix: str) -> None:
        super().__init__(fix)
        self.value = value
        self.fix = fix


def is_address(text: str) -> bool:
    """Whether a text is an e-mail address that mail can be sent to."""
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True, globally_deliverable=False)
    except EmailNotValidError:
        return False
    return len(text) <= LONGEST_ADDRESS and "." in found.domain


def missing_columns(columns: Sequence[str]) -> list[str]:
    """Return the columns that have to be there and are not."""
    missing = [name for name in NEEDED if name not in columns]
    return missing if set(WHO) & set(columns) else ["email", *missing]


def unknown_columns(columns: Sequence[str]) -> list[str]:
    """Return the columns that are not read."""
    return [name for name in columns if name not in COLUMNS]


def read(lines: Iterable[Line], *, today: date) -> Iterator[Earlier | Fault]:
    """Yield each row as a record, or as what is wrong with it."""
    for number, cells in lines:
        try:
            yield _record(number, {name: _checked(name, cells.get(name, "")) for name in COLUMNS}, today)
        except RowError as error:
            yield Fault(number, error.value, error.fix)


def _record(number: int, cells: dict[str, str], today: date) -> Earlier:
    if not cells["email"] and not cells["employee_id"]:
        raise RowError("", _("Give the person’s e-mail address."))
    if not cells["course"]:
        raise RowError("", _("Name the course or what it certifies."))
    completed = _day(cells["completed_on"])
    if completed is None:
        raise RowError("", _("Give the day it was completed, such as 2024-05-31."))
    if not FIRST_DAY <= completed <= today:
        raise RowError(cells["completed_on"], _("Give a day from 1990 on that is not in the future."))
    expires = _day(cells["expires_on"])
    if expires is not None and not 0 < (expires - completed).days <= MOST_YEARS * 366:
        raise RowError(
            cells["expires_on"], _("Give a day after the completion, at most ten years later, or leave it empty.")
        )
    return Earlier(
        number,
        names.email_key(cells["email"]),
        cells["email"],
        cells["employee_id"],
        " ".join(cells["name"].split()),
        cells["course"],
        completed,
        expires,
        _evidence(cells),
    )


def _checked(name: str, cell: str | None) -> str:
    if cell is None:
        raise RowError(name, _("This cell holds a formula. Put its result there instead."))
    if name == "name":
        cell = cell.translate(names.SPACES)
    if len(cell) > LONGEST.get(name, 200):
        raise RowError(f"{cell[:30]}…", _("Shorten the text to %(most)s letters.", most=LONGEST.get(name, 200)))
    if not names.one_line(cell if name != "evidence" else cell.replace("\n", " ")):
        raise RowError(name, _("Take out letters that cannot be seen, such as line breaks."))
    if name == "name" and (said := name_letters.fault(cell)):
        raise RowError(cell, said)
    return cell


def _day(cell: str) -> date | None:
    if not cell:
        return None
    try:
        if len(cell) != len("2024-05-31"):
            raise ValueError(cell)
        return date.fromisoformat(cell)
    except ValueError:
        raise RowError(cell, _("Write the day as year-month-day, such as 2024-05-31.")) from None


def _evidence(cells: dict[str, str]) -> str:
    said = (
        (_("Instructor: %(name)s", name=cells["instructor"]), cells["instructor"]),
        (_("Earlier number: %(number)s", number=cells["earlier_number"]), cells["earlier_number"]),
        (cells["evidence"], cells["evidence"]),
    )
    return "\n".join(words for words, given in said if given)
