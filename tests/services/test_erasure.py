"""Exporting and erasing a person: every table says what happens to it, and nothing of the person is left."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, inspect, select

from mhfa_lms import clock, db, models
from mhfa_lms.db import Base, Erasure
from mhfa_lms.models import (
    Account,
    Audience,
    Certificate,
    Enrolment,
    EnrolmentState,
    Membership,
    Message,
    Role,
    ScenarioAnswer,
    WorkState,
)
from mhfa_lms.policy import SYSTEM, Forbidden
from mhfa_lms.services import (
    accounts,
    audit,
    certificates,
    erased_rows,
    erasure,
    exporting,
    invitations,
    links,
    names,
    upkeep,
    verification,
    work_progress,
)
from mhfa_lms.services.personal import ROWS, UNLINKED
from tests import make
from tests.services import invented as invented_people

ALL = {mapper.class_: mapper.class_.__erasure__ for mapper in Base.registry.mappers}


@pytest.fixture(scope="module")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration: people with everything that a person can have."""
    return invented_people.template(sqlite_template, tmp_path_factory.mktemp("erasure"), clock.now())


@pytest.fixture
def invented(template: Path, tmp_path: Path) -> Iterator[None]:
    """A copy of it for each test."""
    with invented_people.copied(template, tmp_path):
        yield


def everything() -> str:
    """Return the whole database as one text."""
    with db.engine().connect() as connection:
        rows: list[Any] = []
        for table in Base.metadata.sorted_tables:
            rows += [list(row) for row in connection.execute(select(table))]
    return json.dumps(rows, default=str, ensure_ascii=False)


def test_every_table_with_personal_data_is_covered() -> None:
    personal = {model for model, kind in ALL.items() if kind is not Erasure.NOT_PERSONAL}
    assert personal == set(ROWS) | UNLINKED


def test_every_table_is_erased_as_it_says() -> None:
    deleted = {model for model, kind in ALL.items() if kind is Erasure.DELETED}
    assert deleted == {*erased_rows.DELETED, models.StoredFile}
    assert {model for model, kind in ALL.items() if kind is Erasure.REDUCED} == set(erased_rows.REDUCED)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("educator", "Edwin Castillo"),
        ("learner", "Lena Okafor"),
        ("coordinator", "Carmen Delgado"),
        ("instructor", "Ingrid Solheim"),
        ("second.instructor", "Samuel Ofori"),
        ("zoe.papadaki", "Zoë Papadáki"),
        ("mateo.silva", "Mateo Silva"),
    ],
)
def test_nothing_of_the_person_is_left(invented: None, address: str, name: str) -> None:
    email = f"{address}@demo.example"
    before = everything()
    assert name in before
    assert f'"{email}"' in before
    erasure.erase(email, by=SYSTEM, now=clock.now())
    after = everything()
    assert name not in after
    assert f'"{email}"' not in after
    assert "Leilani Kealoha" in after


def test_either_database_erases_and_exports_people(database: str) -> None:
    invented_people.fill(clock.now())
    for address in ("educator", "learner", "coordinator", "mateo.silva"):
        email = f"{address}@demo.example"
        assert exporting.export(email, by=SYSTEM, now=clock.now())["account"]
        erasure.erase(email, by=SYSTEM, now=clock.now())
        assert f'"{email}"' not in everything()


def test_a_certificate_can_still_be_checked_without_a_name(invented: None) -> None:
    (code,) = erasure.erase("educator@demo.example", by=SYSTEM, now=clock.now()).codes
    found = verification.look_up(code, now=clock.now())
    assert found is not None
    assert found.is_certified
    assert found.name is None
    assert found.is_erased


def gone_by_themselves(email: str) -> erasure.Erased:
    """Erase as when people delete their own account: organisations keep their training records."""
    with db.transaction() as session:
        account = session.scalars(select(Account).where(Account.email == email).with_for_update()).one()
        return erasure.erase_account(session, account, by=SYSTEM, now=clock.now(), keep_records=True)


