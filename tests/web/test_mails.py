"""Mails that did not arrive: administrators see each one's life, coordinators their own people's, nobody a link."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from mhfa_lms import clock, db
from mhfa_lms.models import (
    Account,
    FailingAddress,
    MailTry,
    Membership,
    MembershipState,
    Message,
    Organisation,
    Role,
    TryOutcome,
    WorkState,
)
from mhfa_lms.paths import templates_dir
from mhfa_lms.services import failing_addresses, outbox
from mhfa_lms.web import mail_words
from tests import make

SECRET = "/invitation/do-not-show"


@pytest.fixture
def here(client: FlaskClient) -> int:
    """An organisation whose coordinator is signed in."""
    place = make.organisation(name="Harbour")
    place_id = place.id
    make.signed_in(client, make.member(place, Role.COORDINATOR))
    return place_id


def amina(place_id: int) -> Membership:
    """A member of the organisation."""
    return make.member(db.session().get_one(Organisation, place_id), name="Aylin Demir")


def failed(place_id: int, kind: str = "reminder", *, holder: Membership | None = None) -> int:
    """A mail that the mail server refused as there is no such mailbox; returns its id."""
    now = clock.now()
    to = {"account_id": holder.account_id} if holder else {"to_address": f"{kind}@example.org"}
    with db.transaction() as session:
        posted = outbox.post(
            session,
            kind,
            key=f"{kind}:{place_id}:{to}",
            due_at=now,
            now=now,
            organisation_id=place_id,
            facts={"path": SECRET},
            **to,
        )
        assert posted is not None
        row = session.get_one(Message, posted)
        row.state, row.done_at, row.attempts, row.error = WorkState.FAILED, now, 1, "refused (550): no such user"
        session.add(MailTry(message_id=posted, at=now, outcome=TryOutcome.NO_MAILBOX, words="refused: no such user"))
    return posted


def state(message_id: int) -> WorkState:
    db.session().rollback()
    return db.session().get_one(Message, message_id).state


def test_a_coordinator_sees_who_got_no_mail_and_why_and_sends_it_again(client: FlaskClient, here: int) -> None:
    assert "Every mail to your people was taken" in client.get("/coordinate/mails").text
    assert "did not arrive</a>" not in client.get("/coordinate").text.split("What needs doing")[1].split("Sites")[0]
    posted = failed(here, holder=amina(here))
    assert "1 mail did not arrive" in client.get("/coordinate").text
    page = client.get("/coordinate/mails").text
    assert "Aylin Demir" in page
    assert "There is no such mailbox" in page
    assert "change the address on their account page" in page
    assert SECRET not in page
    # The address somebody signs in with is theirs.
    assert db.session().get_one(Account, db.session().get_one(Message, posted).account_id).email not in page
    db.session().rollback()
    assert client.post(f"/coordinate/mails/{posted}/retry").status_code == 303
    assert state(posted) is WorkState.WAITING
    assert f"/coordinate/mails/{posted}/" not in client.get("/coordinate/mails").text


def test_a_coordinator_has_a_mail_not_sent(client: FlaskClient, here: int) -> None:
    posted = failed(here, "invitation")
    assert "withdraw the invitation" in client.get("/coordinate/mails").text
    client.post(f"/coordinate/mails/{posted}/cancel")
    assert state(posted) is WorkState.CANCELLED
    assert "sent or cancelled meanwhile" in client.post(
        f"/coordinate/mails/{posted}/cancel", follow_redirects=True
    ).text  # fmt: skip


@pytest.mark.parametrize("kind", ["safeguarding", "reset-password", "second-step"])
def test_what_protects_people_is_none_of_a_coordinators_mails(client: FlaskClient, here: int, kind: str) -> None:
    posted = failed(here, kind)
    assert f"{kind}@example.org" not in client.get("/coordinate/mails").text
    for what in ("retry", "cancel"):
        assert client.post(f"/coordinate/mails/{posted}/{what}").status_code == 404
    assert state(posted) is WorkState.FAILED


def test_another_organisations_mails_are_not_there(client: FlaskClient, here: int) -> None:
    posted = failed(make.organisation().id)
    assert "reminder@example.org" not in client.get("/coordinate/mails").text
    for what in ("retry", "cancel"):
        assert client.post(f"/coordinate/mails/{posted}/{what}").status_code == 404
    assert state(posted) is WorkState.FAILED


def test_only_coordinators_see_the_page(client: FlaskClient) -> None:
    place = make.organisation()
    posted = failed(place.id)
    make.signed_in(client, make.member(place, Role.INSTRUCTOR))
    assert client.get("/coordinate/mails").status_code == 403
    assert client.post(f"/coordinate/mails/{posted}/retry").status_code == 403


def test_a_mail_that_waits_for_long_is_listed_too(client: FlaskClient, here: int) -> None:
    now = clock.now()
    for number, due in enumerate((now - timedelta(hours=3), now)):
        with db.transaction() as session:
            outbox.post(
                session,
                "invitation",
                key=f"i{number}",
                due_at=due,
                now=due,
                to_address=f"n{number}@example.org",
                organisation_id=here,
            )
    page = client.get("/coordinate/mails").text
    assert "n0@example.org" in page
    assert "n1@example.org" not in page
    assert "It has been waiting for some time" in page


def test_what_failed_without_a_word_is_not_said_to_wait(client: FlaskClient, here: int) -> None:
    posted = failed(here, kind="invitation")
    with db.transaction() as session:
        session.execute(delete(MailTry).where(MailTry.message_id == posted))
    page = client.get("/coordinate/mails").text
    assert "No mail server took this mail." in page
    assert "It has been waiting" not in page


def test_somebody_who_left_is_named_no_more_than_they_are(client: FlaskClient, here: int) -> None:
    holder = amina(here)
    failed(here, holder=holder)
    with db.transaction() as session:
        member = session.get_one(Membership, holder.id)
        member.state, member.left_at, member.name = MembershipState.LEFT, clock.now(), ""
    assert "Name erased" in client.get("/coordinate/mails").text


def test_an_administrator_reads_the_whole_life_of_a_mail_but_not_what_it_tells(client: FlaskClient) -> None:
    place = make.organisation(name="Harbour")
    posted = failed(place.id)
    make.signed_in(client, make.member(holder=make.account(is_admin=True)))
    assert f'href="/admin/outbox/{posted}"' in client.get("/admin/outbox").text
    page = client.get(f"/admin/outbox/{posted}").text
    for words in ("Reminder to renew", "Harbour", "reminder@example.org", "refused: no such user", "It was posted."):
        assert words in page
    assert SECRET not in page
    answer = client.post(f"/admin/outbox/{posted}/retry", data={"page": "mail"})
    assert answer.headers["Location"].endswith(f"/admin/outbox/{posted}")
    assert "Somebody had it sent again." in client.get(f"/admin/outbox/{posted}").text
    client.post(f"/admin/outbox/{posted}/cancel", data={"page": "mail"})
    assert "Not sent on purpose" in client.get(f"/admin/outbox/{posted}").text
    assert client.get("/admin/outbox/999999").status_code == 404


def test_the_outbox_is_searched_by_organisation_and_by_what_was_put_off(client: FlaskClient) -> None:
    near, far = make.organisation(name="Harbour"), make.organisation(name="Valley")
    failed(near.id)
    waits = failed(far.id, "invitation")
    with db.transaction() as session:
        row = session.get_one(Message, waits)
        row.state, row.done_at = WorkState.WAITING, None
    make.signed_in(client, make.member(holder=make.account(is_admin=True)))
    assert "reminder@example.org" in client.get("/admin/outbox?organisation=harb").text
    assert "of such an organisation" in client.get("/admin/outbox?organisation=valley").text
    page = client.get("/admin/outbox?state=put-off").text
    assert "invitation@example.org" in page
    assert "Put off" in page


def test_an_address_that_refuses_mail_is_said_to_and_forgotten_on_retry(client: FlaskClient) -> None:
    posted = failed(make.organisation().id)
    now = clock.now()
    with db.transaction() as session:
        session.add(FailingAddress(email_key="reminder@example.org", refusals=2, first_at=now, last_at=now))
    make.signed_in(client, make.member(holder=make.account(is_admin=True)))
    assert "This address refuses mail" in client.get(f"/admin/outbox/{posted}").text
    client.post(f"/admin/outbox/{posted}/retry")
    db.session().rollback()
    assert db.session().scalars(select(FailingAddress)).all() == []


@pytest.mark.parametrize("kind", sorted(failing_addresses.CAN_WAIT))
def test_a_coordinator_sees_every_mail_that_waits_for_an_address_to_be_mended(
    client: FlaskClient, here: int, kind: str
) -> None:
    failed(here, kind, holder=amina(here))
    page = client.get("/coordinate/mails").text
    assert "Aylin Demir" in page
    assert str(mail_words.KINDS[kind]) in page


def test_every_mail_has_words_for_what_it_is_about() -> None:
    written = {path.stem for path in (templates_dir() / "email").glob("*.txt")} - {"layout", "parts"}
    assert written == set(mail_words.KINDS)
