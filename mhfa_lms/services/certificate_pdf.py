"""The PDF of a certificate: whether it is still to be drawn, and its record. Narrow queries: thousands may be drawn."""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select, update

from mhfa_lms.db import insert, transaction
from mhfa_lms.db import session as reading
from mhfa_lms.models import Account, Certificate, Membership, StoredFile

# Put together once: that takes longer than asking.
_UNDRAWN: Final = (
    select(Certificate.code)
    .join(Membership, Membership.id == Certificate.membership_id)
    .join(Account, Account.id == Membership.account_id)
    .where(Certificate.id == bindparam("certificate_id"), Certificate.file_id.is_(None))
    .where(Certificate.erased_at.is_(None), Account.erased_at.is_(None))
)
_UNDRAWN_LOCKED: Final = _UNDRAWN.with_for_update(of=Certificate)
_RECORDED: Final = (
    update(Certificate)
    .where(Certificate.id == bindparam("certificate_id"))
    .values(file_id=bindparam("its_file"))
    .execution_options(synchronize_session=False)
)


def undrawn(certificate_id: int) -> str | None:
    """Return the code of a certificate whose PDF is still to be made; None where it is, or its holder is gone."""
    code = reading().scalar(_UNDRAWN, {"certificate_id": certificate_id})
    reading().rollback()
    return code


def attach(certificate_id: int, *, key: str, size: int, sha256: str, now: datetime) -> None:
    """Record the certificate's PDF, once: when one is recorded already, nothing changes.

    The bytes must be safely in the storage before.
    """
    file = {"key": key, "media_type": "application/pdf", "size": size, "sha256": sha256, "created_at": now}
    with transaction() as session:
        if session.scalar(_UNDRAWN_LOCKED, {"certificate_id": certificate_id}) is None:
            return
        file_id = session.scalar(insert(session, StoredFile).values(file).returning(StoredFile.id))
        session.connection().execute(_RECORDED, {"certificate_id": certificate_id, "its_file": file_id})
