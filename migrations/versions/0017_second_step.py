"""The second step of signing in: apps and passkeys, recovery codes, and sign-ins that wait for it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def _account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"], ["account.id"], name=op.f(f"fk_{table}_account_id"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.add_column("login_session", sa.Column("password_at", INSTANT, nullable=True))
    op.add_column("login_session", sa.Column("second_step_at", INSTANT, nullable=True))
    _second_step()
    _recovery_code()
    _half_open_login()
    _passkey_challenge()


def _second_step() -> None:
    op.create_table(
        "second_step",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("app", "passkey", name="stepkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.Column("sealed_secret", sa.String(), nullable=True),
        sa.Column("sealed_with", sa.String(), nullable=True),
        sa.Column("last_code_step", sa.BigInteger(), nullable=True),
        sa.Column("credential_id", sa.String(), nullable=True),
        sa.Column("public_key", sa.String(), nullable=True),
        sa.Column("transports", sa.String(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(kind = 'app') = (sealed_secret IS NOT NULL)", name=op.f("ck_second_step_secret_of_apps")),
        sa.CheckConstraint("(kind = 'app') = (sealed_with IS NOT NULL)", name=op.f("ck_second_step_seal_of_apps")),
        sa.CheckConstraint(
            "(kind = 'passkey') = (credential_id IS NOT NULL)", name=op.f("ck_second_step_credential_of_passkeys")
        ),
        sa.CheckConstraint(
            "(kind = 'passkey') = (public_key IS NOT NULL)", name=op.f("ck_second_step_key_of_passkeys")
        ),
        sa.CheckConstraint("sign_count >= 0", name=op.f("ck_second_step_sign_count_not_negative")),
        _account("second_step"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_step")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_second_step_credential_id")),
    )
    op.create_index(op.f("ix_second_step_account_id"), "second_step", ["account_id"])


def _recovery_code() -> None:
    op.create_table(
        "recovery_code",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        _account("recovery_code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("account_id", "code_hash", name=op.f("uq_recovery_code_account_id_code_hash")),
    )


def _half_open_login() -> None:
    op.create_table(
        "half_open_login",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        _account("half_open_login"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_half_open_login")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_half_open_login_secret_hash")),
    )
    op.create_index(op.f("ix_half_open_login_account_id"), "half_open_login", ["account_id"])
    op.create_index(op.f("ix_half_open_login_expires_at"), "half_open_login", ["expires_at"])


def _passkey_challenge() -> None:
    op.create_table(
        "passkey_challenge",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("login_session_id", BIG, nullable=True),
        sa.Column("half_open_login_id", BIG, nullable=True),
        sa.Column("challenge_hash", sa.String(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "(login_session_id IS NULL) <> (half_open_login_id IS NULL)",
            name=op.f("ck_passkey_challenge_one_browser"),
        ),
        _account("passkey_challenge"),
        sa.ForeignKeyConstraint(
            ["login_session_id"],
            ["login_session.id"],
            name=op.f("fk_passkey_challenge_login_session_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["half_open_login_id"],
            ["half_open_login.id"],
            name=op.f("fk_passkey_challenge_half_open_login_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey_challenge")),
        sa.UniqueConstraint("challenge_hash", name=op.f("uq_passkey_challenge_challenge_hash")),
    )
    for column in ("account_id", "login_session_id", "half_open_login_id", "expires_at"):
        op.create_index(op.f(f"ix_passkey_challenge_{column}"), "passkey_challenge", [column])
