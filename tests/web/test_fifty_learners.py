"""Fifty learners saving their answers at the same moment, through HTTP and several processes: nothing is lost."""

import http.client
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from mhfa_lms import db
from mhfa_lms.models import Attempt, AttemptAnswer, AttemptState, AuditEvent, CourseRevision, Organisation, StepProgress
from mhfa_lms.services import attempts
from mhfa_lms.settings import Settings
from tests import make
from tests.bench import serving
from tests.ports import free_port
from tests.services.learner import STEPS

pytestmark = pytest.mark.slow
LEARNERS, QUESTIONS = 50, 3
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HIDDEN = re.compile(r'name="(csrf_token|version|page)"(?: type="hidden")? value="([^"]*)"')


@pytest.fixture(scope="module", autouse=True)
def at_noon() -> None:
    """The server is another process, and goes by the clock."""


@dataclass
class Browser:
    """One learner's browser."""

    enrolment_id: int
    cookie: str
    connection: http.client.HTTPConnection

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """Send a request; returns the status and the page, or where it leads."""
        # A connection kept open ends after five quiet seconds, which on a slow machine is while the next is being sent.
        headers = {"Cookie": self.cookie, "Host": "127.0.0.1", "Connection": "close", **(FORM if form else {})}
        self.connection.request(method, f"/learn/{self.enrolment_id}/assessment{path}", urlencode(form or {}), headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if found := answer.getheader("Set-Cookie"):
            self.cookie = found.split(";")[0]
        return answer.status, answer.getheader("Location") or text

    def page(self, path: str) -> dict[str, str]:
        """Open a page and return the hidden fields of its form."""
        status, text = self.ask("GET", path)
        assert status == 200, text
        return dict(HIDDEN.findall(text))


def begin(app: Flask, port: int) -> list[Browser]:
    """Put fifty learners with every step done on a course and sign their browsers in."""
    place, revision = make.organisation(), make.published()
    place_id, revision_id = place.id, revision.id
    browsers = []
    for _number in range(LEARNERS):
        session = db.session()
        member = make.member(session.get_one(Organisation, place_id))
        enrolment_id = make.enrolment(member, session.get_one(CourseRevision, revision_id)).id
        with db.transaction() as session:
            rows = [{"enrolment_id": enrolment_id, "step": one, "way": "read", "done_at": make.NOON} for one in STEPS]
            session.execute(insert(StepProgress), rows)
        client = make.signed_in(app.test_client(), member)
        cookie = client.get_cookie("session")
        assert cookie is not None
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        browsers.append(Browser(enrolment_id, f"session={cookie.value}", connection))
    return browsers


def answer_everything(one: Browser, together: threading.Barrier, times: list[float]) -> None:
    """Begin, save each answer, change it, send the change again as an impatient click would, and hand in twice."""
    fields = one.page("")
    together.wait()
    status, _where = one.ask("POST", "", {"csrf_token": fields["csrf_token"]})
    assert status == 303
    for place in range(1, QUESTIONS + 1):
        for chosen in ("b", "a"):
            path = f"/1/question/{place}"
            form = {**one.page(path), "choice": chosen}
            for _click in range(1 if chosen == "b" else 2):
                began = time.perf_counter()
                status, where = one.ask("POST", path, form)
                times.append(time.perf_counter() - began)
                assert status == 303, where
    fields = one.page("/1/check")
    for _click in range(2):
        assert one.ask("POST", "/1/check", {"csrf_token": fields["csrf_token"]})[0] == 303


def test_fifty_learners_at_once_lose_nothing(app: Flask, settings: Settings) -> None:
    environment = {
        "MHFA_DATA_DIR": str(settings.data_dir),
        "MHFA_DATABASE_URL": settings.database_url,
        "MHFA_SECRET_KEY": "a-test-key-that-is-long-enough",
    }
    port = free_port()
    browsers, times = begin(app, port), list[float]()
    together = threading.Barrier(LEARNERS)
    db.session().rollback()
    words = ["mhfa_lms.cli", "web", "--port", str(port)]
    with serving.started(words, port, "/healthz", environment) as served, ThreadPoolExecutor(LEARNERS) as pool:
        # The first process that is ready answers while the second is still being started.
        end = time.monotonic() + serving.PATIENCE
        while len(served.processes()) < 3:
            assert time.monotonic() < end, "several processes answer"
            time.sleep(0.05)
        list(pool.map(lambda one: answer_everything(one, together, times), browsers))
    for one in browsers:
        one.connection.close()
    session = db.session()
    session.rollback()
    found = session.execute(
        select(Attempt.enrolment_id, Attempt.number, Attempt.state, Attempt.points, Attempt.passed)
    ).all()
    assert sorted(row.enrolment_id for row in found) == sorted(one.enrolment_id for one in browsers)
    assert {(row.number, row.state, row.points, row.passed) for row in found} == {
        (1, AttemptState.SUBMITTED, QUESTIONS, True)
    }
    answers = session.execute(select(AttemptAnswer.attempt_id, AttemptAnswer.version, AttemptAnswer.chosen)).all()
    assert len(answers) == LEARNERS * QUESTIONS
    assert {(row.version, tuple(row.chosen)) for row in answers} == {(2, ("a",))}
    assert len({attempts.drawn_of(one)[0].question for one in session.scalars(select(Attempt))}) > 1
    handed_in = select(func.count()).where(AuditEvent.verb == "attempt-submitted")
    assert session.scalar(handed_in) == LEARNERS
    assert len(times) == LEARNERS * QUESTIONS * 3
