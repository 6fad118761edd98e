"""Passkeys as second steps: made and asked for with challenges that count once, in one browser, for five minutes.

The library that reads them takes a third of a second and 16 MB to load, so it is loaded at first use.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mhfa_lms.db import transaction
from mhfa_lms.models import PasskeyChallenge, SecondStep, StepKind
from mhfa_lms.policy import Actor
from mhfa_lms.services import half_open, second_steps
from mhfa_lms.services.secrets import hashed

if TYPE_CHECKING:
    from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor
    from webauthn.registration.verify_registration_response import VerifiedRegistration

T = TypeVar("T")
LASTS: Final = timedelta(minutes=5)
# An answer has about 1 KB; one with a chain of certificates a few more.
LONGEST_ANSWER: Final = 32_000
PORTS: Final = {"https": 443, "http": 80}


class RefusedError(Exception):
    """The passkey's answer was not right; why is of use only to an attacker."""


@dataclass(frozen=True, slots=True)
class Site:
    """What passkeys are bound to: the host, and the address a page must have come from."""

    host: str
    origin: str
    name: str


def site(base_url: str, name: str) -> Site | None:
    """Return what passkeys of this installation are bound to; None where browsers refuse them.

    Browsers want https, or localhost by that name, and no bare network address (W3C Web Authentication, 5.1.2).
    """
    parts = urlsplit(base_url)
    host = (parts.hostname or "").lower()
    local = host == "localhost" or host.endswith(".localhost")
    if not host or _is_number(host) or not (local or parts.scheme == "https"):
        return None
    port = "" if parts.port in {None, PORTS.get(parts.scheme)} else f":{parts.port}"
    return Site(host, f"{parts.scheme}://{host}{port}", name)


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def ask_new(here: Site, *, by: Actor, now: datetime) -> str:
    """Return the options for making a passkey, as JSON for the browser. Raises what `second_steps.changing` raises."""
    import webauthn
    from webauthn.helpers import structs

    with transaction() as session:
        account = second_steps.changing(session, by=by, now=now, within=second_steps.FINISH)
        options = webauthn.generate_registration_options(
            rp_id=here.host,
            rp_name=here.name,
            user_id=str(account.id).encode(),
            user_name=account.email,
            user_display_name=by.name or account.email,
            timeout=_milliseconds(),
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                # Preferred: phones then keep the passkey with the person's other ones, and a new phone has it too.
                resident_key=structs.ResidentKeyRequirement.PREFERRED,
                user_verification=structs.UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=_known(session, account.id),
        )
        _keep(session, options.challenge, account.id, now=now, login_session_id=by.session_id)
        return webauthn.options_to_json(options)


def add(here: Site, answer: str, name: str, *, by: Actor, now: datetime) -> str:
    """Add the passkey that a browser has made. Returns the session's new secret.

    Raises `RefusedError`, `TooManyStepsError` and what `second_steps.changing` raises.
    """
    challenge = _take(answer, PasskeyChallenge.login_session_id == by.session_id, now=now)
    made = _read(lambda: _registration(here, answer, challenge))
    with transaction() as session:
        account = second_steps.changing(session, by=by, now=now, within=second_steps.FINISH)
        credential_id = _text(made.credential_id)
        if session.scalars(select(SecondStep.id).where(SecondStep.credential_id == credential_id)).first():
            raise RefusedError
        step = SecondStep(
            account_id=account.id,
            kind=StepKind.PASSKEY,
            name=name,
            created_at=now,
            credential_id=credential_id,
            public_key=_text(made.credential_public_key),
            transports=_read(lambda: _transports(answer)),
            sign_count=made.sign_count,
        )
        return second_steps.add(session, account, step, by=by, now=now)


def ask_sign_in(here: Site, secret: str, *, now: datetime) -> str:
    """Return the options for signing in with one of the account's passkeys, as JSON. Raises `half_open.GoneError`."""
    import webauthn

    with transaction() as session:
        login = half_open.locked(session, secret, now=now)
        options = webauthn.generate_authentication_options(
            rp_id=here.host, timeout=_milliseconds(), allow_credentials=_known(session, login.account_id)
        )
        _keep(session, options.challenge, login.account_id, now=now, half_open_login_id=login.id)
        return webauthn.options_to_json(options)