def test_an_organisation_may_keep_its_training_record_and_the_public_sees_no_name(invented: None) -> None:
    (code,) = gone_by_themselves("educator@demo.example").codes
    certificate = db.session().scalars(select(Certificate).where(Certificate.code == code)).one()
    member = certificate.membership
    assert certificate.name == member.name == "Edwin Castillo"
    assert certificate.file_id is None
    assert (member.state, member.work_email, member.languages, member.listed_since) == ("left", "", "", None)
    assert certificates.holder_is_gone(certificate)
    found = verification.look_up(code, now=clock.now())
    assert found is not None
    assert (found.name, found.is_erased, found.is_certified) == (None, True, True)
    assert '"educator@demo.example"' not in everything()


def test_no_name_is_kept_where_there_is_no_certificate(invented: None) -> None:
    gone_by_themselves("mateo.silva@demo.example")
    assert "Mateo Silva" not in everything()


def test_files_and_jobs_made_for_the_person_go(database: str) -> None:
    holder = make.account("amina@example.org")
    with db.transaction() as session:
        file = models.StoredFile(key="work/a.csv", media_type="text/csv", size=1, sha256="0", created_at=make.NOON)
        session.add(file)
        session.flush()
        for number, state in enumerate((WorkState.WAITING, WorkState.DONE)):
            ended = make.NOON if state is WorkState.DONE else None
            filled = {"payload": {"text": "Amina"}, "account_id": holder.id, "created_at": make.NOON}
            done = {"file_id": file.id if ended else None, "done_at": ended, "due_at": make.NOON}
            session.add(models.Job(key=f"{number}", kind="any", state=state, **filled, **done))
    done_to = erasure.erase("amina@example.org", by=SYSTEM, now=make.NOON)
    assert done_to.files == ["work/a.csv"]
    assert db.session().scalars(select(models.StoredFile)).all() == []
    jobs = db.session().scalars(select(models.Job).where(models.Job.kind == "any").order_by(models.Job.key)).all()
    assert [(one.state, one.payload) for one in jobs] == [(WorkState.CANCELLED, {}), (WorkState.DONE, {})]
    removal = db.session().scalars(select(models.Job).where(models.Job.kind == erasure.REMOVE_FILES)).one()
    assert removal.payload == {"codes": [], "keys": ["work/a.csv"]}


def test_what_was_under_way_ends(invented: None) -> None:
    account_id = db.session().scalars(select(Account.id).where(Account.email == "mateo.silva@demo.example")).one()
    db.session().rollback()
    erasure.erase("mateo.silva@demo.example", by=SYSTEM, now=clock.now())
    session = db.session()
    membership = session.scalars(select(Membership).where(Membership.account_id == account_id)).one()
    enrolment = session.scalars(select(Enrolment).where(Enrolment.membership_id == membership.id)).one()
    assert enrolment.state is EnrolmentState.WITHDRAWN
    answer = session.scalars(select(ScenarioAnswer).where(ScenarioAnswer.enrolment_id == enrolment.id)).one()
    assert answer.text == ""
    waiting = select(Message).where(Message.account_id == account_id, Message.state == WorkState.WAITING)
    assert session.scalars(waiting).all() == []


def test_the_last_administrator_stays(database: str) -> None:
    make.account("admin@example.org", is_admin=True)
    with pytest.raises(accounts.LastAdministratorError):
        erasure.erase("admin@example.org", by=SYSTEM, now=make.NOON)
    make.account("second@example.org", is_admin=True)
    erasure.erase("admin@example.org", by=SYSTEM, now=make.NOON)


def test_only_an_administrator_erases_or_exports(database: str) -> None:
    by = make.actor(make.member(None, Role.COORDINATOR, holder=make.account("a@example.org")))
    with pytest.raises(Forbidden):
        erasure.erase("a@example.org", by=by, now=make.NOON)
    with pytest.raises(Forbidden):
        exporting.export("a@example.org", by=by, now=make.NOON)


def test_an_unknown_address_changes_nothing(database: str) -> None:
    before = everything()
    with pytest.raises(erasure.UnknownPersonError):
        erasure.erase("nobody@example.org", by=SYSTEM, now=make.NOON)
    with pytest.raises(exporting.UnknownPersonError):
        exporting.export("nobody@example.org", by=SYSTEM, now=make.NOON)
    assert everything() == before


