"""Languages: translations, dates and numbers, with or without a request.

Two pseudo-locales come with the program and are part of the tests: `en-XA` marks every translated string with accents,
so that untranslated text stands out, and `ar-XB` does so in a right-to-left frame.
"""

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from gettext import NullTranslations
from math import ceil
from typing import Any, Final
from zoneinfo import ZoneInfo

import jinja2
from babel import Locale, dates, lists, numbers, units
from jinja2.nodes import EvalContext
from markupsafe import Markup

# Placeholders and tags, which the pseudo-languages leave alone.
KEPT_AS_IT_IS: Final = re.compile(r"(%\(\w+\)[sd]|<[^>]*>)")
ACCENTED: Final = str.maketrans("aeiouyAEIOUYcnsz", "áéíóúýÁÉÍÓÚÝçñšž")


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the interface: its code, its own name, its direction and the locale that formats its dates."""

    code: str
    name: str
    direction: str
    format_locale: str
    listed: bool = True


LANGUAGES: Final = {
    "en": Language("en", "English", "ltr", "en_GB"),
    "en-XA": Language("en-XA", "English (test: accents)", "ltr", "en_GB", listed=False),
    "ar-XB": Language("ar-XB", "English (test: right to left)", "rtl", "ar", listed=False),
}
DEFAULT: Final = "en"
SIZES: Final = (("gigabyte", 10**9), ("megabyte", 10**6), ("kilobyte", 10**3))
_current: ContextVar[str] = ContextVar("language", default=DEFAULT)
# Courses are translated into more languages than the pages around them.
_courses: ContextVar[str] = ContextVar("language_of_courses", default="")


class PseudoTranslations(NullTranslations):
    """Translates a message by putting accents on its letters, leaving placeholders and markup alone."""

    def gettext(self, message: str) -> str:
        """Return the message, marked."""
        return f"[{_accent(message)}]"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the message of the right number, marked."""
        return self.gettext(msgid1 if n == 1 else msgid2)


def _accent(message: str) -> str:
    return "".join(
        part if odd else part.translate(ACCENTED)
        for part, odd in zip(KEPT_AS_IT_IS.split(message), itertools.cycle((False, True)), strict=False)
    )


@cache
def translations(code: str) -> NullTranslations:
    """Return the translations of a language; English is written in the code itself."""
    return NullTranslations() if code == "en" else PseudoTranslations()


def known(code: str | None) -> str | None:
    """Return the code as we write it when the language exists, else None."""
    return code if code in LANGUAGES else None


def language() -> Language:
    """Return the language in use."""
    return LANGUAGES[_current.get()]


def choose(code: str) -> None:
    """Use a language from here on, in this thread; an unknown code means English. Each web request calls it first."""
    _current.set(known(code) or DEFAULT)


def choose_for_courses(code: str) -> None:
    """Read courses in a language from here on, in this thread, also in one that has no pages; '' for the pages' own."""
    _courses.set(code)


def for_courses() -> str:
    """Return the language in which courses are wanted: a tag such as de-AT, which a course may not have."""
    return _courses.get() or _current.get()


@contextmanager
def use(code: str) -> Iterator[None]:
    """Use a language inside a block; an unknown code means English."""
    token = _current.set(known(code) or DEFAULT)
    try:
        yield
    finally:
        _current.reset(token)


def gettext(message: str, /, **values: object) -> str:
    """Translate a message into the language in use and fill in its `%(name)s` places."""
    text = translations(_current.get()).gettext(message)
    return text % values if values else text


def ngettext(one: str, many: str, count: int, /, **values: object) -> str:
    """Translate a message that depends on a number; `%(num)s` is the number."""
    return translations(_current.get()).ngettext(one, many, count) % {"num": count, **values}


