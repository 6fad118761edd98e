"""`mhfa-lms db`: the schema."""

import click

from mhfa_lms import schema
from mhfa_lms.cli.base import Failed, bound, emit, json_option
from mhfa_lms.settings import read_settings


@click.group()
def db() -> None:
    """Bring the database up to date, or check it."""


@db.command()
@json_option
def upgrade(as_json: bool) -> None:
    """Bring the database to the newest revision: wholly, or not at all."""
    with bound(read_settings()):
        before = schema.current()
        schema.upgrade()
        after = schema.current()
    data = {"before": before, "after": after, "changed": before != after}
    emit(as_json, data, f"Brought up to date: {after}." if before != after else f"It was up to date: {after}.")


@db.command()
@json_option
def check(as_json: bool) -> None:
    """Tell whether the database is at the newest revision and holds what the program expects."""
    with bound(read_settings()):
        current, head = schema.current(), schema.head()
        found = [str(one) for one in schema.differences()] if current == head else []
    emit(
        as_json,
        {"current": current, "newest": head, "differences": found},
        "\n".join([f"Revision: {current or 'none'} (newest: {head})", *found]),
    )
    if current != head:
        raise Failed("The database is not up to date. Run: mhfa-lms db upgrade")
    if found:
        raise Failed("The database differs from what the program expects.")