@pytest.mark.parametrize(
    "typed", ["ÄRGER@example.org", "info@straße.example.org", "jose\u0301@example.org", "Plain@X.org"]
)
def test_an_address_is_found_however_it_was_written(database: str, typed: str) -> None:
    coordinator = make.member(make.organisation(), Role.COORDINATOR)
    invitations.invite(
        coordinator.organisation_id, typed, "Ursula Example", roles=[Role.LEARNER], audience=Audience.VOLUNTEER,
        site_id=None, course_id=None, by=make.actor(coordinator), now=make.NOON,
    )  # fmt: skip
    other = names.email_key(typed).upper()
    assert [row["to_address"] for row in exporting.export(other, by=SYSTEM, now=make.NOON)["message"]] == [typed]
    erasure.erase(other, by=SYSTEM, now=make.NOON)
    (mail,) = db.session().scalars(select(Message).where(Message.kind == "invitation"))
    assert (mail.to_address, mail.facts, mail.state) == (None, {}, WorkState.CANCELLED)
    db.session().rollback()
    with pytest.raises(erasure.UnknownPersonError):
        erasure.erase(typed, by=SYSTEM, now=make.NOON)


def test_the_export_holds_each_of_the_persons_rows_and_no_secrets(invented: None) -> None:
    found = exporting.export("EDUCATOR@demo.example", by=SYSTEM, now=clock.now())
    assert found["account"][0]["email"] == "educator@demo.example"
    assert found["certificate"][0]["name"] == "Edwin Castillo"
    session = db.session()
    (membership_id,) = [row["id"] for row in found["membership"]]
    steps = session.scalars(select(Enrolment.id).where(Enrolment.membership_id == membership_id)).all()
    assert {row["enrolment_id"] for row in found["step_progress"]} == set(steps)
    assert found["mark"][0]["feedback"]
    text = json.dumps(found)
    assert "argon2" not in text
    assert "secret_hash" not in text
    assert "Samuel Ofori" not in text


def test_the_export_of_everything_that_can_be_named(invented: None) -> None:
    """Each table that holds rows of the person is in the file; a column more in a model is in it by itself."""
    found = exporting.export("educator@demo.example", by=SYSTEM, now=clock.now())
    certificate = found["certificate"][0]
    wanted = {column.key for column in inspect(Certificate).column_attrs if not exporting.is_secret(column.key)}
    assert set(certificate) == wanted


def test_a_mark_that_somebody_is_still_thinking_about_is_in_the_marker_s_copy_alone(database: str) -> None:
    learner = make.member(holder=make.account("learner@example.org"))
    marker = make.member(None, Role.INSTRUCTOR, holder=make.account("marker@example.org"))
    claim = {"claimed_by_id": marker.id, "claimed_until": make.NOON}
    answer = make.answer(make.enrolment(learner, make.published()), **claim)
    with db.transaction() as session:
        session.add(models.MarkDraft(answer_id=answer.id, marker_id=marker.id, values={"a": "1"}, saved_at=make.NOON))
    theirs = exporting.export("learner@example.org", by=SYSTEM, now=make.NOON)
    assert "mark_draft" not in theirs
    assert theirs["scenario_answer"][0]["text"] == answer.text
    assert not set(claim) & set(theirs["scenario_answer"][0])
    (draft,) = exporting.export("marker@example.org", by=SYSTEM, now=make.NOON)["mark_draft"]
    assert draft["values"] == {"a": "1"}
    # Erasing still takes it, whoever of the two goes.
    erasure.erase("learner@example.org", by=SYSTEM, now=make.NOON)
    assert db.session().scalars(select(models.MarkDraft)).all() == []


def test_no_secret_inside_a_value_is_in_the_copy(database: str) -> None:
    holder = make.account("amina@example.org", confirmed_at=None)
    inner = {"password_hash": "argon2-of-hers", "browser": "hash-of-hers", "deeper": [{"secret": "hers-too"}]}
    with db.transaction() as session:
        links.issue(session, models.LinkKind.CONFIRM, holder.id, now=make.NOON, data={"name": "Amina", **inner})
    (link,) = exporting.export("amina@example.org", by=SYSTEM, now=make.NOON)["one_time_link"]
    assert link["data"] == {"name": "Amina", "deeper": [{}]}


