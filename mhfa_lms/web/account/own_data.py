"""One's own data: a copy of it, and deleting the account."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy, ngettext
from mhfa_lms.policy import Can
from mhfa_lms.services import exporting, leaving, second_steps, signing_in, work
from mhfa_lms.services.accounts import LastAdministratorError
from mhfa_lms.services.limits import SIGN_IN_ACCOUNT
from mhfa_lms.web.access import public, requires
from mhfa_lms.web.account import visitor
from mhfa_lms.web.account.blueprint import blueprint
from mhfa_lms.web.account.forms import DeleteForm, PlainForm, refuse, text
from mhfa_lms.web.identity import me
from mhfa_lms.web.identity import sign_out as take_session
from mhfa_lms.web.work.words import WORDS, Words


def _units(done: str, total: int) -> str:
    shown = i18n.format_number(total)
    return ngettext("%(done)s of %(total)s part", "%(done)s of %(total)s parts", total, done=done, total=shown)


WORDS[work.PERSONAL_COPY] = Words(
    title=lambda _found: _("A copy of your data"),
    about=lambda _found: _("Everything this site holds about you, in one ZIP file."),
    units=_units,
    begun_at=lambda _found: url_for("account.copy"),
    found_at=lambda: (url_for("account.overview"), _("your account page")),
)


@blueprint.route("/account/copy", methods=["GET", "POST"])
@requires(Can.USE_ACCOUNT)
def copy() -> ResponseReturnValue:
    """What a copy of one's data holds, and having one made."""
    form = PlainForm()
    if form.validate_on_submit():
        try:
            job_id = exporting.begin_copy(by=me(), now=clock.now())
        except second_steps.PasswordNeededError:
            return redirect(url_for("account.password_again", next=url_for("account.copy")), 303)
        except work.TooMuchError:
            flash(_("You have other files under way. Wait for one of them, or cancel it."), "warning")
            return redirect(url_for("account.overview"), 303)
        return redirect(url_for("work.progress", job_id=job_id), 303)
    return render_template("account/copy.html", form=form, lasts=work.FILE_LASTS)


@blueprint.route("/account/delete", methods=["GET", "POST"])
@requires(Can.USE_ACCOUNT)
def delete() -> ResponseReturnValue:
    """Delete one's own account, after a page that says what goes and what stays."""
    who, now = me(), clock.now()
    found = leaving.consequences(by=who, now=now)
    form = DeleteForm()
    if not found.unled:
        del form.without_handover
    if not found.last_administrator and form.validate_on_submit():
        visitor.count((SIGN_IN_ACCOUNT, f"account {who.account_id}"))
        try:
            meant = bool(found.unled) and bool(form.without_handover.data)
            leaving.delete_own_account(text(form.password), by=who, now=now, without_handover=meant)
        except signing_in.WrongPasswordError:
            refuse(form.password, lazy("This is not your password"))
        except (leaving.NoHandoverError, LastAdministratorError):
            flash(_("Something has changed since you opened this page. Please read it again."), "warning")
            return redirect(url_for("account.delete"), 303)
        else:
            take_session()
            return redirect(url_for("account.deleted"), 303)
    page = render_template("account/delete.html", form=form, found=found, who=who)
    return page, 422 if form.errors else 200


@blueprint.get("/account/deleted")
@public
def deleted() -> str:
    """What is said once the account is gone."""
    return render_template("account/deleted.html")
