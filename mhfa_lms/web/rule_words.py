"""Rules and their values in words, for administrators and coordinators."""

from collections.abc import Mapping
from typing import Any, Final

from mhfa_lms import i18n
from mhfa_lms.help import lines
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import CourseRevision, Organisation
from mhfa_lms.services.rules import FARTHEST_DAY, RANGES, Resolved, Rule

RULES: Final[Mapping[Rule, Any]] = {
    Rule.PASS_PERCENT: lazy("Pass mark of the assessment, in percent"),
    Rule.ATTEMPTS: lazy("Attempts at the assessment"),
    Rule.VALID_MONTHS: lazy("How many months a certificate is valid"),
    Rule.WINDOW_BEFORE_MONTHS: lazy("Months before expiry in which it can be renewed"),
    Rule.WINDOW_AFTER_MONTHS: lazy("Months after expiry in which it can still be renewed"),
    Rule.RENEWAL_BASIS: lazy("Where a renewed period begins"),
    Rule.FULL_EVERY_SECOND: lazy("After a renewal by refresher, the next one needs the full course"),
    Rule.REMINDER_DAYS: lazy("Reminders go out so many days before expiry"),
    Rule.GRACE_REMINDER_DAYS: lazy("The one reminder after expiry goes out so many days later"),
    Rule.KEEP_LAST_REMINDER: lazy("Send the last reminder even to people who want none"),
    Rule.REMINDER_HOUR: lazy("Mails that remind go from this hour on, in the reader’s own time"),
    Rule.DIGEST: lazy("How often coordinators get a letter about certificates"),
    Rule.MINIMUM_DELIVERIES: lazy("Courses an instructor teaches in each year of an authorisation"),
    Rule.CLAIM_MINUTES: lazy("Minutes an answer is kept for whoever took it to mark"),
    Rule.MINIMUM_AGE: lazy("Least age for an account, in years"),
    Rule.RETENTION_MONTHS: lazy("Months for which records are kept after a certificate expired or somebody left"),
}
# What follows from a rule, for whoever is about to set it.
HELP: Final[Mapping[Rule, Any]] = {
    Rule.PASS_PERCENT: lazy("Counts for attempts begun from now on."),
    Rule.ATTEMPTS: lazy("After the last one the course is taken again, or an instructor releases another."),
    Rule.VALID_MONTHS: lazy("Counts for certificates issued from now on."),
    Rule.WINDOW_BEFORE_MONTHS: lazy("Counts for certificates issued from now on."),
    Rule.WINDOW_AFTER_MONTHS: lazy(
        "The time in which an expired certificate can still be renewed. Counts for certificates issued from now on."
    ),
    Rule.RENEWAL_BASIS: lazy("Fixed with each certificate when it is issued, and used when that one is renewed."),
    Rule.FULL_EVERY_SECOND: lazy("Fixed with each certificate when it is issued, and used when that one is renewed."),
    Rule.REMINDER_DAYS: lazy("Counts at once for everybody whose certificate runs."),
    Rule.GRACE_REMINDER_DAYS: lazy("At the latest on the last day on which renewing is possible. Counts at once."),
    Rule.KEEP_LAST_REMINDER: lazy("People can stop their reminders. With yes, the last one reaches them all the same."),
    Rule.REMINDER_HOUR: lazy("What an outage delayed goes later the same day, but not after 21:00."),
    Rule.DIGEST: lazy("Each coordinator can stop it for themselves."),
    Rule.MINIMUM_DELIVERIES: lazy("Instructors are reminded 90 days before the year ends and on its last day."),
    Rule.CLAIM_MINUTES: lazy("After that time others can take the answer."),
    Rule.MINIMUM_AGE: lazy("People confirm it when they join."),
    Rule.RETENTION_MONTHS: lazy(
        "A shorter time removes, from the next day on, what a longer one kept. That cannot be undone."
    ),
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


def help_of(one: Rule) -> str:
    """Return what follows from a rule."""
    return str(HELP.get(one, ""))


def wanted(one: Rule) -> str:
    """Return what a value of the rule must be, for somebody who entered something else."""
    if one in RANGES:
        low, high = RANGES[one]
        return _("Enter a whole number from %(low)s to %(high)s", low=low, high=high)
    if one is Rule.REMINDER_DAYS:
        return _("Enter days from 0 to %(most)s with commas, such as 180,90,30,0, or none", most=FARTHEST_DAY)
    return _("Choose one of the answers on offer")


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


def source(one: Resolved, row: Organisation | None, revision: CourseRevision | None, named: Mapping[int, str]) -> str:
    """Return where a rule's value comes from, as somebody at `row` (None: the installation) sees it."""
    kind, _colon, number = one.source.partition(":")
    if number and row and int(number) == row.id:
        return _("This organisation")
    if number:
        return _("%(name)s, above it", name=named[int(number)])
    if kind == "revision":
        return _("The course, revision %(number)s", number=revision.number if revision else "")
    return _("The installation") if kind == "installation" else _("The program’s default")
