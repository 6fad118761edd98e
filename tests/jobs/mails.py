"""Builders and looks for the tests of mails and jobs."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Job, Message, Reminder
from mhfa_lms.services import outbox, work
from tests import make


def post(key: str = "one", *, kind: str = "password-changed", now: datetime = make.NOON, **values: Any) -> int:
    """Post a mail (to an address of its own, unless an account is named) and return its id."""
    if "account_id" not in values:
        values.setdefault("to_address", f"{key}@example.org")
    with db.transaction() as session:
        found = outbox.post(session, kind, key=key, due_at=now, now=now, **values)
    assert found is not None
    return found


def post_job(key: str = "one", *, kind: str = "test", now: datetime = make.NOON, **payload: Any) -> int:
    """Post a job and return its id."""
    with db.transaction() as session:
        found = work.post(session, kind, key=key, now=now, payload=payload)
    assert found is not None
    return found


def message(id_: int) -> Message:
    """Return a mail's row as it is now."""
    db.session().rollback()
    return db.session().get_one(Message, id_)


def job(id_: int) -> Job:
    """Return a job's row as it is now."""
    db.session().rollback()
    return db.session().get_one(Job, id_)


def messages(kind: str | None = None) -> list[Message]:
    """Return the mails as they are now, in the order of their posting."""
    db.session().rollback()
    wanted = [Message.kind == kind] if kind else []
    return list(db.session().scalars(select(Message).where(*wanted).order_by(Message.id)))


def reminded() -> list[tuple[int, int]]:
    """Return certificate and offset of every reminder posted."""
    db.session().rollback()
    return [
        (row.certificate_id, row.offset_days) for row in db.session().scalars(select(Reminder).order_by(Reminder.id))
    ]
