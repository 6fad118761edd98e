"""The transaction, and what the database refuses by itself."""

import threading
from decimal import Decimal

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from mhfa_lms import db, schema
from mhfa_lms.models import Attempt, AttemptState, AuditEvent, Certificate, Organisation
from tests import make

pytestmark = pytest.mark.usefixtures("database")


def test_keeps_all_or_nothing() -> None:
    def fails() -> None:
        with db.transaction() as session:
            session.add(Organisation(slug="lost", name="Lost", created_at=make.NOON))
            session.flush()
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fails()
    assert db.session().scalars(select(Organisation)).all() == []


def test_refuses_to_nest() -> None:
    with db.transaction(), pytest.raises(db.NestedTransactionError), db.transaction():
        pass


def test_read_then_write_from_many_threads_loses_nothing() -> None:
    place_id = make.organisation("counted", name="0").id

    def add_ten() -> None:
        for _turn in range(10):
            with db.transaction() as session:
                row = session.get_one(Organisation, place_id, with_for_update=True)
                row.name = str(int(row.name) + 1)
        db.sessions.remove()

    threads = [threading.Thread(target=add_ten) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session().rollback()  # the reads above hold a snapshot
    assert db.session().get_one(Organisation, place_id).name == "40"


def test_models_and_migrations_agree() -> None:
    assert schema.differences() == []


def test_there_is_one_head_and_the_database_is_at_it() -> None:
    assert schema.is_current()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_event SET verb = 'other'", "DELETE FROM audit_event"],
)
def test_audit_rows_stay_as_they_are(statement: str) -> None:
    with db.transaction() as session:
        session.add(AuditEvent(at=make.NOON, account_id=1, verb="tried", subject="account", subject_id=1))
    with pytest.raises((IntegrityError, DBAPIError), match="append-only"), db.transaction() as session:
        session.execute(text(statement))


def test_insert_or_replace_does_not_slip_past_on_sqlite() -> None:
    if db.engine().dialect.name != "sqlite":
        return
    with db.transaction() as session:
        session.add(AuditEvent(id=1, at=make.NOON, account_id=1, verb="tried", subject="account", subject_id=1))
    with pytest.raises(IntegrityError, match="append-only"), db.transaction() as session:
        session.execute(
            text(
                "INSERT OR REPLACE INTO audit_event (id, at, account_id, verb, subject, subject_id, data)"
                " VALUES (1, '2026-01-01', 1, 'x', 'y', 1, '{}')"
            )
        )


def test_a_site_of_another_organisation_is_refused() -> None:
    ours, theirs = make.organisation(), make.organisation()
    place = make.site(theirs)
    with pytest.raises(IntegrityError):
        make.member(ours, site_id=place.id)


def migrate_again(session: Session, revision: str) -> None:
    """Run a migration of data on what a test has put there."""
    script = schema._scripts().get_revision(revision)
    assert script is not None
    with Operations.context(MigrationContext.configure(session.connection())):
        script.module.upgrade()


def test_what_was_seen_of_certificates_that_are_erased_goes_and_of_others_stays() -> None:
    erased = make.certificate(is_imported=True, evidence="Jo’s card", erased_at=make.NOON)
    kept = make.certificate(is_imported=True, evidence="Ali’s card")
    with db.transaction() as session:
        migrate_again(session, "0050")
    assert [db.session().get_one(Certificate, one.id).evidence for one in (erased, kept)] == ["", "Ali’s card"]


def test_points_of_before_there_were_parts_of_points_stay_what_they_were() -> None:
    attempt = make.attempt(
        make.enrolment(), state=AttemptState.SUBMITTED, submitted_at=make.NOON, points=1, passed=False
    )
    with db.transaction() as session:
        session.execute(text("UPDATE attempt SET points = 12, max_points = 15"))
        migrate_again(session, "0021")
    row = db.session().get_one(Attempt, attempt.id)
    assert (row.points, row.max_points) == (Decimal(12), Decimal(15))


@pytest.mark.parametrize("points", [Decimal("11.67"), Decimal("0.01"), 3, None])
def test_points_are_kept_to_the_hundredth(points: Decimal | int | None) -> None:
    column = db.Points()
    dialect = db.engine().dialect
    assert column.process_result_value(column.process_bind_param(points, dialect), dialect) == points
    with pytest.raises(ValueError, match="hundredth"):
        column.process_bind_param(Decimal("0.001"), dialect)
