"""The page itself. Outside the demonstration it does not exist."""

from datetime import date

from flask import Blueprint, abort, current_app, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from wtforms import BooleanField, EmailField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than the type stubs
from wtforms.validators import InputRequired

from mhfa_lms.web.access import public
from mhfa_lms.web.forms import Form
from mhfa_lms.web.identity import actor, settings
from mhfa_lms.web.navigation import navigation
from mhfa_lms.web.styleguide import samples, tokens

blueprint = Blueprint("styleguide", __name__)


class SampleForm(Form):
    """A field of each kind."""

    name = StringField("Your name", [InputRequired("Enter your name")])
    code = StringField("Number of a certificate")
    email = EmailField("E-mail address")
    years = IntegerField("Years")
    site = SelectField("Site", choices=[SelectChoice("brook", "Brook Street"), SelectChoice("mill", "Millpond")])
    audience = RadioField(
        "Who are you?",
        [InputRequired("Choose one")],
        choices=[SelectChoice("volunteer", "Volunteer"), SelectChoice("educator", "Teacher")],
    )
    agreed = BooleanField("I am 18 or older", [InputRequired("Tick the box")])
    story = TextAreaField("What would you say?")


@blueprint.get("/styleguide")
@public
def styleguide() -> ResponseReturnValue:
    """Show every token and every macro."""
    if not settings().demo:
        abort(404)
    wrong = SampleForm(formdata=None, prefix="wrong-")
    wrong.validate()
    values = {
        "form": SampleForm(formdata=None, prefix="right-", data={"name": "Amina Yusuf", "audience": "volunteer"}),
        "wrong": wrong,
        "long": samples.LONG,
        "nav": navigation(actor()),
        "day": date(2026, 11, 21),
    }
    return render_template(
        "styleguide/index.html",
        tokens=tokens.read(),
        groups=samples.read(),
        draw=lambda sample: Markup(  # noqa: S704  # drawn by templates, which escape
            current_app.jinja_env.from_string(samples.IMPORTS + sample.call).render(values)
        ),
    )
