"""Routes about one's own account: signing in and out, joining, confirming, a new password, consent, language."""

from mhfa_lms.web.account import (
    first_admin,
    hours,
    invitation,
    joining,
    language,
    mine,
    organisations,
    own_data,
    passkeys,
    recovery,
    second_sign_in,
    second_step,
    signing_in,
)
from mhfa_lms.web.account.blueprint import blueprint

__all__ = [
    "blueprint",
    "first_admin",
    "hours",
    "invitation",
    "joining",
    "language",
    "mine",
    "organisations",
    "own_data",
    "passkeys",
    "recovery",
    "second_sign_in",
    "second_step",
    "signing_in",
]
