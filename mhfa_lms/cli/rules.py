"""`mhfa-lms rules`: what an organisation may decide for itself, and where each value comes from."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Final

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import clock, db
from mhfa_lms.cli.base import Failed, emit, installation, json_option
from mhfa_lms.cli.users import find_organisation
from mhfa_lms.models import Course, Organisation
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import catalogue, rule_changes
from mhfa_lms.services import rules as service
from mhfa_lms.services.periods import Period
from mhfa_lms.services.reminder_forecast import Effect
from mhfa_lms.services.rule_changes import Effects
from mhfa_lms.services.rule_values import read, written
from mhfa_lms.services.rules import Resolved, Rule

RULE: Final = click.Choice([rule.value for rule in Rule])
organisation_option = click.option("--organisation", metavar="SLUG", help="Whose; the installation's when left out.")
course_option = click.option("--course", metavar="SLUG", help="For this course only; for all when left out.")


@click.group()
def rules() -> None:
    """See and set an organisation's rules: pass mark, validity, reminders. docs/rules.md says what each means."""


@rules.command("list")
@organisation_option
@course_option
@json_option
def list_(organisation: str | None, course: str | None, as_json: bool) -> None:
    """List every rule with the value in force and where that comes from.

    A course's own values are part of it, so name the course to see what holds in it.
    """
    with installation():
        session = db.session()
        where, what = find_organisation(session, organisation), find_course(session, course)
        newest = catalogue.newest_of(session, what.id) if what else None
        found = service.resolve(
            session,
            list(Rule),
            organisation_id=where.id if where else None,
            course_id=what.id if what else None,
            revision_defaults=catalogue.course(newest).defaults.model_dump() if newest else None,
        )
        slugs = {row.id: row.slug for row in session.execute(select(Organisation.id, Organisation.slug))}
        rows = [
            {"rule": rule.value, "value": one.value, "source": source(one, slugs), "default": service.DEFAULTS[rule]}
            for rule, one in found.items()
        ]
    lines = [f"{row['rule']:22}{written(row['value']):18}{row['source']}" for row in rows]
    emit(as_json, rows, "\n".join(lines))


def source(found: Resolved, slugs: dict[int, str]) -> str:
    """Return where a value comes from: `organisation SLUG`, `course`, `installation` or `default`."""
    kind, _, number = found.source.partition(":")
    if number:
        return f"{kind} {slugs[int(number)]}"
    return "course" if kind == "revision" else kind


@rules.command("set")
@click.argument("rule", type=RULE)
@click.argument("value")
@organisation_option
@course_option
@click.option("--dry-run", is_flag=True, help="Save nothing: say what would change.")
@json_option
def set_(rule: str, value: str, organisation: str | None, course: str | None, dry_run: bool, as_json: bool) -> None:
    """Set RULE to VALUE. Days are written 180,90,30,0 (or none); yes or no as true or false."""
    key = Rule(rule)
    if dry_run:
        foresee(key, value, organisation, course, as_json)
        return

    def put(place: dict[str, int | None]) -> None:
        try:
            service.put(key, read(key, value), by=SYSTEM, now=clock.now(), **place)
        except service.RuleError as error:
            raise Failed(f"{error}.") from error

    data = {"rule": rule, "value": read(key, value), "organisation": organisation, "course": course}
    at_place(organisation, course, put)
    emit(as_json, data, f"{rule} is {written(data['value'])} {said(organisation, course)}.")


def foresee(rule: Rule, value: str, organisation: str | None, course: str | None, as_json: bool) -> None:
    """Print what a change would do."""

    def look(place: dict[str, int | None]) -> None:
        try:
            change = rule_changes.Change(rule, read(rule, value), place["organisation_id"], place["course_id"])
            effects = rule_changes.simulate(db.session(), change, by=SYSTEM, now=clock.now())
        except service.RuleError as error:
            raise Failed(f"{error}.") from error
        lines = [f"{rule.value} would be {written(change.value)} {said(organisation, course)}. Nothing is saved."]
        emit(as_json, summary(effects), "\n".join([*lines, *in_lines(effects)]))

    at_place(organisation, course, look)


def summary(effects: Effects) -> dict[str, Any]:
    """Return what a change would do, as data; dates as YYYY-MM-DD."""
    found = effects.reminders
    return {
        "rule": effects.change.rule.value,
        "value": effects.change.value,
        "organisations": effects.organisation_count,
        "learners": effects.learners,
        "certificates_that_keep_their_dates": effects.issued,
        "examples": [
            {
                "course": one.title,
                "now": periods(one.before, one.renewed_before),
                "then": periods(one.after, one.renewed_after),
            }
            for one in effects.examples
        ],
        "reminders": found
        and {
            "days": rule_changes.DAYS,
            "new": found.total(Effect.NEW),
            "gone": found.total(Effect.GONE),
            "people": found.holders,
            "at_once": found.at_once,
        },
    }


def periods(first: Period, renewed: Period) -> dict[str, dict[str, str]]:
    """Return a period and that of its renewal, as data."""
    return {
        name: {field: day.isoformat() for field, day in asdict(one).items()}
        for name, one in (("certificate", first), ("renewed_on_the_first_day", renewed))
    }


def in_lines(effects: Effects) -> Iterator[str]:
    """Yield what a change would do, in lines."""
    yield f"organisations in which it counts: {effects.organisation_count}"
    for one in effects.examples:
        then = "the same" if not one.changes else f"{one.after.starts_on} to {one.after.expires_on}"
        yield f"{one.title}, completed today: now {one.before.starts_on} to {one.before.expires_on}, then {then}"
    if effects.examples:
        yield f"people on such a course: {effects.learners}; certificates that keep their dates: {effects.issued}"
    if found := effects.reminders:
        yield f"reminders in {rule_changes.DAYS} days: {found.total(Effect.NEW)} new, {found.total(Effect.GONE)} gone"
        yield f"people concerned: {found.holders}; mails at once: {found.at_once}"


@rules.command()
@click.argument("rule", type=RULE)
@organisation_option
@course_option
@json_option
def unset(rule: str, organisation: str | None, course: str | None, as_json: bool) -> None:
    """Take back what was set for RULE at exactly this place, so that the next place decides again."""

    def take_back(place: dict[str, int | None]) -> None:
        if not service.unset(Rule(rule), by=SYSTEM, now=clock.now(), **place):
            raise Failed(f"{rule} is not set {said(organisation, course)}.")

    at_place(organisation, course, take_back)
    data = {"rule": rule, "organisation": organisation, "course": course}
    emit(as_json, data, f"{rule} is no longer set {said(organisation, course)}.")


def at_place(organisation: str | None, course: str | None, do: Callable[[dict[str, int | None]], None]) -> None:
    """Call `do` with the ids of the place that the slugs name. Raises `Failed` for names that are not there."""
    with installation():
        where, what = find_organisation(db.session(), organisation), find_course(db.session(), course)
        do({"organisation_id": where.id if where else None, "course_id": what.id if what else None})


def find_course(session: Session, slug: str | None) -> Course | None:
    """Return the course named, or None when none was. Raises `Failed` for one that was never published."""
    if slug is None:
        return None
    found = session.scalars(select(Course).where(Course.slug == slug)).one_or_none()
    if found is None:
        raise Failed(f"There is no published course {slug}.")
    return found


def said(organisation: str | None, course: str | None) -> str:
    """Return a place in words."""
    place = f"for {organisation}" if organisation else "for the installation"
    return f"{place}, in the course {course}" if course else place
