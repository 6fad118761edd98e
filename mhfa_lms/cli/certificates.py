"""`mhfa-lms certificates`: issue by rule, revoke, replace, draw, verify."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms import clock, db
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.cli.base import Failed, emit, installation, json_option
from mhfa_lms.cli.checking import check_file
from mhfa_lms.i18n import format_code
from mhfa_lms.models import (
    Account,
    Certificate,
    Correction,
    Course,
    CourseRevision,
    Enrolment,
    EnrolmentState,
    Membership,
)
from mhfa_lms.models import Organisation as OrganisationRow
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import catalogue, certification, verification
from mhfa_lms.services import certificates as service
from mhfa_lms.services.certificate_files import Bundle
from mhfa_lms.services.names import email_key
from mhfa_lms.settings import Settings

WORDS = {
    "valid": "Valid",
    "due": "Valid, to be renewed soon",
    "grace": "Expired, can still be renewed",
    "lapsed": "Expired",
    "revoked": "Withdrawn",
    "replaced": "Replaced by another certificate",
}
OUT = click.Path(dir_okay=False, path_type=Path)
DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def certificates() -> None:
    """Issue, revoke, replace, draw and check certificates."""


@certificates.command()
@click.option("--email", required=True, metavar="E", help="Whose.")
@click.option("--course", required=True, metavar="SLUG", help="For which course.")
@click.option("--organisation", metavar="SLUG", help="In which organisation; needed by people who are in several.")
@json_option
def issue(email: str, course: str, organisation: str | None, as_json: bool) -> None:
    """Issue the certificate of somebody who has met every requirement. The rule itself decides; nothing overrides it.

    Certificates are issued by themselves; this helps after a requirement was changed by hand. Repeated calls return
    the same certificate.
    """
    with installation(), db.transaction() as session:
        enrolment = _enrolment(session, email, course, organisation)
        made = certification.complete_if_ready(session, enrolment.id, now=clock.now())
        if made is None:
            raise Failed(f"There is no certificate yet. {_missing(session, enrolment)}")
        data = {"code": made.code, "name": made.name, "expires_on": made.expires_on}
        text = f"{format_code(made.code)}: {made.name}, to {made.expires_on}"
    emit(as_json, data, text)


@certificates.command()
@click.argument("code")
@click.option("--reason", required=True, help="Why; only the organisation sees it.")
@json_option
def revoke(code: str, reason: str, as_json: bool) -> None:
    """Withdraw the certificate CODE at once and for good."""
    with installation():
        try:
            service.revoke(code, reason, by=SYSTEM, now=clock.now())
        except (service.UnknownCertificateError, service.CertificateError) as error:
            raise Failed(_why(error, code)) from error
    emit(as_json, {"code": code, "standing": "revoked"}, f"{code} is withdrawn.")


@certificates.command()
@click.argument("code")
@click.option("--name", required=True, help="The name as it should be.")
@click.option(
    "--because",
    type=click.Choice([one.value for one in Correction]),
    default=Correction.NAME_CHANGED.value,
    show_default=True,
    help="Only after a misspelling does the old number lead to the new one.",
)
@click.option("--in-record", is_flag=True, help="Mend the name in the training record, too.")
@json_option
def replace(code: str, name: str, because: str, in_record: bool, as_json: bool) -> None:
    """Correct the name on the certificate CODE: a new one with the same dates takes its place."""
    with installation():
        try:
            made = service.replace(
                code, name, because=Correction(because), in_record=in_record, by=SYSTEM, now=clock.now()
            )
        except (service.UnknownCertificateError, service.CertificateError) as error:
            raise Failed(_why(error, code)) from error
        data = {"replaced": code, "code": made.code, "name": made.name}
    emit(as_json, data, f"{data['code']} takes the place of {code}.")


@certificates.command()
@click.argument("code", required=False)
@click.option("--out", type=OUT, help="Copy the PDF of CODE here.")
@click.option("--organisation", metavar="SLUG", help="Instead of CODE: all certificates of this organisation ...")
@click.option("--site", metavar="S", help="... of people of the site with this name.")
@click.option("--course", metavar="C", help="... of this course or certification type, by its slug.")
@click.option("--cohort", metavar="C", help="... earned in the cohort with this name.")
@click.option("--standing", metavar="S,S,...", help="... that stand so: valid, due, grace, lapsed.")
@click.option("--issued-from", type=DAY, help="... issued on this day or later.")
@click.option("--issued-to", type=DAY, help="... issued on this day or before.")
@click.option("--zip", "zip_file", type=OUT, help="Put them into this ZIP, each as it was issued.")
@click.option("--pdf", "pdf_file", type=OUT, help="Put all their pages into this PDF, to print; without signatures.")
@json_option
def render(
    code: str | None,
    out: Path | None,
    organisation: str | None,
    zip_file: Path | None,
    pdf_file: Path | None,
    as_json: bool,
    issued_from: datetime | None,
    issued_to: datetime | None,
    standing: str | None,
    **chosen: str | None,
) -> None:
    """Draw the PDF of the certificate CODE now, unless it is there: an issued PDF is never drawn again.

    With --organisation, draw all that are wanted and put them into one file. Stopped, it goes on when it is started
    again: what is drawn stays drawn.
    """
    with installation() as settings:
        if organisation is None and code is not None:
            data = _render_one(settings, code, out)
            emit(as_json, data, data["file"])
            return
        target = zip_file or pdf_file
        if code is not None or organisation is None or target is None or (zip_file and pdf_file):
            raise click.UsageError("Name one CODE; or --organisation, and one of --zip and --pdf.")
        from mhfa_lms.cli import certificate_files

        kind = Bundle.ZIP if zip_file else Bundle.PDF
        days = (issued_from.date() if issued_from else None, issued_to.date() if issued_to else None)
        done = certificate_files.pack(
            organisation, kind, target, settings=settings, standings=standing, issued=days, **chosen
        )
    emit(as_json, done, certificate_files.in_words(done))


def _render_one(settings: Settings, code: str, out: Path | None) -> dict[str, Any]:
    from mhfa_lms.adapters.pdf import WeasyPrintDrawer
    from mhfa_lms.jobs.drawing import draw

    files = FolderFiles(settings.data_dir / "files")
    certificate = _found(code)
    was_there = certificate.file_id is not None
    draw(certificate.id, settings=settings, now=clock.now(), files=files, drawer=WeasyPrintDrawer())
    stored = _found(code).file
    if stored is None:
        raise Failed("The holder has been erased, so there is no PDF.")
    if out is not None:
        out.write_bytes(files.read(stored.key, stored.sha256))
    path = out or settings.data_dir / "files" / stored.key
    return {"code": code, "file": str(path), "sha256": stored.sha256, "drawn": not was_there}


@certificates.command("import")
@click.option("--organisation", required=True, metavar="SLUG", help="Whose records they are.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be recorded.")
@json_option
def import_earlier(organisation: str, file: Path, dry_run: bool, as_json: bool) -> None:
    """Record certificates from before, from a CSV or XLSX table: the good rows, each once. Exit code 1 with bad rows.

    Stopped or run again, it records what is missing. docs/operating.md says what the columns hold.
    """
    from mhfa_lms.cli import certificate_import

    with installation():
        done = certificate_import.run(organisation, file, dry_run=dry_run)
    emit(as_json, done, certificate_import.in_words(done))
    if done["faults"]:
        raise SystemExit(1)


@certificates.command()
@click.argument("code", metavar="CODE|FILE")
@click.option(
    "--trust",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="PEM",
    help="Keys that may have signed FILE; the site has them at /keys/documents.pem.",
)
@json_option
def verify(code: str, trust: tuple[Path, ...], as_json: bool) -> None:
    """Ask the database what CODE proves today, or check the PDF FILE with nothing but the keys in PEM.

    Exit code 0 only for a certificate that counts today, or a file that is unaltered and signed by one of the keys.
    A file needs no database and no connection; whether it was withdrawn since, only the site that issued it can tell.
    """
    if trust or code.lower().endswith(".pdf") or Path(code).is_file():
        check_file(Path(code), trust, as_json=as_json)
        return
    with installation():
        found = verification.look_up(code, now=clock.now())
    if found is None:
        emit(as_json, {"code": code, "found": False, "certified": False}, f"No certificate has the code {code}.")
        raise SystemExit(1)
    lines = [
        "Valid" if found.is_erased and found.is_certified else WORDS[found.standing.value],
        f"  {found.name or '(no name is shown)'}: {found.type_name}",
        f"  {found.course_title}, {found.organisation_name}",
        f"  {found.starts_on} to {found.expires_on}",
    ]
    emit(as_json, {"found": True, "certified": found.is_certified, **asdict(found)}, "\n".join(lines))
    if not found.is_certified:
        raise SystemExit(1)


def _found(code: str) -> Certificate:
    try:
        return service.by_code(db.session(), code)
    except service.UnknownCertificateError as error:
        raise Failed(_why(error, code)) from error


def _why(error: Exception, code: str) -> str:
    if isinstance(error, service.UnknownCertificateError):
        return f"No certificate has the code {code}."
    return f"{error}."


def _enrolment(session: Session, email: str, course: str, organisation: str | None) -> Enrolment:
    query = (
        select(Enrolment)
        .join(Membership, Membership.id == Enrolment.membership_id)
        .join(Account, Account.id == Membership.account_id)
        .join(Course, Course.id == Enrolment.course_id)
        .join(OrganisationRow, OrganisationRow.id == Enrolment.organisation_id)
        .where(
            Account.email_key == email_key(email),
            Course.slug == course,
            Enrolment.state.in_([EnrolmentState.ACTIVE, EnrolmentState.COMPLETED]),
        )
        .order_by(Enrolment.id.desc())
    )
    if organisation:
        query = query.where(OrganisationRow.slug == organisation)
    found = session.scalars(query).all()
    if not found:
        raise Failed(f"{email} is not on the course {course}.")
    if len({one.organisation_id for one in found}) > 1:
        raise Failed(f"{email} is on the course {course} in several organisations: name one with --organisation.")
    return found[0]


def _missing(session: Session, enrolment: Enrolment) -> str:
    course = catalogue.course(session.get_one(CourseRevision, enrolment.revision_id))
    found = certification.requirements(session, enrolment, course)
    missing = [
        f"{len(found.steps)} steps" if found.steps else "",
        "the assessment" if found.assessment else "",
        *(f"the scenario {one}" for one in sorted(found.scenarios)),
        f"{found.sessions} sessions" if found.sessions else "",
    ]
    return f"Missing: {', '.join(one for one in missing if one) or 'nothing, but a refresher does not renew now'}."
