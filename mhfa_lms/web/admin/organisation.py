"""One organisation: its state, its details, and inviting who coordinates it."""

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Organisation
from mhfa_lms.policy import Actor, Can
from mhfa_lms.services import catalogue, invitations, memberships, organisation_facts, organisations
from mhfa_lms.web import rule_words as words
from mhfa_lms.web.access import requires
from mhfa_lms.web.admin.blueprint import blueprint
from mhfa_lms.web.admin.forms import CoordinatorForm, DetailsForm
from mhfa_lms.web.identity import me


def load(actor: Actor, organisation_id: int) -> Organisation | None:  # noqa: ARG001  # administrators see all of them
    """Return an organisation by its number."""
    return organisations.by_id(db.session(), organisation_id)


def _page(row: Organisation, form: CoordinatorForm, status: int = 200) -> ResponseReturnValue:
    session = db.session()
    found = organisation_facts.gather(session, row, by=me())
    named = {one.id: one.name for one in (row, *found.above)}
    titles = {one.course_id: one.title for one in catalogue.newest(session)} if found.own_rules else {}
    own = [
        (words.rule(one.rule), words.value(one.value), named[one.organisation_id], titles.get(one.course_id or 0))
        for one in found.own_rules
    ]
    return render_template(
        "admin/organisation.html", found=found, form=form, own=own, country=words.country(row.country), now=clock.now()
    ), status


@blueprint.get("/admin/organisations/<int:organisation_id>")
@requires(Can.ADMINISTER, load=load)
def organisation(row: Organisation) -> ResponseReturnValue:
    """Who is there and who coordinates, what it decides for itself, and the form that invites a coordinator."""
    return _page(row, CoordinatorForm())


@blueprint.post("/admin/organisations/<int:organisation_id>/coordinators")
@requires(Can.INVITE_COORDINATOR, load=load)
def invite_coordinator(row: Organisation) -> ResponseReturnValue:
    """Invite a coordinator by mail."""
    form, place = CoordinatorForm(), row.id
    if not form.validate_on_submit():
        return _page(row, form, 422)
    email = form.email.data or ""
    if memberships.make_coordinator(place, email, by=me(), now=clock.now()):
        flash(_("%(email)s belongs to the organisation already and is a coordinator now.", email=email), "success")
        return redirect(url_for("admin.organisation", organisation_id=place), 303)
    try:
        invitations.invite_coordinator(place, form.email.data or "", form.name.data or "", by=me(), now=clock.now())
    except invitations.InvitationError as error:
        # Joined by another way in this very moment.
        form.email.errors = [str(error.message)]
        return _page(row, form, 422)
    said = _(
        "The invitation is on its way to %(email)s. It works for %(days)s days.",
        email=form.email.data,
        days=invitations.LASTS.days,
    )
    flash(said, "success")
    return redirect(url_for("admin.organisation", organisation_id=place), 303)


@blueprint.post("/admin/organisations/<int:organisation_id>/coordinators/<int:invitation_id>/withdraw")
@requires(Can.INVITE_COORDINATOR, load=load)
def withdraw_coordinator(row: Organisation, invitation_id: int) -> ResponseReturnValue:
    """Take the invitation of a coordinator back."""
    found, place = organisation_facts.invitation(db.session(), row.id, invitation_id), row.id
    if found is None:
        abort(404)
    invitations.withdraw(found.id, by=me(), now=clock.now())
    flash(_("The invitation is withdrawn. Its link no longer works."), "success")
    return redirect(url_for("admin.organisation", organisation_id=place), 303)


@blueprint.route("/admin/organisations/<int:organisation_id>/edit", methods=["GET", "POST"])
@requires(Can.ADMINISTER, load=load)
def edit_organisation(row: Organisation) -> ResponseReturnValue:
    """Change an organisation's name, place, zone, country, and whether anybody may join."""
    form, place = DetailsForm(obj=row), row.id
    form.offer(row.country)
    if not form.is_submitted():
        form.parent.data = _slug_above(row)
        form.country.data = row.country or ""
    if form.validate_on_submit() and _changed(form, place):
        flash(_("The details are saved."), "success")
        return redirect(url_for("admin.organisation", organisation_id=place), 303)
    return render_template("admin/organisation_edit.html", form=form, row=row), 422 if form.errors else 200


def _slug_above(row: Organisation) -> str:
    above = organisations.by_id(db.session(), row.parent_id) if row.parent_id else None
    return above.slug if above else ""


def _changed(form: DetailsForm, organisation_id: int) -> bool:
    try:
        organisations.change(
            organisation_id,
            name=form.name.data or "",
            parent=form.parent.data or None,
            timezone=form.timezone.data or "UTC",
            country=form.country.data or None,
            open_to_join=bool(form.open_to_join.data),
            by=me(),
            now=clock.now(),
        )
    except organisations.CircleError:
        form.parent.errors = [_("An organisation cannot stand inside itself. Choose a different one")]
        return False
    return True
