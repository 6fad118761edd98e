"""The way to say that it is hard, from every page; and the safeguarding lead's pages, which nobody else sees."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from mhfa_lms import clock, db
from mhfa_lms.models import (
    AnswerState,
    CaseState,
    ContactDraft,
    LoginSession,
    Membership,
    Organisation,
    Role,
    SafeguardingCase,
    SafeguardingEntry,
    ScenarioAnswer,
)
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import erasure, exporting, retention
from tests import make

ASK = "This is hard: I would like someone to get in touch"


class Place:
    """An organisation with a learner on a course, and the browsers of its people."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.id = make.organisation("here").id
        self.revision_id = make.published().id
        self.writer = self.member("Wren Writer")
        self.enrolment_id = make.enrolment(fresh(Membership, self.writer)).id

    def member(self, name: str, *roles: Role, **values: Any) -> int:
        """Add a person."""
        return make.member(fresh(Organisation, self.id), *roles, name=name, **values).id

    def browser(self, membership_id: int) -> FlaskClient:
        """A browser of a person's."""
        return make.signed_in(self.app.test_client(), fresh(Membership, membership_id))

    def ask(self, **form: str) -> None:
        """Ask for somebody to get in touch."""
        assert self.browser(self.writer).post("/support", data=form).status_code == 303


def fresh(model: Any, row_id: int) -> Any:
    db.session().rollback()
    return db.session().get_one(model, row_id)


def cases() -> list[SafeguardingCase]:
    db.session().rollback()
    return list(db.session().scalars(select(SafeguardingCase).order_by(SafeguardingCase.id)))


def words(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.get_data(as_text=True).split("<main")[1]).split())


@pytest.fixture
def place(app: Flask) -> Place:
    return Place(app)


@contextmanager
def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> Iterator[None]:
    with monkeypatch.context() as patch:
        moment = clock.now() + by
        patch.setattr(clock, "now", lambda: moment)
        yield


def test_the_way_to_ask_is_on_every_page_of_a_member(place: Place) -> None:
    client = place.browser(place.writer)
    course = f"/learn/{place.enrolment_id}"
    for path in ("/home", course, f"{course}/step/one-a", f"{course}/assessment", f"{course}/scenario/sam",
                 "/account", "/help", "/nowhere", "/support"):  # fmt: skip
        assert f'<a href="/support">{ASK}</a>' in client.get(path).text, path
    assert ASK not in place.app.test_client().get("/").text
    admin = place.app.test_client()
    make.signed_in_account(admin, make.account(is_admin=True), now=clock.now())
    assert ASK not in admin.get("/account").text


def test_help_comes_first_then_who_reads_it_and_how_soon(place: Place) -> None:
    place.member("Lee Lead", Role.SAFEGUARDING)
    make.help_line(fresh(Organisation, place.id), name="School counsellor", phone="020 7946 0123")
    page = place.browser(place.writer).get("/support")
    text = words(page)
    order = ["Help now", "School counsellor", "Only the safeguarding lead reads it: Lee Lead", "24 hours",
             "not for emergencies", "What would you like them to know?", "Ask them to get in touch"]  # fmt: skip
    places = [text.index(one) for one in order]
    assert places == sorted(places)
    assert "data-exit" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "Who should read it first?" not in text


def test_asking_without_a_word_is_enough_and_the_page_says_what_became_of_it(place: Place) -> None:
    lead = place.member("Lee Lead", Role.SAFEGUARDING)
    client = place.browser(place.writer)
    sent = client.post("/support", data={})
    assert (sent.status_code, sent.location) == (303, "/support#received")
    assert "Your request is there" in words(client.get("/support"))
    case_id = cases()[0].id
    reader = place.browser(lead)
    assert "1 case waits" in words_of_navigation(reader)
    assert reader.post(f"/safeguarding/{case_id}/acknowledge").status_code == 303
    text = words(client.get("/support"))
    assert "Somebody has read it Lee Lead read it on" in text
    assert client.post("/support/withdraw").status_code == 303
    assert "You have taken your request back" in words(client.get("/support"))
    assert [one.state for one in cases()] == [CaseState.WITHDRAWN]


