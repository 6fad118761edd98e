"""`mhfa-lms audit`: the audit trail's chain."""

from dataclasses import asdict

import click

from mhfa_lms import db as database
from mhfa_lms.cli.base import Failed, emit, installation, json_option
from mhfa_lms.services import sealing


@click.group()
def audit() -> None:
    """Check the audit trail."""


@audit.command()
@json_option
def verify(as_json: bool) -> None:
    """Check every seal of the audit trail. Exits with 1 at the first one that does not fit.

    Note the last seal from time to time, away from this machine: it shows if the end of the trail was cut off.
    """
    with installation():
        found = sealing.verify(database.session())
    tail = f"{found.unsealed} events have no seal yet; the worker seals them within a minute."
    emit(
        as_json,
        {**asdict(found), "whole": found.whole},
        f"{found.sealed} events are sealed and whole. The last seal is {found.head}.\n{tail}" if found.whole else tail,
    )
    if not found.whole:
        raise Failed(
            f"The trail is broken at seal {found.broken_at} (event {found.broken_event}): {found.problem}."
            f" The {found.sealed} seals before it are whole."
        )
