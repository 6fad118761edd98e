"""Filters of lists, read from the address and written back into it. What makes no sense is left out, never an error."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from flask import request
from sqlalchemy import select

from mhfa_lms import db, i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Cohort, CourseRevision
from mhfa_lms.policy import Actor, scope
from mhfa_lms.services import catalogue
from mhfa_lms.services.periods import CERTIFIED, Standing
from mhfa_lms.services.register import NO_SITE, Filters
from mhfa_lms.web import lists
from mhfa_lms.web.lists import number, text

YES, NO = "yes", "no"
MOST_COHORTS: Final = 200


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a drop-down."""

    value: str
    text: str


def standings() -> frozenset[Standing]:
    """Return the standings of the address, written once with commas or several times."""
    words = ",".join(request.args.getlist("standing")).split(",")
    return frozenset(Standing(word) for word in words if word in set(Standing))


def yes_or_no(name: str) -> bool | None:
    """Return whether the address says yes or no, or neither."""
    return {YES: True, NO: False}.get(request.args.get(name, ""))


def register_filters() -> Filters:
    """Return the register's filters of the address."""
    return Filters(
        text=text("q"),
        site_id=NO_SITE if request.args.get("site") == "none" else number("site") or None,
        course_id=number("course") or None,
        standings=standings(),
        listed=yes_or_no("listed"),
        open_only=yes_or_no("open") is True,
        issued_from=lists.day("from"),
        issued_to=lists.day("to"),
        cohort_id=number("cohort") or None,
    )


def in_words(wanted: Filters) -> dict[str, Any]:
    """Return the filters as values of an address; the reverse of `register_filters`."""
    found = {
        "q": wanted.text,
        "site": site_value(wanted.site_id),
        "course": str(wanted.course_id or ""),
        "standing": standing_value(wanted.standings),
        "listed": "" if wanted.listed is None else YES if wanted.listed else NO,
        "open": YES if wanted.open_only else "",
        "from": wanted.issued_from.isoformat() if wanted.issued_from else "",
        "to": wanted.issued_to.isoformat() if wanted.issued_to else "",
        "cohort": str(wanted.cohort_id or ""),
    }
    return {name: value for name, value in found.items() if value}


def site_value(site_id: int | None) -> str:
    """Return a site's value in a drop-down and in the address."""
    return "" if site_id is None else "none" if site_id == NO_SITE else str(site_id)


def standing_value(wanted: Iterable[Standing]) -> str:
    """Return standings in one word, always in the same order."""
    found = frozenset(wanted)
    return ",".join(one for one in Standing if one in found)


def site_options(sites: Iterable[Any]) -> list[Option]:
    """Return the organisation's sites for a filter."""
    return [Option("", _("All sites")), *(Option(str(one.id), one.name) for one in sites), Option("none", _("No site"))]


def course_options() -> list[Option]:
    """Return the courses by their newest titles, for a filter."""
    found: list[CourseRevision] = catalogue.newest(db.session())
    return [Option("", _("All courses")), *(Option(str(one.course_id), one.title) for one in found)]


def cohort_options(by: Actor) -> list[Option]:
    """Return the organisation's cohorts, newest first, for a filter; none where there are no cohorts."""
    query = select(Cohort.id, Cohort.name).where(scope(by, Cohort)).order_by(Cohort.id.desc()).limit(MOST_COHORTS)
    found = db.session().execute(query).all()
    return [Option("", _("All groups")), *(Option(str(one.id), one.name) for one in found)] if found else []


def standing_words() -> dict[Standing, str]:
    """Return what people call each standing: the same words as its tag."""
    return {
        Standing.VALID: _("Valid"),
        Standing.DUE: _("Valid, renew soon"),
        Standing.GRACE: _("Expired, can renew"),
        Standing.LAPSED: _("Expired"),
        Standing.REVOKED: _("Withdrawn"),
        Standing.REPLACED: _("Replaced"),
    }


def standing_options(chosen: frozenset[Standing]) -> list[Option]:
    """Return the standings for a filter, and what the address asks for when it is another mixture of them."""
    words = standing_words()
    options = [
        Option("", _("Any standing")),
        Option(standing_value(CERTIFIED), _("Certified now")),
        *(Option(one.value, word) for one, word in words.items()),
    ]
    if standing_value(chosen) not in {option.value for option in options}:
        options.append(
            Option(standing_value(chosen), i18n.format_list([words[one] for one in Standing if one in chosen]))
        )
    return options
