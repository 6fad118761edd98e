"""Checking a certificate, by people and by programs, today or on another day.

Tells nothing to anybody who does not hold the number.
"""

from datetime import date
from typing import Any, Final

from flask import Response, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import DateField, StringField
from wtforms.validators import Optional

from mhfa_lms import clock, i18n
from mhfa_lms.i18n import lazy
from mhfa_lms.services import limits, verification
from mhfa_lms.services.secrets import read_code
from mhfa_lms.services.verification import Verified, statement
from mhfa_lms.web.access import public
from mhfa_lms.web.errors import wants_json
from mhfa_lms.web.forms import Form, ValidationError, at_most, needed
from mhfa_lms.web.identity import settings
from mhfa_lms.web.public.blueprint import blueprint

ENDPOINTS: Final = frozenset({"public.check", "public.verify", "public.several"})
UNKNOWN: Final[Any] = lazy("We found no certificate with this number. Check every letter and digit, and try again.")


class CheckForm(Form):
    """The number of a certificate, as typed."""

    code = StringField(
        lazy("Number of the certificate"), [needed(lazy("Enter the number of the certificate")), at_most(80)]
    )

    def validate_code(self, field: StringField) -> None:
        """Say what a number looks like when this cannot be one; whether it exists is not asked here."""
        if read_code(field.data or "") is None:
            raise ValidationError(lazy("Enter all 16 letters and digits, such as 7KQ2-M9XB-T4HF-0RWA"))


class DayForm(Form):
    """A day to ask about."""

    on = DateField(lazy("Did it count on another day?"), [Optional()])

    def validate_on(self, field: DateField) -> None:
        """Ask for a day that a calendar has, in words of our own."""
        if field.errors or (field.raw_data and field.raw_data[0] and field.data is None):
            field.errors = []
            raise ValidationError(lazy("Enter a day, such as 2027-03-31"))


@blueprint.after_request
def keep_private(response: Response) -> Response:
    """Keep these pages, found or not, out of search engines and out of every cache."""
    if request.endpoint in ENDPOINTS:
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Cache-Control"] = "no-store"
        # The number never leaves this site. Without any referrer the page's own forms would be refused over HTTPS.
        response.headers["Referrer-Policy"] = "same-origin"
        response.vary.add("Accept")
    return response


@blueprint.get("/v")
@public
def check() -> ResponseReturnValue:
    """Ask for a number, and go to its page; hyphens, spaces, case and look-alike letters are forgiven."""
    if "code" not in request.args:
        return render_template("public/verify_form.html", form=CheckForm(formdata=None, meta={"csrf": False}))
    form = CheckForm(formdata=request.args, meta={"csrf": False})
    code = read_code(form.code.data or "")
    if not form.validate() or code is None:
        return render_template("public/verify_form.html", form=form), 422
    return redirect(url_for("public.verify", code=i18n.format_code(code)), 303)


@blueprint.get("/v/<code>")
@public
def verify(code: str) -> ResponseReturnValue:
    """What a number proves today, and with `on` (YYYY-MM-DD) on another day."""
    now = clock.now()
    limits.take([(limits.VERIFY_ADDRESS, request.remote_addr or "")], secret=settings().secret_key, now=now)
    found = verification.look_up(code, now=now)
    if found is None:
        return _unknown(code)
    form = DayForm(formdata=request.args if request.args.get("on") else None, meta={"csrf": False})
    if request.args.get("on") and not form.validate():
        if wants_json():
            return jsonify(error="Unprocessable Entity", message=str(form.on.errors[0])), 422
        return render_template("public/verify.html", found=found, form=form, then=None), 422
    day = form.on.data
    if wants_json():
        return jsonify(facts(found, day))
    return render_template("public/verify.html", found=found, form=form, then=found.on(day) if day else None, day=day)


def _unknown(code: str) -> Response:
    """Answer alike for a number that never was and for one that could not be."""
    if wants_json():
        response = jsonify(error="Not Found", message=str(UNKNOWN))
    else:
        form = CheckForm(formdata=None, data={"code": code[:80]}, meta={"csrf": False})
        response = make_response(render_template("public/verify_unknown.html", form=form, message=UNKNOWN))
    response.status_code = 404
    return response


def facts(found: Verified, day: date | None = None) -> dict[str, Any]:
    """Return what programs are told: dates as YYYY-MM-DD, null where there is nothing to tell.

    Asked about a `day`, they are told that day and how it was then as well.
    """
    asked = {"on": day.isoformat(), "on_that_day": found.on(day).value} if day else {}
    return asked | {
        "number": i18n.format_code(found.code),
        "standing": found.standing.value,
        "certified": found.is_certified,
        "name": found.name,
        "name_reduced_to_initials": found.is_initials and found.name is not None,
        "certification": found.type_name,
        "course": found.course_title,
        "hours": round(found.minutes / 60, 2) if found.minutes else None,
        "organisation": found.organisation_name,
        "issuer": found.issuer_name,
        "completed_on": found.completed_on.isoformat(),
        "issued_on": found.issued_on.isoformat(),
        "valid_from": found.starts_on.isoformat(),
        "expires_on": found.expires_on.isoformat(),
        "revoked_on": found.revoked_on.isoformat() if found.revoked_on else None,
        "replaced_on": found.replaced_on.isoformat() if found.replaced_on else None,
        "replaced_by": i18n.format_code(found.replaced_by) if found.replaced_by else None,
        "renewed_until": found.renewed_until.isoformat() if found.renewed_until else None,
        "renews_an_earlier_one": found.renews,
        "checked_on": found.checked_on.isoformat(),
        "statement": statement(settings().licence_statement),
    }
