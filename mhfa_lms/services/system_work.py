"""Judging the work of an installation: workers, queues, mails."""

from datetime import timedelta
from typing import Final

from mhfa_lms import i18n
from mhfa_lms.i18n import gettext as _
from mhfa_lms.i18n import ngettext
from mhfa_lms.services.measuring import Measured
from mhfa_lms.services.system_facts import Fact, Reader, State, either

TICK_LATE: Final = timedelta(minutes=5)
TICK_LOST: Final = timedelta(minutes=15)
LAG_LONG: Final = timedelta(minutes=5)
LAG_TOO_LONG: Final = timedelta(minutes=15)


def tick(found: Measured, reader: Reader) -> Fact:
    """When a worker last looked for what is due."""
    last = found.workers.last_tick
    age = reader.now - last if last else None
    state = either(age is None or age > TICK_LOST, age is not None and age > TICK_LATE)
    return Fact(
        "tick",
        state,
        _("Last tick"),
        reader.since(last) if last else _("Never"),
        _("Once a minute a worker looks which reminders and digests are due."),
        "" if state is State.GOOD else _("Start a worker: mhfa-lms worker. If one runs, its log says what stops it."),
        {"last": last, "seconds_ago": age.total_seconds() if age is not None else None},
    )


def workers(found: Measured) -> Fact:
    """Who is at work."""
    alive = found.workers.alive
    return Fact(
        "workers",
        State.GOOD if alive else State.ACT,
        _("Workers"),
        ngettext(
            "%(num)s at work: %(names)s", "%(num)s at work: %(names)s", len(alive), names=i18n.format_list([*alive])
        )
        if alive
        else _("None at work"),
        _("Workers send the mails, draw the certificates and seal the audit trail. Seen in the last three minutes."),
        "" if alive else _("Start one: mhfa-lms worker. “mhfa-lms serve” runs one beside the web."),
        {"alive": len(alive), "names": list(alive)},
    )


def mails(found: Measured) -> Fact:
    """What the outbox holds."""
    queue = found.backlog.messages
    return Fact(
        "mails",
        State.LOOK if queue.failed else State.GOOD,
        _("Mails"),
        _queue_words(queue.waiting, queue.failed),
        _("A mail that the server does not take is tried for 56 hours, then it counts as failed."),
        _("See in the outbox what the mail server said, and try again.") if queue.failed else "",
        {"waiting": queue.waiting, "failed": queue.failed, "oldest_seconds": queue.oldest_seconds},
    )


def jobs(found: Measured) -> Fact:
    """What waits to be done, and what failed."""
    queue = found.backlog.jobs
    return Fact(
        "jobs",
        State.LOOK if queue.failed else State.GOOD,
        _("Jobs"),
        _queue_words(queue.waiting, queue.failed),
        _("Jobs are long work, such as drawing certificates."),
        _("See which failed, look for the reason in the worker’s log, then try again.") if queue.failed else "",
        {"waiting": queue.waiting, "failed": queue.failed, "oldest_seconds": queue.oldest_seconds},
    )


def _queue_words(waiting: int, failed: int) -> str:
    waits = (
        ngettext("%(shown)s waits", "%(shown)s wait", waiting, shown=i18n.format_number(waiting))
        if waiting
        else _("None wait")
    )
    if not failed:
        return waits
    return f"{waits}, {ngettext('%(shown)s failed', '%(shown)s failed', failed, shown=i18n.format_number(failed))}"


def lag(found: Measured) -> Fact:
    """How long the oldest work has been due."""
    lag = timedelta(seconds=max(found.backlog.messages.oldest_seconds, found.backlog.jobs.oldest_seconds))
    state = either(lag > LAG_TOO_LONG, lag > LAG_LONG)
    return Fact(
        "lag",
        state,
        _("Longest wait"),
        i18n.format_span(lag) if lag else _("Nothing is overdue"),
        _("How long the oldest mail or job has been due."),
        ""
        if state is State.GOOD
        else _("Is a worker at work? If so, there is more work than it can do: start another."),
        {"seconds": lag.total_seconds()},
    )


def renewals(found: Measured) -> Fact:
    """Whether renewals that were finished early are issued once their window opens."""
    overdue = found.renewals_overdue
    return Fact(
        "renewals",
        State.LOOK if overdue else State.GOOD,
        _("Renewals finished early"),
        ngettext("%(shown)s is overdue", "%(shown)s are overdue", overdue, shown=i18n.format_number(overdue))
        if overdue
        else _("None is overdue"),
        _("Who finishes a refresher before its time gets the new certificate on the first day that counts."),
        _("A worker tries each of them once a minute. Its log names those that fail: renewal-not-issued.")
        if overdue
        else "",
        {"overdue": overdue},
    )


def mail_server(found: Measured) -> Fact:
    """Whether mails reach people."""
    forgotten = found.mail_is_dropped and not found.demo
    return Fact(
        "mail_server",
        State.LOOK if forgotten else State.GOOD,
        _("Mail server"),
        _("None: mails are put into a folder") if found.mail_is_dropped else _("Set"),
        _("Invitations, results and reminders go out by mail."),
        _("Nobody gets a mail. Set MHFA_MAIL_URL to your mail server and start anew.") if forgotten else "",
        {"set": not found.mail_is_dropped},
    )
