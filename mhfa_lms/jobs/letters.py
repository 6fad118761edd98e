"""Writing a mail: an outbox row's kind, language and facts become a text, an HTML page and the headers around them."""

import textwrap
from dataclasses import dataclass
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from typing import Any, Final

import jinja2

from mhfa_lms import clock, i18n
from mhfa_lms.jobs import calendar_files
from mhfa_lms.jobs.letter import Letter
from mhfa_lms.models import LinkKind
from mhfa_lms.paths import templates_dir
from mhfa_lms.services import invitations, links, stopping
from mhfa_lms.services.verification import statement
from mhfa_lms.settings import Settings

__all__ = ["Letter", "Written", "compose", "write"]

# How long the link in a mail works, from the services that make it.
LASTS: Final = {
    "confirm-address": links.LASTS[LinkKind.CONFIRM],
    "reset-password": links.LASTS[LinkKind.RESET],
    "change-address": links.LASTS[LinkKind.CHANGE_ADDRESS],
    "invitation": invitations.LASTS,
}
WIDTH: Final = 72


@dataclass(frozen=True, slots=True)
class Written:
    """A mail in words."""

    subject: str
    text: str
    html: str


@cache
def _environment() -> jinja2.Environment:
    return i18n.make_environment(str(templates_dir()))


def write(letter: Letter, settings: Settings, *, today: date) -> Written:
    """Return a mail's subject, text and HTML in its own language.

    Dates among the facts become dates and paths become addresses of this site. Raises Jinja's errors for a kind
    without templates or a fact that is missing.
    """
    with i18n.use(letter.locale):
        values = _values(letter, settings, today)
        text = _environment().get_template(f"email/{letter.kind}.txt")
        html = _environment().get_template(f"email/{letter.kind}.html")
        subject = "".join(text.blocks["subject"](text.new_context(values)))
        values["subject"] = " ".join(subject.split())
        return Written(values["subject"], _tidy(text.render(values)), html.render(values).strip() + "\n")


def _values(letter: Letter, settings: Settings, today: date) -> dict[str, Any]:
    facts: dict[str, Any] = {
        name: date.fromisoformat(value) if name.endswith("_on") and value else value
        for name, value in letter.facts.items()
    }
    # A reminder posted as if at a later day speaks of that day.
    day = max(today, date.fromisoformat(facts["as_of"])) if "as_of" in facts else today
    here = i18n.language()
    return facts | {
        "link": settings.base_url + facts["path"] if "path" in facts else "",
        "stop_link": _stop_link(letter, settings),
        "lasts": LASTS.get(letter.kind),
        "today": day,
        "site_name": settings.site_name,
        "base_url": settings.base_url,
        "statement": statement(settings.licence_statement),
        "lang": here.code,
        "dir": here.direction,
        "subject": "",
    }


def _stop_link(letter: Letter, settings: Settings) -> str:
    """Return the address at which mails of this sort are stopped, without signing in; "" for others."""
    what, membership_id = stopping.BY_KIND.get(letter.kind), letter.facts.get("membership_id")
    if what is None or membership_id is None:
        return ""
    return f"{settings.base_url}/stop/{stopping.sign(int(membership_id), what, keys=settings.secret_keys)}"


def _tidy(text: str) -> str:
    """Return a text in lines of at most 72 letters, but for addresses, with no two empty lines in a row."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.splitlines()):
        if line or (lines and lines[-1]):
            lines += _folded(line)
    return "\n".join(lines).strip() + "\n"


def _folded(line: str) -> list[str]:
    """Return a paragraph as lines; what goes on below an item of a list stands under its words."""
    indent = "  " if line.startswith("- ") else ""
    folded = textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return folded or [""]


def _undisguised(text: str) -> str:
    """Return a header's text without what the mail library would decode: a name like "=?utf-8?q?=0D=0ABcc:...?=".

    It decodes such words on setting a header, line ends among them, and would write a header that a name made up.
    """
    return "".join(letter if letter.isprintable() else " " for letter in text.replace("=?", "= ?"))


def compose(letter: Letter, settings: Settings, *, now: datetime) -> EmailMessage:
    """Return the finished mail. The Message-ID is the row's own, whatever number of times it is sent."""
    written = write(letter, settings, today=clock.civil_date(now, letter.zone))
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"] = letter.internet_id
    mail["Date"] = format_datetime(now)
    mail["From"] = Address(settings.site_name, addr_spec=settings.mail_from)
    mail["To"] = Address(addr_spec=letter.to)
    mail["Subject"] = _undisguised(written.subject)
    mail["Auto-Submitted"] = "auto-generated"
    if stop := _stop_link(letter, settings):
        mail["List-Unsubscribe"] = f"<{stop}>"
        # One click in the mail program, by POST, as RFC 8058 has it.
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(written.text)
    mail.add_alternative(written.html, subtype="html")
    if calendar := calendar_files.of(letter, settings, now=now):
        mail.add_attachment(
            calendar, "text", "calendar", filename=calendar_files.NAME, params={"method": "PUBLISH", "charset": "utf-8"}
        )
    # Last, because setting the content takes away every header that begins so.
    mail["Content-Language"] = letter.locale
    return mail
