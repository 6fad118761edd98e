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
    """Tell for each certificate of a person which reminders went, which will go, and why others did not."""
    with installation():
        stories = reminder_story.tell(database.session(), email, now=clock.now())
        if stories is None:
            raise Failed("There is no account with this e-mail address.")
        data = [story.as_data() for story in stories]
        text = "\n\n".join(story.as_text() for story in stories)
    emit(as_json, data, text or "This person has no certificates, so there is nothing to remind of.")
