"""Words for mails: what each is about, where it stands, what happened to it, for administrators and coordinators."""

from collections.abc import Mapping
from typing import Any, Final

from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import lazy
from mhfa_lms.models import TryOutcome
from mhfa_lms.services.mail_life import Stage

KINDS: Final[Mapping[str, Any]] = {
    "account-deleted": lazy("That the account is deleted"),
    "account-exists": lazy("That there is an account already"),
    "activity-decided": lazy("What became of an activity"),
    "address-changed": lazy("That the address was changed"),
    "attempt-released": lazy("A further attempt"),
    "authorisation-extended": lazy("That an authorisation was extended"),
    "authorisation-reminder": lazy("Reminder to an instructor"),
    "certificate-ready": lazy("A new certificate"),
    "certificate-withdrawn": lazy("That a certificate was withdrawn"),
    "change-address": lazy("To confirm a new address"),
    "check-reminder": lazy("Reminder of a background check"),
    "confirm-address": lazy("To confirm an address"),
    "coordinator-digest": lazy("The coordinators’ letter"),
    "copy-ready": lazy("That a copy of somebody’s data is ready"),
    "delivery-reminder": lazy("Reminder of courses to teach"),
    "format-request": lazy("A wish for another format"),
    "invitation": lazy("Invitation"),
    "password-changed": lazy("That the password was changed"),
    "reminder": lazy("Reminder to renew"),
    "reset-password": lazy("To choose a new password"),
    "review-asked": lazy("A course to review"),
    "safeguarding": lazy("To a safeguarding lead"),
    "scenario-result": lazy("The mark of a written answer"),
    "second-step": lazy("About the second step of signing in"),
}
STAGES: Final[Mapping[Stage, tuple[Any, str]]] = {
    Stage.WAITING: (lazy("Waiting"), "info"),
    Stage.SENDING: (lazy("Being sent"), "work"),
    Stage.DEFERRED: (lazy("Put off"), "warn"),
    Stage.HELD: (lazy("Waits for a mend"), "warn"),
    Stage.SENT: (lazy("Sent"), "ok"),
    Stage.FAILED: (lazy("Could not be sent"), "bad"),
    Stage.CANCELLED: (lazy("Not sent on purpose"), "plain"),
}
OUTCOMES: Final[Mapping[TryOutcome, Any]] = {
    TryOutcome.REFUSED: lazy("The mail server refused it for good."),
    TryOutcome.NO_MAILBOX: lazy("The mail server takes no mail for this address."),
    TryOutcome.DEFERRED: lazy("The mail server asked to try again later."),
    TryOutcome.UNREACHED: lazy("The mail server could not be used."),
    TryOutcome.UNWRITTEN: lazy("The mail could not be written."),
    TryOutcome.INTERRUPTED: lazy("Every try was cut off."),
    TryOutcome.HELD: lazy("Waits, because the address refuses mail."),
    TryOutcome.UNWANTED: lazy("It was of no more use when its turn came."),
    TryOutcome.AGAIN: lazy("Somebody had it sent again."),
    TryOutcome.STOPPED: lazy("Somebody had it not sent."),
}


def kind(name: str) -> str:
    """Return what a mail is about; a kind without words says its name."""
    return str(KINDS.get(name, name))


def stage(one: Stage) -> tuple[str, str]:
    """Return where a mail stands, and the kind of tag for it."""
    words, tag = STAGES[one]
    return str(words), tag


def outcome(one: TryOutcome) -> str:
    """Return what happened at one try."""
    return str(OUTCOMES[one])


def why(one: TryOutcome | None, *, failed: bool = False) -> str:
    """Return for a coordinator why a mail has not arrived, from what came of its last try.

    A mail that failed before tries were written down has none.
    """
    if failed and one is None:
        return _("No mail server took this mail. The address may be misspelt, or no longer in use.")
    if one in {TryOutcome.NO_MAILBOX, TryOutcome.HELD}:
        return _("There is no such mailbox, or it takes no mail. The address may be misspelt, or no longer in use.")
    if one is TryOutcome.REFUSED:
        return _("The other side’s mail server refused this mail for good.")
    if one is TryOutcome.DEFERRED:
        return _("The other side’s mail server asked to try again later. That happens by itself.")
    if one is TryOutcome.UNREACHED:
        return _(
            "Our mail server could not be used. Your administrator sees it too; the mail is tried again by itself."
        )
    if one in {TryOutcome.UNWRITTEN, TryOutcome.INTERRUPTED}:
        return _("Something is wrong on our side. Tell your administrator.")
    return _("It has been waiting for some time. Tell your administrator if it stays so.")
