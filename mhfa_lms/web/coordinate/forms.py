"""The coordinator's forms."""

from typing import Any

from wtforms import BooleanField, DateField, EmailField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput, ListWidget

from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import Audience, Correction, CourseRevision, Membership, Role
from mhfa_lms.services import names
from mhfa_lms.services.certificates import LONGEST_REASON
from mhfa_lms.services.sites import LONGEST_NAME as LONGEST_SITE
from mhfa_lms.web.account.forms import Address
from mhfa_lms.web.coordinate import words
from mhfa_lms.web.forms import OFFERED, Form, Named, OneLine, ValidationError, at_most, needed, spaced, stripped


class Said:
    """A validator for a text of any lines that is not only spaces."""

    def __init__(self, message: Any) -> None:
        self.message = message

    def __call__(self, _form: Any, field: Any) -> None:
        """Raise `ValidationError` for an empty text, and for one that a database refuses."""
        if not field.data or "\0" in field.data:
            raise ValidationError(self.message)


class Ticks(SelectMultipleField):
    """Several tick boxes under one heading."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def _id_or_none(value: Any) -> int | None:
    """Return the id chosen in a drop-down; the empty choice is None."""
    return int(value) if value not in {None, "", "None"} else None


def _choices_of_sites(sites: list[Any]) -> list[tuple[Any, str]]:
    return [("", _("No site")), *((one.id, one.name) for one in sites)]


class InviteForm(Form):
    """An invitation."""

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
    audience = SelectField(lazy("Where they will be a first aider"))
    site_id = SelectField(lazy("Site"), coerce=_id_or_none)
    roles = Ticks(lazy("Roles"))
    course_id = SelectField(lazy("Course to begin with"), coerce=_id_or_none)

    def offer(self, sites: list[Any], courses: list[CourseRevision]) -> None:
        """Fill the drop-downs."""
        self.audience.choices = [(one.value, word) for one, word in words.audiences().items()]
        self.site_id.choices = _choices_of_sites(sites)
        self.roles.choices = [(one.value, word) for one, word in words.roles().items()]
        self.course_id.choices = [("", _("No course yet")), *((one.course_id, one.title) for one in courses)]


class RolesForm(Form):
    """A member's roles."""

    roles = Ticks(lazy("Roles"), [needed(lazy("Choose at least one role"))])

    def offer(self, member: Membership, *, own: bool) -> None:
        """Fill the tick boxes; `own` when coordinators change their own roles."""
        self.own = own
        self.leads = any(held.role is Role.SAFEGUARDING for held in member.roles)
        self.roles.choices = [(one.value, word) for one, word in words.roles().items()]
        if not self.is_submitted():
            self.roles.data = [held.role.value for held in member.roles]

    def validate_roles(self, field: Any) -> None:
        """Keep coordinators from locking themselves out."""
        if self.own and Role.COORDINATOR.value not in (field.data or []):
            raise ValidationError(
                str(lazy("You cannot take the coordinator role from yourself. Ask another coordinator."))
            )
        if self.own and not self.leads and Role.SAFEGUARDING.value in (field.data or []):
            raise ValidationError(
                str(lazy("You cannot name yourself safeguarding lead. Name somebody else, or ask another coordinator."))
            )


class EnrolForm(Form):
    """A course to enrol a member on."""

    course_id = SelectField(lazy("Course"), coerce=_id_or_none)

    def offer(self, courses: list[CourseRevision]) -> None:
        """Fill the drop-down."""
        self.course_id.choices = [("", _("Choose a course")), *((one.course_id, one.title) for one in courses)]

    def validate_course_id(self, field: Any) -> None:
        """Ask for a course."""
        if field.data is None:
            raise ValidationError(str(lazy("Choose a course")))


class AuthoriseForm(Form):
    """What an instructor may mark, and until when."""

    type_id = SelectField(lazy("Certification"), coerce=_id_or_none)
    until = DateField(lazy("Last day"))

    def offer(self, types: list[Any]) -> None:
        """Fill the drop-down."""
        self.type_id.choices = [("", _("Choose a certification")), *((one.id, one.name) for one in types)]

    def validate_type_id(self, field: Any) -> None:
        """Ask for a certification."""
        if field.data is None:
            raise ValidationError(str(lazy("Choose a certification")))

    def validate_until(self, field: Any) -> None:
        """Ask for a day, in words of our own."""
        if field.data is None:
            field.errors = []
            raise ValidationError(str(lazy("Enter the last day, such as 31 December 2027")))


class DetailsForm(Form):
    """What the organisation notes about a member."""

    name = StringField(lazy("Name"), [Named(lazy("Enter the person’s name")), at_most(names.LONGEST)], filters=[spaced])
    site_id = SelectField(lazy("Site"), coerce=_id_or_none)
    audience = SelectField(lazy("Where they are a first aider"))
    languages = StringField(
        lazy("Languages they can help in"),
        [Optional(), OneLine(lazy("Write the languages in one line")), at_most(200)],
        filters=[stripped],
    )
    work_email = EmailField(lazy("Work e-mail address"), [Optional(), Address()], filters=[stripped])

    def offer(self, sites: list[Any]) -> None:
        """Fill the drop-downs."""
        self.site_id.choices = _choices_of_sites(sites)
        self.audience.choices = [(one.value, word) for one, word in words.audiences().items()]
        if not self.is_submitted() and isinstance(self.audience.data, Audience):
            self.audience.data = self.audience.data.value


class LeaveForm(Form):
    """Confirms that somebody leaves; it has nothing to fill in."""


class WithdrawForm(Form):
    """Confirms that an invitation is withdrawn; it has nothing to fill in."""


class RevokeForm(Form):
    """Why a certificate is withdrawn."""

    reason = TextAreaField(
        lazy("Reason"),
        [Said(lazy("Say why the certificate is withdrawn")), at_most(LONGEST_REASON)],
        filters=[stripped],
    )


class CorrectForm(Form):
    """The name as it should stand on a certificate. `because` is the button that was pressed."""

    name = StringField(
        lazy("Name as it should be"),
        [Named(lazy("Enter the name as it should be")), at_most(names.LONGEST)],
        filters=[spaced],
    )
    in_record = BooleanField(lazy("Mend it in the training record and the register, too"))
    because = StringField(lazy("Why"))

    def validate_because(self, field: StringField) -> None:
        """Take one of the buttons."""
        if field.data not in set(Correction):
            raise ValidationError(OFFERED)


class SiteForm(Form):
    """A new site."""

    name = StringField(
        lazy("Name of the site"),
        [OneLine(lazy("Enter the name of the site")), at_most(LONGEST_SITE)],
        filters=[stripped],
    )
