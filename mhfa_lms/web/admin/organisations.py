"""Organisations: the list, and the form that makes one."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, or_, select, true
from sqlalchemy.orm import aliased

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Organisation
from mhfa_lms.policy import Can
from mhfa_lms.services import organisations as service
from mhfa_lms.services import paging
from mhfa_lms.web import lists
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.admin.forms import OrganisationForm
from mhfa_lms.web.identity import me, settings


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
    text = lists.text("q")
    wanted = or_(
        func.lower(Organisation.name).contains(text.lower(), autoescape=True),
        Organisation.slug.contains(text.lower(), autoescape=True),
    )
    order = paging.Order(Organisation.name, Organisation.id, true())
    page = paging.page(db.session(), statement.where(wanted), order, lists.place())
    total = paging.count(db.session(), select(Organisation.id).where(wanted))
    return render_template("admin/organisations.html", form=form, page=page, text=text, total=total), status


@blueprint.get("/admin/organisations")
@requires(Can.ADMINISTER)
def organisations() -> ResponseReturnValue:
    """Every organisation, by name, 25 a page; below them the form for a new one."""
    form = OrganisationForm(timezone=settings().timezone)
    form.offer()
    return _page(form)


@blueprint.post("/admin/organisations")
@requires(Can.ADMINISTER)
def create_organisation() -> ResponseReturnValue:
    """Make an organisation."""
    form = OrganisationForm()
    form.offer()
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
            "%(name)s is ready. Now invite its first coordinator.",
            name=made.name,
        ),
        "success",
    )
    return redirect(url_for("admin.organisation", organisation_id=made.id, _anchor="invite"), 303)
