"""Stopping mails by their link: without signing in, by one click, and only what the link is about."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.adapters.mail import RecordingMailer
from mhfa_lms.jobs.delivery import Counts, send_waiting
from mhfa_lms.models import AuditEvent, Membership, MembershipState, Role
from mhfa_lms.services import digests, reminders, stopping
from mhfa_lms.services.stopping import Stop
from mhfa_lms.settings import Settings
from tests import make

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def strict(app: Flask) -> FlaskClient:
    """A visitor's mail program, with the protection of forms switched on."""
    app.config["WTF_CSRF_ENABLED"] = True
    return app.test_client()


def path(membership_id: int, settings: Settings, what: Stop = Stop.REMINDERS) -> str:
    return f"/stop/{stopping.sign(membership_id, what, keys=settings.secret_keys)}"


def stopped(membership_id: int) -> tuple[bool, bool]:
    db.session().rollback()
    row = db.session().get_one(Membership, membership_id)
    return row.reminders_stopped_at is not None, row.digest_stopped_at is not None


def test_looking_changes_nothing_and_one_click_stops(strict: FlaskClient, settings: Settings) -> None:
    member = make.member(make.organisation(name="North")).id
    link = path(member, settings)
    page = strict.get(link)
    assert page.status_code == 200
    assert "North" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers
    assert stopped(member) == (False, False)
    for _ in range(2):
        answer = strict.post(link, data=ONE_CLICK)
        assert answer.status_code == 200
        assert "These mails are stopped" in answer.text
        assert stopped(member) == (True, False)
    verbs = select(func.count()).where(AuditEvent.verb == "reminders-stopped")
    assert db.session().scalar(verbs) == 1


def test_the_page_s_button_stops_and_takes_back(strict: FlaskClient, settings: Settings) -> None:
    member = make.member().id
    link = path(member, settings)
    answer = strict.post(link, data={"choice": "no"})
    assert (answer.status_code, answer.headers["Location"]) == (303, link)
    assert stopped(member) == (True, False)
    assert "Send them again" in strict.get(link).text
    strict.post(link, data={"choice": "yes"})
    assert stopped(member) == (False, False)


def test_a_coordinator_stops_the_letter_alone_and_sees_it_under_account(
    client: FlaskClient, settings: Settings
) -> None:
    owner = make.organisation()
    chris = make.member(owner, Role.COORDINATOR)
    chris_id = chris.id
    client.post(path(chris_id, settings, Stop.DIGEST), data=ONE_CLICK)
    assert stopped(chris_id) == (False, True)
    make.signed_in(client, db.session().get_one(Membership, chris_id))
    assert "Send me the letters" in client.get("/account").text
    client.post("/account/digest", data={"choice": "yes"})
    assert stopped(chris_id) == (False, False)
    assert "Send me no letters" in client.get("/account").text


def test_others_are_not_asked_about_the_coordinators_letter(client: FlaskClient) -> None:
    make.signed_in(client, make.member())
    assert "Letters for coordinators" not in client.get("/account").text


def test_a_word_that_we_did_not_sign_and_a_person_who_is_gone_look_alike(
    client: FlaskClient, settings: Settings
) -> None:
    here, gone = make.member().id, make.member(state=MembershipState.LEFT, left_at=make.NOON).id
    good = path(here, settings)
    other_keys = f"/stop/{stopping.sign(here, Stop.REMINDERS, keys=('another key',))}"
    wrong = [good[:-1] + ("A" if good[-1] != "A" else "B"), "/stop/x", "/stop/...", other_keys, path(gone, settings),
             path(9_999_999, settings)]  # fmt: skip
    for method in ("GET", "POST"):
        answers = [client.open(one, method=method, data=ONE_CLICK) for one in wrong]
        assert {answer.status_code for answer in answers} == {404}
        # The address itself is in the page, for the choice of a language.
        assert len({answer.text.replace(one, "") for one, answer in zip(wrong, answers, strict=True)}) == 1
    assert stopped(here) == (False, False)


def test_a_link_outlives_the_key_that_signed_it(app: Flask, settings: Settings) -> None:
    member = make.member().id
    word = stopping.sign(member, Stop.REMINDERS, keys=("old",))
    assert stopping.read(db.session(), word, keys=("new", "old")) is not None
    assert stopping.read(db.session(), word, keys=("new",)) is None


def test_what_was_stopped_is_not_sent_though_it_was_posted(app: Flask, settings: Settings) -> None:
    owner = make.organisation()
    chris = make.member(owner, Role.COORDINATOR).id
    make.certificate(make.member(owner), **make.due_in(30))
    assert digests.post_due(now=make.NOON) == 1
    found = stopping.read(
        db.session(), stopping.sign(chris, Stop.DIGEST, keys=settings.secret_keys), keys=settings.secret_keys
    )
    assert found is not None
    stopping.put(found, wanted=False, now=make.NOON)
    assert send_waiting(settings, lambda: make.NOON, mailer=RecordingMailer()) == Counts(cancelled=1)
    assert digests.post_due(now=make.NOON.replace(day=30)) == 0
    assert reminders.post_due(now=make.NOON) == 1
