"""One's own account: what it holds, a new password, consent to be listed, reminders, signing out everywhere."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.policy import Can
from mhfa_lms.services import accounts, memberships, reminder_story, second_steps, signing_in, work
from mhfa_lms.services.limits import SIGN_IN_ACCOUNT
from mhfa_lms.services.passwords import PasswordError
from mhfa_lms.services.stopping import Stop
from mhfa_lms.web.access import requires
from mhfa_lms.web.account import visitor
from mhfa_lms.web.account.blueprint import blueprint
from mhfa_lms.web.account.forms import ChangePasswordForm, refuse, text
from mhfa_lms.web.identity import me
from mhfa_lms.web.identity import sign_in as give_session
from mhfa_lms.web.identity import sign_out as take_session
from mhfa_lms.web.work.words import listed


@blueprint.get("/account")
@requires(Can.USE_ACCOUNT)
def overview() -> ResponseReturnValue:
    """Everything about one's own account on one page."""
    who = me()
    mine = memberships.of_account(who.account_id)
    return render_template(
        "account/overview.html",
        who=who,
        membership=next((row for row in mine if row.id == who.membership_id), None),
        count=len(mine),
        time_zone=accounts.timezone_of(who),
        second_steps=second_steps.of_account(who.account_id),
        browsers=signing_in.browsers(by=who, now=clock.now()),
        long_work=listed(work.recent(by=who, now=clock.now())),
    )


@blueprint.route("/account/password", methods=["GET", "POST"])
@requires(Can.USE_ACCOUNT)
def password() -> ResponseReturnValue:
    """Choose another password: every other browser is signed out."""
    form = ChangePasswordForm()
    if form.validate_on_submit():
        visitor.count((SIGN_IN_ACCOUNT, f"account {me().account_id}"))
        try:
            secret = signing_in.change_password(
                text(form.current), text(form.password), by=me(), now=clock.now(), browser=visitor.browser()
            )
        except signing_in.WrongPasswordError:
            refuse(form.current, lazy("This is not your current password"))
        except PasswordError as error:
            refuse(form.password, error.message)
        else:
            give_session(secret)
            flash(_("Your new password is saved. All other browsers are signed out."), "success")
            return redirect(url_for("account.overview"), 303)
    return render_template("account/password.html", form=form), 422 if form.errors else 200


@blueprint.post("/account/sign-out-everywhere")
@requires(Can.USE_ACCOUNT)
def sign_out_everywhere() -> ResponseReturnValue:
    """Sign out of every browser, this one too."""
    signing_in.sign_out_everywhere(by=me(), now=clock.now())
    take_session()
    flash(_("You are signed out everywhere."), "success")
    return redirect(url_for("account.sign_in"), 303)


@blueprint.post("/account/listing")
@requires(Can.USE_ACCOUNT)
def listing() -> ResponseReturnValue:
    """Agree to be listed as a first aider in the organisation in use, or take that back."""
    listed = _chosen()
    memberships.set_listed(_membership(), listed, by=me(), now=clock.now())
    flash(_("You are listed as a first aider.") if listed else _("You are not listed any more."), "success")
    return redirect(url_for("account.overview"), 303)


@blueprint.get("/account/reminders", endpoint="sent_reminders")
@requires(Can.USE_ACCOUNT)
def sent_reminders() -> str:
    """What was sent to remind the person, what will be, and why something was not."""
    stories = reminder_story.of_account(db.session(), me().account_id, now=clock.now())
    return render_template("account/reminders.html", stories=stories)


@blueprint.post("/account/reminders")
@requires(Can.USE_ACCOUNT)
def reminders() -> ResponseReturnValue:
    """Want mails that remind of certificates about to expire, or not."""
    wanted = _chosen()
    memberships.set_reminders(_membership(), wanted, by=me(), now=clock.now())
    flash(_("We will remind you by mail.") if wanted else _("We will not remind you."), "success")
    return redirect(url_for("account.overview"), 303)


@blueprint.post("/account/digest")
@requires(Can.USE_ACCOUNT)
def digest() -> ResponseReturnValue:
    """Want the coordinators' letter about certificates that need attention, or not."""
    wanted = _chosen()
    memberships.set_reminders(_membership(), wanted, by=me(), now=clock.now(), what=Stop.DIGEST)
    flash(_("We will send you the letter.") if wanted else _("We will not send you the letter."), "success")
    return redirect(url_for("account.overview"), 303)


def _membership() -> int:
    found = me().membership_id
    if found is None:
        abort(404)
    return found


def _chosen() -> bool:
    choice = request.form.get("choice")
    if choice not in {"yes", "no"}:
        abort(400)
    return choice == "yes"
