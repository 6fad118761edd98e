"""A walk over all routes as each role and as the other organisation's people.

Every route is asked for with ids of one organisation. Its own people get what the policy gives their role; everybody
else gets a refusal that does not tell whether the thing exists, and never a crash.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from mhfa_lms import clock
from mhfa_lms.models import AnswerState, Certificate, Enrolment, Role, ScenarioAnswer
from mhfa_lms.policy import Can
from mhfa_lms.web.access import ACCESS, PUBLIC
from tests import make

OWNER = "Olufunke Adeyemi"
REFUSED = {403, 404}
# Who of the owner's organisation may pass each permission with the owner's things.
INSIDE = {
    Can.SECURE_ACCOUNT: {"owner", "colleague", "instructor", "coordinator", "safeguarding", "administrator", "stranger",
                         "other instructor", "other coordinator"},
    Can.USE_ACCOUNT: {"owner", "colleague", "instructor", "coordinator", "safeguarding", "administrator", "stranger",
                      "other instructor", "other coordinator"},
    Can.SEE_HOME: {"owner", "colleague", "instructor", "coordinator", "safeguarding", "administrator", "stranger",
                   "other instructor", "other coordinator"},
    Can.LEARN: {"owner"},
    Can.SEE_OWN_CERTIFICATE: {"owner"},
    Can.SEE_OWN_WORK: {"owner"},
    Can.SEE_MARKING: {"instructor"},
    Can.MARK: {"instructor"},
    Can.RELEASE_ATTEMPT: {"instructor"},
    Can.ASK_FOR_CONTACT: {"owner", "colleague", "instructor", "coordinator", "safeguarding", "administrator",
                          "stranger", "other instructor", "other coordinator"},
    Can.SAFEGUARD: {"safeguarding"},
    Can.ADJUST: {"instructor", "coordinator"},
    Can.COORDINATE: {"coordinator"},
    Can.SEE_REGISTER: {"coordinator"},
    Can.EXPORT_REGISTER: {"coordinator"},
    Can.SEE_PEOPLE: {"coordinator"},
    Can.INVITE: {"coordinator"},
    Can.INVITE_COORDINATOR: {"administrator"},
    Can.CHANGE_MEMBERSHIP: {"coordinator"},
    Can.ENROL: {"coordinator"},
    Can.REVOKE_CERTIFICATE: {"coordinator"},
    Can.MEND_MAIL: {"coordinator"},
    Can.RECORD_HISTORY: {"coordinator"},
    Can.REVIEW: {"administrator"},
    Can.SIGN_OFF: set(),
    Can.ADMINISTER: {"administrator"},
}  # fmt: skip
# The other organisation's staff pass these where no id names the owner's organisation: they see their own.
BY_ROLE = {
    "other instructor": {Can.SEE_MARKING, Can.MARK, Can.RELEASE_ATTEMPT, Can.ADJUST},
    "other coordinator": {
        Can.COORDINATE, Can.SEE_REGISTER, Can.EXPORT_REGISTER, Can.SEE_PEOPLE, Can.INVITE, Can.CHANGE_MEMBERSHIP,
        Can.ENROL, Can.REVOKE_CERTIFICATE, Can.ADJUST, Can.RECORD_HISTORY,
    },
}  # fmt: skip
# Anybody with a membership learns, on their own enrolments.
MEMBERS = {
    "owner",
    "colleague",
    "instructor",
    "coordinator",
    "safeguarding",
    "stranger",
    "other instructor",
    "other coordinator",
}
WALKERS = sorted(MEMBERS | {"administrator", "nobody"})


@dataclass
class World:
    """Two organisations, and one person's things in the first."""

    people: dict[str, Any]
    values: dict[str, Any]


@pytest.fixture
def world(app: Flask) -> World:
    here, there = make.organisation("here"), make.organisation("there")
    revision = make.published()
    people = {
        "owner": make.member(here, name=OWNER),
        "colleague": make.member(here, name="Colleague"),
        "instructor": make.member(here, Role.INSTRUCTOR, name="Instructor"),
        "coordinator": make.member(here, Role.COORDINATOR, name="Coordinator"),
        "safeguarding": make.member(here, Role.SAFEGUARDING, name="Safeguarding"),
        "stranger": make.member(there, name="Stranger"),
        "other instructor": make.member(there, Role.INSTRUCTOR, name="Other instructor"),
        "other coordinator": make.member(there, Role.COORDINATOR, name="Other coordinator"),
        "administrator": make.member(there, name="Administrator", holder=make.account(is_admin=True)),
    }
    allowed = {name: make.authorisation(people[name], revision).id for name in ("instructor", "other instructor")}
    enrolment: Enrolment = make.enrolment(people["owner"], revision)
    certificate: Certificate = make.certificate(people["owner"], revision)
    answer: ScenarioAnswer = make.answer(enrolment, state=AnswerState.WAITING)
    make.attempt(enrolment)
    return World(
        # Plain numbers: the rows themselves do not outlive a request's session.
        {name: SimpleNamespace(id=found.id, account_id=found.account_id) for name, found in people.items()},
        {
            "enrolment_id": enrolment.id,
            "revision_id": revision.id,
            "step_id": "one-a",
            "module_id": "one",
            "course": "first-conversation",
            "conversation": "leyla-after-closing",
            "previewed": "suicide-a-talk-with-leyla",
            "digest": "0" * 64,
            "name": "six-stones.webp",
            "reviewed": "small",
            "thread_id": make.review_comment(revision, people["administrator"]).id,
            "scenario_id": "sam",
            "answer_id": answer.id,
            "membership_id": people["owner"].id,
            "authorisation_id": allowed["instructor"],
            "code": certificate.code,
            "organisation_id": here.id,
            "line_id": make.help_line(here).id,
            "request_id": make.format_request(people["owner"]).id,
            "case_id": make.safeguarding_case(people["owner"]).id,
            "message_id": make.failed_mail(here).id,
            "second_step_id": make.second_step(people["owner"].account_id).id,
        },
    )


