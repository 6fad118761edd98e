"""Signed-in browsers, one-time links and the counters behind the limits."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure, Id


class LoginSession(Base):
    """One signed-in browser. Ending the row signs it out at once, whatever its cookie says."""

    __tablename__ = "login_session"
    __erasure__ = Erasure.DELETED

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    # The membership in use; the switcher changes it.
    membership_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id", ondelete="SET NULL"))
    secret_hash: Mapped[str] = mapped_column(unique=True)
    browser: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    # When the password was last typed in this browser, and when the second step was last proven in it.
    password_at: Mapped[datetime | None]
    second_step_at: Mapped[datetime | None]


class LinkKind(StrEnum):
    """What a one-time link does."""

    CONFIRM = "confirm"
    RESET = "reset"
    CHANGE_ADDRESS = "change-address"
    FIRST_ADMIN = "first-admin"


class OneTimeLink(Base):
    """A link sent by mail (or printed, for the first administrator) that works once, for a while."""

    __tablename__ = "one_time_link"
    __erasure__ = Erasure.DELETED
    __table_args__ = (CheckConstraint("(kind = 'first-admin') = (account_id IS NULL)", name="account_unless_first"),)

    id: Mapped[Id]
    kind: Mapped[LinkKind]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(unique=True)
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Try(Base):
    """One try at something limited, such as a sign-in, by a hashed key: an account's or a network address."""

    __tablename__ = "try"
    __erasure__ = Erasure.KEPT
    __table_args__ = (Index(None, "key_hash", "at"), Index(None, "at"))

    id: Mapped[Id]
    key_hash: Mapped[str]
    at: Mapped[datetime]
