"""Words for what administrators see: rules and their values."""

from collections.abc import Mapping
from typing import Any, Final

from mhfa_lms import i18n
from mhfa_lms.help import lines
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.services.rules import Rule

RULES: Final[Mapping[Rule, Any]] = {
    Rule.PASS_PERCENT: lazy("Pass mark of the assessment, in percent"),
    Rule.ATTEMPTS: lazy("Attempts at the assessment"),
    Rule.VALID_MONTHS: lazy("How many months a certificate is valid"),
    Rule.WINDOW_BEFORE_MONTHS: lazy("Months before expiry in which it can be renewed"),
    Rule.WINDOW_AFTER_MONTHS: lazy("Months after expiry in which it can still be renewed"),
    Rule.RENEWAL_BASIS: lazy("Where a renewed period begins"),
    Rule.REMINDER_DAYS: lazy("Reminders go out so many days before expiry"),
    Rule.GRACE_REMINDER_DAYS: lazy("The one reminder after expiry goes out so many days later"),
    Rule.KEEP_LAST_REMINDER: lazy("Send the last reminder even to people who want none"),
    Rule.MINIMUM_DELIVERIES: lazy("Courses an instructor teaches in each year of an authorisation"),
    Rule.DIGEST: lazy("How often coordinators get a letter about certificates"),
    Rule.REMINDER_HOUR: lazy("Mails that remind go from this hour on, in the reader’s own time"),
    Rule.CLAIM_MINUTES: lazy("Minutes an answer is kept for whoever took it to mark"),
    Rule.MINIMUM_AGE: lazy("Least age for an account, in years"),
    Rule.RETENTION_MONTHS: lazy("Months for which records are kept after a certificate expired or somebody left"),
}
CHOICES: Final[Mapping[str, Any]] = {
    "completion": lazy("on the day the renewal is completed"),
    "old-expiry": lazy("at the old expiry date"),
    "weekly": lazy("each week"),
    "monthly": lazy("each month"),
    "off": lazy("never"),
}


def rule(one: Rule) -> str:
    """Return what a rule is about."""
    return str(RULES[one])


def value(one: Any) -> str:
    """Return a rule's value in words."""
    if isinstance(one, bool):
        return _("Yes") if one else _("No")
    if isinstance(one, list):
        return ", ".join(i18n.format_number(day) for day in one) or _("none")
    if isinstance(one, str):
        return str(CHOICES.get(one, one))
    return i18n.format_number(one)


def country(code: str | None) -> str:
    """Return a country's name where we hold its help lines, else its two letters."""
    return next((one.name for one in lines.load().countries if one.country == code), code or "")
