"""The assessment: one question a page, a check of what is unanswered, the result, and what comes after it."""

from collections.abc import Sequence
from secrets import token_urlsafe

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, db
from mhfa_lms.content.questions import BadChoiceError, Fault, Question
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Attempt, AttemptState, Enrolment
from mhfa_lms.policy import Can
from mhfa_lms.services import assessment as service
from mhfa_lms.services import attempts, journey, scoring
from mhfa_lms.services.assessment import AnsweredElsewhereError, NotNowError, TimeOverError, UnansweredError
from mhfa_lms.services.enrolments import NotActiveError
from mhfa_lms.web import formats as web_formats
from mhfa_lms.web import language
from mhfa_lms.web.access import requires
from mhfa_lms.web.identity import me
from mhfa_lms.web.learn import questions
from mhfa_lms.web.learn.blueprint import blueprint
from mhfa_lms.web.learn.load import attempt_of, course_of, own_enrolment
from mhfa_lms.web.requests import whole

ADDRESS = "/learn/<int:enrolment_id>/assessment"


@blueprint.route(ADDRESS, methods=["GET", "POST"])
@requires(Can.LEARN, load=own_enrolment)
def assessment(enrolment: Enrolment) -> ResponseReturnValue:
    """Show what the assessment is and where one stands; POST starts an attempt."""
    if request.method == "GET":
        here = journey.of(db.session(), enrolment)
        formats = web_formats.words()
        pool = here.course.assessment
        needed = scoring.points_needed(pool.draw, here.assessment.percent, pool.questions)
        return render_template("learn/assessment.html", here=here, course=here.course, needed=needed, formats=formats)
    enrolment_id = enrolment.id
    try:
        number = service.start(enrolment_id, by=me(), now=clock.now())
    except (NotNowError, NotActiveError):
        return redirect(url_for("learn.assessment", enrolment_id=enrolment_id), 303)
    return redirect(url_for("learn.question", enrolment_id=enrolment_id, number=number, place=1), 303)


@blueprint.route(f"{ADDRESS}/<int:number>/question/<int:place>", methods=["GET", "POST"])
@requires(Can.LEARN, load=own_enrolment)
def question(enrolment: Enrolment, number: int, place: int) -> ResponseReturnValue:
    """Show one question of an attempt; POST keeps its answer and goes on."""
    attempt = attempt_of(enrolment, number)
    drawn = attempts.questions_of(attempt, course_of(enrolment))
    if not 1 <= place <= len(drawn):
        abort(404)
    if attempt.state is AttemptState.SUBMITTED:
        return _to("learn.result", enrolment.id, number)
    if request.method == "GET":
        if attempts.is_over(attempt, clock.now()):
            return _to("learn.check", enrolment.id, number)
        return _question_page(enrolment, attempt, drawn, place, carried=questions.carried())
    return _keep(enrolment, attempt, drawn, place)


def _keep(enrolment: Enrolment, attempt: Attempt, drawn: list[Question], place: int) -> ResponseReturnValue:
    enrolment_id, number = enrolment.id, attempt.number
    code, sent = language.asked(), questions.sent()
    try:
        service.save_answer(
            enrolment_id,
            number,
            drawn[place - 1].id,
            sent,
            version=request.form.get("version", 1, type=whole),
            client_id=request.form.get("page", ""),
            by=me(),
            now=clock.now(),
        )
    except BadChoiceError as error:
        if code and error.fault is not Fault.TOO_LONG:
            # Half an answer is no answer yet: it travels in the address to the page in the other language. Words beyond
            # all measure would be too long for an address.
            return language.switched(code, questions.here(sent))
        return _question_page(enrolment, attempt_of(enrolment, number), drawn, place, error.fault, sent), 422
    except AnsweredElsewhereError:
        return _question_page(enrolment, attempt_of(enrolment, number), drawn, place, elsewhere=True), 409
    except TimeOverError:
        flash(_("The time was over. Everything that you had saved before is counted."), "info")
        return _to("learn.result", enrolment_id, number)
    except (NotNowError, NotActiveError):
        return _to("learn.assessment", enrolment_id)
    if code:
        return language.switched(code, questions.here())
    if place == len(drawn) or request.form.get("then") == "check":
        return _to("learn.check", enrolment_id, number)
    return redirect(url_for("learn.question", enrolment_id=enrolment_id, number=number, place=place + 1), 303)