def finish(here: Site, secret: str, answer: str, *, now: datetime) -> str:
    """Sign in with a passkey. Returns the session's secret. Raises `RefusedError` and `half_open.GoneError`."""
    waiting = half_open.find(secret, now=now)
    if waiting is None:
        raise half_open.GoneError
    challenge = _take(answer, PasskeyChallenge.half_open_login_id == waiting.id, now=now)
    credential_id = _read(lambda: str(json.loads(answer)["id"]))
    with transaction() as session:
        login = half_open.locked(session, secret, now=now)
        step = session.scalars(
            select(SecondStep)
            .where(SecondStep.account_id == login.account_id, SecondStep.credential_id == credential_id)
            .execution_options(populate_existing=True)
        ).one_or_none()
        if step is None:
            raise RefusedError
        used = _read(lambda: _authentication(here, answer, challenge, step))
        step.sign_count, step.last_used_at = used.new_sign_count, now
        return half_open.finish(session, login, "passkey", now=now)


def _registration(here: Site, answer: str, challenge: bytes) -> "VerifiedRegistration":
    import webauthn

    return webauthn.verify_registration_response(
        credential=answer, expected_challenge=challenge, expected_rp_id=here.host, expected_origin=here.origin
    )


def _authentication(here: Site, answer: str, challenge: bytes, step: SecondStep) -> "VerifiedAuthentication":
    import webauthn

    return webauthn.verify_authentication_response(
        credential=answer,
        expected_challenge=challenge,
        expected_rp_id=here.host,
        expected_origin=here.origin,
        credential_public_key=webauthn.base64url_to_bytes(step.public_key or ""),
        credential_current_sign_count=step.sign_count,
    )


def _known(session: Session, account_id: int) -> "list[PublicKeyCredentialDescriptor]":
    import webauthn
    from webauthn.helpers import structs

    rows = session.execute(
        select(SecondStep.credential_id, SecondStep.transports)
        .where(SecondStep.account_id == account_id, SecondStep.kind == StepKind.PASSKEY)
        .order_by(SecondStep.id)
    )
    return [
        structs.PublicKeyCredentialDescriptor(
            id=webauthn.base64url_to_bytes(row.credential_id),
            transports=[structs.AuthenticatorTransport(one) for one in row.transports.split(",") if one] or None,
        )
        for row in rows
    ]


def _keep(session: Session, challenge: bytes, account_id: int, *, now: datetime, **browser: int | None) -> None:
    session.add(
        PasskeyChallenge(
            account_id=account_id, challenge_hash=hashed(_text(challenge)), expires_at=now + LASTS, **browser
        )
    )


def _take(answer: str, of_this_browser: Any, *, now: datetime) -> bytes:
    """Return the challenge that an answer names, if it was handed to this browser; it never counts again.

    In a transaction of its own, so that a wrong answer uses it up as well. Raises `RefusedError`.
    """
    challenge = _read(lambda: _challenge_in(answer))
    with transaction() as session:
        found = session.scalars(
            delete(PasskeyChallenge)
            .where(
                of_this_browser,
                PasskeyChallenge.challenge_hash == hashed(_text(challenge)),
                PasskeyChallenge.expires_at > now,
            )
            .returning(PasskeyChallenge.id)
        ).all()
    if not found:
        raise RefusedError
    return challenge


def _challenge_in(answer: str) -> bytes:
    from webauthn.helpers import base64url_to_bytes, parse_client_data_json

    if len(answer) > LONGEST_ANSWER:
        raise ValueError("too long")
    return parse_client_data_json(base64url_to_bytes(json.loads(answer)["response"]["clientDataJSON"])).challenge


def _transports(answer: str) -> str:
    """Return how the passkey may be reached, of the ways that are known; the browser needs them to find it again."""
    from webauthn.helpers import structs

    known = {one.value for one in structs.AuthenticatorTransport}
    named = json.loads(answer)["response"].get("transports") or []
    return ",".join(sorted(known & {str(one) for one in named}))


def _read(reading_it: Callable[[], T]) -> T:
    """Return what an answer holds. Raises `RefusedError` for whatever the four libraries that read it object to."""
    try:
        return reading_it()
    except Exception as error:
        raise RefusedError from error


def _text(raw: bytes) -> str:
    from webauthn import helpers

    return helpers.bytes_to_base64url(raw)


def _milliseconds() -> int:
    return int(LASTS.total_seconds() * 1000)
