"""What waits to be done outside a request: mails in the outbox, and jobs.

Both are leased, so that a crash gives them back.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mhfa_lms.db import Base, Erasure, Id
from mhfa_lms.models.certificate import StoredFile


class WorkState(StrEnum):
    """Where a message or a job stands."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Message(Base):
    """A mail to send: a kind, a locale and facts, never finished text. The key makes posting it twice harmless."""

    __tablename__ = "message"
    __erasure__ = Erasure.REDUCED
    __table_args__ = (
        CheckConstraint("(state = 'waiting') = (done_at IS NULL)", name="waiting_iff_not_done"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index(None, "state", "due_at", "id"),
        # What an organisation's coordinator asks about: the few mails that have not arrived, among all that have.
        Index(
            "ix_message_not_arrived",
            "organisation_id",
            "id",
            sqlite_where=text("state IN ('waiting', 'failed')"),
            postgresql_where=text("state IN ('waiting', 'failed')"),
        ),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"), index=True)
    # Only where the address is not the account's own, such as an invitation or a new address to confirm.
    to_address: Mapped[str | None]
    locale: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[WorkState] = mapped_column(default=WorkState.WAITING)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    # Derived from the key and stored before the first try, so that a repeat carries the same one.
    internet_id: Mapped[str]
    done_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")


class TryOutcome(StrEnum):
    """What came of one try to send a mail, or of somebody's stepping in."""

    REFUSED = "refused"  # the server will never take this mail
    NO_MAILBOX = "no-mailbox"  # the server will take nothing for this address
    DEFERRED = "deferred"  # the server asked to try again later
    UNREACHED = "unreached"  # no mail could be sent to anybody then
    UNWRITTEN = "unwritten"  # a mistake in a template or a fact
    INTERRUPTED = "interrupted"  # the worker stopped at every try
    HELD = "held"  # the address refuses mail: waits until somebody mends it
    UNWANTED = "unwanted"  # no longer of use when its turn came
    AGAIN = "again"  # somebody had it sent again
    STOPPED = "stopped"  # somebody had it not sent


class MailTry(Base):
    """One thing that happened to a mail on its way. That it was sent stands in the mail's own row."""

    __tablename__ = "mail_try"
    __erasure__ = Erasure.DELETED
    __table_args__ = (Index(None, "message_id", "id"), Index(None, "at"))

    id: Mapped[Id]
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    outcome: Mapped[TryOutcome]
    # Our own short words and the mail server's, without addresses.
    words: Mapped[str] = mapped_column(default="")


class FailingAddress(Base):
    """An address for which the mail server has refused mail for good, some times in a row."""

    __tablename__ = "failing_address"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        CheckConstraint("refusals > 0", name="refused_once"),
        CheckConstraint("last_at >= first_at", name="last_after_first"),
    )

    id: Mapped[Id]
    email_key: Mapped[str] = mapped_column(unique=True)
    refusals: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    words: Mapped[str] = mapped_column(default="")


class Job(Base):
    """A piece of long work, with progress and a place to resume from."""

    __tablename__ = "job"
    __erasure__ = Erasure.REDUCED
    __table_args__ = (
        CheckConstraint("(state = 'waiting') = (done_at IS NULL)", name="waiting_iff_not_done"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        CheckConstraint("done_units BETWEEN 0 AND total_units", name="progress_in_range"),
        Index(None, "state", "due_at", "id"),
        # A person's own, newest first.
        Index(None, "account_id", "id"),
        # What ended long ago, among the many small jobs of the program's own.
        Index(None, "kind", "done_at"),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="RESTRICT"))
    # Ids and what was asked for, such as filters; a job reads what it needs when it runs. Gone with the row, 30 days
    # after the end.
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[WorkState] = mapped_column(default=WorkState.WAITING)
    done_units: Mapped[int] = mapped_column(default=0)
    total_units: Mapped[int] = mapped_column(default=1)
    resume: Mapped[dict[str, Any]] = mapped_column(default=dict)
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")

    file: Mapped[StoredFile | None] = relationship()


class WorkerBeat(Base):
    """The last sign of life of a worker, by the name of its process."""

    __tablename__ = "worker_beat"
    __erasure__ = Erasure.NOT_PERSONAL
    __table_args__ = (CheckConstraint("seen_at >= started_at", name="seen_after_start"),)

    id: Mapped[Id]
    # The machine and the number of the process there.
    name: Mapped[str] = mapped_column(unique=True)
    version: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    # The end of the last round of "what is due?" that went through.
    ticked_at: Mapped[datetime | None]
