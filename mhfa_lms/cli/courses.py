"""`mhfa-lms courses`: check, publish, begin and compare courses."""

from pathlib import Path

import click
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.cli import conversations, quizzes
from mhfa_lms.cli.base import Failed, emit, installation, json_option
from mhfa_lms.content import differences, loader, starter
from mhfa_lms.content.problems import CourseProblemsError, Severity
from mhfa_lms.models import Course, CourseRevision
from mhfa_lms.settings import read_settings

REVISION = click.IntRange(1, 2**31 - 1)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def courses() -> None:
    """Check, publish, begin and compare courses."""


@courses.command()
@click.argument("folder", metavar="[DIR]", required=False, type=FOLDER)
@json_option
def check(folder: Path | None, as_json: bool) -> None:
    """Read the course files in DIR, or the installation's, and list every finding as file:line. Changes nothing.

    Errors stop publishing, and this command fails; warnings are advice. courses/README.md explains every code.
    """
    wanted = folders(folder or read_settings().courses_dir)
    found = [one for path in wanted for one in loader.examine(path)]
    errors = sum(one.severity is Severity.ERROR for one in found)
    told = [
        {name: str(getattr(one, name)) for name in ("path", "severity", "code", "text", "mend")} | {"line": one.line}
        for one in found
    ]
    emit(
        as_json,
        {"courses": [path.name for path in wanted], "problems": told},
        "\n".join([*map(str, found), f"Courses: {len(wanted)}. Errors: {errors}. Warnings: {len(found) - errors}."]),
    )
    if errors:
        raise Failed(f"Errors: {errors}.")


def folders(folder: Path) -> list[Path]:
    """Return the course folders in a folder, or the folder when it is a course itself. Raises `Failed` for none."""
    found = [folder] if (folder / "course.yaml").exists() else loader.find(folder)
    if not found:
        raise Failed(f"There is no course in {folder}: a course is a folder with a course.yaml.")
    return found


@courses.command()
@click.argument("slug")
@click.option("--title", help="The course's title; it can be changed later.")
@click.option("--dir", "folder", type=click.Path(file_okay=False, path_type=Path), help="Where; MHFA_COURSES_DIR.")
@json_option
def new(slug: str, title: str | None, folder: Path | None, as_json: bool) -> None:
    """Begin a course: a small one in the folder SLUG that can be checked and published as it is."""
    try:
        made = starter.write((folder or read_settings().courses_dir) / slug, title=title)
    except starter.StarterError as error:
        raise Failed(str(error)) from error
    emit(
        as_json,
        {"folder": str(made[0].parent), "files": [str(path) for path in made]},
        "\n".join(["Made these files:", *(f"  {path}" for path in made), "Then: mhfa-lms courses check"]),
    )


@courses.command()
@click.argument("slug")
@click.argument("language")
@json_option
def translate(slug: str, language: str, as_json: bool) -> None:
    """Write the files in which the course SLUG is translated into LANGUAGE (such as de), keeping what is done."""
    if not loader.LANGUAGE_TAG.fullmatch(language):
        raise Failed(f"{language} is not a language tag such as de or pt-BR.")
    folder = read_settings().courses_dir / slug
    if not (folder / "course.yaml").exists():
        raise Failed(f"There is no course {slug} in {folder.parent}.")
    try:
        told = loader.write_translation(folder, language)
    except CourseProblemsError as error:
        raise Failed("Mend the course first:\n" + "\n".join(map(str, error.problems))) from error
    emit(
        as_json,
        {"files": [str(path) for path in told.files]}
        | {name: getattr(told, name) for name in ("done", "stale", "missing")},
        f"{len(told.files)} files in {folder / 'translations' / language}.\n"
        f"Translated: {told.done}. To look at again: {told.stale}. To translate: {told.missing}.",
    )


@courses.command()
@click.argument("slug")
@click.argument("first", metavar="REV", type=REVISION)
@click.argument("second", metavar="REV", type=REVISION)
@json_option
def diff(slug: str, first: int, second: int, as_json: bool) -> None:
    """Show what differs between two revisions of a course."""
    with installation():
        before, after = (_document(slug, number) for number in (first, second))
        found = differences.between(before, after)
    emit(
        as_json,
        [
            {"where": one.where, "kind": one.kind, "words": one.words, "before": one.before, "after": one.after}
            for one in found
        ],
        "\n\n".join(str(one) for one in found) or f"Revisions {first} and {second} of {slug} are the same.",
    )


def _document(slug: str, number: int) -> object:
    found = (
        db.session()
        .scalars(
            select(CourseRevision.document)
            .join(Course, Course.id == CourseRevision.course_id)
            .where(Course.slug == slug, CourseRevision.number == number)
        )
        .one_or_none()
    )
    if found is None:
        raise Failed(f"There is no revision {number} of a course {slug}.")
    return found


courses.add_command(conversations.map_of)
courses.add_command(quizzes.import_questions)
courses.add_command(quizzes.export_quiz)
