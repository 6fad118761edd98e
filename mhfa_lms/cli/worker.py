"""`mhfa-lms worker`, `tick` and `send-mail`."""

from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from mhfa_lms import clock, server
from mhfa_lms.cli.base import Failed, emit, installation, json_option, make_first_keys
from mhfa_lms.jobs.delivery import Counts, send_waiting
from mhfa_lms.jobs.tick import tick as run_tick
from mhfa_lms.jobs.tick import tidy
from mhfa_lms.settings import Settings

AT_ONCE = 1_000


@click.command()
def worker() -> None:
    """Run one worker: deliver mails, do jobs, post what is due each minute. Ctrl-C stops it."""
    with installation(lasting=True) as settings:
        make_first_keys(settings)
        server.run_jobs(settings)


@click.command()
@click.option(
    "--as-of", metavar="ISO-DATETIME", help="As if it were then, such as 2027-03-01T09:00 (in MHFA_TIMEZONE)."
)
@click.option("--yes", is_flag=True, help="Really post mails of a future time although a mail server is set.")
@json_option
def tick(as_of: str | None, yes: bool, as_json: bool) -> None:
    """Post what is due, once, now or as if at another time. `send-mail` then delivers it."""
    with installation() as settings:
        real = clock.now()
        now = moment(as_of, settings) if as_of else real
        if now > real and not settings.mail_url.startswith("file:") and not yes:
            raise Failed(
                "People would get mails that are not due yet, because MHFA_MAIL_URL names a real mail server."
                " Add --yes if that is meant."
            )
        # What was posted as if at another time is sent now, whatever the hour: nobody could see it otherwise.
        report = run_tick(settings, now, send_at=min(now, real) if as_of else None)
        sealed = tidy(real)
    emit(
        as_json,
        {"as_of": now.isoformat(), **asdict(report), "total": report.total, "sealed": sealed},
        f"{now.isoformat(timespec='minutes')}: posted to certificate holders {report.reminders},"
        f" to instructors {report.authorisation_reminders}, to coordinators {report.digests}.",
    )


def moment(text: str, settings: Settings) -> datetime:
    """Read an instant; one without a zone is in the installation's. Raises `click.BadParameter`."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r} is not a date and time such as 2027-03-01T09:00 or 2027-03-01T09:00+01:00",
            param_hint="--as-of",
        ) from error
    return read if read.tzinfo else read.replace(tzinfo=ZoneInfo(settings.timezone))


@click.command("send-mail")
@click.option("--once", is_flag=True, help="Deliver one round of at most 1,000 mails instead of all that wait.")
@json_option
def send_mail(once: bool, as_json: bool) -> None:
    """Deliver the mails that wait and are due. Those that fail are tried again later; exits with 1 when one failed."""
    total = Counts()
    with installation() as settings:
        while (some := send_waiting(settings, clock.now, AT_ONCE)).all:
            total.sent += some.sent
            total.put_off += some.put_off
            total.failed += some.failed
            total.cancelled += some.cancelled
            if once or some.all < AT_ONCE:
                break
    emit(
        as_json,
        asdict(total),
        f"Sent {total.sent}, to be tried again {total.put_off}, failed {total.failed},"
        f" no longer wanted {total.cancelled}.",
    )
    if total.failed or total.put_off:
        raise Failed("Not every mail was sent. See: mhfa-lms outbox list")
