"""How the demonstration's people learnt: steps, conversations, attempts, answers and marks.

Everything runs in the caller's transaction, at times in the past.
"""

from datetime import datetime, timedelta
from typing import Final

from mhfa_lms.content import playing
from mhfa_lms.models import (
    AnswerState,
    Attempt,
    AttemptAnswer,
    AttemptRelease,
    AttemptState,
    ConversationRun,
    Enrolment,
    Mark,
    Membership,
    PracticeAnswer,
    ScenarioAnswer,
    StepProgress,
)
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import demo_answers, enrolments, scoring
from mhfa_lms.services.demo_answers import Written
from mhfa_lms.services.demo_people import Learning
from mhfa_lms.services.demo_world import World
from mhfa_lms.services.marks import Judgement, outcome

CLAIM: Final = timedelta(minutes=30)


def learn(world: World, membership: Membership, story: Learning) -> None:
    """Put somebody on the course and take them as far as their story says."""
    began = world.at(world.today - timedelta(days=story.days_ago))
    enrolment = enrol(world, membership, began)
    steps = min(story.steps, len(list(world.content.steps())))
    read_steps(world, enrolment, steps, began, practise=True)
    # What comes after the steps is spread over the days that are left until yesterday.
    moments = _moments(world, began, len(story.attempts) + len(story.wrote))
    for number, points in enumerate(story.attempts, 1):
        attempt(world, enrolment, number, points, moments.pop(0))
    if story.released:
        _release(world, enrolment, len(story.attempts) + 1)
    for number, kind in enumerate(story.wrote, 1):
        _write(world, enrolment, number, kind, moments.pop(0), new_result=story.new_result)


def enrol(world: World, membership: Membership, at: datetime) -> Enrolment:
    return enrolments.enrol_in(world.session, membership, world.revision.course_id, by=SYSTEM, now=at)


def _write(world: World, enrolment: Enrolment, number: int, kind: str, at: datetime, *, new_result: bool) -> None:
    if kind == "draft":
        world.session.add(_answer(world, enrolment, number, demo_answers.load().draft, at))
        return
    if kind == "try-again":
        written = world.try_again.pop()
        decided = min(at + timedelta(days=2), world.now - timedelta(hours=3))
        answer = hand_in(world, enrolment, number, written, at, seen_at=None if new_result else decided)
        mark(world, enrolment, answer, written, decided)
        return
    answer = hand_in(world, enrolment, number, world.waiting.pop(), at, seen_at=None)
    if kind == "claimed":
        answer.claimed_by_id = world.markers[enrolment.organisation_id][-1]
        answer.claimed_until = world.now + CLAIM


def read_steps(world: World, enrolment: Enrolment, count: int, began: datetime, *, practise: bool) -> None:
    """Count the first steps as done, some each day; `practise` answers the questions in them."""
    # The first of them at the beginning, the last before anything that the story puts after it.
    span = min(world.now - began, timedelta(days=15)) * 0.8
    for number, (_module, step) in enumerate(list(world.content.steps())[:count]):
        at = began + span * (number / max(count, 1))
        world.session.add(StepProgress(enrolment_id=enrolment.id, step=step.id, done_at=at))
        if step.conversation:
            _talk(world, enrolment, step.conversation, at)
        if practise and step.question:
            right = world.chance.random() < 0.8 or not step.question.wrong
            chosen = step.question.right if right else step.question.wrong
            world.session.add(
                PracticeAnswer(
                    enrolment_id=enrolment.id, question=step.question.id, chosen=chosen, correct=right, answered_at=at
                )
            )


def _talk(world: World, enrolment: Enrolment, name: str, at: datetime) -> None:
    """Play a conversation through, as well as can be."""
    conversation = world.content.conversation(name)
    if conversation is not None:
        keys: list[object] = list(playing.helpful_way(conversation).keys)
        world.session.add(
            ConversationRun(
                enrolment_id=enrolment.id, conversation=name, path=keys, seen=keys, changed_at=at, ended_at=at
            )
        )


