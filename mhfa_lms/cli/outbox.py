"""`mhfa-lms outbox`: the mails that wait, were sent or failed."""

from typing import Any, Final

import click
from sqlalchemy import select

from mhfa_lms import clock
from mhfa_lms import db as database
from mhfa_lms.cli.base import Failed, emit, installation, json_option
from mhfa_lms.models import Message, WorkState
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import mail_life
from mhfa_lms.services import outbox as service

STATES: Final = {
    "waiting": WorkState.WAITING,
    "sent": WorkState.DONE,
    "failed": WorkState.FAILED,
    "cancelled": WorkState.CANCELLED,
}
LARGEST_ID: Final = 2**63 - 1
NAMES: Final = {state: name for name, state in STATES.items()}


@click.group()
def outbox() -> None:
    """See the mails and try failed ones again."""


@outbox.command("list")
@click.option("--state", type=click.Choice(list(STATES)), help="Only mails in this state.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many.")
@json_option
def list_(state: str | None, limit: int, as_json: bool) -> None:
    """List mails, the newest first: what kind, in which state, with which error. No addresses and no texts."""
    with installation():
        wanted = [Message.state == STATES[state]] if state else []
        found = database.session().scalars(select(Message).where(*wanted).order_by(Message.id.desc()).limit(limit))
        rows = [_described(message) for message in found]
    lines = [
        f"{row['id']:>7}  {row['state']:9}  {row['kind']:22}  tries {row['attempts']}  {row['due_at']}  {row['error']}"
        for row in rows
    ]
    emit(as_json, rows, "\n".join(line.rstrip() for line in lines) or "There are no such mails.")


def _described(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "kind": message.kind,
        "state": NAMES[message.state],
        "organisation_id": message.organisation_id,
        "account_id": message.account_id,
        "locale": message.locale,
        "created_at": message.created_at.isoformat(timespec="seconds"),
        "due_at": message.due_at.isoformat(timespec="seconds"),
        "done_at": message.done_at.isoformat(timespec="seconds") if message.done_at else None,
        "attempts": message.attempts,
        "message_id": message.internet_id,
        "error": message.error,
    }


@outbox.command()
@click.argument("message_id", metavar="ID", type=click.IntRange(1, LARGEST_ID))
@json_option
def retry(message_id: int, as_json: bool) -> None:
    """Send a mail after all that failed, is put off, or was held back by a restore: the worker takes it next."""
    with installation():
        if not service.retry(message_id, by=SYSTEM, now=clock.now()):
            raise Failed(f"There is no failed mail with the number {message_id}, and none that a restore held back.")
    emit(as_json, {"id": message_id, "state": "waiting"}, f"Mail {message_id} waits to be sent again.")


@outbox.command()
@click.argument("message_id", metavar="ID", type=click.IntRange(1, LARGEST_ID))
@json_option
def show(message_id: int, as_json: bool) -> None:
    """Show one mail's life: each try with the mail server's words. Neither addresses nor what the mail tells."""
    with installation():
        found = mail_life.life(database.session(), message_id, by=SYSTEM, now=clock.now())
        if found is None:
            raise Failed(f"There is no mail with the number {message_id}.")
        row = {**_described(found.message), "stage": found.stage.value}
        tries = [
            {"at": one.at.isoformat(timespec="seconds"), "outcome": one.outcome.value, "words": one.words}
            for one in found.tries
        ]
    lines = [
        f"Mail {row['id']}, {row['kind']}: {row['stage']}, tries {row['attempts']}",
        f"  {row['created_at']}  posted",
        *(f"  {one['at']}  {one['outcome']:12} {one['words']}".rstrip() for one in tries),
        *([f"  {row['done_at']}  {row['stage']}"] if row["done_at"] else [f"  {row['due_at']}  next try"]),
    ]
    emit(as_json, {**row, "tries": tries}, "\n".join(lines))


@outbox.command()
@click.argument("message_id", metavar="ID", type=click.IntRange(1, LARGEST_ID))
@json_option
def cancel(message_id: int, as_json: bool) -> None:
    """Have a mail never sent that waits or failed. One that is just being sent may still arrive."""
    with installation():
        if not service.cancel(message_id, by=SYSTEM, now=clock.now()):
            raise Failed(f"There is no mail with the number {message_id} that waits or failed.")
    emit(as_json, {"id": message_id, "state": "cancelled"}, f"Mail {message_id} will not be sent.")


@outbox.command()
@json_option
def release(as_json: bool) -> None:
    """Send every mail that a restore held back; what is of no more use by then is still left out."""
    with installation():
        released = service.release(by=SYSTEM, now=clock.now())
    emit(as_json, {"released": released}, f"Mails that wait to be sent after all: {released}.")
