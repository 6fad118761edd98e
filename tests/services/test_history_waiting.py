"""Earlier certificates of people who are no members yet: they wait, and are theirs when the address is proven."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from mhfa_lms import db
from mhfa_lms.models import (
    Account,
    Audience,
    AwaitedCertificate,
    Certificate,
    CertificateImport,
    Invitation,
    LinkKind,
    Message,
    Organisation,
    Role,
)
from mhfa_lms.policy import SYSTEM, Actor, Forbidden
from mhfa_lms.services import (
    accounts,
    erasure,
    erasures,
    exporting,
    history,
    history_records,
    history_waiting,
    invitations,
    joining,
    links,
    recovery,
    retention,
    retention_traces,
    verification,
)
from mhfa_lms.services.secrets import hashed
from tests import make
from tests.make import NOON

pytestmark = pytest.mark.usefixtures("database")
ROW = {"email": "Amina@Example.org", "completed_on": "2025-03-31", "evidence": "Seen on paper"}


@pytest.fixture
def here() -> Organisation:
    make.published()
    return make.organisation("here", name="Here", open_to_join=True)


@pytest.fixture
def by(here: Organisation) -> Actor:
    return make.actor(make.member(here, Role.COORDINATOR, name="Coordinator"))


def recorded(by: Actor, **cells: str) -> history.Plan:
    row = (2, {**ROW, "course": str(make.published().title), **cells})
    found = history.plan([row], by=by, now=NOON)
    history_records.record([*found.new, *found.awaited], by=by, now=NOON, file_name="earlier.csv")
    return found


def count(model: Any) -> int:
    db.session().rollback()
    return db.session().scalar(select(func.count(model.id))) or 0


def invited(by: Actor, email: str) -> str:
    """Invite an address; returns the link's secret."""
    invitations.invite(
        by.organisation_id or 0,
        email,
        "Amina",
        roles=[Role.LEARNER],
        audience=Audience.VOLUNTEER,
        site_id=None,
        course_id=None,
        by=by,
        now=NOON,
    )
    with db.transaction() as session:
        row = session.scalars(select(Invitation).order_by(Invitation.id.desc())).first()
        assert row is not None
        row.secret_hash = hashed("secret")
    return "secret"


def test_it_waits_and_is_theirs_by_an_invitation_to_the_address(by: Actor) -> None:
    assert len(recorded(by).awaited) == 1
    assert (count(Certificate), count(AwaitedCertificate), count(Account)) == (0, 1, 1)
    assert history_waiting.count(by=by) == 1
    (shown,), _then = history_waiting.waiting(by=by)
    assert (shown.email, shown.completed_on.isoformat()) == ("Amina@Example.org", "2025-03-31")
    invitations.accept_as_new(
        invited(by, "amina@example.org"), name="Amina Yusuf", password=make.PASSWORD, locale="en", now=NOON
    )
    made = db.session().scalars(select(Certificate)).one()
    assert (made.name, made.evidence, made.is_imported) == ("Amina Yusuf", "Seen on paper", True)
    assert made.membership.name == "Amina Yusuf"
    found = verification.look_up(made.code, now=NOON)
    assert found is not None
    assert found.origin == "Recorded from earlier records by Here"
    source = history_waiting.source(made)
    assert source is not None
    assert (source.file_name, source.recorded_by, source.evidence) == ("earlier.csv", "Coordinator", ["Seen on paper"])
    assert count(AwaitedCertificate) == 0
    assert recorded(by).known == [2]


def test_uploaded_again_it_waits_once(by: Actor) -> None:
    recorded(by)
    again = recorded(by, email="amina@EXAMPLE.org")
    assert (again.known, again.awaited, again.absent) == ([2], [], {"amina@example.org"})
    assert count(AwaitedCertificate) == 1


