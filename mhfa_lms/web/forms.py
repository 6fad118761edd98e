"""The base of every form, and validators with our own words."""

from collections.abc import Callable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, ValidationError
from wtforms.validators import InputRequired

from mhfa_lms.i18n import lazy


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A form with protection against requests from other sites; field messages are our own."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # Flask-WTF ships no types
        locales = ()

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


def stripped(value: str | None) -> str | None:
    """Return a text without spaces around it."""
    return value.strip() if value else value


__all__ = ["Form", "ValidationError", "at_most", "needed", "stripped"]
