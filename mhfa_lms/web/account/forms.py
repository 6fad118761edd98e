"""The forms about accounts."""

from typing import Any, Final
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from wtforms import BooleanField, EmailField, Field, HiddenField, PasswordField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # WTForms 3.3 has it, its stubs do not
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from mhfa_lms.i18n import lazy
from mhfa_lms.models import Audience
from mhfa_lms.services import names, passwords
from mhfa_lms.web.forms import Form, Named, at_most, needed, spaced, stripped

LONGEST_ADDRESS: Final = 254
AUDIENCES: Final = [
    SelectChoice(Audience.VOLUNTEER.value, lazy("As a volunteer")),
    SelectChoice(Audience.EDUCATOR.value, lazy("In a school or another place of learning")),
    SelectChoice(Audience.WORKPLACE.value, lazy("At work")),
    SelectChoice(Audience.OTHER.value, lazy("Somewhere else")),
]
NEED_EMAIL: Final = lazy("Enter your e-mail address")
NEED_PASSWORD: Final = lazy("Enter your password")
NEED_NEW_PASSWORD: Final = lazy("Choose a password")
NEED_NAME: Final = lazy("Enter your name")


class Address:
    """A validator for an e-mail address: one @, a host with a dot, nothing that a mail header could trip over."""

    def __call__(self, _form: Any, field: Field) -> None:
        """Raise `ValidationError` for a text that is no address; put the address into its usual form."""
        text = field.data or ""
        try:
            found = validate_email(text, check_deliverability=False, test_environment=True, globally_deliverable=False)
        except EmailNotValidError as error:
            raise ValidationError(self.message) from error
        if len(text) > LONGEST_ADDRESS or "." not in found.domain:
            raise ValidationError(self.message)
        field.data = found.normalized

    message = lazy("Enter an e-mail address in the form name@example.org")


def _email(label: Any, message: Any = NEED_EMAIL) -> EmailField:
    return EmailField(label, [needed(message), Address()], filters=[stripped])


def _name(label: Any, message: Any = NEED_NAME) -> StringField:
    return StringField(label, [needed(message), at_most(names.LONGEST), Named(message)], filters=[spaced])


def _password(label: Any, message: Any) -> PasswordField:
    return PasswordField(label, [InputRequired(message)])


class SignInForm(Form):
    """Address and password. The password has no other rule here: it is right or wrong."""

    email = EmailField(lazy("E-mail address"), [needed(NEED_EMAIL), Length(max=LONGEST_ADDRESS)], filters=[stripped])
    password = _password(lazy("Password"), NEED_PASSWORD)


class ForgotForm(Form):
    """The address a link for a new password goes to."""

    email = _email(lazy("E-mail address"))


class NewPasswordForm(Form):
    """One new password."""

    password = _password(lazy("New password"), NEED_NEW_PASSWORD)


class PlainForm(Form):
    """A button and nothing else."""


class ConfirmForm(Form):
    """The password chosen when joining, where the browser is another one."""

    password = _password(lazy("The password you chose"), NEED_PASSWORD)


class WithSite(Form):
    """Asks which site of the organisation somebody belongs to, where it has any."""

    site_id = SelectField(
        lazy("Which place do you belong to?"),
        [Optional()],
        coerce=lambda value: int(value) if value not in {None, "", "None"} else None,
    )

    def offer(self, sites: list[Any]) -> None:
        """Fill the drop-down; without sites there is nothing to ask."""
        self.site_id.choices = [("", lazy("None of these, or I do not know")), *((one.id, one.name) for one in sites)]
        if not sites:
            del self.site_id

    @property
    def site(self) -> int | None:
        """The site that was chosen."""
        found = self.data.get("site_id")
        return found if isinstance(found, int) else None


class PlaceForm(WithSite):
    """What a person is called in an organisation, and where they will use what they learn."""

    name = _name(lazy("Your name"))
    audience = RadioField(
        lazy("Where will you use what you learn?"),
        [needed(lazy("Choose one of the answers"))],
        choices=AUDIENCES,
    )


