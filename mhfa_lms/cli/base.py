"""What every command shares: settings, the database, and answers for people or for programs."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click
from sqlalchemy.exc import DBAPIError

from mhfa_lms import clock, db, logs
from mhfa_lms import setting_checks as checks
from mhfa_lms.adapters import fonts
from mhfa_lms.adapters.files import FolderFiles
from mhfa_lms.adapters.keys import Keys, KeysDamagedError, open_keys
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import certification, course_media, names, reflections, upkeep
from mhfa_lms.settings import Settings, SettingsError, read_settings
from mhfa_lms.standby import RestoringError, Standby

json_option: Final = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")


class Failed(click.ClickException):
    """The command could not do it; one plain sentence, exit code 1."""

    def show(self, file: Any = None) -> None:
        """Write the sentence to standard error."""
        click.echo(self.format_message(), file=file or sys.stderr)


def emit(as_json: bool, data: Any, text: str) -> None:
    """Write the answer: `data` as JSON for programs, else `text`."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str) if as_json else text)


@contextmanager
def bound(settings: Settings) -> Iterator[None]:
    """Bind this process to the installation's database, up to date or not.

    Raises `SettingsError` when the database cannot be opened.
    """
    logs.configure()
    # Database, mails and certificates hold personal data: other users of this computer cannot read what is made here.
    os.umask(0o077)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    db.configure(settings.database_url)
    certification.configure(settings.issuer_name)
    names.configure(fonts.coverage)
    reflections.configure(settings.private_keys)
    course_media.configure(FolderFiles(settings.data_dir / "files"))
    try:
        knock(settings)
        yield
    finally:
        db.release()


def make_first_keys(settings: Settings) -> None:
    """Make the keys that sign certificates and badges, where there are none; a damaged one is told, and stops nothing
    else."""
    try:
        open_first_keys(settings)
    except KeysDamagedError as error:
        click.echo(f"{error}. No certificate is signed until then.", err=True)


def open_first_keys(settings: Settings) -> Keys:
    """Return the keys, the first ones made and written into the audit trail. Raises `KeysDamagedError`."""
    found = open_keys(settings.keys_dir, name=settings.signer_name)
    if made := found.make_first():
        upkeep.keys_made({key.kind.value: key.id for key in made}, by=SYSTEM, now=clock.now())
    return found


def knock(settings: Settings) -> None:
    """Open the database once. Raises `SettingsError` with the reason, which holds no password."""
    try:
        db.engine().connect().close()
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise SettingsError(
            [f"MHFA_DATABASE_URL: the database {checks.masked(settings.database_url)} cannot be opened: {reason}"]
        ) from error


@contextmanager
def installation(*, lasting: bool = False) -> Iterator[Settings]:
    """Read the settings and open a database that is up to date, which no restore replaces meanwhile.

    A `lasting` command asks about restores itself, each time it works. Raises `Failed` when the database is not up to
    date or being restored, and `SettingsError` for settings that are not right.
    """
    from mhfa_lms import schema  # Alembic takes a while to load, and not every command needs it

    settings = read_settings()
    with bound(settings), _undisturbed(settings, lasting=lasting):
        if schema.current() is None:
            where = checks.masked(settings.database_url)
            raise Failed(f"The database {where} is empty. Is MHFA_DATA_DIR right? If so, run: mhfa-lms db upgrade")
        if not schema.is_current():
            raise Failed("The database is not up to date. Run: mhfa-lms db upgrade")
        yield settings


def refuse_while_restoring(settings: Settings) -> None:
    """Raise `Failed` while a backup is being restored."""
    if Standby(settings.data_dir).is_closed:
        raise Failed("A backup is being restored. Try again when that is done.")


@contextmanager
def _undisturbed(settings: Settings, *, lasting: bool) -> Iterator[None]:
    try:
        handle = Standby(settings.data_dir).begin()
    except RestoringError as error:
        raise Failed("A backup is being restored. Try again when that is done.") from error
    if lasting:
        Standby.end(handle)
    try:
        yield
    finally:
        if not lasting:
            Standby.end(handle)
