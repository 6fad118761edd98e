"""What strangers, clumsy fingers and programs send: never a crash, and never more than a refusal."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from mhfa_lms import clock, db, logs
from mhfa_lms.models import (
    AnswerState,
    AttemptAnswer,
    Authorisation,
    AwaitedCertificate,
    Job,
    Membership,
    ScenarioAnswer,
    StoredFile,
    WorkState,
)
from mhfa_lms.services import history, history_records, history_work, work
from mhfa_lms.web.access import ACCESS, PUBLIC
from tests import make
from tests.web.test_walk import World, address, sign_in, world

__all__ = ["world"]

# What no form sends: bytes that PostgreSQL refuses, numbers that no id can be, half a letter, markup, line ends.
HOSTILE: Final = {
    "a zero byte": b"a\0b@example.org",
    "more than 64 bits": str(2**63).encode(),
    "64 bits": str(2**63 - 1).encode(),
    "32 bits": str(2**31).encode(),
    "many digits": b"9" * 5000,
    "a negative number": b"-1",
    "digits of another script": "\u0663".encode(),
    "bytes that are no text": b"\xff\xfe\xed\xa0\x80",
    "line ends": b"a\r\nBcc: everybody@example.org",
    "markup": b'"><script>alert(1)</script>{{ 7*7 }}%(x)s',
    "a long text": "ä".encode() * 60_000,
}
PERSON: Final = {"name": "Ann", "audience": "volunteer"}
NEW: Final = {"email": "new@example.org"}
# What each form sends when it is filled in well; each field in turn is then filled in badly.
FORMS: Final[dict[str, dict[str, str]]] = {
    "account.sign_in": {"email": "ann@example.org", "password": make.PASSWORD},
    "account.forgot": NEW,
    "account.join": {**PERSON, **NEW, "password": make.PASSWORD, "of_age": "y"},
    "account.language": {"language": "en", "next": "/"},
    "account.copy": {},
    "account.delete": {"understood": "y", "password": make.PASSWORD},
    "account.password": {"current": make.PASSWORD, "password": make.PASSWORD},
    "account.address": {**NEW, "password": make.PASSWORD},
    "account.listing": {"choice": "yes"},
    "account.reminders": {"choice": "yes"},
    "account.digest": {"choice": "yes"},
    "account.time_zone": {"zone": "Europe/London"},
    "account.switch": {"membership_id": "1"},
    "learn.enrol": {"course": "1"},
    "learn.step": {"do": "answer", "choice": "a"},
    "learn.question": {"choice": "a", "version": "1", "page": "x", "then": "check"},
    "learn.scenario": {"do": "draft", "text": "I would listen.", "version": "0", "page": "x"},
    "learn.certificate_name": {"show": "initials"},
    "learn.begin_renewal": {},
    "learn.ask_for_badge": {},
    "admin.rule": {"value": "24"},
    "learn.support": {"text": "It was hard.", "reach": "", "when": "", "who": "anybody"},
    "learn.conversation": {"do": "choose", "depth": "0", "scene": "door", "choice": "sit"},
    "learn.two_answers": {"which": "later", "clash": "1"},
    "grading.answer": {
        "level-asks": "3",
        "level-hears": "3",
        "action-asked": "yes",
        "feedback": "Good",
        "then": "stop",
    },
    "grading.release": {"reason": "Was ill"},
    "coordinate.roles": {"roles": "learner"},
    "coordinate.enrol": {"course_id": "1"},
    "coordinate.check": {"until": "2027-01-31"},
    "coordinate.extend": {"months": "2", "reason": "Was ill"},
    "coordinate.authorise": {"type_id": "1", "until": "2027-01-31"},
    "coordinate.details": {**PERSON, "site_id": "", "languages": "English", "work_email": "a@example.org"},
    "coordinate.invite": {**PERSON, **NEW, "site_id": "", "roles": "learner", "course_id": ""},
    "coordinate.correct": {"name": "Ann Other", "in_record": "y", "because": "misspelt"},
    "coordinate.sites": {"name": "North"},
    "coordinate.add_help_line": {
        "name": "Desk",
        "phone": "020 7946 0000",
        "text_number": "",
        "link": "",
        "hours": "",
        "languages": "",
        "for_whom": "",
    },
    "coordinate.help_line": {"name": "Desk", "phone": "", "text_number": "85258", "link": "https://a.example"},
    "public.another_format": {
        "wanted": "other-language",
        "details": "Braille",
        "contact": "a@example.org",
        "page": "/",
    },
    "coordinate.help_lines_public": {"choice": "yes"},
    "coordinate.certificate_look": {
        **{"accent": "plum", "paper": "", "wording": "Recognised", "name_1": "Ada", "title_1": "Head"},
        **{"name_2": "", "title_2": "", "name_3": "", "title_3": ""},
    },
    "coordinate.pack_certificates": {},
    "coordinate.history_preview": {},
    "coordinate.history_record": {"invite": "yes"},
    "coordinate.remove_awaited": {},
    "coordinate.revoke": {"reason": "A mistake"},
    "admin.create_organisation": {"name": "N", "slug": "n", "parent": "", "timezone": "UTC", "country": ""},
    "admin.edit_organisation": {"name": "N", "parent": "", "timezone": "UTC", "country": "", "open_to_join": "y"},
    "admin.invite_coordinator": {"name": "Ann", **NEW},
    "admin.accept_course": {"reason": "Read on paper"},
    "admin.publish_course": {"how": "revision", "seen": "x"},
    "reviewing.comment": {"at": "one-a.body", "text": "Too long"},
    "reviewing.thread": {"do": "answer", "text": "It is shorter now"},
}
QUERY: Final = (
    *("after", "before", "q", "site", "course", "standing", "listed", "open", "from", "to", "cohort"),
    *("verb", "who", "kind", "subject", "organisation", "since", "until"),
    *("role", "training", "state", "country", "next", "about", "code", "bom"),
)
SIGNED_OUT: Final = {"account.sign_in", "account.forgot", "account.join"}


def who_for(path: str) -> str:
    areas = {"/coordinate": "coordinator", "/mark": "instructor", "/admin": "administrator", "/review": "administrator"}
    return next((who for start, who in areas.items() if path.startswith(start)), "owner")


def filled_in(rule: str, values: dict[str, Any]) -> str:
    return re.sub(r"<(?:[^<>]+:)?([^<>:]+)>", lambda part: str(values[part.group(1)]), rule)


class Crowd:
    """One browser for each person of the world, made when it is first needed."""

    def __init__(self, app: Flask, world: World) -> None:
        # As in real life: an error becomes the page of an error instead of the test's own.
        app.config["PROPAGATE_EXCEPTIONS"] = False
        self.app, self.world = app, world
        self.clients: dict[str, FlaskClient] = {}

    def __getitem__(self, who: str) -> FlaskClient:
        if who not in self.clients:
            self.clients[who] = sign_in(self.app.test_client(), self.world, who)
        return self.clients[who]


def rules_of(app: Flask, world: World) -> dict[str, str]:
    """Return the address of each route, filled in with the owner's ids."""
    values = {**world.values, "number": 1, "place": 1, "kind": "csv", "slug": "open", "country": "GB"}
    found = {rule.endpoint: address(rule, values) for rule in app.url_map.iter_rules()}
    found["admin.rule"] = "/admin/rules/valid_months"
    found["coordinate.pack_certificates"] = "/coordinate/register/files.zip"
    return {endpoint: path for endpoint, path in found.items() if path}