def _question_page(
    enrolment: Enrolment,
    attempt: Attempt,
    drawn: list[Question],
    place: int,
    fault: Fault | None = None,
    carried: Sequence[str] = (),
    *,
    elsewhere: bool = False,
) -> str:
    answers = attempts.answers_of(attempt)
    one, saved = drawn[place - 1], next((row for row in attempt.answers if row.question == drawn[place - 1].id), None)
    given = carried or answers.get(one.id, [])
    asked = one.asked(attempts.drawn_of(attempt)[place - 1].options, given)
    errors = [questions.problem(asked, fault)] if fault else []
    if elsewhere:
        words = _("You answered this in another window. That answer is marked below: keep it, or choose again")
        errors = [{**questions.problem(asked, Fault.UNKNOWN), "text": words}]
    return render_template(
        "learn/question.html",
        course=course_of(enrolment),
        enrolment=enrolment,
        attempt=attempt,
        asked=asked,
        drawn=drawn,
        place=place,
        answered=answers,
        version=(saved.version if saved else 0) + 1,
        page=token_urlsafe(9),
        then=request.values.get("then", ""),
        page_errors=errors,
    )


@blueprint.route(f"{ADDRESS}/<int:number>/check", methods=["GET", "POST"])
@requires(Can.LEARN, load=own_enrolment)
def check(enrolment: Enrolment, number: int) -> ResponseReturnValue:
    """Show what is answered and what is not; POST hands the attempt in."""
    if request.method == "GET":
        attempt = attempt_of(enrolment, number)
        if attempt.state is AttemptState.SUBMITTED:
            return _to("learn.result", enrolment.id, number)
        return _check_page(enrolment, attempt, [])
    enrolment_id = enrolment.id
    try:
        service.submit(enrolment_id, number, leave_blank="leave_blank" in request.form, by=me(), now=clock.now())
    except UnansweredError as error:
        return _check_page(enrolment, attempt_of(enrolment, number), error.places), 422
    except NotNowError:
        abort(404)
    except NotActiveError:
        return _to("learn.assessment", enrolment_id)
    return _to("learn.result", enrolment_id, number)


def _check_page(enrolment: Enrolment, attempt: Attempt, places: list[int]) -> str:
    missing = attempts.unanswered(attempt)
    errors = [{"id": f"q{place}", "text": _("Question %(number)s is not answered", number=place)} for place in places]
    if places:
        errors.append({"id": "leave_blank", "text": _("Answer them, or tick the box to leave them blank")})
    return render_template(
        "learn/check.html",
        course=course_of(enrolment),
        enrolment=enrolment,
        attempt=attempt,
        total=len(attempt.drawn),
        missing=missing,
        over=attempts.is_over(attempt, clock.now()),
        page_errors=errors,
    )


@blueprint.get(f"{ADDRESS}/<int:number>/result")
@requires(Can.LEARN, load=own_enrolment)
def result(enrolment: Enrolment, number: int) -> ResponseReturnValue:
    """Show a marked attempt: points, pass mark, and each question explained."""
    attempt = attempt_of(enrolment, number)
    if attempt.state is AttemptState.OPEN:
        return _to("learn.check", enrolment.id, number)
    course = course_of(enrolment)
    answers = attempts.answers_of(attempt)
    drawn = attempts.questions_of(attempt, course)
    marked = [questions.marked(place, one, answers.get(one.id, [])) for place, one in enumerate(drawn, 1)]
    return render_template(
        "learn/result.html",
        here=journey.of(db.session(), enrolment),
        course=course,
        attempt=attempt,
        needed=scoring.points_needed(attempt.max_points, attempt.pass_percent, drawn),
        marked=marked,
        answers_kept=bool(attempt.answers),
    )


def _to(endpoint: str, enrolment_id: int, number: int | None = None) -> ResponseReturnValue:
    if number is None:
        return redirect(url_for(endpoint, enrolment_id=enrolment_id), 303)
    return redirect(url_for(endpoint, enrolment_id=enrolment_id, number=number), 303)