class Lazy:
    """A message translated when it is shown, for texts written at import time such as form labels."""

    def __init__(self, message: str, **values: object) -> None:
        self.message = message
        self.values = values

    def __str__(self) -> str:
        return gettext(self.message, **self.values)

    def __html__(self) -> str:
        return str(Markup.escape(str(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lazy) and (self.message, self.values) == (other.message, other.values)

    def __hash__(self) -> int:
        return hash(self.message)


def lazy(message: str, **values: object) -> Any:
    """Return a message that is translated when it is shown (typed Any: WTForms wants `str`)."""
    return Lazy(message, **values)


def format_date(day: date, style: str = "long") -> str:
    """Return a civil date in words, such as 21 November 2026; style is Babel's short, medium, long or full."""
    return _date(day, style, language().format_locale)


# Lists show the same days and numbers over and over, and Babel takes its time.
@lru_cache(maxsize=4096)
def _date(day: date, style: str, locale: str) -> str:
    return dates.format_date(day, format=style, locale=locale)


@lru_cache(maxsize=4096)
def _number(value: float, locale: str) -> str:
    return numbers.format_decimal(value, locale=locale)


def format_moment(instant: datetime, zone: str, style: str = "medium") -> str:
    """Return an instant as date and time in a zone."""
    return _moment(instant, zone, f"{'d MMMM y' if style == 'medium' else 'd MMM y'}, HH:mm", language().format_locale)


@lru_cache(maxsize=4096)
def _moment(instant: datetime, zone: str, pattern: str, locale: str) -> str:
    return dates.format_datetime(instant.astimezone(ZoneInfo(zone)), format=pattern, locale=locale)


def format_time(instant: datetime, zone: str) -> str:
    """Return an instant's time of day in a zone, such as 14:40."""
    return dates.format_time(instant.astimezone(ZoneInfo(zone)), format="HH:mm", locale=language().format_locale)


def format_span(span: timedelta) -> str:
    """Return a length of time in its largest unit, such as 20 seconds or 3 days."""
    return dates.format_timedelta(span, threshold=1.5, locale=language().format_locale)


def format_ago(span: timedelta) -> str:
    """Return how long ago something was, such as 3 days ago."""
    return dates.format_timedelta(-span, threshold=1.5, add_direction=True, locale=language().format_locale)


def format_size(size: int) -> str:
    """Return a number of bytes in its largest unit, such as 12.3 GB (a gigabyte is 10^9 bytes)."""
    unit, step = next(((unit, step) for unit, step in SIZES if size >= step), SIZES[-1])
    return units.format_unit(round(size / step, 1), f"digital-{unit}", "short", locale=language().format_locale)


def format_number(value: float) -> str:
    """Return a number as the language writes it."""
    return _number(value, language().format_locale)


def format_hours(hours: float) -> str:
    """Return about how many hours something takes, such as about 1 hour, or about 2.5 hours."""
    return ngettext("about %(hours)s hour", "about %(hours)s hours", ceil(hours), hours=format_number(hours))


def format_training_time(minutes: int) -> str:
    """Return how long a training took, such as 7.5 hours: a fact, so without the "about" of `format_hours`."""
    hours = round(minutes / 60, 2)
    return ngettext("%(hours)s hour", "%(hours)s hours", ceil(hours), hours=format_number(hours))


def format_list(items: list[str]) -> str:
    """Return words joined as in a sentence: a, b and c."""
    return lists.format_list(items, locale=Locale.parse(language().format_locale))


def format_country(code: str, name: str) -> str:
    """Return a country by its ISO 3166 code in the language in use, or the name given where nobody knows the code."""
    return str(Locale.parse(language().format_locale).territories.get(code, name))


def format_code(code: str) -> str:
    """Return a verification code in groups of four: ABCD-EFGH-JKMN-PQRS."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def _marked(text: str) -> Markup:
    return Markup(text)  # noqa: S704  # messages are the program's own; what is filled into them is escaped


@lru_cache(maxsize=4096)
def _ready(code: str, message: str) -> Markup:
    return _marked(translations(code).gettext(message)) % {}


# Jinja's own callables take the whole context, which it then makes anew for every call inside a block or a loop.
@jinja2.pass_eval_context
def _gettext_in_template(context: EvalContext, message: str, /, **values: object) -> str:
    if context.autoescape and not values:
        return _ready(_current.get(), message)
    text = translations(_current.get()).gettext(message)
    return (_marked(text) if context.autoescape else text) % values


@jinja2.pass_eval_context
def _ngettext_in_template(context: EvalContext, one: str, many: str, count: int, /, **values: object) -> str:
    text = translations(_current.get()).ngettext(one, many, count)
    return (_marked(text) if context.autoescape else text) % {"num": count, **values}


def install(environment: jinja2.Environment) -> None:
    """Give a Jinja environment translations and the filters that every template of ours may use.

    Messages are format strings, as in Jinja's new style: `%(name)s` is filled in (and escaped), a percent sign is `%%`.
    """
    environment.add_extension("jinja2.ext.i18n")
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # added by the i18n extension
    environment.globals.update(_=_gettext_in_template, gettext=_gettext_in_template, ngettext=_ngettext_in_template)
    environment.filters.update(
        date=format_date,
        shortdate=lambda day: format_date(day, "medium"),
        number=format_number,
        hours=format_hours,
        training_time=format_training_time,
        code=format_code,
        country=format_country,
        span=format_span,
        size=format_size,
        sentence=format_list,
    )


def make_environment(folder: str) -> jinja2.Environment:
    """Return a Jinja environment for mails and PDFs: no request, everything escaped in HTML, unknown names refused."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=jinja2.select_autoescape(("html", "svg")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    install(environment)
    return environment
