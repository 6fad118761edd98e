"""`mhfa-lms organisations`."""

import click
from sqlalchemy import select

from mhfa_lms import clock, db
from mhfa_lms.cli.base import Failed, emit, installation, json_option
from mhfa_lms.models import Organisation
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import organisations as service


@click.group()
def organisations() -> None:
    """Make organisations, and list them."""


@organisations.command()
@click.argument("slug")
@click.option("--name", required=True, help="Its name as people read it.")
@click.option("--parent", metavar="SLUG", help="The organisation above it.")
@click.option("--timezone", metavar="Z", help="Such as Europe/London; MHFA_TIMEZONE when left out.")
@click.option("--country", metavar="C", help="Two letters, such as GB: which help lines are shown first.")
@click.option("--locale", metavar="L", help="The language it writes in; MHFA_DEFAULT_LOCALE when left out.")
@click.option("--open-to-join", is_flag=True, help="Let anybody join at /join/SLUG.")
@json_option
def create(
    slug: str,
    name: str,
    parent: str | None,
    timezone: str | None,
    country: str | None,
    locale: str | None,
    open_to_join: bool,
    as_json: bool,
) -> None:
    """Make the organisation SLUG: small letters, digits and hyphens, as in /join/SLUG."""
    with installation() as settings:
        try:
            made = service.create(
                slug,
                name,
                by=SYSTEM,
                now=clock.now(),
                parent=parent,
                timezone=timezone or settings.timezone,
                country=country,
                locale=locale or settings.default_locale,
                open_to_join=open_to_join,
            )
        except service.OrganisationError as error:
            raise Failed(sentence(error)) from error
        data = {"id": made.id, "slug": made.slug, "name": made.name, "timezone": made.timezone}
    emit(as_json, data, f"Made {name} ({slug}).")


@organisations.command("list")
@json_option
def list_all(as_json: bool) -> None:
    """List the organisations by name."""
    with installation():
        rows = [
            {"slug": row.slug, "name": row.name, "timezone": row.timezone, "open_to_join": row.open_to_join}
            for row in db.session().scalars(select(Organisation).order_by(Organisation.name, Organisation.id))
        ]
    emit(as_json, rows, "\n".join(f"{row['slug']:24} {row['name']}" for row in rows) or "There are none yet.")


def sentence(error: Exception) -> str:
    """Return an error's text as a sentence."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