def words_of_navigation(client: FlaskClient) -> str:
    bar = client.get("/home").text.split('<nav class="nav')[1].split("</nav>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", bar).split())


def test_several_leads_can_be_chosen_from_and_what_was_typed_is_kept(place: Place) -> None:
    first, second = place.member("Ada", Role.SAFEGUARDING), place.member("Ben", Role.SAFEGUARDING)
    client = place.browser(place.writer)
    page = client.post("/support", data={"text": "Hello there", "reach": "x" * 201})
    assert page.status_code == 422
    assert "Hello there" in page.text
    assert "<title>Error: " in page.text
    assert client.post("/support", data={"who": "999999"}).status_code == 422
    client.post("/support", data={"who": str(second), "text": "Hello"})
    case_id = cases()[0].id
    assert place.browser(first).get(f"/safeguarding/{case_id}").status_code == 404
    assert "Hello" in words(place.browser(second).get(f"/safeguarding/{case_id}"))


def test_where_nobody_can_answer_the_page_says_so_and_keeps_nothing(place: Place) -> None:
    client = place.browser(place.writer)
    text = words(client.get("/support"))
    assert "Nobody here can be asked yet" in text
    assert "Ask them to get in touch" not in text
    assert client.post("/support", data={"text": "Hello"}).status_code == 200
    assert cases() == []


@pytest.mark.parametrize("role", [Role.LEARNER, Role.INSTRUCTOR, Role.COORDINATOR, "administrator", "elsewhere"])
def test_nobody_but_the_lead_reaches_these_pages(place: Place, role: Any) -> None:
    place.member("Lee Lead", Role.SAFEGUARDING)
    place.ask(text="Only for Lee")
    case = f"/safeguarding/{cases()[0].id}"
    if role == "elsewhere":
        client = make.signed_in(place.app.test_client(), make.member(None, Role.SAFEGUARDING))
    elif role == "administrator":
        client = place.browser(place.member("Ada", holder=make.account(is_admin=True)))
    else:
        client = place.browser(place.member("Somebody", role))
    assert client.get("/safeguarding").status_code == (200 if role == "elsewhere" else 403)
    assert "Wren" not in client.get("/safeguarding").text
    for path, method in ((case, "GET"), (f"{case}/acknowledge", "POST"), (f"{case}/note", "POST")):
        answer = client.open(path, method=method)
        assert answer.status_code == 404
        assert "Wren" not in answer.text
    assert [one.state for one in cases()] == [CaseState.WAITING]


def test_the_list_says_a_moment_once_and_both_where_they_differ(place: Place) -> None:
    lead = place.member("Lee Lead", Role.SAFEGUARDING)
    place.ask(text="Only for Lee")
    reader = place.browser(lead)
    assert "Opened on" not in reader.get("/safeguarding").text
    with db.transaction() as session:
        case = session.scalars(select(SafeguardingCase)).one()
        case.opened_at -= timedelta(days=2)
    assert "Opened on" in reader.get("/safeguarding").text


def test_a_case_from_its_beginning_to_its_end(place: Place) -> None:
    lead = place.member("Lee Lead", Role.SAFEGUARDING)
    place.ask(text="First words\n\n<b>Second</b>", reach="020 7946 0999", when="after five")
    reader, case = place.browser(lead), f"/safeguarding/{cases()[0].id}"
    assert "Wren Writer Waiting" in words(reader.get("/safeguarding"))
    page = reader.get(case)
    text = words(page)
    for shown in ("First words", "&lt;b&gt;Second&lt;/b&gt;", "020 7946 0999", "after five", "@example.org"):
        assert shown in text, shown
    assert "data-exit" in page.text
    assert reader.post(f"{case}/note", data={"text": ""}).status_code == 422
    assert reader.post(f"{case}/note", data={"text": "We spoke."}).status_code == 303
    assert "Note by Lee Lead" in words(reader.get(case))
    closed = reader.post(f"{case}/note", data={"text": "All well.", "do": "close"})
    assert (closed.status_code, closed.location) == (303, "/safeguarding")
    text = words(reader.get(case))
    assert "All well." in text
    assert "Keep the note" not in text
    reader.post(f"{case}/note", data={"text": "Too late"})
    assert "Too late" not in words(reader.get(case))
    assert "This is finished" in words(place.browser(place.writer).get("/support"))


