"""The demonstration's renewals: one refresher under way, and one that was finished before its time and waits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from mhfa_lms.models import Course, Membership
from mhfa_lms.services import catalogue, certification
from mhfa_lms.services.demo_answers import Written
from mhfa_lms.services.demo_learning import attempt, enrol, hand_in, mark, read_steps
from mhfa_lms.services.demo_world import World

REFRESHER: Final = "first-conversation-refresher"
ANSWER: Final = (
    "I go into the kitchen and sit down. “I’ve got time, Priya. You’re thanking me as if you were leaving, and your "
    "cat is gone. I want to ask you plainly: are you thinking of suicide?” I wait. “I’m still here.”\n\n"
    "If she says yes, I thank her and let her talk. I say back what I hear: “So tired of being a worry.” Then I ask "
    "whether she means to do it tonight. If she does, or if she does not say, my partner calls the emergency number "
    "with her address from the other phone, and I stay with her and tell her so.\n\n"
    "If it is not tonight, I say that I cannot keep it to myself, and ask whom she would like to have there. I would "
    "suggest her sister. When Anjali has come, we ring the help line together. I say that I will call her tomorrow at "
    "nine, and I do. Afterwards I tell my partner that it was a hard evening."
)
FEEDBACK: Final = (
    "A sound answer. You asked plainly and told her why, and nobody was left alone. Next time, ask as well whether she "
    "has something at hand, and have a second step ready in case nobody answers."
)


@dataclass(frozen=True, slots=True)
class Renewing:
    """Somebody of the demonstration on the refresher: how long ago they began, and how far they have come."""

    address: str
    days_ago: int
    steps: int
    finished: bool = False


STORIES: Final = (Renewing("rosa.quispe", 8, 7), Renewing("ngozi.adeyemi", 16, 99, finished=True))


def add(world: World, people: Mapping[str, Membership]) -> None:
    """Put the people of `STORIES` on the refresher, in the caller's transaction; without a refresher there is none."""
    course_id = world.session.scalars(select(Course.id).where(Course.slug == REFRESHER)).one_or_none()
    revision = catalogue.newest_of(world.session, course_id) if course_id is not None else None
    if revision is None:
        return
    shorter = replace(world, revision=revision, content=catalogue.course(revision))
    for story in STORIES:
        _live(shorter, people[story.address], story)


def _live(world: World, membership: Membership, story: Renewing) -> None:
    began = world.at(world.today - timedelta(days=story.days_ago))
    enrolment = enrol(world, membership, began)
    read_steps(world, enrolment, story.steps, began, practise=True)
    if story.finished:
        # A few days before the present, so that it has waited for a while.
        decided = world.now - timedelta(days=2)
        attempt(world, enrolment, 1, 9, decided - timedelta(days=1))
        written = Written(text=ANSWER, levels=(3, 3, 3, 4), asked=True, feedback=FEEDBACK)
        answer = hand_in(world, enrolment, 1, written, decided - timedelta(hours=20), seen_at=None)
        mark(world, enrolment, answer, written, decided)
        certification.complete_if_ready(world.session, enrolment.id, now=decided)
