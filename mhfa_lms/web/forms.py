"""The base of every form, and validators with our own words."""

from collections.abc import Callable
from typing import Any, Final

from flask_wtf import FlaskForm
from wtforms import Field, ValidationError
from wtforms.validators import InputRequired

from mhfa_lms.i18n import lazy
from mhfa_lms.services import name_letters, names

OFFERED: Final = lazy("Choose one of the answers on offer")
# What WTForms would say in English by itself, in our words.
SAID: Final = {
    "Not a valid choice.": OFFERED,
    "Invalid Choice: could not coerce.": OFFERED,
    "Invalid choice(s): one or more data inputs could not be coerced.": OFFERED,
    "'%(value)s' is not a valid choice for this field.": OFFERED,
    "Not a valid integer value.": lazy("Enter a whole number"),
    "Not a valid date value.": lazy("Enter a day"),
}


class Words:
    """The translations WTForms asks for."""

    def gettext(self, text: str) -> str:
        """Return a message of WTForms in our words and the language in use."""
        return str(SAID.get(text, text))

    def ngettext(self, one: str, many: str, count: int) -> str:  # noqa: ARG002  # WTForms fixes the signature
        """Return a message about some things; ours fit any number."""
        return self.gettext(one)


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A form with protection against requests from other sites; field messages are our own."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # Flask-WTF ships no types
        locales = ()

        def get_translations(self, form: Any) -> Words:  # noqa: ARG002  # WTForms fixes the signature
            """Return our own: WTForms knows neither our words nor the pseudo-languages."""
            return Words()

        def render_field(self, field: Field, render_kw: dict[str, Any]) -> Any:
            """Leave the browser's own checks out: ours run on submission, and say what to do."""
            render_kw.setdefault("required", False)
            return super().render_field(field, render_kw)


def needed(message: Any) -> InputRequired:
    """Return a validator that asks for a value in the form's own words."""
    return InputRequired(message)


def at_most(count: int, message: Any = None) -> Callable[[Any, Field], None]:
    """Return a validator for the length of a text."""
    said = message or lazy("Use at most %(max)s characters", max=count)

    def check(_form: Any, field: Field) -> None:
        if field.data and len(field.data) > count:
            raise ValidationError(said)

    return check


class OneLine:
    """A validator for a text of one line that is not only spaces."""

    def __init__(self, message: Any) -> None:
        self.message = message

    def __call__(self, _form: Any, field: Any) -> None:
        """Raise `ValidationError` for anything else."""
        if not field.data or not names.one_line(field.data):
            raise ValidationError(self.message)


class Printed(OneLine):
    """A validator for a text that will stand on certificates: of letters that can be printed here."""

    is_name = False

    def __call__(self, form: Any, field: Any) -> None:
        """Raise `ValidationError` for nothing, and naming the letters that cannot be taken, with the reason."""
        if not field.data:
            super().__call__(form, field)
        elif said := name_letters.fault(field.data, is_name=self.is_name):
            raise ValidationError(said)


class Named(Printed):
    """A validator for somebody's name, which will stand on certificates."""

    is_name = True


def spaced(value: str | None) -> str | None:
    """Return a name with plain spaces, and none around it."""
    return value.translate(names.SPACES).strip() if value else value


def stripped(value: str | None) -> str | None:
    """Return a text without spaces around it."""
    return value.strip() if value else value


__all__ = [
    "OFFERED",
    "Form",
    "Named",
    "OneLine",
    "Printed",
    "ValidationError",
    "at_most",
    "needed",
    "spaced",
    "stripped",
]
