"""`mhfa-lms audit`: the audit trail's chain."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click

from mhfa_lms import db as database
from mhfa_lms.cli.base import Failed, emit, installation, json_option
from mhfa_lms.services import sealing


@click.group()
def audit() -> None:
    """Check the audit trail."""


@audit.command()
@click.option("--head", "heads", multiple=True, metavar="SEAL", help="A last seal that you noted; may be repeated.")
@json_option
def verify(heads: tuple[str, ...], as_json: bool) -> None:
    """Check every seal of the audit trail. Exits with 1 when one does not fit or a noted one is not there.

    Note the last seal from time to time, away from this machine, and hand it in with --head: only that shows when the
    end of the trail was cut off. Each backup and the worker's log hold it too.
    """
    noted = [checked(head) for head in heads]
    with installation():
        total, _head = sealing.sealed_so_far(database.session())
        with progress(total) as told:
            found = sealing.verify(database.session(), noted=noted, told=told)
    tail = f"{found.unsealed} events have no seal yet; the worker seals them within a minute."
    emit(
        as_json,
        {**asdict(found), "whole": found.whole},
        f"{found.sealed} events are sealed and whole. The last seal is {found.head}.\n{tail}" if found.whole else tail,
    )
    if found.broken_at is not None:
        raise Failed(
            f"The trail is broken at seal {found.broken_at} (event {found.broken_event}): {found.problem}."
            f" The {found.sealed} seals before it are whole."
        )
    if found.lost_heads:
        raise Failed(
            f"The {found.sealed} seals fit together, but they do not lead through {', '.join(found.lost_heads)}."
            " The end of the trail was cut off or written anew, or an older backup was restored."
        )


def checked(head: str) -> str:
    """Return a seal as it is stored. Raises `click.BadParameter` for anything that is none."""
    written = head.strip().lower()
    if len(written) != len(sealing.START) or not set(written) <= set("0123456789abcdef"):
        raise click.BadParameter(f"{head!r} is not a seal: 64 digits and letters from a to f", param_hint="--head")
    return written


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error, where that is a screen; yields what to call with the number done so far."""
    with click.progressbar(length=total, label="Checking seals", file=sys.stderr) as bar:
        yield lambda done: bar.update(done - bar.pos)