def test_a_link_that_ended_holds_nothing_any_more(database: str) -> None:
    holder = make.account("amina@example.org", confirmed_at=None)
    kinds = (models.LinkKind.CONFIRM, models.LinkKind.CHANGE_ADDRESS)
    with db.transaction() as session:
        for kind in kinds:
            links.issue(session, kind, holder.id, now=make.NOON, data={"password_hash": "argon2-of-hers"})
        links.end(session, holder.id, models.LinkKind.CONFIRM, now=make.NOON)
    ended, living = db.session().scalars(select(models.OneTimeLink).order_by(models.OneTimeLink.id))
    assert (ended.data, living.data) == ({}, {"password_hash": "argon2-of-hers"})
    upkeep.settle(by=SYSTEM, now=make.NOON)
    assert set(map(str, db.session().scalars(select(models.OneTimeLink.data)))) == {"{}"}


def test_a_wish_is_its_member_s_even_where_a_colleague_is_to_be_answered(database: str) -> None:
    member = make.member(holder=make.account("amina@example.org"))
    make.account("colleague@example.org")
    mine = make.format_request(member, contact="Colleague@example.org").id
    visitors = make.format_request(contact="COLLEAGUE@example.org").id

    def wishes(email: str) -> list[int]:
        rows = exporting.export(email, by=SYSTEM, now=make.NOON)["format_request"]
        return [row["id"] for row in rows]

    assert (wishes("amina@example.org"), wishes("colleague@example.org")) == ([mine], [visitors])
    erasure.erase("colleague@example.org", by=SYSTEM, now=make.NOON)
    assert db.session().scalars(select(models.FormatRequest.id)).all() == [mine]
    assert wishes("amina@example.org") == [mine]


def test_a_copy_that_is_finished_while_the_person_is_erased_goes_too(database: str) -> None:
    if db.engine().dialect.name == "sqlite":
        return
    job_id = make.work(make.member(holder=make.account("amina@example.org")))
    file = models.StoredFile(key="work/a.zip", media_type="a/b", size=1, sha256="0", created_at=make.NOON)

    def finish() -> None:
        assert work_progress.finish(job_id, 0, file=file, units=1, now=make.NOON)
        db.sessions.remove()

    other = threading.Thread(target=finish)

    @event.listens_for(db.engine(), "before_cursor_execute")
    def meanwhile(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("UPDATE job") and not other.ident:
            other.start()
            other.join(120)

    assert erasure.erase("amina@example.org", by=SYSTEM, now=make.NOON).files == ["work/a.zip"]
    assert db.session().scalars(select(models.StoredFile)).all() == []


def test_a_copy_is_of_one_moment_and_keeps_nobody_from_writing(database: str) -> None:
    member = make.member(holder=make.account("amina@example.org"))
    by = make.actor(member)
    db.session().rollback()

    def write() -> None:
        with db.transaction() as session:
            audit.record(session, "signed-in", by=by, now=make.NOON, subject="account", subject_id=by.account_id)
        written.append(True)
        db.sessions.remove()

    written: list[bool] = []
    other = threading.Thread(target=write)

    @event.listens_for(db.engine(), "before_cursor_execute")
    def meanwhile(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "FROM membership_role" in statement and not other.ident:
            other.start()
            other.join(120)

    rows, _files = exporting.own(by=by)
    assert written == [True]
    assert "signed-in" not in [row["verb"] for row in rows.get("audit_event", [])]
    assert [row["verb"] for row in exporting.own(by=by)[0]["audit_event"]] == ["signed-in"]


def test_a_long_trail_is_read_in_pieces_and_none_is_missing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PIECE", 2)
    by = make.actor(make.member(holder=make.account("amina@example.org")))
    with db.transaction() as session:
        for minutes in (0, 0, 0, 5, 3):
            now = make.NOON + timedelta(minutes=minutes)
            audit.record(session, "signed-in", by=by, now=now, subject="account", subject_id=by.account_id)
    wanted = set(
        db.session().scalars(select(models.AuditEvent.id).where(models.AuditEvent.account_id == by.account_id))
    )
    found = [row["id"] for row in exporting.own(by=by)[0]["audit_event"]]
    assert (len(found), set(found)) == (5, wanted)
