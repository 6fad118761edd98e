"""One person: their training, details and roles, a further course, and leaving."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Audience, Enrolment, Membership, MembershipState, Role
from mhfa_lms.policy import Can
from mhfa_lms.services import (
    authorisations,
    catalogue,
    duty_years,
    enrolments,
    extensions,
    memberships,
    people,
    sites,
    training_record,
)
from mhfa_lms.web import adjusting
from mhfa_lms.web.access import requires
from mhfa_lms.web.coordinate import load, words
from mhfa_lms.web.coordinate.blueprint import blueprint
from mhfa_lms.web.coordinate.forms import AuthoriseForm, DetailsForm, EnrolForm, LeaveForm, RolesForm
from mhfa_lms.web.identity import me


def _page(
    member: Membership,
    *,
    roles: RolesForm | None = None,
    enrol: EnrolForm | None = None,
    authorise: AuthoriseForm | None = None,
) -> tuple[str, int]:
    """Draw the page; a form that was sent and is wrong keeps what was chosen and says what is missing."""
    session, who = db.session(), me()
    if roles is None:
        roles = RolesForm(formdata=None)
        roles.offer(member, own=False)
        roles.roles.data = [held.role.value for held in member.roles]
    if enrol is None:
        enrol = EnrolForm(formdata=None)
        enrol.offer(catalogue.newest(session))
    if authorise is None:
        authorise = AuthoriseForm(formdata=None)
        authorise.offer(authorisations.types(session))
    here = member.state == MembershipState.ACTIVE
    # Whoever has left has no forms on their page that could be mended.
    wrong = next((form for form in (roles, enrol, authorise) if here and form.errors), None)
    today = clock.civil_date(clock.now(), member.organisation.timezone)
    instructs = Role.INSTRUCTOR in {held.role for held in member.roles}
    authorised = authorisations.of(session, member.id, by=who, today=today) if here else []
    page = render_template(
        "coordinate/person.html",
        form=wrong,
        member=member,
        record=training_record.of(session, member, by=who, today=today),
        here=here,
        own=member.id == who.membership_id,
        zone=member.organisation.timezone,
        roles_form=roles,
        enrol_form=enrol,
        authorise_form=authorise,
        instructs=instructs,
        authorised=authorised,
        extendable=extensions.extendable(authorised, today) if instructs else {},
        standing=duty_years.standing(session, member, authorised, today) if here and instructs else None,
        today=today,
        role_words=words.roles(),
        audience=words.audiences()[member.audience],
        states=words.enrolments(),
        tries=words.tries(),
        answers=words.answers(),
    )
    return page, 422 if wrong else 200


def _back(member: Membership) -> ResponseReturnValue:
    return redirect(url_for("coordinate.person", membership_id=member.id), 303)


@blueprint.get("/coordinate/people/<int:membership_id>")
@requires(Can.SEE_PEOPLE, load=load.member)
def person(member: Membership) -> ResponseReturnValue:
    """A person's training record."""
    return _page(member)


@blueprint.post("/coordinate/people/<int:membership_id>/roles")
@requires(Can.CHANGE_MEMBERSHIP, load=load.member)
def roles(member: Membership) -> ResponseReturnValue:
    """Change a person's roles; it signs them out everywhere."""
    form = RolesForm()
    form.offer(member, own=member.id == me().membership_id)
    if not form.validate():
        return _page(member, roles=form)
    memberships.set_roles(member.id, [Role(one) for one in form.roles.data or []], by=me(), now=clock.now())
    flash(_("The roles are changed. The person has to sign in again."), "success")
    return _back(member)


@blueprint.post("/coordinate/people/<int:membership_id>/enrol")
@requires(Can.ENROL, load=load.member)
def enrol(member: Membership) -> ResponseReturnValue:
    """Put a person on a course."""
    form = EnrolForm()
    form.offer(catalogue.newest(db.session()))
    if not form.validate():
        return _page(member, enrol=form)
    enrolments.enrol(member.id, form.course_id.data, by=me(), now=clock.now())
    flash(_("The course is on the person’s home page now."), "success")
    return _back(member)


@blueprint.post("/coordinate/people/<int:membership_id>/authorise")
@requires(Can.CHANGE_MEMBERSHIP, load=load.member)
def authorise(member: Membership) -> ResponseReturnValue:
    """Let an instructor mark a certification's answers until a day."""
    form = AuthoriseForm()
    form.offer(authorisations.types(db.session()))
    if not form.validate() or form.until.data is None:
        return _page(member, authorise=form)
    try:
        authorisations.grant(member.id, form.type_id.data, form.until.data, by=me(), now=clock.now())
    except authorisations.AuthorisationError:
        form.until.errors = [_("The last day must lie between today and five years ahead")]
        return _page(member, authorise=form)
    flash(_("The instructor can mark it now."), "success")
    return _back(member)


@blueprint.route("/coordinate/people/<int:membership_id>/details", methods=["GET", "POST"])
@requires(Can.CHANGE_MEMBERSHIP, load=load.member)
def details(member: Membership) -> ResponseReturnValue:
    """Change what the organisation notes about a person."""
    form = DetailsForm(obj=member)
    form.offer(sites.listed(db.session(), by=me()))
    if form.validate_on_submit():
        wanted = people.Details(
            form.name.data or "",
            form.site_id.data,
            Audience(form.audience.data),
            form.languages.data or "",
            form.work_email.data or "",
        )
        people.set_details(member.id, wanted, by=me(), now=clock.now())
        flash(_("The details are saved."), "success")
        return _back(member)
    return render_template("coordinate/details.html", form=form, member=member), 422 if form.errors else 200


@blueprint.route("/coordinate/people/courses/<int:enrolment_id>", methods=["GET", "POST"])
@requires(Can.ADJUST, load=adjusting.learner)
def adjust(enrolment: Enrolment) -> ResponseReturnValue:
    """What is agreed for one person on one course: more time, more attempts, another format."""
    return adjusting.page(enrolment, back=url_for("coordinate.person", membership_id=enrolment.membership_id))


@blueprint.route("/coordinate/people/<int:membership_id>/leave", methods=["GET", "POST"])
@requires(Can.CHANGE_MEMBERSHIP, load=load.member)
def leave(member: Membership) -> ResponseReturnValue:
    """End a person's membership, after a page that says what that means."""
    form = LeaveForm()
    own = member.id == me().membership_id
    if own or member.state == MembershipState.LEFT:
        # One's own place is given up on the account page, where it cannot happen by mistake.
        return _back(member)
    if form.validate_on_submit():
        memberships.leave(member.id, by=me(), now=clock.now())
        flash(_("The person has left. Their training stays on record."), "success")
        return _back(member)
    return render_template("coordinate/leave.html", form=form, member=member), 422 if form.errors else 200