def address(rule: Rule, values: dict[str, Any]) -> str | None:
    """Return a rule's address with the owner's ids; None for routes that name nothing of an organisation's."""
    if not rule.arguments:
        return rule.rule
    if not rule.arguments & set(values):
        return None
    filled = {**dict.fromkeys(rule.arguments, 1), **values}
    return re.sub(r"<(?:[^:>]+:)?([^>]+)>", lambda found: str(filled[found.group(1)]), rule.rule)


def sign_in(client: FlaskClient, world: World, who: str) -> FlaskClient:
    return client if who == "nobody" else make.signed_in(client, world.people[who], now=clock.now())


def expected(who: str, can: Can, *, names_something: bool) -> bool:
    if can is Can.SECURE_ACCOUNT and names_something:
        return who == "owner"
    if who in INSIDE[can]:
        return True
    if names_something:
        return False
    return can in BY_ROLE.get(who, set()) or (
        can in {Can.LEARN, Can.SEE_OWN_CERTIFICATE} and who in MEMBERS | {"administrator"}
    )


# Files that this world has none of: they are not there for those who may have them either.
NOT_MADE = re.compile(r".*/badge\.(json|png|svg)|/coordinate/certificate-look/.*\.png")


def walk(app: Flask, world: World, who: str, method: str, visit: Callable[[str, str, Any], None]) -> int:
    steps = 0
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        path = address(rule, world.values)
        if path is None or method not in (rule.methods or set()):
            continue
        can = getattr(app.view_functions[rule.endpoint], ACCESS)
        answer = sign_in(app.test_client(), world, who).open(path, method=method)
        assert answer.status_code < 500, f"{method} {path} as {who}"
        visit(path, can, answer)
        if can != PUBLIC and who == "nobody":
            assert answer.status_code == 303, f"{method} {path} asks nobody to sign in"
            assert answer.headers["Location"].startswith("/sign-in"), path
        elif can != PUBLIC and not expected(who, Can(can), names_something=bool(rule.arguments & set(world.values))):
            assert answer.status_code in REFUSED, f"{method} {path} as {who}: {answer.status_code}"
        elif can != PUBLIC and method == "GET" and not NOT_MADE.fullmatch(rule.rule):
            assert answer.status_code not in REFUSED, f"{method} {path} as {who}: {answer.status_code}"
        steps += 1
    return steps


@pytest.mark.parametrize("who", WALKERS)
def test_reading(app: Flask, world: World, who: str) -> None:
    outsider = who in {"stranger", "other instructor", "other coordinator", "nobody", "administrator"}

    def says_nothing(path: str, can: str, answer: Any) -> None:
        if outsider and can != PUBLIC:
            assert OWNER.encode() not in answer.data, f"{path} tells {who} the name"

    assert walk(app, world, who, "GET", says_nothing) > 30


@pytest.mark.parametrize("who", WALKERS)
def test_writing(app: Flask, world: World, who: str) -> None:
    assert walk(app, world, who, "POST", lambda _path, _can, _answer: None) > 20


def test_every_route_says_who_may_call_it(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        access = getattr(app.view_functions[rule.endpoint], ACCESS)
        assert access == PUBLIC or access in set(Can), rule


def test_ids_that_exist_nowhere_are_not_found(app: Flask, world: World) -> None:
    ids = {name: 999999 for name in world.values if name.endswith("_id") and name not in {"step_id", "scenario_id"}}
    nowhere = {**world.values, **ids, "code": "0" * 16, "course": "no-such-course", "reviewed": "no-such-course"}
    for rule in app.url_map.iter_rules():
        path = address(rule, nowhere)
        if path and rule.arguments & set(nowhere) and getattr(app.view_functions[rule.endpoint], ACCESS) != PUBLIC:
            who = (
                "coordinator"
                if path.startswith("/coordinate")
                else "instructor"
                if path.startswith("/mark")
                else "safeguarding"
                if path.startswith("/safeguarding")
                else "administrator"
                if path.startswith("/admin")
                else "owner"
            )
            method = "GET" if "GET" in (rule.methods or set()) else "POST"
            answer = sign_in(app.test_client(), world, who).open(path, method=method)
            assert answer.status_code == 404, path