def test_an_address_that_is_not_proven_gets_nothing(by: Actor, here: Organisation) -> None:
    recorded(by)
    stranger = make.account("stranger@example.org")
    unproven = make.account("amina@example.org", confirmed_at=None)
    for one in (stranger, unproven):
        joining.join_signed_in(by.organisation_id or 0, "X", Audience.OTHER, by=Actor(one.id), now=NOON)
    assert (count(Certificate), count(AwaitedCertificate)) == (0, 1)


def test_an_account_with_the_proven_address_has_it_when_it_joins(by: Actor) -> None:
    recorded(by, name="Amina Yusof")
    account = make.account("amina@example.org")
    joining.join_signed_in(by.organisation_id or 0, "Amina Yusuf", Audience.OTHER, by=Actor(account.id), now=NOON)
    made = db.session().scalars(select(Certificate)).one()
    assert (made.name, made.membership.account_id) == ("Amina Yusof", account.id)


def test_a_member_who_takes_the_address_as_theirs_has_it_once_that_is_proven(by: Actor) -> None:
    recorded(by)
    there = make.organisation("there")
    member = make.member(db.session().get_one(Organisation, by.organisation_id), name="Amina")
    make.member(there, holder=member.account)
    with db.transaction() as session:
        data = {"email": "Amina@example.org"}
        link = links.issue(session, LinkKind.CHANGE_ADDRESS, member.account_id, now=NOON, data=data)
    assert count(Certificate) == 0
    recovery.confirm_address(link.secret, now=NOON)
    assert db.session().scalars(select(Certificate.membership_id)).all() == [member.id]
    assert count(AwaitedCertificate) == 0


def test_an_account_that_was_never_confirmed_takes_nothing_with_it_when_it_goes(by: Actor) -> None:
    recorded(by)
    make.account("amina@example.org", confirmed_at=None, created_at=NOON - timedelta(days=31))
    (duty,) = (one for one in retention.DUTIES if one.name == "unconfirmed")
    assert retention.run(duty, by=SYSTEM, now=NOON) == 1
    assert count(AwaitedCertificate) == 1
    # Whoever asks to be erased is.
    make.account("amina@example.org", confirmed_at=None)
    erasure.erase("amina@example.org", by=SYSTEM, now=NOON)
    assert count(AwaitedCertificate) == 0


def brought_back() -> list[dict[str, Any]]:
    """Return what the list of erasures holds, for a database that was brought back without them."""
    return [one.line() for one in erasures.listed(db.session())]


def test_after_a_restore_what_an_unconfirmed_account_left_waiting_waits_again(by: Actor) -> None:
    recorded(by)
    account_id = make.account("amina@example.org", confirmed_at=None, created_at=NOON - timedelta(days=31)).id
    (duty,) = (one for one in retention.DUTIES if one.name == "unconfirmed")
    retention.run(duty, by=SYSTEM, now=NOON)
    lines = brought_back()
    # A list of an earlier version, which cannot say so, goes further.
    for more, left in (([], 1), ([{**lines[0], "waiting": False}], 0)):
        with db.transaction() as session:
            account = session.get_one(Account, account_id)
            account.email_key, account.erased_at = "amina@example.org", None
        assert erasures.apply_again(erasures.read([*lines, *more]), by=SYSTEM, now=NOON) == 1
        assert count(AwaitedCertificate) == left


