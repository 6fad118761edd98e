"""What each variable of the environment means, for the settings page."""

from collections.abc import Mapping
from typing import Any, Final

from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.settings import Source, Variable

MEANINGS: Final[Mapping[str, Any]] = {
    "MHFA_DATA_DIR": lazy("The folder with the database file, mails, certificates and the session key"),
    "PORT": lazy("The port on which the site is served"),
    "MHFA_BASE_URL": lazy("The site’s public address, for links in mails and QR codes"),
    "MHFA_DATABASE_URL": lazy("The database: a SQLite file or a PostgreSQL server"),
    "MHFA_SITE_NAME": lazy("The site’s name on every page"),
    "MHFA_ISSUER_NAME": lazy("Who issues certificates; left empty, the organisation does"),
    "MHFA_MAIL_URL": lazy("The mail server; file: means that mails are put into a folder"),
    "MHFA_MAIL_FROM": lazy("The sender of mails"),
    "MHFA_COURSES_DIR": lazy("The folder with the course files"),
    "MHFA_TIMEZONE": lazy("The time zone of new organisations, and of commands"),
    "MHFA_DEFAULT_LOCALE": lazy("The language for people who have chosen none"),
    "MHFA_BIND": lazy("The address of this machine on which the site listens"),
    "MHFA_METRICS_ALLOW": lazy("Which addresses may read the figures at /metrics"),
    "MHFA_TRUSTED_PROXIES": lazy("How many proxies stand before the site"),
    "MHFA_LICENCE_STATEMENT": lazy("What the footer says of a licence, if you hold one"),
    "MHFA_EXIT_URL": lazy("Where “Leave this page” leads"),
    "MHFA_SECRET_KEY": lazy("Protects sign-ins and forms"),
    "MHFA_SECRET_KEY_FALLBACKS": lazy("Earlier keys, so that nobody is signed out when the key changes"),
    "MHFA_PRIVATE_KEY": lazy("Encrypts what people write for themselves"),
    "MHFA_PRIVATE_KEY_FALLBACKS": lazy("Earlier keys, so that what was written under them can be read"),
}


def meaning(name: str) -> str:
    """Return what a variable means; nothing for one that is not described yet."""
    return str(MEANINGS.get(name, ""))


def value(one: Variable) -> str:
    """Return a variable's value, or in words that it is set, empty or made; a secret is never shown."""
    if one.source is Source.KEPT:
        return _("Made at the first start")
    if one.secret:
        return _("Set") if one.source is Source.ENVIRONMENT else _("Not set")
    return one.value


def source(one: Variable) -> str:
    """Return in words where a variable's value comes from."""
    return {
        Source.ENVIRONMENT: _("Environment"),
        Source.DEFAULT: _("Default"),
        Source.COMMAND: _("Option of the command"),
        Source.KEPT: _("Kept in the data folder"),
    }[one.source]
