"""Killed at any moment, nothing is half done: what was written is whole, and what was not can be done again."""

import os
import random
import subprocess
import sys
import time

import pytest
from sqlalchemy import ColumnElement, func, select

from mhfa_lms import db
from mhfa_lms.models import (
    AnswerState,
    Attempt,
    AttemptState,
    AuditEvent,
    Certificate,
    Enrolment,
    EnrolmentState,
    Job,
    Mark,
    Membership,
    MembershipRole,
    Message,
    Role,
    ScenarioAnswer,
)
from mhfa_lms.services import grading
from mhfa_lms.services.marks import Judgement
from tests import make
from tests.make import NOON
from tests.services.learner import Learner

pytestmark = pytest.mark.slow
LEARNERS = 24
CHANCE = random.Random(2026)
CHILD = "from tests.services.test_kills import finish_courses; finish_courses()"


def finish_courses() -> None:
    """Take everybody through the course, from wherever the last process was killed. Runs in a process of its own."""
    db.configure(os.environ["KILLED_DATABASE"])
    session = db.session()
    markers = select(Membership).join(MembershipRole).where(MembershipRole.role == Role.INSTRUCTOR)
    marker = make.actor(session.scalars(markers).one())
    rows = session.execute(
        select(Enrolment.id, Enrolment.membership_id).where(Enrolment.state == EnrolmentState.ACTIVE)
    )
    left = [Learner(make.actor(session.get_one(Membership, one)), enrolled, one) for enrolled, one in rows.all()]
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    for learner in left:
        learner.do_steps()
        if learner.phase() != "passed":
            learner.take()
        _answer(learner)
        while (found := grading.claim_next(by=marker, now=NOON)) is not None:
            grading.mark(found, Judgement({"asks": 3, "hears": 3}, {"asked": True}), "Well done.", by=marker, now=NOON)


def _answer(learner: Learner) -> None:
    db.session().rollback()
    written = select(ScenarioAnswer.state).where(ScenarioAnswer.enrolment_id == learner.enrolment_id)
    if db.session().scalars(written).one_or_none() in {None, AnswerState.DRAFT}:
        learner.write("I sit down with Sam and ask: are you thinking of suicide?", submit=True)


def count(model: type[db.Base], *where: ColumnElement[bool]) -> int:
    return db.session().scalar(select(func.count()).select_from(model).where(*where)) or 0


def _all_or_nothing() -> int:
    """Hold everything that belongs together to its number; return how many courses are completed."""
    db.session().rollback()
    submitted = count(Attempt, Attempt.state == AttemptState.SUBMITTED)
    assert count(AuditEvent, AuditEvent.verb == "attempt-submitted") == submitted
    handed_in = count(ScenarioAnswer, ScenarioAnswer.state != AnswerState.DRAFT)
    assert count(AuditEvent, AuditEvent.verb == "answer-submitted") == handed_in
    marked = count(ScenarioAnswer, ScenarioAnswer.state == AnswerState.PASSED)
    assert count(Mark) == marked
    assert count(Message, Message.kind == "scenario-result") == marked
    assert count(AuditEvent, AuditEvent.verb == "answer-marked") == marked
    completed = count(Enrolment, Enrolment.state == EnrolmentState.COMPLETED)
    assert count(Certificate) == completed
    assert count(Job, Job.kind == "certificate-pdf") == completed
    assert count(Message, Message.kind == "certificate-ready") == completed
    assert count(AuditEvent, AuditEvent.verb == "certificate-issued") == completed
    return completed


def _killed(database: str, after: float) -> bool:
    """Run the process and kill it so many seconds after it has begun; whether it was killed before it had finished."""
    environment = {**os.environ, "KILLED_DATABASE": database}
    with subprocess.Popen([sys.executable, "-c", CHILD], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(after)
        process.kill()
        return process.wait(30) != 0


@pytest.mark.parametrize("kills", [5, pytest.param(40, marks=pytest.mark.long)])
def test_a_process_killed_while_people_hand_in_and_are_marked_leaves_nothing_half_done(
    database: str, kills: int
) -> None:
    organisation, revision = make.organisation(), make.published()
    make.member(organisation, Role.SAFEGUARDING)
    make.authorisation(make.member(organisation, Role.INSTRUCTOR), revision)
    for _number in range(LEARNERS * kills // 5):
        make.enrolment(make.member(organisation), revision)
    killed = 0
    for _round in range(kills):
        killed += _killed(database, CHANCE.uniform(0.02, 0.5))
        _all_or_nothing()
    assert killed >= kills // 2
    assert _finishes(database)
    assert _all_or_nothing() == LEARNERS * kills // 5


def _finishes(database: str) -> bool:
    environment = {**os.environ, "KILLED_DATABASE": database}
    done = subprocess.run(
        [sys.executable, "-c", CHILD], env=environment, stdout=subprocess.DEVNULL, timeout=120, check=False
    )
    return done.returncode == 0