@pytest.fixture
def crowd(app: Flask, world: World) -> Crowd:
    return Crowd(app, world)


def earlier_certificates(world: World) -> dict[str, str]:
    """Return where a table that was looked at is recorded, and where a certificate that waits is let go."""
    here = db.session().get_one(Membership, world.people["coordinator"].id)
    by, now, title = make.actor(here), clock.now(), str(make.published().title)
    row = {"email": "waits@example.org", "course": title, "completed_on": "2025-03-31"}
    found = history.plan([(2, row)], by=by, now=now)
    history_records.record(found.awaited, by=by, now=now)
    stored = StoredFile(key="earlier/a.table", media_type="x/y", size=1, sha256="0", created_at=now)
    look = history_work.begin(stored, "a.csv", by=by, now=now)
    with db.transaction() as session:
        session.execute(update(Job).where(Job.id == look).values(state=WorkState.DONE, done_at=now))
        waits = session.scalars(select(AwaitedCertificate.id)).one()
    start = "/coordinate/register/earlier"
    return {
        "coordinate.history_record": f"{start}/{look}/record",
        "coordinate.remove_awaited": f"{start}/waiting/{waits}/remove",
    }


def forms(app: Flask, world: World) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """Yield the forms that can be sent in this world: endpoint, who sends it, its address, its fields."""
    make.organisation("open", open_to_join=True)
    # The owner's answer waits for its mark; a colleague still writes.
    writing = make.enrolment(db.session().get_one(Membership, world.people["colleague"].id))
    paths = rules_of(app, world) | {"learn.scenario": f"/learn/{writing.id}/scenario/sam"} | earlier_certificates(world)
    for endpoint, form in FORMS.items():
        who = "colleague" if endpoint == "learn.scenario" else who_for(paths[endpoint])
        yield endpoint, "nobody" if endpoint in SIGNED_OUT else who, paths[endpoint], form