def attempt(world: World, enrolment: Enrolment, number: int, points: int, at: datetime) -> None:
    """Add an attempt with so many questions right."""
    assessment = world.content.assessment
    questions = {question.id: question for question in assessment.questions}
    drawn = scoring.draw(assessment.questions, assessment.draw, seed=f"demo:{enrolment.id}:{number}")
    points = min(points, len(drawn))
    percent = world.content.defaults.pass_percent or 80
    row = Attempt(
        enrolment_id=enrolment.id,
        assessment=assessment.id,
        number=number,
        drawn=[one.stored() for one in drawn],
        pass_percent=percent,
        max_points=len(drawn),
        state=AttemptState.SUBMITTED,
        points=points,
        passed=scoring.passes(points, len(drawn), percent),
        started_at=at - timedelta(minutes=25),
        submitted_at=at,
    )
    right = set(world.chance.sample(range(len(drawn)), points))
    for place, one in enumerate(drawn):
        question = questions[one.question]
        chosen = question.right if place in right else question.wrong
        row.answers.append(
            AttemptAnswer(
                question=question.id,
                chosen=list(chosen),
                saved_at=at - timedelta(minutes=25) + timedelta(minutes=place),
            )
        )
    world.session.add(row)


def hand_in(
    world: World, enrolment: Enrolment, number: int, written: Written, at: datetime, *, seen_at: datetime | None
) -> ScenarioAnswer:
    """Hand an answer in, so that it waits to be marked."""
    row = _answer(world, enrolment, number, written.text, at)
    row.state, row.submitted_at, row.result_seen_at = AnswerState.WAITING, at, seen_at
    world.session.add(row)
    world.session.flush()
    return row


def mark(world: World, enrolment: Enrolment, answer: ScenarioAnswer, written: Written, at: datetime) -> None:
    """Mark an answer as it deserves, by the rubric's own rules."""
    scenario = world.content.scenario(answer.scenario)
    if scenario is None:
        raise RuntimeError(f"the course has no scenario {answer.scenario}")
    judgement = Judgement(written.by_competency(), {action.id: written.asked for action in scenario.required_actions})
    result = outcome(scenario, judgement)
    world.session.add(
        Mark(
            answer_id=answer.id,
            marker_id=world.marker(enrolment),
            revision_id=world.revision.id,
            levels=dict(judgement.levels),
            required=dict(judgement.required),
            points=result.points,
            harm=result.harm,
            required_missing=result.required_missing,
            passed=result.passed,
            feedback=written.feedback,
            marked_at=at,
        )
    )
    answer.state = AnswerState.PASSED if result.passed else AnswerState.TRY_AGAIN
    answer.decided_at = at
    world.session.flush()


def _answer(world: World, enrolment: Enrolment, number: int, text: str, at: datetime) -> ScenarioAnswer:
    return ScenarioAnswer(
        enrolment_id=enrolment.id,
        organisation_id=enrolment.organisation_id,
        scenario=world.content.scenarios[0].id,
        number=number,
        alias=world.code(4),
        text=text,
        saved_at=at,
    )


def _moments(world: World, began: datetime, count: int) -> list[datetime]:
    """Return so many moments between the end of the steps and a few hours ago, in order."""
    start = began + min(world.now - began, timedelta(days=15)) * 0.8
    room = world.now - timedelta(hours=5) - start
    return [start + room * ((number + 1) / (count + 1)) for number in range(count)]


def _release(world: World, enrolment: Enrolment, number: int) -> None:
    world.session.add(
        AttemptRelease(
            enrolment_id=enrolment.id,
            assessment=world.content.assessment.id,
            for_number=number,
            released_by_id=world.marker(enrolment),
            reason="We talked through the questions about suicide together. Ready for another try.",
            released_at=world.now - timedelta(days=1),
        )
    )
