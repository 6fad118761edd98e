"""The language of the pages: which one to use, the ones on offer, and going on in another one.

The switch stands in the footer. On a page where somebody writes or chooses, its buttons belong to that page's own form
(`draft_form` names it): the page is sent with a field `language`, keeps what was written and shows itself again. So
nothing is lost, also without a script.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from flask import make_response, redirect, request
from flask.typing import ResponseReturnValue

from mhfa_lms import clock, i18n
from mhfa_lms.content import translations
from mhfa_lms.content.schema import Course
from mhfa_lms.services import accounts
from mhfa_lms.settings import Settings
from mhfa_lms.web.access import safe_next
from mhfa_lms.web.identity import COURSE_COOKIE, LANGUAGE_COOKIE, actor, settings

FIELD: Final = "language"
# What stands before the language of a course, where only its text is to change: `course:de`.
COURSE: Final = "course:"
TAG: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
YEAR: Final = 365 * 24 * 3600


def choose(installation: Settings) -> None:
    """Use the browser's choice, else the person's own language, else the browser's wish, else the installation's."""
    who = actor()
    i18n.choose(
        i18n.known(request.cookies.get(LANGUAGE_COOKIE))
        or (i18n.known(who.locale) if who else None)
        or request.accept_languages.best_match([code for code, entry in i18n.LANGUAGES.items() if entry.listed])
        or installation.default_locale
    )
    wish = request.cookies.get(COURSE_COOKIE, "")
    i18n.choose_for_courses(wish if TAG.fullmatch(wish) else "")


def on_offer(*, demo: bool) -> list[tuple[str, str, str, bool]]:
    """Return each language to choose: code, name, the language its name is in, and whether it is in use.

    The pseudo-languages are there to be tried in a demonstration, and are named as what they are.
    """
    here = i18n.language().code
    return [
        (code, entry.name, code if entry.listed else i18n.DEFAULT, code == here)
        for code, entry in i18n.LANGUAGES.items()
        if entry.listed or demo
    ]


def asked() -> str | None:
    """Return the language that the form sent asks for instead of what the form is for; None when it does not."""
    wish = request.form.get(FIELD, "")
    if wish.startswith(COURSE) and TAG.fullmatch(wish.removeprefix(COURSE)):
        return wish
    return i18n.known(wish)


def here() -> str:
    """Return the address of the page that is open."""
    return request.full_path.rstrip("?")


def switched(code: str, target: str | None) -> ResponseReturnValue:
    """Remember a language in a cookie and, for people who are signed in, with their account; go on at `target`.

    A language of courses alone is only in its cookie; choosing one for the pages lets courses follow them again.
    """
    answer = redirect(safe_next(target) or "/", 303)
    keep: dict[str, Any] = {"max_age": YEAR, "secure": settings().secure, "httponly": True, "samesite": "Lax"}
    if code.startswith(COURSE):
        answer.set_cookie(COURSE_COOKIE, code.removeprefix(COURSE), **keep)
        return answer
    who = actor()
    if who:
        accounts.set_locale(code, by=who, now=clock.now())
    answer.set_cookie(LANGUAGE_COOKIE, code, **keep)
    if COURSE_COOKIE in request.cookies:
        answer.delete_cookie(COURSE_COOKIE, secure=settings().secure, httponly=True, samesite="Lax")
    return answer


def shown(code: str, page: Callable[[], str]) -> ResponseReturnValue:
    """Remember a language and show a page in it at once, for words that must not travel in an address nor be kept."""
    i18n.choose(code)
    answer = make_response(page())
    for cookie in make_response(switched(code, None)).headers.getlist("Set-Cookie"):
        answer.headers.add("Set-Cookie", cookie)
    return answer


def lang(text: str) -> str:
    """Return the language of a course's text, for `lang`; '' says that nobody knows."""
    return getattr(text, "lang", "")


def of_course(course: Course) -> list[tuple[str, str, bool]]:
    """Return the languages to read a course in: tag, own name, whether it is in use; none where there is no choice."""
    there = translations.languages(course)
    here = translations.choose(course, i18n.for_courses())
    return [(one, own_name(one), one == here) for one in there] if len(there) > 1 else []


def own_name(tag: str) -> str:
    """Return what a language calls itself; its tag where nobody knows."""
    try:
        return (Locale.parse(tag, sep="-").display_name or tag).capitalize()
    except (UnknownLocaleError, ValueError):
        return tag
