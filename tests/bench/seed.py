"""The benchmark's own data: the shipped courses published, a hundred learners at work, an organisation of many
learners on the way, and another with a long register.

Dates lie around the present day, as the servers read the real time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any, Final

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select

from mhfa_lms import clock, db, schema
from mhfa_lms.content.schema import Course as Content
from mhfa_lms.models import (
    AnswerState,
    Attempt,
    Authorisation,
    Certificate,
    Course,
    CourseRevision,
    Enrolment,
    Role,
    ScenarioAnswer,
    StepProgress,
)
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import acceptance, catalogue, overview_counts, passwords, publishing, sessions
from mhfa_lms.settings import Settings
from tests.bench import bulk, district

COURSE: Final = "first-conversation"
LEARNERS: Final = 100
# 0 to 7 are half-way, 8 to 23 in the assessment, 24 to 87 have begun nothing, the others have finished every step.
READERS, TAKERS, WRITERS = slice(0, 8), slice(8, 24), slice(24, 88)
PASSWORD: Final = "seven flat stones"


@dataclass(frozen=True, slots=True)
class Learner:
    """A learner at work: the enrolment, and the cookie that signs their browser in."""

    enrolment_id: int
    cookie: str


@dataclass(frozen=True, slots=True)
class District:
    """The organisation of many learners: the cookies of one of them and of two who look after it, and its sizes."""

    learner: str
    instructor: str
    coordinator: str
    learners: int
    waiting: int
    certificates: int


@dataclass(frozen=True, slots=True)
class Seeded:
    """What the benchmark needs to know of its data: cookies of signed-in people, ids, the long register's size."""

    content: Content
    learners: list[Learner]
    emails: list[str]
    instructor: str
    coordinator: str
    coordinator_of_many: str
    district: District
    # Fifty of the district's learners, each in the middle of an attempt.
    crowd: list[Learner]
    code: str
    to_draw: list[int]
    many_id: int
    certificates: int


