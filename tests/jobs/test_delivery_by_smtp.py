"""Delivery through a real SMTP server: what it answers decides what becomes of each mail, and of no other."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.adapters.mail import RefusedError
from mhfa_lms.adapters.smtp import SmtpMailer
from mhfa_lms.jobs.delivery import Counts, send_waiting
from mhfa_lms.jobs.letters import Letter, compose
from mhfa_lms.models import FailingAddress, MailTry, Message, TryOutcome, WorkState
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import failing_addresses, outbox
from mhfa_lms.settings import Settings, read_settings
from tests import make
from tests.adapters.test_mail import letter
from tests.jobs.mails import message, post
from tests.smtp import Post, serving

NOON = make.NOON
pytestmark = pytest.mark.usefixtures("database")
NOBODY = "550 5.1.1 no such user"


@pytest.fixture
def server() -> Iterator[Post]:
    with serving() as running:
        yield running


@pytest.fixture
def sending(settings: Settings, server: Post) -> Callable[..., Counts]:
    """Deliver what is due at an instant."""
    there = replace(settings, mail_url=f"smtp://127.0.0.1:{server.port}")
    return lambda now=NOON: send_waiting(there, lambda: now)


def tries(id_: int) -> list[tuple[TryOutcome, str]]:
    db.session().rollback()
    rows = db.session().scalars(select(MailTry).where(MailTry.message_id == id_).order_by(MailTry.id))
    return [(row.outcome, row.words) for row in rows]


def refusals(address: str) -> int:
    db.session().rollback()
    found = failing_addresses.known(db.session(), address)
    return found.refusals if found else 0


def test_a_bad_recipient_blocks_nobody_and_the_connection_goes_on(server: Post, sending: Callable[..., Counts]) -> None:
    ids = [post(f"mail-{number}") for number in range(4)]
    server.recipient_answers = ["250 OK", NOBODY, "451 4.7.1 greylisted", "250 OK"]
    assert sending() == Counts(sent=2, failed=1, put_off=1)
    assert [message(id_).state.value for id_ in ids] == ["done", "failed", "waiting", "done"]
    assert len({id(session) for session in server.sessions}) == 1
    assert tries(ids[0]) == []
    assert tries(ids[1]) == [
        (TryOutcome.NO_MAILBOX, "the mail server refused the mail for good (550): 5.1.1 no such user")
    ]
    assert [outcome for outcome, _words in tries(ids[2])] == [TryOutcome.DEFERRED]


def test_greylisting_costs_one_try_and_a_minute(server: Post, sending: Callable[..., Counts]) -> None:
    id_ = post()
    server.recipient_answers = ["450 4.2.0 come back later"]
    assert sending() == Counts(put_off=1)
    assert sending(NOON + timedelta(seconds=59)) == Counts()
    assert sending(NOON + timedelta(minutes=1)) == Counts(sent=1)
    assert (message(id_).attempts, server.ids) == (2, [message(id_).internet_id])


def test_a_server_that_says_goodbye_in_the_middle_costs_the_others_nothing(
    server: Post, sending: Callable[..., Counts]
) -> None:
    ids = [post(f"mail-{number}") for number in range(3)]
    server.recipient_answers = ["250 OK", "421 4.3.2 closing"]
    assert sending() == Counts(sent=1, put_off=1)
    assert [message(id_).attempts for id_ in ids] == [1, 1, 0]
    assert sending(NOON + timedelta(minutes=1)) == Counts(sent=2)


def test_a_server_that_takes_few_mails_a_connection_gets_them_over_more(
    server: Post, sending: Callable[..., Counts]
) -> None:
    for number in range(3):
        post(f"mail-{number}")
    server.before_answer = lambda _mail: server.sender_answers.append("421 4.7.0 too many mails over this connection")
    assert sending() == Counts(sent=3)
    assert len({id(session) for session in server.sessions}) == 3


def test_while_no_server_is_there_no_mail_uses_up_a_try(settings: Settings) -> None:
    with serving() as gone:
        url = f"smtp://127.0.0.1:{gone.port}"
    there, id_, now = replace(settings, mail_url=url), post(), NOON
    for _ in range(40):
        assert send_waiting(there, lambda: now) == Counts(put_off=1)  # noqa: B023  # called at once
        row = message(id_)
        assert (row.attempts, row.state) == (0, WorkState.WAITING)
        now = max(row.due_at, now)
    assert now > NOON + timedelta(hours=12)
    # One line for the whole outage.
    assert len(tries(id_)) == 1


def member_mail(key: str, holder_id: int, kind: str = "coordinator-digest") -> int:
    facts = {"organisation": "N", "due": 1, "grace": 0, "lapsed": 0, "path": "/coordinate/register"}
    return post(key, kind=kind, account_id=holder_id, facts=facts)


@pytest.fixture
def unreachable(server: Post, sending: Callable[..., Counts]) -> int:
    """A coordinator whose address has refused as many mails as it takes; returns the account's id."""
    holder = make.account("gone@example.org")
    for number in range(failing_addresses.MOST_REFUSALS):
        post(f"n-{number}", account_id=holder.id)
    server.recipient_answers = [NOBODY] * failing_addresses.MOST_REFUSALS
    assert sending() == Counts(failed=failing_addresses.MOST_REFUSALS)
    assert refusals("Gone@Example.org") == failing_addresses.MOST_REFUSALS
    return holder.id


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gets a digest here need not be a coordinator."""
    monkeypatch.setattr("mhfa_lms.services.digests.unwanted", lambda _session, _message: None)


def test_a_clock_that_is_put_back_between_two_refusals_stops_no_mail(
    server: Post, sending: Callable[..., Counts]
) -> None:
    holder = make.account("gone@example.org")
    server.recipient_answers = [NOBODY, NOBODY, "250 OK"]
    post("first", account_id=holder.id)
    assert sending() == Counts(failed=1)
    back = NOON - timedelta(hours=2)
    post("second", account_id=holder.id, now=back)
    post("third", now=back)
    assert sending(back) == Counts(failed=1, sent=1)
    assert refusals("gone@example.org") == failing_addresses.MOST_REFUSALS


def test_what_can_wait_waits_until_the_address_is_mended(
    server: Post, sending: Callable[..., Counts], unreachable: int, wanted: None
) -> None:
    id_ = member_mail("digest", unreachable)
    assert sending() == Counts(put_off=1)
    row = message(id_)
    assert (row.state, row.attempts, row.due_at) == (WorkState.WAITING, 0, NOON + timedelta(days=1))
    assert sending(NOON + timedelta(days=1)) == Counts(put_off=1)
    assert [outcome for outcome, _words in tries(id_)] == [TryOutcome.HELD]
    assert server.mails == []
    assert outbox.retry(id_, by=SYSTEM, now=NOON + timedelta(days=1))
    assert sending(NOON + timedelta(days=1)) == Counts(sent=1)
    assert refusals("gone@example.org") == 0


def test_what_somebody_asked_for_goes_out_all_the_same_and_clears_the_address(
    server: Post, sending: Callable[..., Counts], unreachable: int, wanted: None
) -> None:
    waiting = member_mail("digest", unreachable)
    assert sending() == Counts(put_off=1)
    post("asked", account_id=unreachable)
    assert sending(NOON + timedelta(minutes=1)) == Counts(sent=2)
    assert db.session().scalars(select(FailingAddress)).all() == []
    assert message(waiting).state is WorkState.DONE


def test_a_refusal_of_the_mail_is_none_of_the_address(server: Post, sending: Callable[..., Counts]) -> None:
    id_ = post()
    server.data_answers = ["554 5.7.1 looks like spam"]
    assert sending() == Counts(failed=1)
    assert refusals("one@example.org") == 0
    assert [outcome for outcome, _words in tries(id_)] == [TryOutcome.REFUSED]


def test_an_address_beyond_ascii_goes_where_the_server_takes_it_and_fails_clearly_elsewhere() -> None:
    with serving(enable_SMTPUTF8=True) as modern, SmtpMailer(f"smtp://127.0.0.1:{modern.port}") as out:
        out.send(letter(1, "jörg@example.org"))
        assert modern.recipients == ["jörg@example.org"]
    with serving(enable_SMTPUTF8=False) as old, SmtpMailer(f"smtp://127.0.0.1:{old.port}") as out:
        with pytest.raises(RefusedError, match="does not support"):
            out.send(letter(1, "jörg@example.org"))
        out.send(letter(2, "amina@bücher.example"))
        assert old.recipients == ["amina@xn--bcher-kva.example"]


def test_a_line_without_end_arrives_whole(server: Post) -> None:
    mail = letter()
    long = "schön " * 4_000
    mail.set_content(long + "\n")
    with SmtpMailer(f"smtp://127.0.0.1:{server.port}") as out:
        out.send(mail)
    raw = server.raw[0]
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert server.mails[0].get_content().strip() == long.strip()


HOSTILE = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    [
        "a\r\nBcc: everybody@example.org",
        "a\n\nhello",
        "a\rTo: x@example.org",
        "x\u2028Bcc: a@b.example",
        '"<a@b.example>, ',
        "=?utf-8?q?a=0D=0ABcc:b@c.example?=",
        "a\x0bCc: b\x85c",
        "z" * 2_000,
    ]
)
HEADERS = {"message-id", "date", "from", "to", "subject", "auto-submitted", "mime-version", "content-type"}
HEADERS |= {"content-language", "list-unsubscribe", "list-unsubscribe-post", "content-transfer-encoding"}
BARE = read_settings({"MHFA_DATA_DIR": "/nowhere", "MHFA_SECRET_KEY": "a-test-key-that-is-long-enough"})


@given(name=HOSTILE, organisation=HOSTILE, inviter=HOSTILE, course=HOSTILE)
@trying(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_makes_a_header_or_a_second_recipient(name: str, organisation: str, inviter: str, course: str) -> None:
    facts = {"name": name, "organisation": organisation, "inviter": inviter, "course": course, "path": "/invitation/x"}
    mail = compose(Letter("invitation", "amina@example.org", "en", facts, "<a@b.invalid>"), BARE, now=NOON)
    parsed = read_back(mail)
    assert {header.lower() for header in parsed.keys()} <= HEADERS  # noqa: SIM118  # a message is no dict
    assert [address.addr_spec for address in parsed["To"].addresses] == ["amina@example.org"]
    assert [address.addr_spec for address in parsed["From"].addresses] == [BARE.mail_from]


def read_back(mail: EmailMessage) -> EmailMessage:
    return message_from_bytes(mail.as_bytes(policy=SMTP), policy=SMTP)


def test_a_mail_goes_to_exactly_one_address(server: Post) -> None:
    mail = letter()
    mail.replace_header("To", "a@example.org, b@example.org")
    with SmtpMailer(f"smtp://127.0.0.1:{server.port}") as out, pytest.raises(RefusedError, match="exactly one"):
        out.send(mail)
    assert server.mails == []


def test_the_life_of_a_mail_is_whole_after_retries(server: Post, sending: Callable[..., Counts]) -> None:
    id_ = post()
    server.recipient_answers = ["451 4.3.0 later", NOBODY]
    sending()
    sending(NOON + timedelta(minutes=1))
    assert outbox.retry(id_, by=SYSTEM, now=NOON + timedelta(hours=1))
    assert sending(NOON + timedelta(hours=1)) == Counts(sent=1)
    assert [outcome for outcome, _words in tries(id_)] == [
        TryOutcome.DEFERRED,
        TryOutcome.NO_MAILBOX,
        TryOutcome.AGAIN,
    ]
    assert db.session().get_one(Message, id_).state is WorkState.DONE
