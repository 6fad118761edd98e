"""What happens to a certificate after it was issued."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import (
    AuditEvent,
    Certificate,
    CertificateCorrection,
    Correction,
    Job,
    Membership,
    Message,
    Organisation,
    Role,
    StoredFile,
)
from mhfa_lms.policy import SYSTEM, Actor, Forbidden
from mhfa_lms.services import certificate_pdf, certificates
from mhfa_lms.services.certificates import CertificateError, SameNameError, UnknownCertificateError
from tests import make
from tests.make import NOON

CODE = "7KQ2M9XBT4HF0RWA"


@pytest.fixture
def owner(database: str) -> Organisation:
    """The organisation that issued."""
    return make.organisation()


@pytest.fixture
def holder(owner: Organisation) -> Membership:
    """Whose certificate it is."""
    return make.member(owner, name="Amina Yusuf")


@pytest.fixture
def coordinator(owner: Organisation, holder: Membership) -> Actor:
    """Who may withdraw and correct."""
    return make.actor(make.member(owner, Role.COORDINATOR, name="Cora"))


def issued(holder: Membership, **values: Any) -> Certificate:
    """The certificate."""
    return make.certificate(holder, **{"code": CODE, **values})


def stored() -> Certificate:
    """The certificate as it is now."""
    db.session().rollback()
    return db.session().scalars(select(Certificate).where(Certificate.code == CODE)).one()


def verbs() -> list[str]:
    """What the trail says of certificates."""
    return list(
        db.session().scalars(select(AuditEvent.verb).where(AuditEvent.subject == "certificate").order_by(AuditEvent.id))
    )


def test_a_certificate_is_withdrawn_once_with_a_reason(holder: Membership, coordinator: Actor) -> None:
    issued(holder)
    certificates.revoke("7kq2-m9xb-t4hf-0rwa", " Issued by mistake ", by=coordinator, now=NOON)
    certificates.revoke(CODE, "Again", by=coordinator, now=NOON + timedelta(days=1))
    found = stored()
    assert (found.revoked_at, found.revoked_reason) == (NOON, "Issued by mistake")
    assert found.revoked_by_id == coordinator.account_id
    assert verbs() == ["certificate-revoked"]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_a_withdrawal_needs_a_reason(holder: Membership, coordinator: Actor, reason: str) -> None:
    issued(holder)
    with pytest.raises(CertificateError):
        certificates.revoke(CODE, reason, by=coordinator, now=NOON)
    assert stored().revoked_at is None


def test_what_a_withdrawn_certificate_renewed_can_be_renewed_again(holder: Membership, coordinator: Actor) -> None:
    new_id = issued(holder).id
    old_id = make.certificate(holder, renewed_by_id=new_id).id
    certificates.revoke(CODE, "A mistake", by=coordinator, now=NOON)
    assert db.session().get_one(Certificate, old_id).renewed_by_id is None


def test_only_coordinators_of_the_organisation_withdraw_and_correct(holder: Membership, coordinator: Actor) -> None:
    issued(holder)
    elsewhere = make.actor(make.member(None, Role.COORDINATOR))
    for actor in (make.actor(holder), elsewhere):
        with pytest.raises(Forbidden):
            certificates.revoke(CODE, "No", by=actor, now=NOON)
        with pytest.raises(Forbidden):
            certificates.replace(CODE, "No", because=Correction.MISSPELT, by=actor, now=NOON)
    found = stored()
    assert (found.revoked_at, found.replaced_by_id) == (None, None)
    certificates.revoke(CODE, "From the command line", by=SYSTEM, now=NOON)
    assert stored().revoked_by_id is None


def test_an_unknown_number_is_told_as_such(coordinator: Actor) -> None:
    for code in ("0000000000000000", "nonsense", ""):
        with pytest.raises(UnknownCertificateError):
            certificates.revoke(code, "No", by=coordinator, now=NOON)


def test_a_correction_has_the_same_dates_under_a_new_number(holder: Membership, coordinator: Actor) -> None:
    enrolment = make.enrolment(holder, completed_at=NOON)
    old_id = issued(holder, enrolment_id=enrolment.id, starts_on=date(2026, 12, 1), initials_only=True).id
    later = NOON + timedelta(days=40)
    new = certificates.replace(CODE, "  Amina   El-Yusuf ", because=Correction.MISSPELT, by=coordinator, now=later)
    assert (new.name, new.enrolment_id, new.initials_only) == ("Amina El-Yusuf", None, True)
    assert new.sort_key < "b"
    assert new.code != CODE
    old = stored()
    assert (old.replaced_by_id, old.name) == (new.id, "Amina Yusuf")
    for column in ("completed_on", "starts_on", "expires_on", "window_opens_on", "window_closes_on", "type_name"):
        assert getattr(new, column) == getattr(old, column)
    assert (new.issued_on, old.id) == (later.date(), old_id)
    assert db.session().scalars(select(Job.payload)).all() == [{"certificate_id": new.id}]
    assert db.session().scalars(select(Message.facts)).one()["path"] == f"/certificates/{new.code}"
    assert verbs() == ["certificate-replaced", "certificate-issued"]


def test_a_correction_keeps_why_and_by_whom_and_may_mend_the_record(holder: Membership, coordinator: Actor) -> None:
    issued(holder)
    first = certificates.replace(CODE, "Amina Yusuff", because=Correction.NAME_CHANGED, by=coordinator, now=NOON)
    db.session().rollback()
    assert db.session().get_one(Membership, holder.id).name == "Amina Yusuf"
    certificates.replace(
        first.code, "Amina Yousuf", because=Correction.MISSPELT, by=coordinator, now=NOON, in_record=True
    )
    kept = db.session().scalars(select(CertificateCorrection).order_by(CertificateCorrection.certificate_id)).all()
    assert [one.because for one in kept] == [Correction.NAME_CHANGED, Correction.MISSPELT]
    assert {one.corrected_by_id for one in kept} == {coordinator.account_id}
    member = db.session().get_one(Membership, holder.id)
    assert (member.name, member.sort_key) == ("Amina Yousuf", "amina yousuf")
    with pytest.raises(SameNameError):
        certificates.replace(stored_last().code, "Amina  Yousuf", because=Correction.MISSPELT, by=coordinator, now=NOON)


def stored_last() -> Certificate:
    """The newest certificate."""
    return db.session().scalars(select(Certificate).order_by(Certificate.id.desc()).limit(1)).one()


def test_whoever_lost_a_certificate_is_told_without_the_reason(holder: Membership, coordinator: Actor) -> None:
    issued(holder)
    for _again in range(2):
        certificates.revoke(CODE, "Confidential words", by=coordinator, now=NOON)
    message = db.session().scalars(select(Message)).one()
    assert (message.kind, message.account_id) == ("certificate-withdrawn", holder.account_id)
    assert message.facts["withdrawn_on"] == "2026-11-21"
    assert "Confidential" not in str(message.facts)


def test_a_correction_takes_the_place_in_the_line_of_renewals(holder: Membership, coordinator: Actor) -> None:
    next_id = make.certificate(holder).id
    own_id = issued(holder, renewed_by_id=next_id).id
    before_id = make.certificate(holder, renewed_by_id=own_id).id
    new = certificates.replace(CODE, "Amina", because=Correction.MISSPELT, by=coordinator, now=NOON)
    assert new.renewed_by_id == next_id
    assert db.session().get_one(Certificate, before_id).renewed_by_id == new.id


def test_what_no_longer_counts_is_not_corrected(holder: Membership, coordinator: Actor) -> None:
    issued(holder)
    certificates.replace(CODE, "Amina", because=Correction.MISSPELT, by=coordinator, now=NOON)
    for change in (
        lambda: certificates.replace(CODE, "A", because=Correction.MISSPELT, by=coordinator, now=NOON),
        lambda: revoke(coordinator),
    ):
        with pytest.raises(CertificateError):
            change()
    with pytest.raises(CertificateError):
        certificates.replace(CODE, "  ", because=Correction.MISSPELT, by=coordinator, now=NOON)
    assert stored().revoked_at is None


def revoke(coordinator: Actor) -> None:
    """Try to withdraw it."""
    certificates.revoke(CODE, "No", by=coordinator, now=NOON)


def test_only_the_holder_chooses_initials(holder: Membership, coordinator: Actor) -> None:
    issued(holder)
    with pytest.raises(Forbidden):
        certificates.set_initials(CODE, True, by=coordinator, now=NOON)
    me = make.actor(holder)
    certificates.set_initials(CODE, True, by=me, now=NOON)
    certificates.set_initials(CODE, True, by=me, now=NOON)
    assert stored().initials_only is True
    assert verbs() == ["certificate-initials"]


def test_the_file_is_recorded_once(holder: Membership) -> None:
    found_id = issued(holder).id
    certificate_pdf.attach(found_id, key="certificates/a.pdf", size=3, sha256="one", now=NOON)
    certificate_pdf.attach(found_id, key="certificates/b.pdf", size=4, sha256="two", now=NOON)
    assert db.session().scalars(select(StoredFile.sha256)).all() == ["one"]
    file = stored().file
    assert file is not None
    assert (file.key, file.size, file.media_type) == ("certificates/a.pdf", 3, "application/pdf")


def test_a_certificate_is_found_by_its_holder_alone(holder: Membership, coordinator: Actor) -> None:
    issued(holder)
    assert certificates.own("7KQ2-M9XB-T4HF-0RWA", by=make.actor(holder), now=NOON) is not None
    assert certificates.own(CODE, by=coordinator, now=NOON) is None
    assert certificates.own("nonsense", by=make.actor(holder), now=NOON) is None
