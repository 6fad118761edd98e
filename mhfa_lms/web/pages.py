"""What every page shares: language, site, navigation, filters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, request, url_for

from mhfa_lms import i18n, policy
from mhfa_lms.help.lines import dialled
from mhfa_lms.i18n import gettext as _
from mhfa_lms.models import Role
from mhfa_lms.policy import Actor, Can
from mhfa_lms.services.verification import statement
from mhfa_lms.settings import Settings
from mhfa_lms.web.assets import Assets
from mhfa_lms.web.identity import actor

LANGUAGE_COOKIE = "language"


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


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the navigation."""

    title: str
    href: str
    current: bool


def _item(title: str, endpoint: str, *, area: str = "", **values: Any) -> NavItem:
    here = request.endpoint or ""
    current = here == endpoint or bool(area and request.path.startswith(area))
    return NavItem(title, url_for(endpoint, **values), current)


def navigation(who: Actor | None) -> list[NavItem]:
    """Return the main navigation of a person: what they learn, then what their roles open."""
    if who is None:
        return [
            _item(_("Check a certificate"), "public.check", area="/v"),
            _item(_("Courses"), "public.courses", area="/courses"),
            _item(_("Sign in"), "account.sign_in", area="/sign-in"),
        ]
    items = [_item(_("Home"), "learn.home", area="/learn")]
    if Role.INSTRUCTOR in who.roles:
        items.append(_item(_("To mark"), "grading.queue", area="/mark"))
    if Role.COORDINATOR in who.roles:
        items.append(_item(_("Overview"), "coordinate.overview"))
        items.append(_item(_("Register"), "coordinate.register", area="/coordinate/register"))
        items.append(_item(_("People"), "coordinate.people", area="/coordinate/people"))
    items.append(_item(_("Certificates"), "learn.certificates", area="/certificates"))
    if who.is_admin:
        items.append(_item(_("Administration"), "admin.overview", area="/admin"))
    items.append(_item(_("Account"), "account.overview", area="/account"))
    return items


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