def test_somebody_without_an_account_is_written_out_and_erased_by_their_address(by: Actor) -> None:
    recorded(by)
    recorded(by, email="other@example.org")
    invited(by, "amina@example.org")
    found = exporting.export("AMINA@example.org", by=SYSTEM, now=NOON)
    assert {"awaited_certificate", "invitation", "message"} <= set(found)
    assert [row["email"] for row in found["awaited_certificate"]] == ["Amina@Example.org"]
    kept = dict(db.session().execute(select(*AwaitedCertificate.__table__.columns).order_by("id")).mappings().all()[0])
    done = erasure.erase("Amina@example.org", by=SYSTEM, now=NOON)
    assert (done.deleted["awaited_certificate"], done.deleted["invitation"]) == (1, 1)
    assert db.session().scalars(select(AwaitedCertificate.email)).all() == ["other@example.org"]
    assert db.session().scalars(select(Message.to_address)).all() == [None]
    for again in (exporting.export, erasure.erase):
        with pytest.raises(LookupError):
            again("amina@example.org", by=SYSTEM, now=NOON)
    # A restore brings them back, and the list takes them out again.
    lines = brought_back()
    assert "amina" not in repr(lines)
    with db.transaction() as session:
        session.execute(insert(AwaitedCertificate).values(kept))
    for held, erased in (([{**lines[-1], "digest": "0"}], 0), (lines, 1)):
        assert erasures.apply_again(erasures.read(held), by=SYSTEM, now=NOON) == erased
        assert count(AwaitedCertificate) == 2 - erased


def test_what_another_organisation_keeps_stays_there(by: Actor) -> None:
    recorded(by)
    there = make.organisation("there", open_to_join=True)
    account = make.account("amina@example.org")
    joining.join_signed_in(there.id, "Amina", Audience.OTHER, by=Actor(account.id), now=NOON)
    assert (count(Certificate), count(AwaitedCertificate)) == (0, 1)
    other = make.actor(make.member(there, Role.COORDINATOR))
    assert history_waiting.waiting(by=other) == ([], None)
    row = db.session().scalars(select(AwaitedCertificate.id)).one()
    with pytest.raises(Forbidden):
        history_waiting.let_go(row, by=other, now=NOON)
    assert history_waiting.let_go(row, by=by, now=NOON)
    assert not history_waiting.let_go(row, by=by, now=NOON)


def test_erasing_the_person_and_a_year_take_it(by: Actor) -> None:
    recorded(by)
    make.account("amina@example.org")
    erasure.erase("amina@example.org", by=SYSTEM, now=NOON)
    assert count(AwaitedCertificate) == 0
    recorded(by)
    (trace,) = (one for one in retention_traces.TRACES if one.name == "awaited-certificates")
    session = db.session()
    assert trace.find(session, NOON + timedelta(days=364), 10, False) == []
    assert len(trace.find(session, NOON + timedelta(days=366), 10, False)) == 1


def test_a_table_s_name_goes_with_the_last_of_what_came_from_it(by: Actor, here: Organisation) -> None:
    make.member(db.session().get_one(Organisation, by.organisation_id), holder=make.account("ben@example.org"))
    recorded(by)
    recorded(by, email="ben@example.org")
    (duty,) = (one for one in retention.DUTIES if one.name == "tables")
    late = NOON + timedelta(days=31)
    assert retention.run(duty, by=SYSTEM, now=late) == 0
    history_waiting.let_go(db.session().scalars(select(AwaitedCertificate.id)).one(), by=by, now=NOON)
    assert [retention.run(duty, by=SYSTEM, now=now) for now in (NOON + timedelta(days=29), late, late)] == [0, 1, 0]
    names = select(CertificateImport.file_name).order_by(CertificateImport.id)
    assert db.session().scalars(names).all() == ["", "earlier.csv"]


def test_who_recorded_it_is_told_only_while_they_are_known(by: Actor, here: Organisation) -> None:
    make.member(db.session().get_one(Organisation, by.organisation_id), holder=make.account("amina@example.org"))
    recorded(by)
    made = db.session().scalars(select(Certificate)).one()
    with db.transaction() as session:
        session.get_one(CertificateImport, made.import_id).account_id = None
    source = history_waiting.source(db.session().scalars(select(Certificate)).one())
    assert source is not None
    assert source.recorded_by == ""
    with db.transaction() as session:
        session.scalars(select(Certificate)).one().import_id = None
    source = history_waiting.source(db.session().scalars(select(Certificate)).one())
    assert source is not None
    assert (source.file_name, source.evidence) == ("", ["Seen on paper"])
    assert accounts.proven(db.session(), by.account_id) != set()
