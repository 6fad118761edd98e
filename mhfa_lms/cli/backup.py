"""`mhfa-lms backup` and `mhfa-lms restore`: database, files and erasures in one archive, while the platform runs."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from mhfa_lms import clock, schema
from mhfa_lms.backup import archive, keys, making, restoring
from mhfa_lms.cli.base import Failed, bound, emit, json_option, refuse_while_restoring
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import upkeep
from mhfa_lms.settings import read_settings
from mhfa_lms.standby import BusyError, RestoringError

passphrase_option = click.option(
    "--passphrase-stdin", is_flag=True, help="Read the passphrase for the keys from standard input instead of asking."
)


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--with-keys", is_flag=True, help="Put the installation's keys in, encrypted with a passphrase.")
@passphrase_option
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--verify", "only_verify", is_flag=True, help="Make none: check that FILE is a whole backup.")
@json_option
def backup(file: Path, with_keys: bool, passphrase_stdin: bool, force: bool, only_verify: bool, as_json: bool) -> None:
    """Write database, files and the list of erasures into the archive FILE (.tar), while the platform runs.

    The archive is one moment of the database, and is there wholly or not at all. It holds everybody's personal data:
    keep it safe, and not on this machine alone. Without --with-keys it holds no keys: keep MHFA_SECRET_KEY and
    MHFA_PRIVATE_KEY, or the files secret-key and private-key in the data folder, elsewhere.
    """
    file = file.absolute()
    if only_verify:
        check(file, as_json)
        return
    settings = read_settings()
    passphrase = asked_passphrase(passphrase_stdin, new=True) if with_keys else None
    with stoppable(), bound(settings):
        refuse_while_restoring(settings)
        now = clock.now()
        try:
            with progress("Backing up") as (starts, told):
                made = making.make(
                    settings, file, now=now, force=force, passphrase=passphrase, starts=starts, told=told
                )
        except making.BackupError as error:
            raise Failed(str(error)) from error
        note(made, now=now)
    emit(
        as_json,
        {"file": str(file), **made.manifest.summary()},
        f"Wrote {file}: the database and {made.manifest.files} files, {making.mega(made.size)}"
        f"{', with the keys' if made.manifest.has_keys else ''}.",
    )


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", "--yes", is_flag=True, help="Put it in the place of the data that is there.")
@click.option("--with-keys", is_flag=True, help="Bring back the keys as well; asks for their passphrase.")
@passphrase_option
@click.option("--no-safety-copy", is_flag=True, help="Do not back up first what is there.")
@click.option("--check", "only_check", is_flag=True, help="Restore nothing: check that FILE is a whole backup.")
@json_option
def restore(  # one for each option
    file: Path,
    force: bool,
    with_keys: bool,
    passphrase_stdin: bool,
    no_safety_copy: bool,
    only_check: bool,
    as_json: bool,
) -> None:
    """Bring back what `backup` wrote into FILE, into a new installation or, with --force, over one; also while it runs.

    People see a page that says so for the moments of changing over, and then sign in again. No mail goes out again:
    those that waited, and reminders that fell due since, are held back (`outbox release` sends them). Whoever was
    erased since stays erased.
    """
    file = file.absolute()
    if only_check:
        check(file, as_json)
        return
    settings = read_settings()
    passphrase = asked_passphrase(passphrase_stdin, new=False) if with_keys else None
    os.umask(0o077)
    try:
        with stoppable(), progress("Unpacking") as (starts, told):
            starts(file.stat().st_size)
            done = restoring.restore(
                settings, file, now=clock.now(), force=force, safety_copy=not no_safety_copy,
                passphrase=passphrase, told=told,
            )  # fmt: skip
    except restoring.RestoreError as error:
        raise Failed(str(error)) from error
    except RestoringError as error:
        raise Failed("A backup is being restored already.") from error
    except BusyError as error:
        raise Failed(
            "Somebody has gone on writing for a minute. Nothing was changed."
            " Stop the worker, or the command that takes so long, and try again."
        ) from error
    with bound(settings):
        if not schema.is_current():
            raise Failed("The database that was restored is not up to date. Run: mhfa-lms db upgrade")
    emit(as_json, answer(file, done), told_in_words(file, done))


def answer(file: Path, done: restoring.Restored) -> dict[str, Any]:
    """Return what a program wants to know of a restore."""
    copy = str(done.safety_copy) if done.safety_copy else None
    facts = {
        "mails_held": done.held,
        "people_erased_again": done.erased,
        "safety_copy": copy,
        "keys_restored": done.keys,
    }
    return {"file": str(file), **done.manifest.summary(), **facts}


def told_in_words(file: Path, done: restoring.Restored) -> str:
    """Return what a person wants to know of a restore."""
    lines = [
        f"Restored {file}, made at {done.manifest.made_at}. Everybody signs in again.",
        f"Mails held back: {done.held} (mhfa-lms outbox list --state cancelled). People erased again: {done.erased}.",
    ]
    lines.append(
        "Recovery codes are gone: people make new ones. Second steps removed since the backup are back:"
        " mhfa-lms users reset-second-step --email EMAIL takes somebody's away, as after a lost phone."
    )
    if done.safety_copy:
        lines.append(f"What was there before is in {done.safety_copy}. The worker removes it after 30 days.")
    if done.keys:
        lines.append("The keys are restored. Restart every process so that it uses them.")
        lines += [
            f"{name} is set, and goes before the key that was restored."
            for name in ("MHFA_SECRET_KEY", "MHFA_PRIVATE_KEY")
            if os.environ.get(name)
        ]
    return "\n".join(lines)


def check(file: Path, as_json: bool) -> None:
    """Read a backup through, and say what it holds. Raises `Failed` when it is not whole."""
    try:
        with progress("Checking") as (starts, told):
            starts(file.stat().st_size)
            manifest = archive.verify(file, told)
    except archive.DamagedError as error:
        raise Failed(f"{file} is not a whole backup: {error}.") from error
    except FileNotFoundError as error:
        raise Failed(f"There is no file {file}.") from error
    emit(
        as_json,
        {"file": str(file), "whole": True, **manifest.summary()},
        f"{file} is whole: the {manifest.database} database of {manifest.made_at}, {manifest.files} files"
        f"{', the keys' if manifest.has_keys else ''}.\nThe audit trail's last seal in it: {manifest.head}",
    )


def note(made: making.Made, *, now: Any) -> None:
    """Write into the audit trail that a backup was made, where the database is new enough to hold that."""
    if schema.is_current():
        manifest = made.manifest
        upkeep.backup_made(size=made.size, files=manifest.files, keys=manifest.has_keys, by=SYSTEM, now=now)


def asked_passphrase(from_stdin: bool, *, new: bool) -> str:
    """Return the passphrase for the keys. Raises `Failed` for a new one that is too short."""
    if from_stdin:
        found = sys.stdin.readline().rstrip("\r\n")
    else:
        found = click.prompt("Passphrase for the keys", hide_input=True, confirmation_prompt=new, err=True)
    if new and len(found) < keys.SHORTEST_PASSPHRASE:
        raise Failed(f"Choose a passphrase of at least {keys.SHORTEST_PASSPHRASE} characters.")
    return str(found)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let a polite request to end tidy up as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def progress(label: str) -> Iterator[tuple[Any, Any]]:
    """Show a bar on standard error, where that is a screen; yields what hears the size, and then each step."""
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def starts(size: int) -> None:
            bar.length = max(1, size)

        yield starts, bar.update
