"""What every page shares: language, site, navigation, filters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, request

from mhfa_lms import i18n, policy
from mhfa_lms.content.markdown import render, within
from mhfa_lms.help.lines import dialled
from mhfa_lms.policy import Can
from mhfa_lms.services.verification import statement
from mhfa_lms.settings import Settings
from mhfa_lms.web import language
from mhfa_lms.web.assets import Assets
from mhfa_lms.web.identity import actor
from mhfa_lms.web.navigation import navigation, section

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


def init(app: Flask, settings: Settings, assets: Assets) -> None:
    """Give templates what they share."""
    site = Site(settings.site_name, settings.licence_statement, settings.exit_url, settings.base_url, settings.demo)
    i18n.install(app.jinja_env)
    app.jinja_env.globals.update(asset=assets.address, site=site, Can=Can, course_languages=language.of_course)
    app.jinja_env.filters.update(moment=moment, timeofday=timeofday, dialled=dialled, markdown=render, within=within)
    app.jinja_env.filters.update(lang=language.lang, language_name=language.own_name)
    app.before_request(lambda: language.choose(settings))

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
            "languages": language.on_offer(demo=settings.demo),
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