def seed(settings: Settings, *, learners: int, certificates: int) -> Seeded:
    """Fill an empty database that `db` is bound to.

    `learners`: how many the district has; `certificates`: how long the longest register gets.
    """
    now = clock.now()
    schema.upgrade()
    revision, type_id = _publish(settings, now)
    content = catalogue.course(revision)
    work = bulk.organisation("work", "Alder District", now)
    few = bulk.people(work, LEARNERS, "learner", now, password_hash=passwords.hashed(PASSWORD))
    enrolments = _enrol(work, few.memberships, revision, now)
    _learn(content, enrolments, work, now)
    short = bulk.certificates(work, few.memberships, type_id, now, renewed=False)
    in_district, taking = _district(content, revision, type_id, learners, now)
    staff = [*_staff(work, "work", type_id, now), *in_district]
    many = bulk.organisation("many", "Cedar Health", now)
    other = bulk.people(many, 1, "other", now, roles=[Role.COORDINATOR])
    held = bulk.people(many, certificates // 2, "many", now)
    bulk.certificates(many, held.memberships, type_id, now, renewed=True)
    bulk.settle()
    # As the worker does, which does not run beside the web here.
    overview_counts.refresh(now=now)
    cookies = _cookies(settings, [*few.accounts, *staff, *other.accounts, *taking.values()], now)
    instructor, coordinator, pupil, second, third, last, *crowd = cookies[LEARNERS:]
    return Seeded(
        content=content,
        learners=[Learner(*pair) for pair in zip(enrolments, cookies[:LEARNERS], strict=True)],
        emails=few.emails,
        instructor=instructor,
        coordinator=coordinator,
        coordinator_of_many=last,
        district=District(pupil, second, third, learners, district.waiting(learners), district.certified(learners)),
        crowd=[Learner(*pair) for pair in zip(taking, crowd, strict=True)],
        code=db.session().scalars(select(Certificate.code).where(Certificate.id == short[0])).one(),
        to_draw=short,
        many_id=many,
        certificates=certificates,
    )


def _staff(organisation_id: int, word: str, type_id: int, now: datetime) -> list[int]:
    """Make an instructor who may mark, and a coordinator; returns their accounts."""
    instructor = bulk.people(organisation_id, 1, f"{word}-instructor", now, roles=[Role.INSTRUCTOR])
    _authorise(instructor.memberships[0], type_id, now)
    coordinator = bulk.people(organisation_id, 1, f"{word}-coordinator", now, roles=[Role.COORDINATOR])
    return [*instructor.accounts, *coordinator.accounts]


def _district(
    content: Content, revision: CourseRevision, type_id: int, learners: int, now: datetime
) -> tuple[list[int], dict[int, int]]:
    """Make the organisation of many learners; returns the accounts of one in the steps, as who reads in the small one,
    and of its staff.

    Beside them the accounts of up to fifty who are in the middle of an attempt, by enrolment.
    """
    here = bulk.organisation("district", "Birch County", now)
    people = bulk.people(here, learners, "pupil", now)
    enrolled = district.fill(here, people.memberships, revision, content, now)
    certified = [people.memberships[one.number] for one in enrolled if one.stage >= district.WAITS]
    bulk.certificates(here, certified, type_id, now, renewed=False)
    taking = district.crowd(enrolled)
    accounts = [people.accounts[enrolled[district.IN_STEPS - 1].number], *_staff(here, "district", type_id, now)]
    return accounts, {one.id: people.accounts[one.number] for one in taking}


def _publish(settings: Settings, now: datetime) -> tuple[CourseRevision, int]:
    for done in publishing.publish_all(settings.courses_dir, by=SYSTEM, now=now):
        if done.problems:
            raise ValueError(f"the course {done.slug} has problems: {done.problems[0]}")
    acceptance.accept_waiting(by=SYSTEM, now=now)
    session = db.session()
    course = session.scalars(select(Course).where(Course.slug == COURSE)).one()
    revision = catalogue.newest_of(session, course.id)
    if revision is None:
        raise LookupError(COURSE)
    session.expunge(revision)
    return revision, course.certification_type_id


def _enrol(organisation_id: int, memberships: list[int], revision: CourseRevision, now: datetime) -> list[int]:
    shared = {
        "organisation_id": organisation_id,
        "course_id": revision.course_id,
        "revision_id": revision.id,
        "enrolled_at": now - timedelta(days=20),
    }
    return bulk.insert_all(Enrolment, [{"membership_id": one, **shared} for one in memberships])


def _learn(content: Content, enrolments: list[int], organisation_id: int, now: datetime) -> None:
    """Bring the learners to where they stand; each has written an answer that waits."""
    steps = [step.id for _module, step in content.steps()]
    done: list[dict[str, Any]] = []
    for place, enrolment_id in enumerate(enrolments):
        count = len(steps) // 2 if place < READERS.stop else 0 if WRITERS.start <= place < WRITERS.stop else len(steps)
        done += [{"enrolment_id": enrolment_id, "step": step, "done_at": now} for step in steps[:count]]
    bulk.insert_all(StepProgress, done)
    bulk.insert_all(
        ScenarioAnswer,
        [
            {
                "enrolment_id": enrolment_id,
                "organisation_id": organisation_id,
                "scenario": content.scenarios[0].id,
                "number": 1,
                "alias": f"A{place:03d}",
                "text": district.WORDS,
                "state": AnswerState.WAITING,
                "saved_at": now - timedelta(hours=place + 1),
                "submitted_at": now - timedelta(hours=place + 1),
            }
            for place, enrolment_id in enumerate(enrolments)
        ],
    )
    takers = (district.Enrolled(one, number=district.IN_STEPS) for one in enrolments[TAKERS])
    bulk.insert_all(Attempt, (district.attempt(content, one, now) for one in takers))


def _authorise(membership_id: int, type_id: int, now: datetime) -> None:
    today = now.date()
    period = {"valid_from": today - timedelta(days=100), "expires_on": today + timedelta(days=600)}
    bulk.insert_all(Authorisation, [{"membership_id": membership_id, "certification_type_id": type_id, **period}])


def _cookies(settings: Settings, accounts: list[int], now: datetime) -> list[str]:
    """Sign every account in and return the cookies of their browsers, as they are after the first page with a form."""
    with db.transaction() as session:
        secrets = [sessions.begin(session, one, now=now) for one in accounts]
    app = Flask("bench")
    app.secret_key = settings.secret_key
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    if signer is None:
        raise ValueError("no secret key")
    tokens = {"_fresh": True, "csrf_token": token_hex(20)}
    return [f"session={signer.dumps({'_user_id': secret, **tokens})}" for secret in secrets]
