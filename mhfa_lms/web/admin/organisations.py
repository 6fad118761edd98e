"""Organisations: the list, and the form that makes one."""

import re
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select, true
from sqlalchemy.orm import aliased
from wtforms import BooleanField, SelectField, StringField

from mhfa_lms import clock, db
from mhfa_lms.help import lines
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import Organisation
from mhfa_lms.policy import Can
from mhfa_lms.services import names, paging
from mhfa_lms.services import organisations as service
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.forms import Form, OneLine, ValidationError, at_most, needed, stripped
from mhfa_lms.web.identity import me, settings
from mhfa_lms.web.requests import whole


class OrganisationForm(Form):
    """A new organisation."""

    name = StringField(
        lazy("Name"),
        [OneLine(lazy("Write the organisation’s name in one line")), at_most(names.LONGEST)],
        filters=[stripped],
    )
    slug = StringField(lazy("Short name for addresses"), [at_most(service.LONGEST_SLUG)], filters=[stripped])
    parent = StringField(lazy("Short name of the organisation above it"), [at_most(60)], filters=[stripped])
    timezone = StringField(lazy("Time zone"), [needed(lazy("Write a time zone")), at_most(60)], filters=[stripped])
    country = SelectField(lazy("Country"), choices=[], validate_choice=True)
    open_to_join = BooleanField(lazy("Anybody may join without an invitation"))

    def validate_slug(self, field: Any) -> None:
        """Check the form of the short name, and that it is free."""
        if not field.data:
            return
        if not service.SLUG.fullmatch(field.data):
            raise ValidationError(_("Use small letters, digits and single hyphens, such as harbour-schools"))
        if service.by_slug(db.session(), field.data):
            raise ValidationError(_("Another organisation has this short name. Choose a different one"))

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


def _countries() -> list[tuple[str, Any]]:
    return [
        ("", _("Another country")),
        *((entry.country, entry.name) for entry in lines.load().countries if entry.country != "EU"),
    ]


def _page(form: OrganisationForm, status: int = 200) -> ResponseReturnValue:
    above = aliased(Organisation)
    statement = select(
        Organisation.id,
        Organisation.name,
        Organisation.slug,
        Organisation.timezone,
        Organisation.country,
        Organisation.open_to_join,
        above.name.label("parent"),
    ).outerjoin(above, above.id == Organisation.parent_id)
    place = paging.Place(request.args.get("after", type=whole), request.args.get("before", type=whole))
    page = paging.page(db.session(), statement, paging.Order(Organisation.name, Organisation.id, true()), place)
    return render_template("admin/organisations.html", form=form, page=page), status


@blueprint.get("/admin/organisations")
@requires(Can.ADMINISTER)
def organisations() -> ResponseReturnValue:
    """Every organisation, by name, 25 a page; below them the form for a new one."""
    form = OrganisationForm(timezone=settings().timezone)
    form.country.choices = _countries()
    return _page(form)


@blueprint.post("/admin/organisations")
@requires(Can.ADMINISTER)
def create_organisation() -> ResponseReturnValue:
    """Make an organisation."""
    form = OrganisationForm()
    form.country.choices = _countries()
    if not form.validate_on_submit():
        return _page(form, 422)
    name = form.name.data or ""
    try:
        made = service.create(
            form.slug.data or service.slug_of(name),
            name,
            by=me(),
            now=clock.now(),
            parent=form.parent.data or None,
            timezone=form.timezone.data or settings().timezone,
            country=form.country.data or None,
            locale=settings().default_locale,
            open_to_join=form.open_to_join.data,
        )
    except service.OrganisationError:
        # All else was checked above: the short name, made from the name or taken meanwhile, is not free.
        form.slug.errors = [_("Another organisation has this short name. Choose a different one")]
        return _page(form, 422)
    flash(
        _(
            "%(name)s is ready. Make its first coordinator with “mhfa-lms users create”, or let people join.",
            name=made.name,
        ),
        "success",
    )
    return redirect(url_for("admin.organisations"), 303)
