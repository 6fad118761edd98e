"""The administrator's forms."""

import re
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import BooleanField, EmailField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # WTForms 3.3 has it, its stubs do not
from wtforms.validators import DataRequired

from mhfa_lms import db
from mhfa_lms.help import lines
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.services import names
from mhfa_lms.services import organisations as service
from mhfa_lms.services.acceptance import LONGEST_REASON
from mhfa_lms.web.account.forms import Address
from mhfa_lms.web.forms import Form, Named, Printed, ValidationError, at_most, needed, spaced, stripped


class DetailsForm(Form):
    """What can be changed about an organisation."""

    name = StringField(
        lazy("Name"),
        [Printed(lazy("Write the organisation’s name in one line")), at_most(names.LONGEST)],
        filters=[stripped],
    )
    parent = StringField(lazy("Short name of the organisation above it"), [at_most(60)], filters=[stripped])
    timezone = StringField(lazy("Time zone"), [needed(lazy("Write a time zone")), at_most(60)], filters=[stripped])
    country = SelectField(lazy("Country"), choices=[], validate_choice=True)
    open_to_join = BooleanField(lazy("Anybody may join without an invitation"))

    def offer(self, present: str | None = None) -> None:
        """Fill the drop-down: countries whose help lines we hold, and the one that is set at present."""
        listed = [(entry.country, entry.name) for entry in lines.load().countries if entry.country != "EU"]
        if present and present not in dict(listed):
            listed.append((present, present))
        self.country.choices = [("", _("Another country")), *listed]

    def validate_parent(self, field: Any) -> None:
        """Check that the organisation above exists."""
        if field.data and service.by_slug(db.session(), field.data) is None:
            raise ValidationError(_("There is no organisation with this short name"))

    def validate_timezone(self, field: Any) -> None:
        """Check the name of the time zone."""
        known = re.fullmatch(r"[A-Za-z0-9_+/-]+", field.data or "")
        try:
            ZoneInfo(field.data if known else "-")
        except (KeyError, ValueError, OSError):
            raise ValidationError(_("Write a time zone by its name, such as Europe/London or UTC")) from None


class OrganisationForm(DetailsForm):
    """A new organisation."""

    slug = StringField(lazy("Short name for addresses"), [at_most(service.LONGEST_SLUG)], filters=[stripped])

    def validate_slug(self, field: Any) -> None:
        """Check the form of the short name, and that it is free."""
        if not field.data:
            return
        if not service.SLUG.fullmatch(field.data):
            raise ValidationError(_("Use small letters, digits and single hyphens, such as harbour-schools"))
        if service.by_slug(db.session(), field.data):
            raise ValidationError(_("Another organisation has this short name. Choose a different one"))


class CoordinatorForm(Form):
    """An invitation of a coordinator."""

    name = StringField(
        lazy("Name"),
        [Named(lazy("Enter the person’s name")), at_most(names.LONGEST)],
        filters=[spaced],
    )
    email = EmailField(
        lazy("E-mail address"),
        [needed(lazy("Enter the person’s e-mail address")), Address()],
        filters=[stripped],
    )


class AcceptForm(Form):
    """Why a revision opens although nobody has reviewed it."""

    reason = TextAreaField(
        lazy("Why it may open without a review"),
        [DataRequired(lazy("Write why it may open without a review")), at_most(LONGEST_REASON)],
        filters=[stripped],
    )


class ReviewerForm(Form):
    """Somebody who is asked to review a course."""

    email = EmailField(
        lazy("E-mail address"),
        [needed(lazy("Enter the person’s e-mail address")), Address()],
        filters=[stripped],
    )
    name = StringField(lazy("Name"), [Named(lazy("Enter the person’s name")), at_most(names.LONGEST)], filters=[spaced])
    profession = StringField(
        lazy("Profession or role"), [Printed(lazy("Enter a profession or role")), at_most(120)], filters=[stripped]
    )
    kind = RadioField(
        lazy("Reads it as"),
        [needed(lazy("Choose one"))],
        choices=[
            SelectChoice("clinical", lazy("a clinician")),
            SelectChoice("community", lazy("somebody from the community")),
        ],
    )
