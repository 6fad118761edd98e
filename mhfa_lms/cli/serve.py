"""`mhfa-lms serve` and `mhfa-lms web`."""

import contextlib
import socket
from collections.abc import Sequence
from ipaddress import ip_address

import click

from mhfa_lms import clock, schema, server
from mhfa_lms.cli.base import Failed, bound, make_first_keys, refuse_while_restoring
from mhfa_lms.cli.welcome import first_link, listening, welcome
from mhfa_lms.content import loader
from mhfa_lms.db import session
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import acceptance, publishing
from mhfa_lms.settings import Settings, read_settings

port_option = click.option("--port", type=click.IntRange(1, 65535), help="Web port; PORT or 8000 when left out.")
workers_option = click.option(
    "--workers", type=click.IntRange(1, 64), default=server.WORKERS, show_default=True, help="Web processes."
)


@click.command()
@port_option
@workers_option
@click.option("--demo", is_flag=True, help="Add invented people and show their accounts; on this computer only.")
def serve(port: int | None, workers: int, demo: bool) -> None:
    """Start everything: migrate, publish the courses, run the web processes and one worker.

    Ctrl-C stops all of it. Without --demo the first start prints a link that makes the first administrator.
    """
    settings = read_settings(demo=demo, port=port)
    if demo:
        refuse_a_public_demo(settings)
    listener = open_port(settings)
    with bound(settings):
        refuse_while_restoring(settings)
        prepare(settings)
        make_first_keys(settings)
        if not demo:
            refuse_demo_data()
        accept_for_the_demo() if demo else say_what_waits()
        accounts = demo_accounts(settings.secret_keys) if demo else ""
        link = None if demo else first_link(settings, now=clock.now())
    ended = server.supervise(
        settings, listener, workers=workers, ready=lambda: click.echo(welcome(settings, accounts, link))
    )
    if ended:
        raise Failed(ended)
    click.echo("Stopped.")


@click.command()
@port_option
@workers_option
def web(port: int | None, workers: int) -> None:
    """Run the web processes only. The database must be up to date (`mhfa-lms db upgrade`)."""
    settings = read_settings(port=port)
    listener = open_port(settings)
    with bound(settings):
        refuse_while_restoring(settings)
        if not schema.is_current():
            raise Failed("The database is not up to date. Run: mhfa-lms db upgrade")
        refuse_demo_data()
        make_first_keys(settings)
    click.echo(f"Serving {settings.base_url}{listening(settings)}")
    # Gunicorn ends with SystemExit of its own.
    server.run_web(settings, listener, workers=workers)


def refuse_a_public_demo(settings: Settings) -> None:
    """Raise `Failed` when invented people with a known password would be reachable, or write mails, from outside."""
    loopback = settings.bind == "localhost"
    with contextlib.suppress(ValueError):
        loopback = loopback or ip_address(settings.bind).is_loopback
    if not loopback:
        raise Failed(
            f"The demonstration listens on this computer only, because everybody knows its password."
            f" MHFA_BIND is {settings.bind}; leave it out, or set it to 127.0.0.1."
        )
    if not settings.mail_url.startswith("file://"):
        raise Failed("The demonstration sends no mail. Leave MHFA_MAIL_URL out, or set it to file:///folder.")


def refuse_demo_data() -> None:
    """Raise `Failed` when the database holds the demonstration's people: an administrator with a known password."""
    from mhfa_lms.services import demo

    if demo.has_open_accounts():
        raise Failed(
            "This database holds the demonstration, and everybody knows the password of its administrator."
            " Choose another folder with MHFA_DATA_DIR (or another MHFA_DATABASE_URL), or add --demo to look around."
        )


def open_port(settings: Settings) -> socket.socket:
    """Open the port. Raises `Failed` when it is in use."""
    try:
        return server.listen(settings.bind, settings.port)
    except server.PortInUseError as error:
        raise Failed(str(error)) from error


def prepare(settings: Settings) -> None:
    """Migrate and publish. A course with problems is shown, and its last published revision goes on being served."""
    schema.upgrade()
    for done in publishing.publish_all(settings.courses_dir, by=SYSTEM, now=clock.now()):
        if done.problems:
            click.echo(
                f"The course {done.slug} has problems. What was published before goes on being served:", err=True
            )
            for problem in done.problems:
                click.echo(f"  {problem}", err=True)
    if not loader.find(settings.courses_dir):
        click.echo(f"There is no course in {settings.courses_dir}.", err=True)


def accept_for_the_demo() -> None:
    """Open the courses without a review, and say so: the demonstration has nobody to ask."""
    for title in acceptance.accept_waiting(by=SYSTEM, now=clock.now()):
        click.echo(f"Opened for the demonstration, without a clinical review: {title}", err=True)


def say_what_waits() -> None:
    """Name the courses whose newest revision new learners do not get yet."""
    for revision in acceptance.waiting(session()):
        click.echo(
            f"Revision {revision.number} of “{revision.title}” waits: nobody has reviewed it. An administrator can open"
            " it under Administration, Courses; or: mhfa-lms courses accept SLUG",
            err=True,
        )


def demo_accounts(keys: Sequence[str]) -> str:
    """Make the demonstration's people, and return what to say about their accounts."""
    from mhfa_lms.services import demo

    demo.make(now=clock.now(), keys=keys)
    return demo.accounts_text()
