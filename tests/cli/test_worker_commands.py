"""`tick`, `send-mail`, `outbox`, `reminders` and `audit`, as a person or a program runs them."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest
from sqlalchemy import text

from mhfa_lms import clock, db
from mhfa_lms.models import Account, Role
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import audit, duties, workers
from tests import make
from tests.cli.conftest import Run
from tests.jobs.mails import messages, post
from tests.ports import free_port


@dataclass(frozen=True)
class Held:
    """What the tests need to know of a certificate."""

    code: str
    expires_on: date
    account_id: int


def certificate(days: int) -> Held:
    expires = clock.now().date() + timedelta(days=days)
    holder = make.member(holder=make.account("amina@example.org"))
    made = make.certificate(
        holder,
        starts_on=expires - timedelta(days=1095),
        expires_on=expires,
        window_opens_on=expires - timedelta(days=180),
        window_closes_on=expires + timedelta(days=90),
    )
    return Held(made.code, expires, holder.account_id)


def test_a_tick_as_of_a_later_day_then_send_mail_leaves_the_reminder_in_the_folder(
    run: Run, installation: Path
) -> None:
    held = certificate(400)
    assert json.loads(run("tick", "--json").stdout)["total"] == 0
    as_of = f"{held.expires_on - timedelta(days=90)}T09:00:00Z"
    told = json.loads(run("tick", "--as-of", as_of, "--json").stdout)
    assert (told["reminders"], told["total"], told["as_of"][:10]) == (1, 1, as_of[:10])
    assert json.loads(run("tick", "--as-of", as_of, "--json").stdout)["total"] == 0
    assert json.loads(run("send-mail", "--once", "--json").stdout) == {
        "sent": 1, "put_off": 0, "failed": 0, "cancelled": 0,
    }  # fmt: skip
    (file,) = (installation / "mail").glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=SMTP)
    assert mail["To"] == "amina@example.org"
    assert mail["Subject"].startswith("Your certificate is valid until")


def test_a_future_tick_with_a_real_mail_server_needs_yes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MHFA_MAIL_URL", f"smtp://127.0.0.1:{free_port()}")
    held = certificate(400)
    refused = run("tick", "--as-of", held.expires_on.isoformat())
    assert refused.exit_code == 1
    assert "--yes" in refused.output
    assert messages() == []
    assert run("tick", "--as-of", held.expires_on.isoformat(), "--yes").exit_code == 0
    assert len(messages("reminder")) == 1
    # And the server is not there: the command says so.
    failed = run("send-mail", "--json")
    assert failed.exit_code == 1
    assert '"put_off": 1' in failed.output


def test_a_time_that_is_none_is_refused(run: Run) -> None:
    told = run("tick", "--as-of", "tomorrow")
    assert told.exit_code == 2
    assert "2027-03-01T09:00" in told.output


def test_a_time_without_a_zone_is_in_the_installation_s(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MHFA_TIMEZONE", "Europe/Berlin")
    assert json.loads(run("tick", "--as-of", "2026-03-01T09:00", "--json").stdout)["as_of"] == (
        "2026-03-01T09:00:00+01:00"
    )


def test_mails_are_listed_by_state_without_addresses_and_failed_ones_tried_again(run: Run) -> None:
    id_ = post(
        "lost", to_address="amina@example.org", kind="reset-password", facts={"path": "/reset/secret"}, now=clock.now()
    )
    with db.transaction() as session:
        session.execute(text("UPDATE message SET state = 'failed', done_at = due_at, error = 'refused (550)'"))
    post("waiting", now=clock.now())
    told = run("outbox", "list", "--state", "failed", "--json")
    (row,) = json.loads(told.stdout)
    assert (row["id"], row["state"], row["kind"], row["error"]) == (id_, "failed", "reset-password", "refused (550)")
    assert "amina" not in told.stdout
    assert "secret" not in told.stdout
    assert len(run("outbox", "list").stdout.splitlines()) == 2
    assert run("outbox", "list", "--state", "sent").stdout == "There are no such mails.\n"
    assert run("outbox", "retry", str(id_)).exit_code == 0
    assert run("outbox", "retry", str(id_)).exit_code == 1
    assert json.loads(run("send-mail", "--json").stdout)["sent"] == 2
    assert {row["state"] for row in json.loads(run("outbox", "list", "--json").stdout)} == {"sent"}


def test_reminders_are_explained(run: Run) -> None:
    held = certificate(80)
    run("tick")
    told = run("reminders", "explain", "Amina@Example.org")
    assert told.exit_code == 0
    assert held.code in told.stdout
    assert "Posted, and waits to be sent" in told.stdout
    (story,) = json.loads(run("reminders", "explain", "amina@example.org", "--json").stdout)
    assert [one["offset_days"] for one in story["reminders"]] == [180, 90, 30, 0, -1]
    make.account("none@example.org")
    told = run("reminders", "explain", "none@example.org")
    assert told.stdout.startswith("This person has no certificates, authorisations, background checks or courses")
    assert run("reminders", "explain", "nobody@example.org").exit_code == 1


def test_an_instructor_without_certificates_is_explained_what_they_owe(run: Run) -> None:
    member = make.member(None, Role.INSTRUCTOR, holder=make.account("ben@example.org"))
    today = clock.now().date()
    duties.record_check(member.id, today + timedelta(days=60), today=today, by=SYSTEM, now=clock.now())
    make.authorisation(member, make.published(), valid_from=today, expires_on=today + timedelta(days=800))
    told = run("reminders", "explain", "ben@example.org").stdout
    for words in ("Authorisation (", "Background check (", "Courses to teach (", "0 of 2", "Is due: will go on"):
        assert words in told
    found = json.loads(run("reminders", "explain", "ben@example.org", "--json").stdout)
    assert [one["about"] for one in found] == ["authorisation", "background-check", "deliveries"]


def test_the_audit_trail_is_checked(run: Run) -> None:
    with db.transaction() as session:
        for number in range(3):
            audit.record(session, "tested", by=SYSTEM, now=make.NOON, subject="test", subject_id=number)
    assert json.loads(run("audit", "verify", "--json").stdout)["unsealed"] == 3
    run("tick")
    whole = json.loads(run("audit", "verify", "--json").stdout)
    assert (whole["sealed"], whole["unsealed"], whole["whole"]) == (3, 0, True)
    with db.transaction() as session:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("DROP TRIGGER audit_event_no_update"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE audit_event SET account_id = 7 WHERE subject_id = 1"))
    broken = run("audit", "verify")
    assert broken.exit_code == 1
    assert "The trail is broken at seal" in broken.output


def test_a_last_seal_that_was_noted_is_looked_for(run: Run) -> None:
    with db.transaction() as session:
        audit.record(session, "tested", by=SYSTEM, now=make.NOON, subject="test", subject_id=1)
    run("tick")
    head = json.loads(run("audit", "verify", "--json").stdout)["head"]
    assert run("audit", "verify", "--head", f" {head.upper()}").exit_code == 0
    lost = run("audit", "verify", "--head", head, "--head", "ab" * 32, "--json")
    assert lost.exit_code == 1
    assert json.loads(lost.stdout)["lost_heads"] == ["ab" * 32]
    assert "cut off" in lost.stderr
    assert run("audit", "verify", "--head", "abc").exit_code == 2


def test_the_account_s_address_is_the_one_that_counts(run: Run, installation: Path) -> None:
    held = certificate(0)
    run("tick", "--as-of", clock.now().isoformat())  # at once, at whatever hour the test runs
    with db.transaction() as session:
        session.get_one(Account, held.account_id).email = "moved@example.org"
    run("send-mail")
    (file,) = (installation / "mail").glob("*.eml")
    assert message_from_bytes(file.read_bytes(), policy=SMTP)["To"] == "moved@example.org"


def test_status_says_what_needs_action_and_ends_with_1_until_a_worker_is_there(run: Run) -> None:
    told = run("status")
    assert told.exit_code == 1
    assert "ACT NOW" in told.stdout
    assert "Start one: mhfa-lms worker" in told.stdout
    now = clock.now()
    workers.beat("desk:1", version="1", started_at=now, ticked=True, now=now)
    found = json.loads(run("status", "--json").stdout)
    facts = {fact["key"]: fact for fact in found["facts"]}
    assert found["state"] == "look"
    assert (facts["workers"]["alive"], facts["workers"]["names"]) == (1, ["desk:1"])
    assert facts["backup"]["last"] is None
