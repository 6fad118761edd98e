"""Inviting people, and the invitations nobody has taken up yet."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Audience, Invitation, Role
from mhfa_lms.policy import Can
from mhfa_lms.services import catalogue, people, sites
from mhfa_lms.services import invitations as service
from mhfa_lms.web import lists
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import load
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.coordinate.forms import InviteForm, WithdrawForm
from mhfa_lms.web.identity import me


@blueprint.route("/coordinate/people/invite", methods=["GET", "POST"])
@requires(Can.INVITE)
def invite() -> ResponseReturnValue:
    """Invite a person by mail. The answer is the same whether or not the address has an account."""
    who = me()
    form = InviteForm(roles=[Role.LEARNER.value])
    form.offer(sites.listed(db.session(), by=who), catalogue.newest(db.session()))
    if form.validate_on_submit() and _sent(form):
        said = _(
            "The invitation is on its way to %(email)s. It works for %(days)s days.",
            email=form.email.data,
            days=service.LASTS.days,
        )
        flash(said, "success")
        return redirect(url_for("coordinate.invitations"), 303)
    return render_template("coordinate/invite.html", form=form), 422 if form.errors else 200


def _sent(form: InviteForm) -> bool:
    who = me()
    try:
        service.invite(
            who.organisation_id or 0,
            form.email.data or "",
            form.name.data or "",
            roles=[Role(one) for one in form.roles.data or []],
            audience=Audience(form.audience.data),
            site_id=form.site_id.data,
            course_id=form.course_id.data,
            by=who,
            now=clock.now(),
        )
    except service.InvitationError as error:
        form.email.errors = [str(error.message)]
        return False
    return True


@blueprint.get("/coordinate/people/invitations")
@requires(Can.INVITE)
def invitations() -> str:
    """The invitations that were neither accepted nor withdrawn."""
    session, who, text = db.session(), me(), lists.text("q")
    return render_template(
        "coordinate/invitations.html",
        text=text,
        found=people.invitations_found(session, text, by=who) if text else None,
        page=people.invitations(session, lists.place(), by=who, text=text),
        total=people.invitations_total(session, by=who, now=clock.now()),
        now=clock.now(),
        zone=who.timezone,
    )


@blueprint.post("/coordinate/people/invitations/<int:invitation_id>/withdraw")
@requires(Can.INVITE, load=load.invitation)
def withdraw(invitation: Invitation) -> ResponseReturnValue:
    """Take an invitation back."""
    if WithdrawForm().validate_on_submit():
        service.withdraw(invitation.id, by=me(), now=clock.now())
        flash(_("The invitation is withdrawn. Its link no longer works."), "success")
    return redirect(url_for("coordinate.invitations"), 303)