def test_words_whose_key_is_gone_are_said_to_be(place: Place) -> None:
    lead = place.member("Lee Lead", Role.SAFEGUARDING)
    place.ask(text="First words")
    with db.transaction() as session:
        session.scalars(select(SafeguardingEntry)).one().sealed = "unreadable"
    assert "These words cannot be opened" in words(place.browser(lead).get(f"/safeguarding/{cases()[0].id}"))


def test_handing_in_a_statement_about_oneself_leads_to_help(place: Place) -> None:
    place.member("Lee Lead", Role.SAFEGUARDING)
    client = place.browser(place.writer)
    address = f"/learn/{place.enrolment_id}/scenario/sam"
    assert "If you write plainly that you yourself are in danger" in words(client.get(address))
    text = "I would sit down with Sam and ask about suicide plainly. And to be honest, I want to end my life. " * 2
    sent = client.post(address, data={"text": text, "version": 0, "page": "p", "do": "submit"})
    assert (sent.status_code, sent.location) == (303, "/support")
    text = words(client.get("/support"))
    assert "Your answer is handed in" in text
    assert "In your answer you wrote that you may be in danger yourself" in text
    assert "Ask them to get in touch" in text
    assert db.session().scalars(select(ScenarioAnswer.state)).one() is AnswerState.WAITING


def test_a_marker_can_say_that_they_worry_and_goes_on_marking(place: Place) -> None:
    lead = place.member("Lee Lead", Role.SAFEGUARDING)
    answer_id = make.answer(fresh_enrolment(place)).id
    marker = place.member("Ines Marker", Role.INSTRUCTOR)
    make.authorisation(fresh(Membership, marker), revision(place))
    client = place.browser(marker)
    client.post(f"/mark/{answer_id}/hold")
    page = client.get(f"/mark/{answer_id}")
    html = page.text
    # Enter in a field presses the form's first button, and that one must be the mark's.
    assert html.index("Save and next") < html.index(f'formaction="/mark/{answer_id}/worried"')
    typed = {"level-asks": "3", "feedback": "Half a word"}
    sent = client.post(f"/mark/{answer_id}/worried", data=typed)
    assert (sent.status_code, sent.location) == (303, f"/mark/{answer_id}")
    page = client.get(f"/mark/{answer_id}")
    assert "The safeguarding lead knows of this answer" in words(page)
    assert "Half a word" in page.text
    assert "Wren" not in page.text
    assert f"/mark/{answer_id}/worried" not in page.text
    text = words(place.browser(lead).get(f"/safeguarding/{cases()[0].id}"))
    assert "A marker is worried about the writer of an answer" in text
    assert "I sit down with Sam." in text


def fresh_enrolment(place: Place) -> Any:
    from mhfa_lms.models import Enrolment

    return fresh(Enrolment, place.enrolment_id)


def revision(place: Place) -> Any:
    return fresh_enrolment(place).revision


