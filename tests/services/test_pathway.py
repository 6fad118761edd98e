"""Gating, as pure rules: never more open than the course says, and whoever does what is next comes to the end."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from mhfa_lms.content.gating import Order, Prerequisites
from mhfa_lms.content.schema import Course
from mhfa_lms.models import AnswerState, EnrolmentState
from mhfa_lms.services import pathway
from mhfa_lms.services.pathway import Next, Pathway, Phase, Steps, Why
from tests import small_course

NAMES = ("one", "two", "three", "four")
PREREQUISITES = Prerequisites(courses=("basics",))


def module(name: str, steps: list[bool], after: list[str], *, required: bool) -> dict[str, Any]:
    found = [{"id": f"{name}-{n}", "title": "T", "body": "B", "required": one} for n, one in enumerate(steps)]
    return {"id": name, "title": name, "summary": "S", "steps": found, "after": after, "required": required}


@st.composite
def courses(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Course:
    """Any course of up to four modules, with whatever rules hang together."""
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    order = draw(st.sampled_from(list(Order)))
    # A module waits only for what comes before it in some order, the course's own where that counts: so no circles.
    ranked = names if order is Order.IN_ORDER else draw(st.permutations(names))
    modules = [
        module(
            name,
            draw(st.lists(st.booleans(), min_size=1, max_size=3)),
            draw(st.lists(st.sampled_from(earlier), max_size=2, unique=True) if earlier else st.just([])),
            required=draw(st.booleans()),
        )
        for name, earlier in ((name, ranked[: ranked.index(name)]) for name in names)
    ]
    asked = ("steps", "assessment", "scenarios", "sessions")
    needed = draw(st.sets(st.sampled_from(asked), min_size=1))
    document = small_course.document(
        modules=modules,
        order=order,
        prerequisites=draw(st.sampled_from([Prerequisites(), PREREQUISITES])),
        completion={one: one in needed for one in asked},
    )
    for question in document["assessment"]["questions"]:
        question["module"] = names[0]
    try:
        return Course.model_validate(document)
    except ValidationError:
        assume(False)
        raise


def may_open(course: Course, done: set[str], name: str, *, has_prerequisites: bool) -> bool:
    """Whether the rules, read straight from the course, let a module be opened: the long way round."""
    wanted = next(one for one in course.modules if one.id == name)
    waits_for = set(wanted.after)
    if course.order is Order.IN_ORDER:
        waits_for |= {one.id for one in course.modules[: course.modules.index(wanted)] if one.required}
    finished = {one.id for one in course.modules if {step.id for step in one.steps if step.required} <= done}
    return waits_for <= finished and (has_prerequisites or not course.prerequisites.any or bool(done))


@given(courses(), st.data(), st.booleans())
def test_no_step_is_more_open_than_the_rules_allow_and_none_that_was_open_closes(
    course: Course, data: st.DataObject, has_prerequisites: bool
) -> None:
    done: set[str] = set()
    missing = Prerequisites() if has_prerequisites else course.prerequisites
    open_before: set[str] = set()
    for _turn in range(12):
        steps = Steps(course, done, missing)
        is_open = {step.id for module, step in course.steps() if steps.step_lock(module, step) is None}
        allowed = {
            step.id
            for module, step in course.steps()
            if may_open(course, done, module.id, has_prerequisites=has_prerequisites)
        }
        assert is_open == allowed | done
        assert open_before <= is_open
        if not is_open:
            return
        open_before = is_open
        done.add(data.draw(st.sampled_from(sorted(is_open))))


@given(courses(), st.integers(0, 3), st.booleans())
def test_doing_what_is_next_leads_to_the_end(course: Course, sessions: int, fails_first: bool) -> None:
    done: set[str] = set()
    answers: dict[str, AnswerState] = {}
    used, passed = 0, False
    seen = []
    while True:
        steps = Steps(course, done)
        phase = pathway.phase(
            passed=passed,
            under_way=False,
            used=used,
            allowed=2,
            released=False,
            is_open=steps.assessment_lock is None,
        )
        path = Pathway(EnrolmentState.ACTIVE, steps, phase, answers, sessions)
        seen.append(path.next)
        assert len(seen) < 40, seen
        match path.next:
            case Next.STEP:
                assert steps.next is not None
                assert steps.step_lock(*steps.next) is None
                done.add(steps.next[1].id)
            case Next.ASSESSMENT:
                assert phase in {Phase.READY, Phase.AGAIN}
                used += 1
                passed = not fails_first or used == 2
            case Next.SCENARIO:
                assert path.to_write is not None
                assert steps.scenario_lock(answers.get(path.to_write)) is None
                answers[path.to_write] = AnswerState.WAITING
            case Next.WAIT:
                waiting = [one for one, state in answers.items() if state is AnswerState.WAITING]
                answers[waiting[0]] = AnswerState.PASSED
            case Next.SESSION if sessions and course.completion.sessions:
                sessions -= 1
            case _:
                break
    assert path.left.nothing


@given(courses(), st.sets(st.sampled_from([f"{name}-{n}" for name in NAMES for n in range(3)])))
def test_the_assessment_opens_with_the_last_needed_step_and_not_before(course: Course, done: set[str]) -> None:
    steps = Steps(course, done)
    needed = {step.id for module, step in course.steps() if step.required and module.id in course.needed_modules}
    assert (steps.assessment_lock is None) == (not course.completion.steps or needed <= done)
    assert {step.id for step in path_of(steps).left.steps} == (needed - done if course.completion.steps else set())


def path_of(steps: Steps, **values: Any) -> Pathway:
    filled = {"state": EnrolmentState.ACTIVE, "phase": Phase.CLOSED, "answers": {}, "sessions_missing": 0, **values}
    return Pathway(steps=steps, **filled)


def test_the_small_course_is_free_as_before() -> None:
    steps = Steps(small_course.course(), set())
    assert [steps.step_lock(*one) for one in steps.course.steps()] == [None] * 4
    assert steps.assessment_lock is not None
    assert steps.assessment_lock.why is Why.STEPS
    assert steps.scenario_lock(None) is None
    assert path_of(steps).left.minutes == 12


def test_what_is_left_tells_activities_from_what_one_does_alone() -> None:
    document = small_course.document()
    document["modules"][0]["steps"][1]["activity"] = {"instructions": "Talk with somebody."}
    steps = Steps(Course.model_validate(document), {"one-a"})
    assert (len(path_of(steps).left.steps), path_of(steps).left.activities) == (3, 1)


def test_in_order_a_module_and_the_scenario_wait_and_say_for_what() -> None:
    course = small_course.course(order="in-order")
    steps = Steps(course, {"one-a"})
    lock = steps.module_lock(course.modules[1])
    assert lock is not None
    assert (lock.why, [one.id for one in lock.modules]) == (Why.MODULES, ["one"])
    waits = steps.scenario_lock(None)
    assert waits is not None
    assert waits.why is Why.STEPS
    assert steps.scenario_lock(AnswerState.DRAFT) is None
    assert steps.step_lock(course.modules[1], course.modules[1].steps[0]) == lock
    assert Steps(course, {"one-a", "two-a"}).step_lock(course.modules[1], course.modules[1].steps[0]) is None


def test_prerequisites_come_before_everything_but_not_into_a_course_that_was_begun() -> None:
    course = small_course.course(prerequisites=PREREQUISITES)
    fresh = Steps(course, set(), PREREQUISITES)
    assert path_of(fresh).next is Next.PREREQUISITES
    for lock in (fresh.lock, fresh.module_lock(course.modules[0]), fresh.assessment_lock, fresh.scenario_lock(None)):
        assert lock is not None
        assert (lock.why, lock.missing) == (Why.PREREQUISITES, PREREQUISITES)
    assert Steps(course, {"one-a"}, PREREQUISITES).lock is None
    assert Steps(course, set()).lock is None


@pytest.mark.parametrize(
    ("state", "after"), [(EnrolmentState.COMPLETED, Next.FINISHED), (EnrolmentState.ENDED, Next.OVER)]
)
def test_an_enrolment_that_is_over_has_nothing_next(state: EnrolmentState, after: Next) -> None:
    assert path_of(Steps(small_course.course(), set()), state=state).next is after


def test_the_day_to_aim_for() -> None:
    course = small_course.course(complete_within_days=30)
    assert pathway.aim(course, date(2026, 2, 1)) == date(2026, 3, 3)
    assert pathway.aim(small_course.course(), date(2026, 2, 1)) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"modules": [module("one", [True], ["nine"], required=True)]}, "unknown module nine"),
        (
            {
                "modules": [
                    module("one", [True], ["two"], required=True),
                    module("two", [True], [], required=True),
                ],
                "order": "in-order",
            },
            "wait for one another",
        ),
        ({"completion": dict.fromkeys(("steps", "assessment", "scenarios", "sessions"), False)}, "asks for nothing"),
        ({"completion": {"steps": False, "assessment": False, "sessions": False}, "scenarios": []}, "nothing of the"),
        ({"prerequisites": {"courses": ["small"]}}, "names the course itself"),
    ],
)
def test_rules_that_leave_no_way_through_are_refused(changes: dict[str, Any], words: str) -> None:
    document = small_course.document(**changes)
    for question in document["assessment"]["questions"]:
        question["module"] = "one"
    with pytest.raises(ValidationError, match=words):
        Course.model_validate(document)
