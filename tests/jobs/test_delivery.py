"""Delivery: after the commit, one at a time, again after what passes, never again after what does not."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from mhfa_lms import db
from mhfa_lms.adapters.mail import MailError, RecordingMailer, RefusedError, UnavailableError
from mhfa_lms.jobs import claim
from mhfa_lms.jobs.delivery import Counts, send_waiting
from mhfa_lms.models import Invitation, LinkKind, Message, OneTimeLink, WorkState
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import outbox
from mhfa_lms.services.secrets import hashed
from mhfa_lms.settings import Settings
from tests import make
from tests.jobs.mails import message, post

NOON = make.NOON
pytestmark = pytest.mark.usefixtures("database")


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def send(settings: Settings, out: RecordingMailer, now: datetime = NOON, limit: int = 200) -> Counts:
    return send_waiting(settings, at(now), limit, mailer=out)


def test_a_mail_is_sent_once_with_the_id_stored_before(settings: Settings) -> None:
    id_ = post(kind="reset-password", facts={"path": "/reset/secret"})
    stored = message(id_).internet_id
    out = RecordingMailer()
    assert send(settings, out) == Counts(sent=1)
    assert send(settings, out) == Counts()
    assert [mail["Message-ID"] for mail in out.sent] == [stored]
    assert "http://127.0.0.1:8000/reset/secret" in out.sent[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]  # there is one
    row = message(id_)
    assert (row.state, row.done_at, row.attempts) == (WorkState.DONE, NOON, 1)


def test_the_secret_leaves_the_row_once_the_mail_is_sent(settings: Settings) -> None:
    id_ = post(kind="reset-password", facts={"path": "/reset/secret", "more": 1})
    send(settings, RecordingMailer(MailError("no")))
    assert message(id_).facts == {"path": "/reset/secret", "more": 1}
    send(settings, RecordingMailer(), NOON + timedelta(minutes=1))
    assert message(id_).facts == {"more": 1}


def test_what_is_not_due_waits(settings: Settings) -> None:
    post(now=NOON + timedelta(seconds=1))
    assert send(settings, RecordingMailer()) == Counts()
    assert send(settings, RecordingMailer(), NOON + timedelta(seconds=1)) == Counts(sent=1)


def test_what_has_been_due_longest_goes_first(settings: Settings) -> None:
    for minutes in (3, 1, 2):
        post(f"minute-{minutes}", now=NOON + timedelta(minutes=minutes))
    out = RecordingMailer()
    send(settings, out, NOON + timedelta(hours=1))
    assert [mail["To"] for mail in out.sent] == [f"minute-{minutes}@example.org" for minutes in (1, 2, 3)]


def test_tries_are_spaced_ever_wider_and_then_it_has_failed(settings: Settings) -> None:
    id_ = post()
    now, waits = NOON, []
    for _ in range(8):
        assert send(settings, RecordingMailer(MailError("try later (450)")), now).all == 1
        row = message(id_)
        if row.state is WorkState.WAITING:
            waits.append(row.due_at - now)
            assert send(settings, RecordingMailer(), row.due_at - timedelta(seconds=1)) == Counts()
            now = row.due_at
    assert waits == [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 1440, 1440)]
    row = message(id_)
    assert (row.state, row.error, row.attempts) == (WorkState.FAILED, "try later (450)", 8)
    assert send(settings, RecordingMailer(), now + timedelta(days=30)) == Counts()


def test_a_refusal_for_good_fails_at_once_and_can_be_tried_again_by_hand(settings: Settings) -> None:
    id_ = post(kind="reset-password", facts={"path": "/reset/secret"})
    assert send(settings, RecordingMailer(RefusedError("refused (550)"))) == Counts(failed=1)
    assert (message(id_).state, message(id_).error) == (WorkState.FAILED, "refused (550)")
    assert outbox.retry(id_, by=SYSTEM, now=NOON)
    assert not outbox.retry(id_, by=SYSTEM, now=NOON)
    out = RecordingMailer()
    assert send(settings, out) == Counts(sent=1)
    assert (message(id_).state, message(id_).error) == (WorkState.DONE, "")


def test_a_sent_mail_cannot_be_sent_again_by_hand(settings: Settings) -> None:
    id_ = post()
    send(settings, RecordingMailer())
    assert not outbox.retry(id_, by=SYSTEM, now=NOON)
    assert not outbox.retry(id_ + 1, by=SYSTEM, now=NOON)


def test_while_the_server_is_away_one_mail_is_tried_and_the_others_keep_their_tries(settings: Settings) -> None:
    ids = [post("one"), post("two")]
    out = RecordingMailer(UnavailableError("not reached"))
    assert send(settings, out) == Counts(put_off=1)
    assert [message(id_).attempts for id_ in ids] == [1, 0]


def test_a_mail_that_cannot_be_written_holds_up_no_other(settings: Settings) -> None:
    broken = post("broken", kind="no-such-kind")
    lacking = post("lacking", kind="invitation", facts={"path": "/x"})
    post("good")
    out = RecordingMailer()
    assert send(settings, out) == Counts(sent=1, put_off=2)
    assert message(broken).error == "the mail could not be written (TemplateNotFound)"
    assert message(lacking).error == "the mail could not be written (UndefinedError)"


def test_an_error_nobody_expected_tells_no_personal_data(settings: Settings) -> None:
    id_ = post()
    send(settings, RecordingMailer(RuntimeError("one@example.org")))
    assert message(id_).error == "the mail could not be sent (RuntimeError)"


def test_a_mail_that_stops_the_worker_at_every_try_is_given_up(settings: Settings) -> None:
    id_, now = post(), NOON
    for _ in range(claim.MOST_TRIES):
        assert len(claim.take(Message, now=now, lease=claim.MAIL_LEASE)) == 1
        now += claim.MAIL_LEASE
    out = RecordingMailer()
    assert send(settings, out, now) == Counts(failed=1)
    assert out.sent == []
    assert message(id_).state is WorkState.FAILED


def test_a_leased_mail_is_left_alone_until_the_lease_ends(settings: Settings) -> None:
    post()
    assert len(claim.take(Message, now=NOON, lease=claim.MAIL_LEASE)) == 1
    out = RecordingMailer()
    assert send(settings, out, NOON + claim.MAIL_LEASE - timedelta(seconds=1)) == Counts()
    assert send(settings, out, NOON + claim.MAIL_LEASE) == Counts(sent=1)


def test_a_try_whose_lease_was_taken_over_does_not_put_the_mail_off() -> None:
    id_ = post()
    (late,) = claim.take(Message, now=NOON, lease=claim.MAIL_LEASE)
    later = NOON + claim.MAIL_LEASE
    (ours,) = claim.take(Message, now=later, lease=claim.MAIL_LEASE)
    claim.put_off(Message, late, now=later, error="late")
    assert message(id_).leased_until == later + claim.MAIL_LEASE
    assert message(id_).error == ""
    claim.close(Message, ours, WorkState.DONE, now=later)
    claim.close(Message, late, WorkState.FAILED, now=later, error="late")
    assert message(id_).state is WorkState.DONE


def test_no_transaction_is_open_while_a_mail_is_under_way(settings: Settings) -> None:
    class Looking(RecordingMailer):
        def send(self, message: EmailMessage) -> None:
            assert not db.session().in_transaction()
            super().send(message)

    post()
    assert send(settings, Looking()) == Counts(sent=1)


def test_an_account_that_was_closed_gets_no_mail(settings: Settings) -> None:
    closed = make.account(deactivated_at=NOON)
    id_ = post("closed", account_id=closed.id)
    assert send(settings, RecordingMailer()) == Counts(cancelled=1)
    assert (message(id_).state, message(id_).error) == (WorkState.CANCELLED, "the account is closed")


def test_a_mail_goes_to_the_account_s_present_address_unless_one_is_named(settings: Settings) -> None:
    holder = make.account("new@example.org")
    post("own", account_id=holder.id)
    post("old", account_id=holder.id, to_address="old@example.org")
    out = RecordingMailer()
    send(settings, out)
    assert sorted(mail["To"] for mail in out.sent) == ["new@example.org", "old@example.org"]


@pytest.mark.parametrize("ending", ["used_at", "expires_at"])
def test_a_link_that_was_used_or_is_too_old_is_not_sent(ending: str, settings: Settings) -> None:
    holder = make.account()
    values = {"expires_at": NOON + timedelta(hours=1), **{ending: NOON}}
    make._save(
        OneTimeLink(
            kind=LinkKind.RESET, account_id=holder.id, secret_hash=hashed("secret"), created_at=NOON, data={}, **values
        )
    )
    id_ = post(kind="reset-password", account_id=holder.id, facts={"path": "/reset/secret"})
    assert send(settings, RecordingMailer()) == Counts(cancelled=1)
    assert message(id_).facts == {}


@pytest.mark.parametrize(("ending", "wanted"), [("withdrawn_at", 0), ("accepted_at", 0), (None, 1)])
def test_an_invitation_that_was_withdrawn_or_accepted_is_not_sent(
    ending: str | None, wanted: int, settings: Settings
) -> None:
    owner = make.organisation()
    make._save(
        Invitation(
            organisation_id=owner.id,
            email="one@example.org",
            email_key="one@example.org",
            name="Amina",
            roles=["learner"],
            secret_hash=hashed("secret"),
            invited_by_id=make.account().id,
            created_at=NOON,
            expires_at=NOON + timedelta(days=7),
            **({ending: NOON} if ending else {}),
        )
    )
    facts = {"name": "Amina", "organisation": "N", "inviter": "B", "course": "", "path": "/invitation/secret"}
    post(kind="invitation", facts=facts)
    assert send(settings, RecordingMailer()).sent == wanted


def test_two_workers_at_once_send_each_mail_once(settings: Settings) -> None:
    ids = {message(post(f"mail-{number}")).internet_id for number in range(60)}
    db.sessions.remove()
    begin, both = threading.Barrier(2), threading.Barrier(2)

    class Together(RecordingMailer):
        """Sends its first when the other has one in hand too: alone, one may be done before the other begins."""

        def send(self, message: EmailMessage) -> None:
            if not self.sent:
                both.wait(120)
            super().send(message)

    outs = [Together(), Together()]

    def work(out: RecordingMailer) -> None:
        begin.wait()
        send_waiting(settings, at(NOON), mailer=out)
        db.sessions.remove()

    workers = [threading.Thread(target=work, args=(out,)) for out in outs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    sent = [str(mail["Message-ID"]) for out in outs for mail in out.sent]
    assert len(sent) == 60
    assert set(sent) == ids
    assert all(out.sent for out in outs)


def test_delivery_stops_between_two_mails_when_told_to(settings: Settings) -> None:
    post("one")
    post("two")
    stop = threading.Event()

    class Stopping(RecordingMailer):
        def send(self, message: EmailMessage) -> None:
            super().send(message)
            stop.set()

    assert send_waiting(settings, at(NOON), mailer=Stopping(), stop=stop) == Counts(sent=1)


def test_a_folder_keeps_one_file_a_mail_even_when_it_is_sent_twice(settings: Settings) -> None:
    post()
    (lease,) = claim.take(Message, now=NOON, lease=claim.MAIL_LEASE)
    # As if a worker had written the file and been killed before it could say so.
    send_waiting(settings, at(NOON + claim.MAIL_LEASE))
    with db.transaction() as session:
        row = session.get_one(Message, lease.id)
        row.state, row.done_at = WorkState.WAITING, None
    send_waiting(settings, at(NOON + claim.MAIL_LEASE))
    assert len(list((Path(settings.data_dir) / "mail").glob("*"))) == 1
