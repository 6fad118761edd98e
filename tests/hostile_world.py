"""An organisation in which everything is named with the nastiest texts there are.

Run as `python -m tests.hostile_world` beside a server, it prints the addresses of its people as JSON.
"""

import json
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mhfa_lms import clock, db
from mhfa_lms.content.schema import Course
from mhfa_lms.models import AnswerState, CourseRevision, Invitation, Membership, Organisation, Role
from mhfa_lms.services import certificates, grading, passwords
from mhfa_lms.services.marks import Judgement
from mhfa_lms.services.names import LONGEST
from mhfa_lms.services.secrets import hashed, new_secret
from mhfa_lms.settings import read_settings
from tests import hostile, make
from tests.small_course import document

ALL = " ".join(hostile.MARKUP.values())
LINE = ALL[:390]
TAG = hostile.MARKUP["a tag"]
WORD = "W" * LONGEST


@dataclass
class HostileWorld:
    """Who is there: e-mail addresses by role, memberships, and every name that was given."""

    people: dict[str, int] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def course() -> dict[str, Any]:
    """Return a course whose every text is hostile, as far as the schema lets it."""
    made = document(
        "hostile", title=f"{TAG} {WORD} {hostile.MARKUP['jinja']}", summary=LINE, about=f"{ALL}\n\n{WORD * 3}"
    )
    made["certification"].update(name=f"First aider {TAG} {WORD}", description=ALL)
    for module in made["modules"]:
        module.update(title=f"{module['title']} {TAG} {WORD}", summary=ALL)
        for step in module["steps"]:
            step.update(title=f"{TAG} {WORD}", body=f"{ALL}\n\n{WORD * 3}\n\n| a | b |\n|---|---|\n| {WORD} | {TAG} |")
            if note := step.get("content_note"):
                note.update(topic=TAG, text=LINE)
    question = made["modules"][0]["steps"][0]["question"]
    question.update(prompt=f"{ALL} {WORD}")
    for option in question["options"]:
        option.update(text=f"{option['text']} {TAG} {WORD}", feedback=ALL)
    for asked in made["assessment"]["questions"]:
        asked.update(prompt=f"{asked['prompt']} {ALL} {WORD}", explanation=ALL)
        for option in asked["options"]:
            option.update(text=f"{option['text']} {TAG} {WORD}")
    scenario = made["scenarios"][0]
    scenario.update(title=f"Sam {TAG} {WORD}", summary=ALL, situation=f"{ALL}\n\n{WORD * 3}", prompt=f"{ALL} {WORD}")
    for competency in scenario["competencies"]:
        competency.update(title=f"{competency['title']} {TAG} {WORD}", description=ALL)
    for exemplar in scenario["exemplars"]:
        exemplar.update(text=f"{ALL} {WORD * 3}", comment=ALL)
    return made


def _member(world: HostileWorld, key: str, owner_id: int, name: str, *roles: Role, **values: Any) -> Membership:
    email = f"{key}@hostile.example"
    account = make.account(email, password_hash=passwords.hashed(make.PASSWORD) if roles or key == "learner" else None)
    with db.transaction() as session:
        owner = session.get_one(Organisation, owner_id)
    found = make.member(owner, *roles, name=name, holder=account, **values)
    world.people[key], world.emails[key] = found.id, email
    world.names.append(name)
    return found


def _crowd(world: HostileWorld, owner_id: int, revision: CourseRevision, now: datetime) -> list[int]:
    """Add one person for each text, with a site, a course, an answer and a certificate of that name."""
    answers = []
    texts = [*hostile.EVERYTHING.values()]
    for number, text in enumerate(hostile.NAMES.values()):
        with db.transaction() as session:
            owner = session.get_one(Organisation, owner_id)
        site_id = make.site(owner, text[:100]).id
        person = _member(world, f"person{number}", owner_id, text, site_id=site_id, languages=text, listed_since=now)
        day, begun = now.date(), now.date() - timedelta(days=900)
        make.certificate(
            person,
            revision,
            issuer_name=text,
            organisation_name=text,
            course_title=text,
            completed_on=begun,
            starts_on=begun,
            issued_on=begun,
            expires_on=day + timedelta(days=60 if number % 2 else -20),
            window_opens_on=day - timedelta(days=60),
            window_closes_on=day + timedelta(days=90),
        )
        enrolment = make.enrolment(person, revision, enrolled_at=now - timedelta(days=3))
        written = {"submitted_at": now, "saved_at": now, "text": "\n\n".join(texts[number::4])}
        answers.append(make.answer(enrolment, alias=f"{number:04d}", **written).id)
    return answers


def make_world(now: datetime) -> HostileWorld:
    """Make the organisation in the database in use."""
    world = HostileWorld()
    here = make.organisation("hostile", name=f"{TAG} {WORD}"[:LONGEST], open_to_join=True, created_at=now)
    world.names.append(here.name)
    here_id = here.id
    revision = make.published(Course.model_validate(course()), published_at=now)
    coordinator = _member(world, "coordinator", here_id, hostile.MARKUP["an image"], Role.COORDINATOR)
    marker = _member(world, "instructor", here_id, hostile.MARKUP["an attribute"], Role.INSTRUCTOR)
    _member(world, "safeguarding", here_id, WORD, Role.SAFEGUARDING)
    make.authorisation(marker, revision, expires_on=now.date() + timedelta(days=90))
    answers = _crowd(world, here_id, revision, now)
    learner = _member(world, "learner", here_id, hostile.MARKUP["a script"])
    enrolment = make.enrolment(learner, revision, enrolled_at=now)
    own = make.answer(enrolment, text=f"{ALL} {WORD * 3}", submitted_at=now, saved_at=now, state=AnswerState.WAITING)
    own_id, learner_id, account_id = own.id, learner.id, coordinator.account_id
    _mark(make.actor(marker, now=now), own_id, now)
    _mark(make.actor(marker, now=now), answers[0], now)
    code = make.certificate(make.member(here, name=TAG), revision).code
    certificates.revoke(code, f"{ALL} {WORD}"[:500], by=make.actor(coordinator, now=now), now=now)
    with db.transaction() as session:
        for number, name in enumerate(hostile.NAMES.values()):
            session.add(
                Invitation(
                    organisation_id=here_id, email=f"i{number}@hostile.example", email_key=f"i{number}@hostile.example",
                    name=name, roles=["learner"], secret_hash=hashed(new_secret()), invited_by_id=account_id,
                    created_at=now, expires_at=now + timedelta(days=9),
                )
            )  # fmt: skip
    assert learner_id
    return world


def _mark(marker: Any, answer_id: int, now: datetime) -> None:
    held = grading.claim_next(by=marker, now=now)
    passed: set[int] = set()
    while held is not None and held != answer_id:
        passed.add(held)
        held = grading.claim_next(by=marker, now=now, passing_over=passed)
    assert held is not None
    grading.mark(held, Judgement({"asks": 1, "hears": 3}, {"asked": False}), f"{ALL}\n\n{WORD * 3}", by=marker, now=now)


if __name__ == "__main__":
    db.configure(read_settings().database_url)
    sys.stdout.write(json.dumps(make_world(clock.now()).emails))
