"""The words in which reminders are told of: to the person themselves, and of them to others."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from mhfa_lms import i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy, ngettext
from mhfa_lms.models import WorkState
from mhfa_lms.services.reminder_plan import GRACE
from mhfa_lms.services.reminder_reasons import Reason


class State(StrEnum):
    """What became of one reminder."""

    SENT = "sent"
    WAITING = "waiting"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DUE = "due"
    LATER = "later"
    MISSED = "missed"
    STOPPED = "stopped"


class Voice(StrEnum):
    """To whom a story is told."""

    OWN = "own"
    OTHERS = "others"


STATES: Final[Mapping[State, Any]] = {
    State.SENT: lazy("Sent"),
    State.WAITING: lazy("Waiting"),
    State.FAILED: lazy("Not delivered"),
    State.CANCELLED: lazy("Not sent"),
    State.DUE: lazy("Due now"),
    State.LATER: lazy("To come"),
    State.MISSED: lazy("Not sent"),
    State.STOPPED: lazy("Not sent"),
}
OF_OTHERS: Final[Mapping[Reason, Any]] = {
    Reason.ACCOUNT_CLOSED: lazy("The account is closed."),
    Reason.LEFT: lazy("The person has left the organisation."),
    Reason.REVOKED: lazy("The certificate was withdrawn."),
    Reason.REPLACED: lazy("The certificate was replaced by a corrected one."),
    Reason.RENEWED: lazy("The certificate was renewed."),
    Reason.NEWER: lazy("The person holds a newer certificate of the same type."),
    Reason.FINISHED: lazy("The renewal was finished early, and the new certificate comes on its day."),
    Reason.STOPPED: lazy("The person has stopped reminders."),
    Reason.OVER: lazy("The time to renew has passed."),
    Reason.SUPERSEDED: lazy("A later reminder about the same certificate has been posted."),
}
TO_ONESELF: Final[Mapping[Reason, Any]] = {
    Reason.LEFT: lazy("You have left the organisation."),
    Reason.REVOKED: lazy("The certificate was withdrawn."),
    Reason.REPLACED: lazy("A corrected certificate took its place."),
    Reason.RENEWED: lazy("You have renewed it."),
    Reason.NEWER: lazy("You hold a newer certificate of the same kind."),
    Reason.STOPPED: lazy("You have stopped reminders."),
    Reason.SUPERSEDED: lazy("A later one took its place."),
}
# What a mail to an instructor was cancelled for, as `unwanted` writes it down.
OF_INSTRUCTORS: Final[Mapping[str, Any]] = {
    "the person no longer instructs here": lazy("no longer an instructor here"),
    "a later one was posted": lazy("a later one took its place"),
    "the background check was renewed": lazy("the background check was renewed"),
    "enough was taught": lazy("enough courses were taught"),
    "the authorisation was extended, or the person no longer instructs here": lazy(
        "the authorisation was extended, or no longer an instructor here"
    ),
}


def title(offset: int) -> str:
    """Return which reminder it is: so many days before the end, on the last day, or after it."""
    if offset == GRACE:
        return _("after expiry")
    return _("on the last day") if offset == 0 else ngettext("%(num)s day before", "%(num)s days before", offset)


def state(one: State) -> str:
    """Return a state in a word or two."""
    return str(STATES[one])


def why(against: Reason, voice: Voice) -> str:
    """Return a sentence with what stands against a reminder."""
    words = TO_ONESELF if voice is Voice.OWN and against in TO_ONESELF else OF_OTHERS
    return str(words[against])


def not_sent(against: Reason, voice: Voice) -> str:
    """Return that one reminder is not sent, and why."""
    return _("Not sent. %(why)s", why=why(against, voice))


def renewed_before(day: date) -> str:
    """Return that reminders are not needed, as the renewal was finished before its time and counts from a day on."""
    return _(
        "Not needed: the renewal is finished, and the new certificate comes on %(day)s.", day=i18n.format_date(day)
    )


def verdict(against: Reason | None, voice: Voice, *, kept: bool) -> str:
    """Return whether reminders go out at all. `kept`: the last one does, in spite of an opt-out."""
    if against is None:
        return _("Reminders go out on the days below.")
    if kept and voice is Voice.OWN:
        return _("You have stopped reminders; your organisation keeps the last one going.")
    if kept:
        return _("The person has stopped reminders; the organisation keeps the last one going.")
    return _("No more reminders: %(why)s", why=why(against, voice))


def sent(row: Any, zone: str, voice: Voice) -> tuple[State, datetime | None, str]:
    """Return what became of a posted mail: `row` has its state, error, `done_at` and `due_at`.

    What the mail server answered is for those who can mend something.
    """
    error = str(row.error) if voice is Voice.OTHERS else ""
    if row.state is WorkState.DONE:
        return State.SENT, row.done_at, _("Sent on %(when)s.", when=i18n.format_moment(row.done_at, zone))
    if row.state is WorkState.CANCELLED:
        return State.CANCELLED, None, _("Posted, then not sent: %(why)s.", why=_known(row.error, voice))
    if row.state is WorkState.FAILED:
        words = _("Posted, and failed for good: %(error)s.", error=error) if error else _("It could not be delivered.")
        return State.FAILED, None, words
    when = i18n.format_moment(row.due_at, zone)
    words = _("Posted, and waits to be sent (next try %(when)s).", when=when)
    if error:
        words += " " + _("The last try failed: %(error)s.", error=error)
    return State.WAITING, row.due_at, words


def _known(error: str, voice: Voice) -> str:
    """Return why a mail was cancelled: a reason by its name in words, others as they were written down."""
    found = next((one for one in Reason if one.value == error), None)
    return why(found, voice).rstrip(".") if found else str(OF_INSTRUCTORS.get(error, error))