class JoinForm(WithSite):
    """An account and a place in an organisation."""

    name = _name(lazy("Your name"))
    email = _email(lazy("E-mail address"))
    password = _password(lazy("Choose a password"), NEED_NEW_PASSWORD)
    audience = RadioField(
        lazy("Where will you use what you learn?"),
        [needed(lazy("Choose one of the answers"))],
        choices=AUDIENCES,
    )
    of_age = BooleanField(lazy("I am old enough"), [needed(lazy("Tick the box if you are old enough to join"))])

    def validate_password(self, field: Field) -> None:
        """Raise `ValidationError` for a password that is refused: said with everything else that is wrong."""
        try:
            passwords.check(text(field), text(self.email))
        except passwords.PasswordError as error:
            raise ValidationError(error.message) from error


class AcceptForm(Form):
    """Take an invitation with the account that is signed in."""

    name = _name(lazy("Your name"))


class AcceptNewForm(Form):
    """Take an invitation as a new person."""

    name = _name(lazy("Your name"))
    password = _password(lazy("Choose a password"), NEED_NEW_PASSWORD)
    of_age = BooleanField(lazy("I am old enough"), [needed(lazy("Tick the box if you are old enough to join"))])


class FirstAdminForm(Form):
    """The first administrator and their organisation."""

    organisation = _name(lazy("Name of your organisation"), lazy("Enter the name of your organisation"))
    timezone = StringField(lazy("Time zone"), filters=[stripped], default="UTC")
    name = _name(lazy("Your name"))
    email = _email(lazy("Your e-mail address"))
    password = _password(lazy("Choose a password"), NEED_NEW_PASSWORD)

    def validate_timezone(self, field: Field) -> None:
        """Raise `ValidationError` for a zone that does not exist."""
        if field.data not in available_timezones():
            raise ValidationError(lazy("Enter the name of a time zone, such as Europe/London or UTC"))


class ChangePasswordForm(Form):
    """The current password and a new one."""

    current = _password(lazy("Current password"), lazy("Enter your current password"))
    password = _password(lazy("New password"), NEED_NEW_PASSWORD)


class DeleteForm(Form):
    """The end of an account: the password that shows who asks, and that it is meant."""

    understood = BooleanField(
        lazy("I understand that this cannot be undone"),
        [needed(lazy("Tick the box if you want to delete your account"))],
    )
    without_handover = BooleanField(
        lazy("Delete my account all the same, without handing over"),
        [needed(lazy("Hand over first, or tick the box if you want to go without handing over"))],
    )
    password = _password(lazy("Your password"), NEED_PASSWORD)


class AddressForm(Form):
    """A new address, and the password that shows who asks."""

    email = _email(lazy("New e-mail address"))
    password = _password(lazy("Your password"), NEED_PASSWORD)


class PasswordAgainForm(Form):
    """The password once more, before the second step is changed."""

    password = _password(lazy("Your password"), NEED_PASSWORD)


class CodeForm(Form):
    """The code that an app shows."""

    code = StringField(
        lazy("Code from your app"),
        [needed(lazy("Enter the six digits that your app shows"))],
        filters=[stripped],
        render_kw={"inputmode": "numeric"},
    )


class RecoveryCodeForm(Form):
    """A recovery code; spaces, hyphens and small letters are forgiven."""

    code = StringField(lazy("Recovery code"), [needed(lazy("Enter one of your recovery codes"))], filters=[stripped])


class AppForm(CodeForm):
    """An app that is being set up: what its owner calls it, and the first code it shows."""

    name = _name(lazy("What to call it"), lazy("Enter a name, such as “My phone”"))
    offer = HiddenField()


class PasskeyForm(Form):
    """A passkey that is being made: what its owner calls it, and what the browser answered."""

    name = _name(lazy("What to call it"), lazy("Enter a name, such as “My phone”"))
    answer = HiddenField()


class PasskeyAnswerForm(Form):
    """What the browser answered for a passkey when signing in."""

    answer = HiddenField()


def refuse(field: Field, message: Any) -> None:
    """Put an error on a field that the service found, as if the form had."""
    field.errors = [*field.errors, message]


def text(field: Field) -> str:
    """Return what was typed into a field, for the services' strict types."""
    return str(field.data or "")
