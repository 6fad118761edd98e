"""The second step of signing in: what proves it, recovery codes, and sign-ins that wait for it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mhfa_lms.db import Base, Erasure, Id


class StepKind(StrEnum):
    """What proves that a person who knows the password is its owner."""

    APP = "app"
    PASSKEY = "passkey"


class SecondStep(Base):
    """One thing an account can prove its second step with: an app that shows codes, or a passkey."""

    __tablename__ = "second_step"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        CheckConstraint("(kind = 'app') = (sealed_secret IS NOT NULL)", name="secret_of_apps"),
        CheckConstraint("(kind = 'app') = (sealed_with IS NOT NULL)", name="seal_of_apps"),
        CheckConstraint("(kind = 'passkey') = (credential_id IS NOT NULL)", name="credential_of_passkeys"),
        CheckConstraint("(kind = 'passkey') = (public_key IS NOT NULL)", name="key_of_passkeys"),
        CheckConstraint("sign_count >= 0", name="sign_count_not_negative"),
        Index(None, "account_id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    kind: Mapped[StepKind]
    name: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    # The app's shared secret, encrypted; and by which key, so that a change of keys can find what is under an old one.
    sealed_secret: Mapped[str | None]
    sealed_with: Mapped[str | None]
    # The last half-minute whose code was taken: it and all before it are refused from then on.
    last_code_step: Mapped[int | None] = mapped_column(BigInteger)
    # A passkey's id and public key, base64url, and its own count of uses.
    credential_id: Mapped[str | None] = mapped_column(unique=True)
    public_key: Mapped[str | None]
    transports: Mapped[str] = mapped_column(default="")
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)


class RecoveryCode(Base):
    """A code that takes the place of the second step once; kept as a hash."""

    __tablename__ = "recovery_code"
    __erasure__ = Erasure.DELETED
    __table_args__ = (UniqueConstraint("account_id", "code_hash"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    code_hash: Mapped[str]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class HalfOpenLogin(Base):
    """A browser that gave the right password and still owes the second step. It opens nothing by itself.

    A table of its own, so that no query about signed-in browsers can take one for a session.
    """

    __tablename__ = "half_open_login"
    __erasure__ = Erasure.DELETED

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(unique=True)
    browser: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class PasskeyChallenge(Base):
    """A challenge handed to a browser for a passkey: to make one when signed in, or to sign in with one.

    Bound to the browser it was made for; deleted when it is answered, rightly or not.
    """

    __tablename__ = "passkey_challenge"
    __erasure__ = Erasure.DELETED
    __table_args__ = (
        CheckConstraint("(login_session_id IS NULL) <> (half_open_login_id IS NULL)", name="one_browser"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    login_session_id: Mapped[int | None] = mapped_column(ForeignKey("login_session.id", ondelete="CASCADE"), index=True)
    half_open_login_id: Mapped[int | None] = mapped_column(
        ForeignKey("half_open_login.id", ondelete="CASCADE"), index=True
    )
    challenge_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