def test_the_forms_reach_what_they_are_for(app: Flask, world: World, crowd: Crowd) -> None:
    """Otherwise the next test would only prove that forms left empty are refused."""
    answers = {
        endpoint: crowd[who].post(path, data=form).status_code for endpoint, who, path, form in forms(app, world)
    }
    db.session().rollback()
    kinds = db.session().scalars(select(Job.kind)).all()
    assert (work.HISTORY_RECORD in kinds, db.session().scalar(select(AwaitedCertificate.id))) == (True, None)
    others = {endpoint: status for endpoint, status in answers.items() if status != 303}
    # Nobody in this world has a password, and the owner is no instructor.
    assert others == dict.fromkeys(
        (
            "account.sign_in",
            "account.password",
            "account.address",
            "account.delete",
            "coordinate.authorise",
            "coordinate.check",
            # A form's fields alone bring no file.
            "coordinate.history_preview",
        ),
        422,
    )


@pytest.mark.parametrize("kind", HOSTILE)
def test_every_field_of_every_form(app: Flask, world: World, crowd: Crowd, kind: str) -> None:
    for endpoint, who, path, form in forms(app, world):
        for field in form:
            answer = crowd[who].post(path, data={**form, field: HOSTILE[kind]})
            assert answer.status_code in {303, 400, 403, 404, 409, 413, 422, 429}, f"{field} of {endpoint}"
            assert "alert(1)</script>" not in answer.text


@pytest.mark.parametrize("kind", HOSTILE)
def test_every_parameter_of_every_address(app: Flask, world: World, kind: str) -> None:
    crowd, value = Crowd(app, world), quote(HOSTILE[kind][:6000])
    wanted = "&".join(f"{name}={value}" for name in QUERY)
    for rule in app.url_map.iter_rules():
        filled = {**dict.fromkeys(rule.arguments, 1), **world.values, "kind": "csv"}
        # First in the question after the address, then in the place of each of its parts.
        tries = [(filled, wanted), *(({**filled, part: value}, "") for part in rule.arguments)]
        for values, question in tries:
            path = filled_in(rule.rule, values)
            for method in (rule.methods or set()) & {"GET", "POST"}:
                answer = crowd[who_for(path)].open(f"{path}?{question}", method=method)
                assert answer.status_code < 500, f"{method} {path[:80]}"
                assert "alert(1)</script>" not in answer.text, path


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "\\u0000\\ud800 I listen."}',
        b"[" * 100_000,
        b'{"text": ' + b"[" * 900 + b"]" * 900 + b"}",
        b"\xff",
        b"0",
    ],
    ids=["no text", "open lists", "lists in lists", "no letters", "a number"],
)
def test_drafts_of_nonsense(app: Flask, world: World, body: bytes) -> None:
    crowd = Crowd(app, world)
    learner = crowd["owner"].post(
        f"/learn/{world.values['enrolment_id']}/scenario/sam/draft", data=body, content_type="application/json"
    )
    marker = crowd["instructor"].post(
        f"/mark/{world.values['answer_id']}/draft",
        data=body.replace(b"text", b"feedback"),
        content_type="application/json",
    )
    unsent = crowd["owner"].post("/support/draft", data=body, content_type="application/json")
    assert {learner.status_code, unsent.status_code} <= {200, 400, 409}
    assert marker.status_code in {200, 422}


def test_an_answer_numbered_by_a_liar_shuts_nobody_out(app: Flask, world: World) -> None:
    path = f"/learn/{world.values['enrolment_id']}/assessment/1/question/1"
    client = Crowd(app, world)["owner"]
    client.post(path, data={"choice": "a", "version": str(2**31 - 1), "page": "x"})
    with db.transaction() as session:
        assert session.scalars(select(AttemptAnswer.version)).one() == 1
    assert client.post(path, data={"choice": "b", "version": "2", "page": "x"}).status_code == 303


def test_nothing_is_written_for_a_page_of_another_site(app: Flask, world: World) -> None:
    """Every POST needs the token that only our own pages hold; the drafts' JSON too."""
    app.config["WTF_CSRF_ENABLED"] = True
    crowd, asked = Crowd(app, world), 0
    for rule in app.url_map.iter_rules():
        path = rules_of(app, world).get(rule.endpoint)
        if path is None or "POST" not in (rule.methods or set()):
            continue
        for sent in ({"data": {"do": "continue"}}, {"json": {"text": "x"}}):
            assert crowd[who_for(path)].post(path, **sent).status_code == 400, path
            asked += 1
    assert asked > 60


# What an administrator may do without being anybody's member; a course under review belongs to no organisation.
OUTSIDE = {PUBLIC, "secure-account", "use-account", "see-home", "administer", "invite-coordinator", "review"}


