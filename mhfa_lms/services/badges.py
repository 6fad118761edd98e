"""Badges of certificates: each has its place in a public list (`badge_lists`), and its signed text is kept once.

Signing is the worker's (`jobs.badge_making`): nothing here knows a key.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, or_, select, update
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
# What a badge says as the certificate does, under the same names.
PRINTED: Final = ("code", "name", "type_name", "organisation_name", "locale", "starts_on", "expires_on")

# Put together once: that takes longer than asking.
_CERTIFICATE: Final = (
    select(
        *(getattr(Certificate, name) for name in ("revoked_at", "replaced_by_id", "is_imported", *PRINTED)),
        or_(Certificate.erased_at.is_not(None), Account.erased_at.is_not(None)).label("gone"),
        CertificationType.slug.label("type_slug"),
        CertificationType.name.label("type_now"),
        CertificationType.description.label("type_description"),
        Organisation.slug.label("organisation_slug"),
        Organisation.timezone,
    )
    .join(Membership, Membership.id == Certificate.membership_id)
    .join(Account, Account.id == Membership.account_id)
    .join(CertificationType, CertificationType.id == Certificate.certification_type_id)
    .join(Organisation, Organisation.id == Certificate.organisation_id)
    .where(Certificate.id == bindparam("certificate_id"))
    .with_for_update(of=Certificate)
)
_BADGE: Final = select(Badge.status_list_id, Badge.position, Badge.credential).where(
    Badge.certificate_id == bindparam("certificate_id")
)


class NoBadge(StrEnum):
    """Why a certificate has no badge."""

    NO_HTTPS = "no-https"  # nobody could look the issuer up
    NOT_COUNTING = "not-counting"  # withdrawn or replaced before one was made
    GONE = "gone"  # the person was erased
    EARLIER = "earlier"  # a badge says what was done for it here, and nothing was: it comes from earlier records


class OwnBadge(StrEnum):
    """What a holder can do with the badge of a certificate."""

    READY = "ready"
    COMING = "coming"  # the worker is about to make it
    CAN_ASK = "can-ask"  # an older certificate
    NO_HTTPS = "no-https"
    EARLIER = "earlier"
    NONE = "none"  # the certificate no longer counts


@dataclass(frozen=True, slots=True)
class Placed:
    """What to sign for a certificate, or the text that was signed already."""

    facts: Facts
    credential: str | None


def place(certificate_id: int) -> Placed | NoBadge:
    """Give a certificate's badge its place in a list, once; repeated calls find the same one."""
    with transaction() as session:
        row = _locked(session, certificate_id)
        # Asked when the certificate is ours: somebody else may just have made it.
        badge = _badge(session, certificate_id)
        if badge is None or badge.credential is None:
            if why := _refusal(row, gone=row.gone):
                return why
            badge = badge or _new_place(session, certificate_id)
        return Placed(_facts(row, badge), badge.credential)


def _locked(session: Session, certificate_id: int) -> Any:
    """Return what a badge says of a certificate and what stands against one; its row stays locked until the end."""
    return session.execute(_CERTIFICATE, {"certificate_id": certificate_id}).one()


def _badge(session: Session, certificate_id: int) -> Any:
    return session.execute(_BADGE, {"certificate_id": certificate_id}).one_or_none()


def _refusal(certificate: Any, *, gone: bool) -> NoBadge | None:
    """Return why a certificate gets no badge, from its row or its columns; None when it may have one."""
    if gone:
        return NoBadge.GONE
    if certificate.revoked_at is not None or certificate.replaced_by_id is not None:
        return NoBadge.NOT_COUNTING
    return NoBadge.EARLIER if certificate.is_imported else None


def _new_place(session: Session, certificate_id: int) -> Any:
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
        if session.scalars(free.returning(Badge.id)).one_or_none() is not None:
            return _badge(session, certificate_id)


def _facts(row: Any, badge: Any) -> Facts:
    return Facts(
        **{name: getattr(row, name) for name in PRINTED},
        type_slug=row.type_slug,
        # In the language of the course; a translated certificate does without.
        type_description=row.type_description if row.type_now == row.type_name else "",
        organisation_slug=row.organisation_slug,
        timezone=row.timezone,
        status_list=badge.status_list_id,
        position=badge.position,
    )


def keep(certificate_id: int, credential: str, *, key_name: str, now: datetime) -> str | NoBadge:
    """Keep the signed text of a certificate's badge, and return the one that is kept: whoever came first signed it."""
    with transaction() as session:
        # Withdrawing locks the certificate too: it either finds this badge, or this finds the certificate withdrawn.
        row = _locked(session, certificate_id)
        kept: str | None = _badge(session, certificate_id).credential
        if kept is not None:
            return kept
        if why := _refusal(row, gone=row.gone):
            return why
        signed = {"credential": credential, "key_name": key_name, "made_at": now}
        session.execute(
            update(Badge)
            .where(Badge.certificate_id == certificate_id)
            .values(signed)
            .execution_options(synchronize_session=False)
        )
        return credential


def made_for(certificate: Certificate) -> str | None:
    """Return the text of a certificate's badge for its holder; None while there is none."""
    return reading().scalar(select(Badge.credential).where(Badge.certificate_id == certificate.id))


def own(certificate: Certificate, *, secure: bool) -> OwnBadge:
    """Return what the holder can do. `secure`: whether the site has https. At most two queries."""
    if why := _refusal(certificate, gone=holder_is_gone(certificate)):
        return OwnBadge.EARLIER if why is NoBadge.EARLIER else OwnBadge.NONE
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
