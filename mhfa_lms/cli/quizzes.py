"""`mhfa-lms courses import` and `export-quiz`: questions from and for other systems."""

from dataclasses import asdict
from pathlib import Path

import click

from mhfa_lms.cli.base import Failed, emit, json_option
from mhfa_lms.content import loader
from mhfa_lms.content.exchange import assembling, gift, moodle_export, moodle_xml, writing
from mhfa_lms.content.exchange.assembling import Assembled
from mhfa_lms.content.exchange.found import LARGEST, ExchangeError, Reading
from mhfa_lms.content.problems import CourseProblemsError
from mhfa_lms.content.schema import Course
from mhfa_lms.settings import read_settings

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=FILE)
@click.option("--course", "slug", help="Add the questions to this course's assessment.yaml.")
@click.option("--out", type=NEW_FILE, help="Write them to a new assessment file instead.")
@click.option("--module", help="The id of the module that questions belong to whose category is none.")
@click.option("--format", "kind", type=click.Choice(["moodle-xml", "gift"]), help="Told from the file where not given.")
@click.option("--dry-run", is_flag=True, help="Only report.")
@json_option
def import_questions(
    file: Path, slug: str | None, out: Path | None, module: str | None, kind: str | None, dry_run: bool, as_json: bool
) -> None:
    """Take questions from FILE (Moodle XML or GIFT) and report what was taken, changed and refused, line by line.

    The questions get ids, modules and explanations as course files need them. Without any taken, nothing is written.
    """
    if bool(slug) == bool(out) and not dry_run:
        raise Failed("Say where the questions go: --course SLUG, or --out FILE. Or only look, with --dry-run.")
    course = _course(slug) if slug else None
    if course and module and course.module(module) is None:
        raise Failed(f"The course {course.slug} has no module {module}.")
    try:
        reading = _read(file, kind)
    except ExchangeError as error:
        raise Failed(str(error)) from error
    done = _assembled(reading, course, module)
    place = None if dry_run or not done.documents else _written(file, done, course, out)
    emit(as_json, _data(done, place), _report(file, done, place))
    if not done.documents:
        raise Failed("No question was taken.")


def _read(file: Path, kind: str | None) -> Reading:
    if file.stat().st_size > LARGEST:
        raise ExchangeError(f"The file is larger than {LARGEST // 1024 // 1024} MB. Split it.")
    source = file.read_bytes()
    if kind == "moodle-xml" or (kind is None and source.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0").startswith(b"<")):
        return moodle_xml.read(source)
    try:
        return gift.read(source.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ExchangeError("The file is not UTF-8 text. Save it as UTF-8 and try again.") from error


def _assembled(reading: Reading, course: Course | None, module: str | None) -> Assembled:
    if course is None:
        return assembling.assemble(reading, used=(), modules={}, default=module or "first")
    modules = {one.id: one.title for one in course.modules}
    default = module or (course.modules[0].id if len(modules) == 1 else None)
    return assembling.assemble(reading, used=course.ids, modules=modules, default=default)


def _course(slug: str) -> Course:
    folder = read_settings().courses_dir / slug
    if not (folder / "course.yaml").exists():
        raise Failed(f"There is no course {slug} in {folder.parent}.")
    try:
        return loader.load(folder)
    except CourseProblemsError as error:
        raise Failed(f"The course {slug} has errors: mend them first (mhfa-lms courses check).") from error


def _written(file: Path, done: Assembled, course: Course | None, out: Path | None) -> Path:
    if out is not None:
        if out.exists():
            raise Failed(f"{out} exists already. Name a new file.")
        out.write_text(writing.assessment(file.stem, done.documents), encoding="utf-8")
        return out
    if course is None:
        raise Failed("Say where the questions go: --course SLUG, or --out FILE.")
    path = read_settings().courses_dir / course.slug / "assessment.yaml"
    longer = writing.appended(path.read_text(encoding="utf-8"), done.documents)
    if longer is None:
        raise Failed(f"{path} does not end with its list of questions. Use --out, and put them in by hand.")
    _replace(path, longer)
    return path


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    beside = path.with_suffix(".yaml.new")
    beside.write_text(text, encoding="utf-8")
    beside.chmod(path.stat().st_mode & 0o777)
    beside.replace(path)


def _data(done: Assembled, place: Path | None) -> dict[str, object]:
    return {
        "taken": [asdict(one) for one in done.taken],
        "refused": [asdict(one) for one in done.refused],
        "written": str(place) if place else None,
    }


def _report(file: Path, done: Assembled, place: Path | None) -> str:
    lines = []
    for one in done.taken:
        lines.append((one.line, f"{file.name}:{one.line}: taken as {one.id} ({one.kind})"))
        lines += [(one.line, f"{file.name}:{one.line}:   changed: {what}") for what in one.changes]
    lines += [(no.line, f"{file.name}:{no.line}: refused, {no.name!r}: {no.reason}") for no in done.refused]
    # Sorting keeps the order of what stands at one line.
    said = [text for _line, text in sorted(lines, key=lambda pair: pair[0])]
    changed = sum(bool(one.changes) for one in done.taken)
    said.append(f"Taken: {len(done.taken)}, of them changed: {changed}. Refused: {len(done.refused)}.")
    return "\n".join([*said, f"Written to {place}. Look through it, then: mhfa-lms courses check"] if place else said)


@click.command("export-quiz")
@click.argument("slug")
@click.option("--format", "kind", type=click.Choice(["moodle-xml"]), default="moodle-xml", show_default=True)
@click.option("--out", type=NEW_FILE, help="Write to this file instead of standard output.")
@json_option
def export_quiz(slug: str, kind: str, out: Path | None, as_json: bool) -> None:
    """Write the questions of the course SLUG, as its files are now, as Moodle XML: the assessment's and the steps'."""
    course = _course(slug)
    written = moodle_export.write(course)
    practice = sum(step.question is not None for _module, step in course.steps())
    if out is None and not as_json:
        click.echo(written.decode())
        return
    if out is not None:
        out.write_bytes(written)
    counted = {"assessment": len(course.assessment.questions), "practice": practice}
    told = f"Wrote {sum(counted.values())} questions to {out}." if out else written.decode()
    emit(as_json, {**counted, "format": kind, "written": str(out) if out else None}, told)
