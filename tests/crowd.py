"""Many people at once, for tests about size: each with a certificate and, every second one, a course under way."""

from sqlalchemy import insert

from mhfa_lms import db
from mhfa_lms.models import (
    Account,
    Certificate,
    CourseRevision,
    Enrolment,
    Invitation,
    Membership,
    MembershipRole,
    Organisation,
    Role,
    StepProgress,
)
from mhfa_lms.services.names import sort_key
from tests import make
from tests.make import NOON


def crowd(owner: Organisation, revision: CourseRevision, count: int, *, site_id: int | None = None) -> None:
    """Add people to an organisation in a few statements."""
    owner_id, slug = owner.id, f"{owner.slug}-{count}"
    sample = make.certificate(make.member(owner, name="Person sample", site_id=site_id), revision)
    columns = [column.key for column in Certificate.__table__.columns if column.key != "id"]
    certificate = {column: getattr(sample, column) for column in columns}
    revision_ids = (revision.course_id, revision.id)
    names = [f"Person {number:05d}" for number in range(1, count)]
    with db.transaction() as session:
        accounts = session.scalars(
            insert(Account).returning(Account.id, sort_by_parameter_order=True),
            [_account(slug, number) for number in range(1, count)],
        ).all()
        members = session.scalars(
            insert(Membership).returning(Membership.id, sort_by_parameter_order=True),
            [_member(owner_id, account, name, site_id) for account, name in zip(accounts, names, strict=True)],
        ).all()
        session.execute(insert(MembershipRole), [{"membership_id": one, "role": Role.LEARNER} for one in members])
        session.execute(
            insert(Certificate),
            [
                {**certificate, "membership_id": one, "name": name, "sort_key": sort_key(name), "code": f"{one:016d}"}
                for one, name in zip(members, names, strict=True)
            ],
        )
        enrolments = session.scalars(
            insert(Enrolment).returning(Enrolment.id),
            [_enrolment(owner_id, one, *revision_ids) for one in members[::2]],
        ).all()
        session.execute(
            insert(StepProgress),
            [{"enrolment_id": one, "step": "one-a", "way": "read", "done_at": NOON} for one in enrolments],
        )


def _account(slug: str, number: int) -> dict[str, object]:
    email = f"person{number}@{slug}.example"
    return {"email": email, "email_key": email, "created_at": NOON, "confirmed_at": NOON, "locale": "en",
            "is_admin": False}  # fmt: skip


def _member(owner_id: int, account_id: int, name: str, site_id: int | None) -> dict[str, object]:
    return {
        "account_id": account_id,
        "organisation_id": owner_id,
        "name": name,
        "sort_key": sort_key(name),
        "site_id": site_id,
        "audience": "volunteer",
        "state": "active",
        "languages": "",
        "work_email": "",
        "joined_at": NOON,
    }


def _enrolment(owner_id: int, membership_id: int, course_id: int, revision_id: int) -> dict[str, object]:
    return {
        "membership_id": membership_id,
        "organisation_id": owner_id,
        "course_id": course_id,
        "revision_id": revision_id,
        "state": "active",
        "enrolled_at": NOON,
    }


def invited(owner: Organisation, by_account_id: int, count: int) -> None:
    """Add open invitations."""
    owner_id = owner.id
    with db.transaction() as session:
        for number in range(count):
            email = f"invited{number:05d}@example.org"
            session.add(
                Invitation(
                    organisation_id=owner_id,
                    email=email,
                    email_key=email,
                    name=f"Invited {number}",
                    roles=["learner"],
                    secret_hash=f"hash of {number}",
                    invited_by_id=by_account_id,
                    created_at=NOON,
                    expires_at=NOON.replace(year=2099),
                )
            )
