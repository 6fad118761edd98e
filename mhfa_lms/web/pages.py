"""What every page shares: language, site, navigation, filters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, request

from mhfa_lms import i18n, policy
from mhfa_lms.help.lines import dialled
from mhfa_lms.policy import Can
from mhfa_lms.services.verification import statement
from mhfa_lms.settings import Settings
from mhfa_lms.web.assets import Assets
from mhfa_lms.web.identity import actor
from mhfa_lms.web.navigation import navigation, section

LANGUAGE_COOKIE = "language"
# Areas whose pages do without the styles and scripts of staff; None: pages of no area, such as errors.
LIGHT_AREAS = frozenset({None, "public", "account", "learn"})


@dataclass(frozen=True, slots=True)
class Site:
    """What templates know of the installation."""

    name: str
    licence_statement: str
    exit_url: str
    base_url: str
    demo: bool

    @property
    def statement(self) -> str:
        """What the footer says of the licence, in the language in use."""
        return statement(self.licence_statement)


def choose_language(settings: Settings) -> None:
    """Use the person's own language, else the browser's choice or wish, else the installation's."""
    who = actor()
    wished = request.accept_languages.best_match([code for code, entry in i18n.LANGUAGES.items() if entry.listed])
    i18n.choose(
        i18n.known(request.cookies.get(LANGUAGE_COOKIE))
        or (i18n.known(who.locale) if who else None)
        or wished
        or settings.default_locale
    )


def init(app: Flask, settings: Settings, assets: Assets) -> None:
    """Give templates what they share."""
    site = Site(settings.site_name, settings.licence_statement, settings.exit_url, settings.base_url, settings.demo)
    i18n.install(app.jinja_env)
    app.jinja_env.globals.update(asset=assets.address, site=site, Can=Can)
    app.jinja_env.filters.update(moment=moment, timeofday=timeofday, dialled=dialled)
    app.before_request(lambda: choose_language(settings))

    @app.context_processor
    def shared() -> dict[str, Any]:
        who = actor()
        here = i18n.language()
        return {
            "actor": who,
            "nav": navigation(who),
            "section": section(),
            "staff": request.blueprint not in LIGHT_AREAS,
            "lang": here.code,
            "dir": here.direction,
            "languages": [
                (code, entry.name, code == here.code) for code, entry in i18n.LANGUAGES.items() if entry.listed
            ],
            "can": lambda wanted, thing=None: policy.allowed(who, wanted, thing),
        }


def zone() -> str:
    """Return the time zone in which to show instants to whoever is asking."""
    who = actor()
    return who.timezone if who else "UTC"


def moment(instant: datetime) -> str:
    """Return an instant as date and time in the reader's zone."""
    return i18n.format_moment(instant, zone())


def timeofday(instant: datetime) -> str:
    """Return an instant's time of day in the reader's zone."""
    return i18n.format_time(instant, zone())
