"""Badges of certificates: each has its place in a public list (`badge_lists`), and its signed text is kept once.

Signing is the worker's (`jobs.badge_making`): nothing here knows a key.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from mhfa_lms.db import insert, transaction
from mhfa_lms.db import session as reading
from mhfa_lms.models import Account, Badge, Certificate, CertificationType, Job, Membership, Organisation
from mhfa_lms.policy import Actor, Can, require
from mhfa_lms.services import badge_lists, work
from mhfa_lms.services.badge_documents import Facts
from mhfa_lms.services.certificates import by_code, holder_is_gone
from mhfa_lms.services.secrets import read_code

MAKE: Final = "badge"


class NoBadge(StrEnum):
    """Why a certificate has no badge."""

    NO_HTTPS = "no-https"  # nobody could look the issuer up
    NOT_COUNTING = "not-counting"  # withdrawn or replaced before one was made
    GONE = "gone"  # the person was erased


class OwnBadge(StrEnum):
    """What a holder can do with the badge of a certificate."""

    READY = "ready"
    COMING = "coming"  # the worker is about to make it
    CAN_ASK = "can-ask"  # an older certificate
    NO_HTTPS = "no-https"
    NONE = "none"  # the certificate no longer counts


@dataclass(frozen=True, slots=True)
class Placed:
    """What to sign for a certificate, or the text that was signed already."""

    facts: Facts
    credential: str | None


def place(certificate_id: int) -> Placed | NoBadge:
    """Give a certificate's badge its place in a list, once; repeated calls find the same one."""
    with transaction() as session:
        certificate = session.get_one(Certificate, certificate_id, with_for_update=True)
        found = session.scalars(select(Badge).where(Badge.certificate_id == certificate_id)).one_or_none()
        if found is None or found.credential is None:
            if why := _refusal(certificate):
                return why
            found = found or _new_place(session, certificate_id)
        return Placed(_facts(session, certificate, found), found.credential)


def _refusal(certificate: Certificate) -> NoBadge | None:
    if holder_is_gone(certificate):
        return NoBadge.GONE
    withdrawn = certificate.revoked_at is not None or certificate.replaced_by_id is not None
    return NoBadge.NOT_COUNTING if withdrawn else None


def _new_place(session: Session, certificate_id: int) -> Badge:
    number = badge_lists.with_room(session)
    while True:
        values = {
            "certificate_id": certificate_id,
            "status_list_id": number,
            "position": secrets.randbelow(badge_lists.PLACES),
        }
        free = insert(session, Badge).values(values).on_conflict_do_nothing(
            index_elements=["status_list_id", "position"]
        )  # fmt: skip
        if (made := session.scalars(free.returning(Badge.id)).one_or_none()) is not None:
            return session.get_one(Badge, made)


def _facts(session: Session, certificate: Certificate, badge: Badge) -> Facts:
    kind = session.get_one(CertificationType, certificate.certification_type_id)
    organisation = session.get_one(Organisation, certificate.organisation_id)
    return Facts(
        code=certificate.code,
        name=certificate.name,
        type_slug=kind.slug,
        type_name=certificate.type_name,
        # In the language of the course; a translated certificate does without.
        type_description=kind.description if kind.name == certificate.type_name else "",
        organisation_slug=organisation.slug,
        organisation_name=certificate.organisation_name,
        timezone=organisation.timezone,
        locale=certificate.locale,
        starts_on=certificate.starts_on,
        expires_on=certificate.expires_on,
        status_list=badge.status_list_id,
        position=badge.position,
    )


def keep(certificate_id: int, credential: str, *, key_name: str, now: datetime) -> str | NoBadge:
    """Keep the signed text of a certificate's badge, and return the one that is kept: whoever came first signed it."""
    with transaction() as session:
        # Withdrawing locks the certificate too: it either finds this badge, or this finds the certificate withdrawn.
        certificate = session.get_one(Certificate, certificate_id, with_for_update=True)
        badge = session.scalars(select(Badge).where(Badge.certificate_id == certificate_id)).one()
        if badge.credential is None:
            if why := _refusal(certificate):
                return why
            badge.credential, badge.key_name, badge.made_at = credential, key_name, now
        return badge.credential


def made_for(certificate: Certificate) -> str | None:
    """Return the text of a certificate's badge for its holder; None while there is none."""
    return reading().scalar(select(Badge.credential).where(Badge.certificate_id == certificate.id))


def own(certificate: Certificate, *, secure: bool) -> OwnBadge:
    """Return what the holder can do. `secure`: whether the site has https. At most two queries."""
    if _refusal(certificate):
        return OwnBadge.NONE
    if made_for(certificate) is not None:
        return OwnBadge.READY
    if not secure:
        return OwnBadge.NO_HTTPS
    asked = select(Job.id).where(Job.key == _key(certificate))
    coming = certificate.file_id is None or reading().scalar(asked) is not None
    return OwnBadge.COMING if coming else OwnBadge.CAN_ASK


def _key(certificate: Certificate) -> str:
    return f"{MAKE}:{certificate.code}"


def public(typed: str) -> str | None:
    """Return the badge of a code for anybody who asks; None unless its page shows the name in full, as the badge does.

    So none once the holder chose initials, was erased, or the certificate was replaced.
    """
    query = (
        select(Badge.credential)
        .join(Certificate, Certificate.id == Badge.certificate_id)
        .join(Membership, Membership.id == Certificate.membership_id)
        .join(Account, Account.id == Membership.account_id)
        .where(
            Certificate.code == (read_code(typed) or ""),
            Certificate.initials_only.is_(False),
            Certificate.replaced_by_id.is_(None),
            Certificate.erased_at.is_(None),
            Account.erased_at.is_(None),
        )
    )
    return reading().scalar(query)


def ask(code: str, *, by: Actor, now: datetime) -> None:
    """Have the badge of a certificate made that was issued before there were badges, or before the site had https.

    Raises `UnknownCertificateError`, and `Forbidden` for anybody but the holder.
    """
    with transaction() as session:
        certificate = by_code(session, code, lock=True)
        require(by, Can.SEE_OWN_CERTIFICATE, certificate)
        work.post(
            session,
            MAKE,
            key=_key(certificate),
            now=now,
            payload={"certificate_id": certificate.id},
            organisation_id=certificate.organisation_id,
            account_id=by.account_id,
        )


def forget(session: Session, condition: ColumnElement[bool]) -> None:
    """Remove the texts of badges, in the caller's transaction. Their places stay taken, as does what was withdrawn."""
    session.execute(update(Badge).where(condition).values(credential=None).execution_options(synchronize_session=False))
