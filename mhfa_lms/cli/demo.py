"""`mhfa-lms demo`."""

import click

from mhfa_lms import clock
from mhfa_lms.cli.base import Failed, emit, installation, json_option
from mhfa_lms.cli.serve import accept_for_the_demo, refuse_a_public_demo
from mhfa_lms.services import demo as service


@click.command()
@json_option
def demo(as_json: bool) -> None:
    """Add invented people and their work; safe to repeat.

    Everybody knows their password, so it is refused where people outside this computer could sign in.
    """
    with installation() as settings:
        refuse_a_public_demo(settings)
        accept_for_the_demo()
        try:
            made = service.make(now=clock.now(), keys=settings.secret_keys)
        except service.DemoError as error:
            raise Failed(str(error)) from error
    emit(
        as_json,
        {"made": made, "password": service.PASSWORD, "accounts": service.addresses()},
        service.accounts_text() if made else f"It was there already.\n\n{service.accounts_text()}",
    )
