"""A learner on the small course, and shortcuts for what they do."""

from dataclasses import dataclass

from mhfa_lms import db
from mhfa_lms.models import AnswerState, Attempt, AttemptState, Enrolment, Role, Way
from mhfa_lms.policy import Actor
from mhfa_lms.services import assessment, attempts, learning, scenarios
from tests import make
from tests.make import NOON
from tests.small_course import course as small_course

COURSE = small_course()
STEPS = [step.id for _module, step in COURSE.steps()]


@dataclass(frozen=True, slots=True)
class Learner:
    """Somebody on a course."""

    actor: Actor
    enrolment_id: int
    membership_id: int

    def do_steps(self) -> None:
        """Do every step."""
        for step in STEPS:
            learning.complete(self.enrolment_id, step, Way.READ, by=self.actor, now=NOON)

    def take(self, right: int = 3) -> int:
        """Take an attempt with so many of its three questions right; returns its number."""
        number = assessment.start(self.enrolment_id, by=self.actor, now=NOON)
        for place, name in enumerate(self.drawn(number)):
            self.answer(number, name, "a" if place < right else "b")
        assessment.submit(self.enrolment_id, number, by=self.actor, now=NOON)
        return number

    def drawn(self, number: int) -> list[str]:
        """The ids of an attempt's questions."""
        return [one.question for one in attempts.drawn_of(self.attempt(number))]

    def answer(self, number: int, question: str, *chosen: str, version: int = 1) -> None:
        """Answer a question."""
        assessment.save_answer(
            self.enrolment_id, number, question, chosen, version=version, client_id="page", by=self.actor, now=NOON
        )

    def attempt(self, number: int) -> Attempt:
        """An attempt as it is stored now."""
        db.session().rollback()
        found = attempts.attempt(db.session(), self.enrolment_id, COURSE, number)
        assert found is not None
        return found

    def phase(self) -> str:
        """The assessment's phase."""
        return self.standing().phase.value

    def standing(self) -> attempts.Standing:
        """Where the learner stands with the assessment."""
        session = db.session()
        session.rollback()
        enrolment = session.get_one(Enrolment, self.enrolment_id)
        lock = learning.progress(session, self.enrolment_id, COURSE).path.assessment_lock
        return attempts.standing(session, enrolment, COURSE, is_open=lock is None)

    def pass_rest(self, *, attempt: bool = True) -> None:
        """Pass the scenario, and the assessment too, without taking them."""
        make.answer(db.session().get_one(Enrolment, self.enrolment_id), state=AnswerState.PASSED)
        if attempt:
            with db.transaction() as session:
                session.add(
                    Attempt(
                        enrolment_id=self.enrolment_id,
                        assessment=COURSE.assessment.id,
                        number=1,
                        drawn=[],
                        pass_percent=80,
                        max_points=3,
                        points=3,
                        passed=True,
                        state=AttemptState.SUBMITTED,
                        started_at=NOON,
                        submitted_at=NOON,
                    )
                )

    def write(self, text: str, *, version: int = 0, page: str = "page", submit: bool = False) -> None:
        """Save or hand in a scenario answer."""
        act = scenarios.submit if submit else scenarios.save_draft
        act(self.enrolment_id, "sam", text, version=version, page=page, by=self.actor, now=NOON)


def learner(*, safeguarding: bool = True) -> Learner:
    """A learner on the small course, in an organisation that has (or has not) a safeguarding lead."""
    organisation = make.organisation()
    if safeguarding:
        make.member(organisation, Role.SAFEGUARDING, name="Lee Lead")
    member = make.member(organisation)
    enrolment = make.enrolment(member)
    return Learner(make.actor(member), enrolment.id, member.id)
