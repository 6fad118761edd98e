"""What is told of reminders: for pages, for programs and for the command line."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from mhfa_lms.i18n import gettext as _
from mhfa_lms.services import reminder_words
from mhfa_lms.services.reminder_words import State


@dataclass(frozen=True, slots=True)
class Chapter:
    """One reminder. `at` is when it was sent or will be; None where it was not and will not be."""

    offset_days: int
    day: date
    state: State
    words: str
    at: datetime | None = None

    @property
    def title(self) -> str:
        """Which reminder it is."""
        return reminder_words.title(self.offset_days)

    @property
    def name(self) -> str:
        """Its state in a word or two."""
        return reminder_words.state(self.state)


@dataclass(frozen=True, slots=True)
class Story:
    """All reminders about one thing that ends. `code` is a certificate's number, or empty."""

    code: str
    type_name: str
    organisation: str
    expires_on: date
    verdict: str
    chapters: tuple[Chapter, ...]
    about: str = "certificate"

    @property
    def title(self) -> str:
        """What ends, in a few words; a certification's name where there is one."""
        return self.type_name or _("Background check")

    @property
    def kind(self) -> str:
        """What it is of an instructor's, where the title does not say so; "" for certificates."""
        if self.about == "authorisation":
            return _("Leave to teach and mark")
        return _("Courses to teach in the year") if self.about == "deliveries" else ""

    def as_data(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "about": self.about,
            "certificate": self.code,
            "type": self.type_name,
            "organisation": self.organisation,
            "expires_on": self.expires_on.isoformat(),
            "verdict": self.verdict,
            "reminders": [
                {
                    "offset_days": one.offset_days,
                    "day": one.day.isoformat(),
                    "state": one.state.value,
                    "at": one.at.isoformat() if one.at else None,
                    "words": one.words,
                }
                for one in self.chapters
            ],
        }

    def as_text(self) -> str:
        """Return it for people."""
        facts = {"code": self.code, "type": self.type_name, "organisation": self.organisation, "day": self.expires_on}
        head = {
            "certificate": _("Certificate %(code)s (%(type)s, %(organisation)s), valid until %(day)s", **facts),
            "authorisation": _("Authorisation (%(type)s, %(organisation)s), valid until %(day)s", **facts),
            "background-check": _("Background check (%(organisation)s), counts until %(day)s", **facts),
            "deliveries": _("Courses to teach (%(type)s, %(organisation)s) in the year until %(day)s", **facts),
        }[self.about]
        lines = [f"  {one.day}  {one.title + ':':16} {one.words}" for one in self.chapters]
        return "\n".join([head, f"  {self.verdict}", *lines])
