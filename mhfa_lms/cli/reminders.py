"""`mhfa-lms reminders`: why a reminder went or did not go."""

import click

from mhfa_lms import clock
from mhfa_lms import db as database
from mhfa_lms.cli.base import Failed, emit, installation, json_option
from mhfa_lms.services import reminder_story


@click.group()
def reminders() -> None:
    """Explain why a reminder went or did not go."""


@reminders.command()
@click.argument("email")
@json_option
def explain(email: str, as_json: bool) -> None:
    """Tell which reminders to a person went, which will go, and why others did not.

    For each certificate, and what an instructor needs: authorisations, background checks, courses to teach.
    """
    with installation():
        stories = reminder_story.tell(database.session(), email, now=clock.now())
        if stories is None:
            raise Failed("There is no account with this e-mail address.")
        data = [story.as_data() for story in stories]
        text = "\n\n".join(story.as_text() for story in stories)
    nothing = "This person has no certificates, authorisations, background checks or courses to teach on record,"
    emit(as_json, data, text or f"{nothing} so there is nothing to remind of.")
