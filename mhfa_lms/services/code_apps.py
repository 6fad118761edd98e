"""Apps that show a code: setting one up, and checking what it shows."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import SecondStep, StepKind
from mhfa_lms.policy import Actor
from mhfa_lms.services import second_steps, totp
from mhfa_lms.services.secret_box import SecretBox, SecretBoxError

# How long the page with the QR code can wait for the first code.
OFFER_SECONDS: Final = 15 * 60


class WrongCodeError(Exception):
    """The code is not the one shown now, or it was used before: which of them is not said."""


class OfferGoneError(Exception):
    """The page with the QR code was open for too long, or is another person's."""


def offer(box: SecretBox, *, by: Actor, now: datetime) -> str:
    """Return a new secret for an app, sealed for this browser alone; it counts for nothing until a code proves it."""
    return box.seal(totp.new_secret(), owner=_offered_to(by), now=now)


def offered(box: SecretBox, sealed: str, *, by: Actor, now: datetime) -> str:
    """Return the secret of an offer made to this browser. Raises `OfferGoneError`."""
    try:
        return box.open_young(sealed, owner=_offered_to(by), seconds=OFFER_SECONDS, now=now)
    except SecretBoxError as error:
        raise OfferGoneError from error


def add(box: SecretBox, sealed: str, typed: str, name: str, *, by: Actor, now: datetime) -> str:
    """Add the app that an offer was made for, once it shows the right code. Returns the session's new secret.

    Raises `OfferGoneError`, `WrongCodeError`, `TooManyStepsError` and what `second_steps.changing` raises.
    """
    secret = offered(box, sealed, by=by, now=now)
    step_shown = totp.matching_step(secret, typed, now=now, after=None)
    if step_shown is None:
        raise WrongCodeError
    with transaction() as session:
        account = second_steps.changing(session, by=by, now=now, within=second_steps.FINISH)
        step = SecondStep(
            account_id=account.id,
            kind=StepKind.APP,
            name=name,
            created_at=now,
            last_used_at=now,
            sealed_secret=box.seal(secret, owner=str(account.id), now=now),
            sealed_with=box.name,
            last_code_step=step_shown,
        )
        return second_steps.add(session, account, step, by=by, now=now)


def check(session: Session, box: SecretBox, account_id: int, typed: str, *, now: datetime) -> bool:
    """Whether one of an account's apps shows this code, in the caller's transaction, which has locked the account.

    A code counts once. A secret found under an older key is sealed anew.
    """
    apps = select(SecondStep).where(SecondStep.account_id == account_id, SecondStep.kind == StepKind.APP)
    for step in session.scalars(apps.order_by(SecondStep.id).execution_options(populate_existing=True)):
        try:
            secret = box.open(step.sealed_secret or "", owner=str(account_id))
        except SecretBoxError:
            # Sealed under a key that was lost: passkeys, recovery codes and a reset still help.
            continue
        shown = totp.matching_step(secret, typed, now=now, after=step.last_code_step)
        if shown is not None:
            step.last_code_step, step.last_used_at = shown, now
            if step.sealed_with != box.name:
                step.sealed_secret = box.seal(secret, owner=str(account_id), now=now)
                step.sealed_with = box.name
            return True
    return False


def _offered_to(by: Actor) -> str:
    return f"offer to {by.account_id} in {by.session_id}"
