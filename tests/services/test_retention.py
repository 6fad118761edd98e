"""What is kept for how long: the rule on dates, and each kind of thing that goes."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, func, select

from mhfa_lms import db
from mhfa_lms.models import (
    Account,
    AnswerState,
    Attempt,
    AttemptAnswer,
    AuditEvent,
    Certificate,
    Format,
    FormatRequest,
    Invitation,
    Job,
    LinkKind,
    LoginSession,
    Mark,
    Membership,
    MembershipState,
    Message,
    OneTimeLink,
    PracticeAnswer,
    Role,
    ScenarioAnswer,
    StepProgress,
    StoredFile,
    Way,
    WorkState,
)
from mhfa_lms.policy import SYSTEM, Forbidden
from mhfa_lms.services import erasure, links, outbox, retention, retention_due, rules, verification
from mhfa_lms.services.periods import add_months
from mhfa_lms.services.retention_due import first_kept, is_over, kept_until
from tests import make
from tests.jobs.mails import post

NOON = make.NOON
TODAY = NOON.date()
DUTIES = {duty.name: duty for duty in retention.DUTIES}
days = st.dates(date(1990, 1, 1), date(2100, 12, 31))


def run(name: str, now: datetime = NOON, **values: Any) -> int:
    done = retention.run(DUTIES[name], by=SYSTEM, now=now, **values)
    db.session().rollback()
    return done


def count(model: type[db.Base], *where: ColumnElement[bool]) -> int:
    found = db.session().scalar(select(func.count()).select_from(model).where(*where)) or 0
    db.session().rollback()
    return found


# The rule on dates.


@given(last=days, months=st.integers(1, 240), today=days)
@example(last=date(2024, 2, 29), months=36, today=date(2027, 3, 1))
@example(last=date(2026, 2, 28), months=3, today=date(2026, 5, 31))
@example(last=date(2026, 1, 31), months=1, today=date(2026, 2, 28))
def test_a_database_compares_with_one_date_and_decides_as_the_rule_does(last: date, months: int, today: date) -> None:
    assert (last < first_kept(months, today)) == is_over(last, months, today)


@given(last=days, months=st.integers(1, 240))
def test_the_last_day_is_kept_and_the_next_is_not(last: date, months: int) -> None:
    end = kept_until(last, months)
    assert end == add_months(last, months)
    assert not is_over(last, months, end)
    assert is_over(last, months, end + timedelta(days=1))


@given(last=days, shorter=st.integers(1, 239), today=days)
def test_a_longer_rule_never_ends_earlier(last: date, shorter: int, today: date) -> None:
    assert not is_over(last, shorter + 1, today) or is_over(last, shorter, today)


def test_29_february_is_kept_until_28_february_three_years_later() -> None:
    assert kept_until(date(2024, 2, 29), 36) == date(2027, 2, 28)


# Certificates.


def expired(on: date, member: Membership | None = None, **values: Any) -> Certificate:
    start = add_months(on, -36)
    dates: dict[str, Any] = {"starts_on": start, "completed_on": start, "window_opens_on": add_months(on, -6)}
    return make.certificate(member, expires_on=on, window_closes_on=add_months(on, 3), **dates, **values)


def learned(member: Membership) -> int:
    """Make an enrolment in which everything was written that can be; returns its id."""
    enrolled = make.enrolment(member, make.published(), completed_at=NOON - timedelta(days=2500))
    answer = make.answer(enrolled, state=AnswerState.PASSED)
    attempt = make.attempt(enrolled)
    marker = make.member(None, Role.INSTRUCTOR)
    with db.transaction() as session:
        session.add_all(
            [
                StepProgress(enrolment_id=enrolled.id, step="one", way=Way.SKIPPED, done_at=NOON),
                PracticeAnswer(enrolment_id=enrolled.id, question="q", chosen=["a"], correct=True, answered_at=NOON),
                AttemptAnswer(attempt_id=attempt.id, question="q", chosen=["a"], saved_at=NOON),
                Mark(
                    answer_id=answer.id, marker_id=marker.id, revision_id=enrolled.revision_id, levels={"a": 3},
                    required={}, points=3, harm=False, required_missing=False, passed=True, feedback="Well said.",
                    marked_at=NOON,
                ),
            ]
        )  # fmt: skip
    return enrolled.id


@pytest.mark.usefixtures("database")
def test_a_certificate_loses_name_and_texts_the_day_after_its_time() -> None:
    member = make.member()
    enrolled = learned(member)
    code = expired(date(2023, 11, 21), member, enrolment_id=enrolled).code
    assert run("certificates") == 0
    assert run("certificates", NOON + timedelta(days=1)) == 1
    assert run("certificates", NOON + timedelta(days=1)) == 0
    row = db.session().scalars(select(Certificate)).one()
    assert (row.name, row.sort_key, row.expires_on) == ("", "", date(2023, 11, 21))
    found = verification.look_up(code, now=NOON)
    assert found is not None
    assert (found.name, found.is_erased, found.expires_on) == (None, True, date(2023, 11, 21))
    assert count(StepProgress) + count(PracticeAnswer) + count(AttemptAnswer) == 0
    assert db.session().scalars(select(ScenarioAnswer.text)).one() == ""
    assert db.session().scalars(select(Mark.feedback)).one() == ""
    # What the record is made of stays: that it was done, and with how many points.
    assert (count(Attempt), count(Mark, Mark.points == 3)) == (1, 1)
    assert db.session().get_one(Membership, member.id).name == "Amina Yusuf"


@pytest.mark.usefixtures("database")
def test_its_file_goes_with_it() -> None:
    with db.transaction() as session:
        file = StoredFile(key="certificates/AB/AB.pdf", media_type="a/b", size=1, sha256="0", created_at=NOON)
        session.add(file)
        session.flush()
        file_id = file.id
    code = expired(date(2020, 1, 1), file_id=file_id).code
    assert run("certificates") == 1
    assert count(StoredFile) == 0
    job = db.session().scalars(select(Job).where(Job.kind == erasure.REMOVE_FILES)).one()
    assert job.payload == {"codes": [code]}


@pytest.mark.usefixtures("database")
def test_a_revoked_certificate_loses_the_reason_too() -> None:
    expired(date(2020, 1, 1), revoked_at=NOON, revoked_reason="Amina asked for it")
    run("certificates")
    assert db.session().scalars(select(Certificate.revoked_reason)).one() == ""


@pytest.mark.usefixtures("database")
def test_an_organisation_sets_its_own_time_and_those_below_inherit_it() -> None:
    above = make.organisation()
    below = make.organisation(parent_id=above.id)
    other = make.organisation()
    for owner in (above, below, other):
        expired(date(2025, 1, 31), make.member(owner))
    rules.put(rules.Rule.RETENTION_MONTHS, 12, by=SYSTEM, now=NOON, organisation_id=above.id)
    assert run("certificates") == 2
    assert count(Certificate, Certificate.erased_at.is_(None), Certificate.organisation_id == other.id) == 1


@pytest.mark.usefixtures("database")
def test_the_day_is_the_organisation_s_own() -> None:
    # At 23:30 in London it is the next day in Auckland.
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    for zone in ("Pacific/Auckland", "Europe/London"):
        expired(date(2023, 11, 21), make.member(make.organisation(timezone=zone)))
    assert run("certificates", late) == 1


# Memberships and accounts.


def left(on: datetime, **values: Any) -> Membership:
    return make.member(state=MembershipState.LEFT, left_at=on, **values)


@pytest.mark.usefixtures("database")
def test_whoever_left_long_ago_loses_the_name_there_once_no_certificate_is_kept() -> None:
    long_ago = NOON - timedelta(days=4 * 366)
    gone = left(long_ago, name="Gone", work_email="gone@example.org", employee_id="7")
    learned(gone)
    with_certificate = left(long_ago, name="Certified")
    expired(date(2026, 1, 1), with_certificate)
    left(NOON - timedelta(days=30), name="Lately")
    make.member(name="Here", joined_at=long_ago)
    assert run("memberships") == 1
    assert sorted(db.session().scalars(select(Membership.name).where(Membership.name != "Amina Yusuf"))) == [
        "", "Certified", "Here", "Lately",
    ]  # fmt: skip
    row = db.session().get_one(Membership, gone.id)
    assert (row.work_email, row.employee_id, row.sort_key) == ("", None, "")
    assert count(StepProgress) == 0
    # Once the certificate's time has passed, so has the membership's.
    later = NOON + timedelta(days=4 * 366)
    assert (run("certificates", later), run("memberships", NOON + timedelta(days=1200))) == (1, 2)


@pytest.mark.usefixtures("database")
def test_a_record_kept_for_somebody_who_deleted_their_account_goes_with_its_certificate() -> None:
    member = make.member()
    expired(date(2023, 11, 20), member)
    with db.transaction() as session:
        account = session.get_one(Account, member.account_id)
        erasure.erase_account(session, account, by=SYSTEM, now=NOON, keep_records=True)
    assert db.session().get_one(Membership, member.id).name == "Amina Yusuf"
    assert run("memberships") == 0
    assert (run("certificates"), run("memberships")) == (1, 1)
    assert db.session().get_one(Membership, member.id).name == ""


@pytest.mark.usefixtures("database")
def test_an_account_goes_when_it_belongs_nowhere_any_more() -> None:
    old = NOON - timedelta(days=4 * 366)

    def account(name: str, **values: Any) -> Account:
        return make.account(f"{name}@example.org", **{"created_at": old, "confirmed_at": old, **values})

    account("nowhere")
    left(old, name="", holder=account("left"))
    left(old, name="Still named", holder=account("named"))
    make.member(holder=account("member"))
    account("young", created_at=NOON)
    account("admin", is_admin=True)
    with db.transaction() as session:
        account_id = session.scalars(select(Account.id).where(Account.email == "young@example.org")).one()
        session.add(LoginSession(account_id=account_id, secret_hash="x", created_at=NOON, expires_at=NOON))
    make.signed_in_secret(make.member(holder=account("here")))
    assert run("accounts") == 2
    kept = db.session().scalars(select(Account.email).where(Account.erased_at.is_(None)))
    assert {email.split("@")[0] for email in kept} == {"named", "member", "young", "admin", "here"}
    assert count(AuditEvent, AuditEvent.verb == "person-erased") == 2


@pytest.mark.usefixtures("database")
def test_an_address_that_nobody_confirmed_goes_after_thirty_days() -> None:
    for name, age in (("old", 31), ("new", 29)):
        make.account(f"{name}@example.org", confirmed_at=None, created_at=NOON - timedelta(days=age))
    make.account("confirmed@example.org", created_at=NOON - timedelta(days=31))
    holder = make.account("member@example.org", confirmed_at=None, created_at=NOON - timedelta(days=31))
    make.member(holder=holder)
    assert run("unconfirmed") == 1
    assert count(Account, Account.email == "old@example.org") == 0
    # The address is free again.
    make.account("old@example.org")


# Traces.


@pytest.mark.usefixtures("database")
def test_dead_links_sessions_and_invitations_go_and_living_ones_stay() -> None:
    member = make.member()
    for age in (34, 32, 1):
        with db.transaction() as session:
            links.issue(session, LinkKind.CONFIRM, member.account_id, now=NOON - timedelta(days=age))
    # A link lives three days, so the second one has been dead for 29.
    assert (run("links"), count(OneTimeLink)) == (1, 2)
    ages = {"run out": (60, 31, None), "ended": (60, -5, 31), "ended lately": (60, -5, 3), "living": (1, -13, None)}
    for name, (made, expires, ended) in ages.items():
        with db.transaction() as session:
            session.add(
                LoginSession(
                    account_id=member.account_id, secret_hash=name, created_at=NOON - timedelta(days=made),
                    expires_at=NOON - timedelta(days=expires),
                    ended_at=None if ended is None else NOON - timedelta(days=ended),
                )
            )  # fmt: skip
    assert run("sessions") == 2
    assert sorted(db.session().scalars(select(LoginSession.secret_hash))) == ["ended lately", "living"]
    for number, (age, accepted) in enumerate(((100, None), (80, None), (-10, 100), (-10, None))):
        with db.transaction() as session:
            session.add(
                Invitation(
                    organisation_id=member.organisation_id, email=f"{number}@x.org", email_key=f"{number}@x.org",
                    name="Amina", roles=["learner"], secret_hash=f"i{number}", invited_by_id=member.account_id,
                    created_at=NOON, expires_at=NOON - timedelta(days=age),
                    accepted_at=None if accepted is None else NOON - timedelta(days=accepted),
                )
            )  # fmt: skip
    assert run("invitations") == 2
    assert sorted(db.session().scalars(select(Invitation.email))) == ["1@x.org", "3@x.org"]


def mail(key: str, state: WorkState, age: int, **values: Any) -> None:
    number = post(key, now=NOON - timedelta(days=age))
    with db.transaction() as session:
        row = session.get_one(Message, number)
        row.state, row.facts, row.to_address = state, {"name": "Amina Yusuf"}, "amina@example.org"
        row.done_at = None if state is WorkState.WAITING else NOON - timedelta(days=age)
        for name, value in values.items():
            setattr(row, name, value)


@pytest.mark.usefixtures("database")
def test_old_mails_keep_their_kind_and_lose_what_they_told() -> None:
    mail("sent", WorkState.DONE, 91)
    mail("failed", WorkState.FAILED, 91, error="refused")
    mail("held", WorkState.CANCELLED, 91, error=outbox.HELD)
    mail("lately", WorkState.DONE, 89)
    mail("waiting", WorkState.WAITING, 91)
    assert (run("mails"), run("mails")) == (3, 0)
    rows = {row.key: row for row in db.session().scalars(select(Message))}
    for name in ("sent", "failed", "held"):
        assert (rows[name].facts, rows[name].to_address) == ({}, None)
    for name in ("lately", "waiting"):
        assert rows[name].facts == {"name": "Amina Yusuf"}
    # What cannot be sent any more is not offered to be sent.
    assert [rows[name].state for name in ("sent", "failed", "held")] == [
        WorkState.DONE, WorkState.CANCELLED, WorkState.CANCELLED,
    ]  # fmt: skip
    number = rows["held"].id
    db.session().rollback()
    assert outbox.release(by=SYSTEM, now=NOON) == 0
    assert not outbox.retry(number, by=SYSTEM, now=NOON)


@pytest.mark.usefixtures("database")
def test_finished_jobs_and_answered_requests_go() -> None:
    holder = make.account()
    for name, age, state in (
        ("old", 91, WorkState.DONE), ("new", 89, WorkState.DONE), ("failed", 91, WorkState.FAILED),
    ):  # fmt: skip
        done = NOON - timedelta(days=age)
        with db.transaction() as session:
            session.add(Job(key=name, kind="any", state=state, created_at=done, due_at=done, done_at=done))
            session.add(
                FormatRequest(
                    wanted=Format.AUDIO, contact=f"{name}@x.org", created_at=done, done_at=done, done_by_id=holder.id
                )
            )
    assert (run("jobs"), run("requests")) == (1, 2)
    assert sorted(db.session().scalars(select(Job.key))) == ["failed", "new"]
    assert db.session().scalars(select(FormatRequest.contact)).one() == "new@x.org"


@pytest.mark.usefixtures("database")
def test_requests_that_nobody_dealt_with_go_after_a_year_or_with_their_membership() -> None:
    for age in (366, 364):
        make.format_request(contact=f"{age}@x.org", created_at=NOON - timedelta(days=age))
    assert (run("open-requests"), run("open-requests")) == (1, 0)
    assert db.session().scalars(select(FormatRequest.contact)).all() == ["364@x.org"]
    make.format_request(left(NOON - timedelta(days=4 * 366)), details="My eyes are bad")
    make.format_request(make.member(), details="Here still")
    assert run("memberships") == 1
    assert set(db.session().scalars(select(FormatRequest.details))) == {"", "Here still"}


# How a run goes.


@pytest.mark.usefixtures("database")
def test_a_run_takes_so_many_and_notes_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    owner = make.organisation()
    for _each in range(5):
        expired(date(2020, 1, 1), make.member(owner))
    assert run("certificates", limit=3) == 3
    applied = select(AuditEvent.data).where(AuditEvent.verb == "retention.applied").order_by(AuditEvent.id)
    noted = list(db.session().scalars(applied))
    assert noted == [{"kind": "certificates", "rows": 2}, {"kind": "certificates", "rows": 1}]
    assert count(AuditEvent, AuditEvent.verb == "certificate-erased") == 3
    assert run("certificates") == 2


@pytest.mark.usefixtures("database")
def test_several_workers_at_once_remove_each_thing_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    owner = make.organisation()
    for _each in range(30):
        expired(date(2020, 1, 1), make.member(owner))
    db.sessions.remove()
    begin, removed = threading.Barrier(3), list[int]()

    def work() -> None:
        begin.wait()
        removed.append(retention.run(DUTIES["certificates"], by=SYSTEM, now=NOON))
        db.sessions.remove()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sum(removed) == 30
    assert count(AuditEvent, AuditEvent.verb == "certificate-erased") == 30


@pytest.mark.usefixtures("database")
def test_seeing_what_would_go_changes_nothing() -> None:
    code = expired(date(2023, 11, 20)).code
    found = {name: list(retention.plan(duty, now=NOON, limit=10)) for name, duty in DUTIES.items()}
    assert [(one.label, one.kept_until) for one in found.pop("certificates")] == [(code, date(2026, 11, 20))]
    assert not any(found.values())
    assert count(Certificate, Certificate.erased_at.is_(None)) == 1
    assert count(AuditEvent, AuditEvent.verb == "retention.applied") == 0


@pytest.mark.usefixtures("database")
def test_a_day_s_run_is_posted_once() -> None:
    assert retention.post_daily(now=NOON)
    assert not retention.post_daily(now=NOON + timedelta(hours=11))
    assert retention.post_daily(now=NOON + timedelta(hours=12))
    retention.post_next(TODAY.isoformat(), 1, now=NOON)
    retention.post_next(TODAY.isoformat(), 1, now=NOON)
    assert count(Job, Job.kind == retention.JOB) == 3


@pytest.mark.usefixtures("database")
def test_only_an_administrator_removes() -> None:
    by = make.actor(make.member(None, Role.COORDINATOR))
    with pytest.raises(Forbidden):
        retention.run(DUTIES["links"], by=by, now=NOON)


@pytest.mark.usefixtures("database")
def test_terms_put_organisations_alike_together() -> None:
    same = {make.organisation().id, make.organisation().id}
    other = make.organisation(timezone="Pacific/Kiritimati").id
    found = {term.organisation_ids: term.today for term in retention_due.terms(db.session(), NOON)}
    assert found == {tuple(sorted(same)): TODAY, (other,): TODAY + timedelta(days=1)}
