"""The page on which an instructor or a coordinator agrees with one learner what is different for them."""

from typing import Any, Final

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from wtforms import IntegerField, RadioField, SelectField, TextAreaField
from wtforms.validators import DataRequired
from wtforms.validators import Optional as MayBeEmpty

from mhfa_lms import clock, db
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import AdjustmentKind, CourseRevision, Enrolment, EnrolmentState, Format
from mhfa_lms.policy import Actor, scope
from mhfa_lms.services import adjustments, catalogue, training_record
from mhfa_lms.services.adjustments import AmountError
from mhfa_lms.services.enrolments import NotActiveError
from mhfa_lms.web import formats
from mhfa_lms.web.forms import Form, at_most, stripped
from mhfa_lms.web.identity import me
from mhfa_lms.web.requests import whole

ABOUT_TIME: Final = frozenset({AdjustmentKind.MORE_TIME, AdjustmentKind.MORE_MINUTES, AdjustmentKind.NO_TIME_LIMIT})


def learner(actor: Actor, enrolment_id: int) -> Enrolment | None:
    """Load an enrolment of the actor's organisation."""
    return (
        db.session()
        .scalars(
            select(Enrolment)
            .where(scope(actor, Enrolment), Enrolment.id == enrolment_id)
            .options(joinedload(Enrolment.membership), joinedload(Enrolment.revision).joinedload(CourseRevision.course))
        )
        .one_or_none()
    )


class AdjustForm(Form):
    """What to agree: one thing, how much of it, and why."""

    kind = RadioField(lazy("What is agreed?"), choices=[])
    amount = IntegerField(lazy("How much?"), [MayBeEmpty()])
    wanted = SelectField(lazy("Which format?"), choices=[], validators=[MayBeEmpty()])
    reason = TextAreaField(
        lazy("Why?"),
        filters=[stripped],
        validators=[DataRequired(lazy("Write a reason, in a sentence or two")), at_most(500)],
    )

    def offer(self, *, timed: bool) -> None:
        """Fill the choices, in the language in use: about time only where there is a limit."""
        self.kind.choices = [(one.value, words) for one, words in kinds().items() if timed or one not in ABOUT_TIME]
        self.wanted.choices = [("", "")] + [(one.value, words) for one, words in formats.words().items()]


def kinds() -> dict[AdjustmentKind, str]:
    """Return what can be agreed, in words."""
    return {
        AdjustmentKind.MORE_TIME: _("More time, in percent"),
        AdjustmentKind.MORE_MINUTES: _("More time, in minutes"),
        AdjustmentKind.NO_TIME_LIMIT: _("No time limit"),
        AdjustmentKind.MORE_ATTEMPTS: _("More attempts"),
        AdjustmentKind.OTHER_FORMAT: _("Another format"),
    }


def page(enrolment: Enrolment, *, back: str) -> ResponseReturnValue:
    """Show what is agreed; POST agrees something, or takes it back (`end`). `back` is the learner's page."""
    form = AdjustForm()
    form.offer(timed=catalogue.course(enrolment.revision).assessment.minutes is not None)
    enrolment_id, ending = enrolment.id, request.form.get("end", type=whole)
    if ending is not None:
        adjustments.take_back(enrolment_id, ending, by=me(), now=clock.now())
        flash(_("It is taken back. An attempt under way keeps its time."), "success")
        return redirect(request.path, 303)
    if form.validate_on_submit() and _agreed(enrolment_id, form):
        flash(_("It is agreed. The learner sees it on the page of the assessment."), "success")
        return redirect(request.path, 303)
    return _drawn(enrolment, form, back), 422 if request.method == "POST" else 200


def _agreed(enrolment_id: int, form: AdjustForm) -> bool:
    kind = AdjustmentKind(form.kind.data)
    counted = kind in adjustments.MOST
    try:
        adjustments.agree(
            enrolment_id,
            kind,
            amount=form.amount.data if counted else None,
            wanted=_wanted(form) if kind is AdjustmentKind.OTHER_FORMAT else None,
            reason=form.reason.data or "",
            by=me(),
            now=clock.now(),
        )
    except AmountError:
        if counted:
            form.amount.errors = [_("Enter a whole number from 1 to %(most)s", most=adjustments.MOST[kind])]
        else:
            form.wanted.errors = [_("Choose a format")]
        return False
    except NotActiveError:
        form.kind.errors = [_("This course is over for the learner, so nothing can be agreed any more")]
        return False
    return True


def _wanted(form: AdjustForm) -> Format | None:
    # A field that may be empty lets spaces through, too.
    chosen = (form.wanted.data or "").strip()
    return Format(chosen) if chosen else None


def _drawn(enrolment: Enrolment, form: AdjustForm, back: str) -> Any:
    session = db.session()
    [record] = training_record.outlines(session, [enrolment])
    return render_template(
        "grading/adjust.html",
        form=form,
        back=back,
        name=enrolment.membership.name,
        course=enrolment.revision.title,
        minutes=catalogue.course(enrolment.revision).assessment.minutes,
        record=record,
        found=adjustments.history(session, enrolment, by=me()),
        formats=formats.words(),
        active=enrolment.state is EnrolmentState.ACTIVE,
    )