def test_an_administrator_without_a_membership_sees_no_organisation_from_inside(app: Flask, world: World) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = app.test_client()
    make.signed_in_account(client, make.account(is_admin=True), now=clock.now())
    for rule in app.url_map.iter_rules():
        path = rules_of(app, world).get(rule.endpoint)
        if path is None or rule.endpoint in {"account.sign_out", "account.sign_out_everywhere"}:
            continue
        can = getattr(app.view_functions[rule.endpoint], ACCESS)
        inside = can not in OUTSIDE
        for method in (rule.methods or set()) & {"GET", "POST"}:
            answer = client.open(path, method=method)
            assert answer.status_code < 500, path
            assert not inside or answer.status_code in {403, 404}, path


def test_ids_of_another_organisation_in_a_form_are_refused(app: Flask, world: World) -> None:
    crowd = Crowd(app, world)
    foreign = make.site(make.organisation("foreign"), "Foreign site")
    site_id, stranger_id = foreign.id, world.people["stranger"].id
    coordinator = crowd["coordinator"]
    for path in ("/coordinate/people/invite", f"/coordinate/people/{world.values['membership_id']}/details"):
        answer = coordinator.post(path, data={**PERSON, **NEW, "roles": "learner", "course_id": "", "site_id": site_id})
        assert answer.status_code == 422
        assert "Foreign site" not in answer.text
    assert crowd["owner"].post("/account/organisations/switch", data={"membership_id": stranger_id}).status_code == 403


def test_skipping_another_organisations_answer_lets_go_of_nothing(app: Flask, world: World) -> None:
    crowd, answer_id = Crowd(app, world), world.values["answer_id"]
    assert crowd["instructor"].post(f"/mark/{answer_id}/hold").status_code == 303
    for who in ("other instructor", "owner"):
        assert crowd[who].post(f"/mark/next?skip={answer_id}").status_code in {303, 403}
    db.session().rollback()
    held = db.session().scalars(select(ScenarioAnswer.claimed_by_id).where(ScenarioAnswer.id == answer_id)).one()
    assert held == world.people["instructor"].id


def test_leave_to_mark_that_ends_during_a_claim_ends_marking(app: Flask, world: World) -> None:
    client, path = Crowd(app, world)["instructor"], f"/mark/{world.values['answer_id']}"
    assert client.post(f"{path}/hold").status_code == 303
    with db.transaction() as session:
        given = session.scalars(
            select(Authorisation).where(Authorisation.membership_id == world.people["instructor"].id)
        ).one()
        given.valid_from, given.expires_on = given.valid_from.replace(year=2020), given.valid_from.replace(year=2021)
    assert client.post(path, data=FORMS["grading.answer"]).status_code == 403
    assert client.post(f"{path}/draft", json={"feedback": "x"}).status_code == 403
    assert client.get(path).status_code == 403
    assert client.get("/mark").status_code == 200
    db.session().rollback()
    assert db.session().get_one(ScenarioAnswer, world.values["answer_id"]).state is AnswerState.WAITING


def test_pages_that_show_a_person_who_is_not_signed_in_leave_no_copy(app: Flask, world: World) -> None:
    client = app.test_client()
    client.post("/forgot", data=NEW)
    for path in ("/look-in-your-mail", "/sign-in", "/forgot"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store", path
    # Get help now sets no cookie, so that there is nothing to find afterwards.
    assert "Set-Cookie" not in app.test_client().get("/help?country=GB").headers


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "\n//evil.example", "home"],
)
def test_nobody_is_sent_to_another_site(app: Flask, world: World, target: str) -> None:
    client = Crowd(app, world)["owner"]
    assert client.get("/sign-in", query_string={"next": target}).headers["Location"] == "/home"
    assert client.post("/language", data={"language": "en", "next": target}).headers["Location"] == "/"
    assert "evil" not in client.get("/home", headers={"Host": "evil.example"}).text


def test_names_written_with_joiners_are_names(app: Flask, world: World) -> None:
    coordinator = Crowd(app, world)["coordinator"]
    form = {**FORMS["coordinate.invite"], "name": "علی\u200cرضا"}
    assert coordinator.post("/coordinate/people/invite", data=form).status_code == 303
    for name in ("Ann\nBcc: all@example.org", "Ann\u202egpj", "\u2028"):
        answer = coordinator.post("/coordinate/people/invite", data={**form, "name": f"A{name}B"})
        assert answer.status_code == 422, json.dumps(name)


def test_an_errors_own_words_stay_out_of_the_log(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(*_args: Any, **_more: Any) -> None:
        try:
            raise KeyError("amina@example.org")
        except KeyError as error:
            raise ValueError("Key (email_key)=(amina@example.org) already exists") from error

    monkeypatch.setattr("mhfa_lms.services.journey.home", breaks)
    logs.configure()
    client = Crowd(app, world)["owner"]
    assert client.get("/home").status_code == 500
    logged = capsys.readouterr().err
    assert "ValueError" in logged
    assert "learn.home" in logged
    assert "amina@example.org" not in logged