def test_after_a_day_the_writers_page_says_not_to_wait(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from mhfa_lms.services import safeguarding_notices

    place.member("Lee Lead", Role.SAFEGUARDING)
    place.ask()
    assert safeguarding_notices.escalate_due(now=clock.now() + timedelta(hours=25)) == 1
    with later(monkeypatch, timedelta(hours=26)):
        assert "A day has passed" in words(place.browser(place.writer).get("/support"))


WORDS = "It is about my brother."


def signed_in_again(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, *, after: timedelta) -> str:
    """Return the page as a browser shows it in which the password is typed so long after now."""
    with later(monkeypatch, after):
        with db.transaction() as session:
            session.execute(update(LoginSession).values(password_at=clock.now()))
        return client.get("/support").text


def drafts() -> list[ContactDraft]:
    db.session().rollback()
    return list(db.session().scalars(select(ContactDraft)))


def test_words_not_sent_come_back_only_after_signing_in_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = place.member("Lee Lead", Role.SAFEGUARDING)
    client = place.browser(place.writer)
    assert 'data-draft-url="/support/draft"' in client.get("/support").text
    typed = {"text": WORDS, "reach": "020 7946 0999", "when": "", "who": "anybody"}
    assert client.post("/support/draft", json=typed).status_code == 200
    (kept,) = drafts()
    assert WORDS not in kept.sealed
    minutes = timedelta(minutes=1)
    for page in (client.get("/support").text, place.browser(lead).get("/support").text):
        assert WORDS not in page
        assert "Your words are back" not in page
    for after, there in ((-minutes, False), (minutes, True), (timedelta(days=7, minutes=1), False)):
        page = signed_in_again(client, monkeypatch, after=after)
        assert (WORDS in page, "020 7946 0999" in page, "Your words are back" in page) == (there, there, there), after
    with db.transaction() as session:
        session.execute(update(LoginSession).values(password_at=clock.now() + minutes))
    with later(monkeypatch, timedelta(minutes=12)):
        assert WORDS not in client.get("/support").text, "signed in for long: somebody else may look"


def test_words_not_sent_go_when_sent_emptied_or_removed(place: Place) -> None:
    place.member("Lee Lead", Role.SAFEGUARDING)
    client = place.browser(place.writer)
    kept_too_long = next(one for one in retention.DUTIES if one.name == "contact-drafts")
    ends: list[Callable[[], Any]] = [
        lambda: client.post("/support/draft", json={"text": " "}),
        lambda: client.post("/support", data={"do": "keep"}),
        lambda: client.post("/support/forget"),
        lambda: client.post("/support", data={"text": WORDS}),
        lambda: retention.run(kept_too_long, by=SYSTEM, now=clock.now() + timedelta(days=7, minutes=1)),
    ]
    for end in ends:
        assert client.post("/support", data={"text": WORDS, "do": "keep"}).location == "/home"
        assert len(drafts()) == 1
        end()
        assert drafts() == []
    assert len(cases()) == 1, "keeping words asks nobody"


def test_what_cannot_be_kept_is_refused(place: Place) -> None:
    client = place.browser(place.writer)
    assert client.post("/support/draft", json={"text": WORDS}).status_code == 409, "nobody is there to read it"
    place.member("Lee Lead", Role.SAFEGUARDING)
    for sent, code in (([], 400), ({"text": 1}, 400), ({"reach": "x" * 201}, 422), ({"text": "x" * 4001}, 422)):
        assert client.post("/support/draft", json=sent).status_code == code
    assert drafts() == []


def test_words_not_sent_are_in_their_own_copy_and_go_with_the_person(place: Place) -> None:
    place.member("Lee Lead", Role.SAFEGUARDING)
    place.browser(place.writer).post("/support/draft", json={"text": WORDS})
    keys = place.app.extensions["mhfa_settings"].secret_keys
    actor = make.actor(fresh(Membership, place.writer))
    email = fresh(Membership, place.writer).account.email
    rows, _drawn = exporting.own(by=actor, keys=keys)
    assert rows["contact_draft"][0]["text"] == WORDS
    assert "sealed" not in rows["contact_draft"][0]
    assert "contact_draft" not in exporting.export(email, by=SYSTEM, now=clock.now())
    erasure.erase(email, by=SYSTEM, now=clock.now())
    assert drafts() == []
