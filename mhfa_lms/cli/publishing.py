"""`mhfa-lms courses publish` and `courses accept`: what changes for whom, then changing it."""

from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.cli.base import Failed, emit, installation, json_option
from mhfa_lms.cli.courses import REVISION, courses, folders
from mhfa_lms.models import Course, CourseRevision
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import acceptance, publication, publishing
from mhfa_lms.services.publication import Plan
from mhfa_lms.services.publishing import Published


@courses.command()
@click.option("--correction", is_flag=True, help="The change mends small mistakes, and reaches learners under way.")
@click.option("--dry-run", is_flag=True, help="Only show what would change for whom.")
@click.argument("slug", required=False)
@json_option
def publish(slug: str | None, correction: bool, dry_run: bool, as_json: bool) -> None:
    """Publish the courses whose files have changed, or only SLUG, and show what that changes for whom.

    A course with problems keeps its old revision. A revision that nobody has reviewed opens to new learners only when
    it is accepted: `mhfa-lms courses accept`.
    """
    with installation() as settings:
        wanted = [path for path in folders(settings.courses_dir) if slug in (None, path.name)]
        if not wanted:
            raise Failed(f"There is no course {slug} in {settings.courses_dir}.")
        done = [_one(path, correction=correction, dry_run=dry_run) for path in wanted]
    emit(as_json, [told for told, _text in done], "\n".join(text for _told, text in done))
    if any(told["problems"] or told["too_large"] for told, _text in done):
        raise Failed("Not every course could be published.")


def _one(folder: Path, *, correction: bool, dry_run: bool) -> tuple[dict[str, Any], str]:
    """Plan one course and, unless it is a dry run, publish it. Returns the answer for programs and for people."""
    plan = publication.plan(db.session(), folder, by=SYSTEM)
    told = _planned(plan)
    lines = _effects(plan, correction=correction)
    if dry_run:
        told |= {"problems": [str(one) for one in plan.problems]}
        told["too_large"] = [str(one) for one in plan.too_large] if correction else []
        return {"slug": plan.slug, "revision": plan.number, "new": False, **told}, "\n".join(lines)
    db.session().rollback()
    done = publishing.publish(folder, by=SYSTEM, now=clock.now(), correction=correction)
    told |= {"problems": [str(one) for one in done.problems], "too_large": [str(one) for one in done.too_large]}
    told |= {"open": done.open, "corrected": done.corrected}
    return {"slug": done.slug, "revision": done.number, "new": done.new, **told}, "\n".join([*lines, _said(done)])


def _planned(plan: Plan) -> dict[str, Any]:
    return {
        "differences": [one.where for one in plan.differences],
        "under_way": {str(one.number): one.learners for one in plan.under_way},
    }


def _effects(plan: Plan, *, correction: bool) -> list[str]:
    """Return what would change for whom, as lines; nothing for a course that is as it was."""
    if plan.problems:
        return [f"{plan.slug}: these problems have to be mended first:", *map(str, plan.problems)]
    if not plan.changed:
        return [f"{plan.slug}: the files say what is published."]
    differ = _counted(len(plan.differences), "part differs", "parts differ")
    what = f"{differ} from the newest revision" if plan.last else "the first of this course"
    lines = [f"{plan.slug}: revision {plan.number}, {what}."]
    lines += [f"  {one.words}" for one in plan.differences]
    for one in plan.under_way:
        alone, few = ("gets", "stays") if one.learners == 1 else ("get", "stay")
        gets = f"{alone} the correction" if correction and one.reached and plan.can_correct else f"{few} on it"
        lines.append(f"  {one.learners} under way on revision {one.number} {gets}.")
    if correction and plan.too_large:
        return [*lines, "  This is more than a correction:", *(f"    {one}" for one in plan.too_large)]
    return lines


def _said(done: Published) -> str:
    if done.problems or done.too_large:
        return f"{done.slug}: not published."
    text = f"{done.slug}: {'published as' if done.new else 'unchanged, still'} revision {done.number}"
    if done.corrected:
        text += f"; {_counted(done.corrected, 'learner under way has it', 'learners under way have it')}"
    if done.open:
        return text
    return f"{text}. New learners do not get it yet: nobody has reviewed it. mhfa-lms courses accept {done.slug}"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


@courses.command()
@click.argument("slug")
@click.option("--revision", "number", type=REVISION, help="Which one; the newest when left out.")
@click.option("--reason", default="", help="Why it may open without a review; kept, and shown to administrators.")
@json_option
def accept(slug: str, number: int | None, reason: str, as_json: bool) -> None:
    """Open a revision of the course SLUG to new learners although nobody has reviewed it. This is kept on record."""
    with installation():
        query = select(CourseRevision).join(Course, Course.id == CourseRevision.course_id).where(Course.slug == slug)
        query = query.where(CourseRevision.number == number) if number else query
        revision = db.session().scalars(query.order_by(CourseRevision.number.desc()).limit(1)).one_or_none()
        if revision is None:
            raise Failed(f"There is no revision {number} of a course {slug}." if number else f"No course {slug}.")
        shown = revision.number
        acceptance.accept(revision.id, by=SYSTEM, now=clock.now(), reason=reason)
    emit(
        as_json,
        {"slug": slug, "revision": shown, "accepted": True},
        f"{slug}: revision {shown} is open to new learners, without a clinical review. Its pages say so.",
    )
