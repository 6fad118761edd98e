"""`mhfa-lms export-person` and `mhfa-lms erase-person`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from mhfa_lms import clock
from mhfa_lms.cli.base import Failed, emit, installation, json_option
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import accounts, erasure, exporting, personal


@click.command("export-person")
@click.argument("email")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file; standard output without it.")
@click.option("--json", "as_json", is_flag=True, help="Always so: the answer is JSON.")
def export_person(email: str, out: Path | None, as_json: bool) -> None:  # noqa: ARG001  # every command takes --json
    """Write out everything held about the person of EMAIL, table by table, as JSON."""
    with installation():
        try:
            found = exporting.export(email, by=SYSTEM, now=clock.now())
        except exporting.UnknownPersonError as error:
            raise Failed(f"Nothing is held about the address {email}.") from error
    text = json.dumps(found, ensure_ascii=False, indent=2)
    if out is None:
        click.echo(text)
        return
    out.write_text(f"{text}\n", encoding="utf-8")
    click.echo(f"Wrote {sum(map(len, found.values()))} records to {out}", err=True)


@click.command("erase-person")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def erase_person(email: str, yes: bool, as_json: bool) -> None:
    """Erase the person of EMAIL for good, down to what checking a certificate needs.

    Names, addresses, answers and texts go; numbers, dates and standing of certificates stay, without a name. Backups
    made before keep the person until you delete them. For somebody who deleted their account themselves, and whose
    training record an organisation still keeps, give the number of a certificate in place of EMAIL. An address without
    an account will do as well: earlier certificates that wait for it, invitations and mails go.
    """
    from mhfa_lms.jobs.removal import remove_files

    with installation() as settings:
        if not yes:
            click.confirm(f"Erase {email} for good?", abort=True, err=True)
        try:
            done = erasure.erase(email, by=SYSTEM, now=clock.now())
        except erasure.UnknownPersonError as error:
            raise Failed(
                f"Nothing is held about the address, and there is no certificate with the number, {email}."
            ) from error
        except accounts.LastAdministratorError as error:
            raise Failed("This is the only administrator. Make another one first: mhfa-lms users create") from error
        # Now, and again by the worker should this end here.
        remove_files(settings, 0, {"codes": done.codes, "keys": done.files}, clock.now())
    rows = sum(done.deleted.values())
    text = f"Erased. Records gone: {rows}. Certificates that can be checked, without a name: {len(done.codes)}."
    if done.account_id == personal.NOBODY:
        text += (
            " No account has this address. If there was one, an organisation may still keep a training record of its"
            " owner: give the number of one of their certificates to erase that too."
        )
    emit(as_json, asdict(done), text)
