"""Checking many certificates at once, as an employer does: a list is pasted, and may be asked about one day."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from wtforms import DateField, TextAreaField
from wtforms.validators import Optional

from mhfa_lms import clock, i18n
from mhfa_lms.adapters import spreadsheets
from mhfa_lms.i18n import lazy
from mhfa_lms.services import limits, verification
from mhfa_lms.services.secrets import read_code
from mhfa_lms.services.verification import MOST, Then, Verified
from mhfa_lms.web.access import public
from mhfa_lms.web.forms import Form, ValidationError, at_most, needed
from mhfa_lms.web.identity import settings
from mhfa_lms.web.public.blueprint import blueprint

LONGEST: Final = 10_000
COLUMNS: Final = (
    "certificate_number", "found", "on", "counts", "name", "certification", "organisation", "valid_from", "expires_on",
)  # fmt: skip


class ListForm(Form):
    """Numbers, and a day to ask about."""

    codes = TextAreaField(
        lazy("Numbers of the certificates"), [needed(lazy("Enter at least one number")), at_most(LONGEST)]
    )
    on = DateField(lazy("On which day?"), [Optional()])

    def validate_codes(self, field: TextAreaField) -> None:
        """Refuse an empty list, and one that is too long, before anything is looked up."""
        count = len(verification.read_many(field.data or ""))
        if not count:
            raise ValidationError(lazy("Enter at least one number"))
        if count > MOST:
            said = lazy("These are %(count)s numbers. Check at most %(most)s at once.", count=count, most=MOST)
            raise ValidationError(said)

    def validate_on(self, field: DateField) -> None:
        """Ask for a day that a calendar has, in words of our own."""
        if field.raw_data and field.raw_data[0] and field.data is None:
            field.errors = []
            raise ValidationError(lazy("Enter a day, such as 2027-03-31"))


@blueprint.route("/v/several", methods=["GET", "POST"])
@public
def several() -> ResponseReturnValue:
    """Ask for a list of numbers, and say what each proves. Nothing is kept; numbers stand in no address."""
    form = ListForm()
    if not form.validate_on_submit():
        return render_template("public/verify_many.html", form=form, checked=None), 422 if form.errors else 200
    now = clock.now()
    limits.take([(limits.VERIFY_LISTS, request.remote_addr or "")], secret=settings().secret_key, now=now)
    typed = verification.read_many(form.codes.data or "")
    found = list(zip(typed, verification.look_up_many(typed, now=now), strict=True))
    if request.form.get("as") == "csv":
        answer = Response(spreadsheets.csv_chunks(COLUMNS, _rows(found, form.on.data)))
        answer.content_type = spreadsheets.CSV_TYPE
        answer.headers.set("Content-Disposition", "attachment", filename="certificates.csv")
        return answer
    counting = sum(_counts(one, form.on.data) for _typed, one in found)
    return render_template(
        "public/verify_many.html",
        form=form,
        checked=found,
        day=form.on.data,
        counting=counting,
        could_be=read_code,
        # The table's own styles, which visitors' pages do without.
        staff=True,
    )


def _counts(found: Verified | None, day: date | None) -> bool:
    if found is None:
        return False
    return found.on(day) is Then.COUNTED if day else found.is_certified


def _rows(checked: list[tuple[str, Verified | None]], day: date | None) -> Iterator[list[str]]:
    for typed, one in checked:
        if one is None:
            yield [typed, "no", *[""] * (len(COLUMNS) - 2)]
            continue
        asked: Any = day or one.checked_on
        yield [
            i18n.format_code(one.code), "yes", asked.isoformat(), "yes" if _counts(one, day) else "no", one.name or "",
            one.type_name, one.organisation_name, one.starts_on.isoformat(), one.expires_on.isoformat(),
        ]  # fmt: skip
