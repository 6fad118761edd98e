"""The rubric's rules, for judgements of every kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.content.scenarios import Scenario
from mhfa_lms.content.schema import Course
from mhfa_lms.services.marks import IncompleteError, Judgement, Reason, judge, outcome, shown
from tests.small_course import course, document

SAM = course().scenarios[0]
LEVELS = st.fixed_dictionaries({"asks": st.integers(1, 4), "hears": st.integers(1, 4)})
REQUIRED = st.fixed_dictionaries({"asked": st.booleans()})


def scenario(**action: object) -> Scenario:
    """Return the small course's scenario with something changed about its required action."""
    changed = document()
    changed["scenarios"][0]["required_actions"][0] |= action
    return Course.model_validate(changed).scenarios[0]


@given(LEVELS, REQUIRED)
def test_harm_or_a_missing_action_fails_whatever_the_total(levels: dict[str, int], required: dict[str, bool]) -> None:
    result = outcome(SAM, Judgement(levels, required))
    assert result.points == sum(levels.values())
    assert result.harm == (1 in levels.values())
    assert result.required_missing == (not required["asked"])
    fails = 1 in levels.values() or not required["asked"] or sum(levels.values()) < SAM.pass_points
    assert result.passed is not fails


@pytest.mark.parametrize(
    ("levels", "asked", "reason"),
    [
        ((4, 2), True, Reason.PASSED),
        ((2, 3), True, Reason.TOO_FEW_POINTS),
        ((4, 4), False, Reason.ACTION_MISSING),
        ((4, 1), True, Reason.HARM),
        ((1, 1), False, Reason.HARM),
    ],
)
def test_the_gravest_reason_is_named(levels: tuple[int, int], asked: bool, reason: Reason) -> None:
    judgement = Judgement({"asks": levels[0], "hears": levels[1]}, {"asked": asked})
    assert outcome(SAM, judgement).reason is reason


@given(
    st.dictionaries(st.sampled_from(["asks", "hears", "unknown"]), st.integers(-1, 6)),
    st.dictionaries(st.sampled_from(["asked", "unknown"]), st.booleans()),
)
def test_only_whole_judgements_are_accepted(levels: dict[str, int], required: dict[str, bool]) -> None:
    open_lines = [one for one in ("asks", "hears") if levels.get(one) not in (1, 2, 3, 4)]
    open_lines += [] if "asked" in required else ["asked"]
    if open_lines:
        with pytest.raises(IncompleteError) as refused:
            judge(SAM, levels, required)
        assert list(refused.value.missing) == open_lines
    else:
        kept = Judgement({one: levels[one] for one in ("asks", "hears")}, {"asked": required["asked"]})
        assert judge(SAM, levels, required) == kept


@given(LEVELS, st.none() | st.booleans())
def test_an_open_action_follows_from_the_levels_where_the_rubric_says_so(
    levels: dict[str, int], said: bool | None
) -> None:
    tied = scenario(shown_by={"asks": 3})
    judgement = judge(tied, levels, {} if said is None else {"asked": said})
    assert judgement.required["asked"] is (levels["asks"] >= 3 if said is None else said)


def test_an_action_tied_to_an_open_level_asks_for_the_level_alone() -> None:
    tied = scenario(shown_by={"asks": 3})
    assert shown(tied.required_actions[0], {"hears": 4}) is None
    with pytest.raises(IncompleteError) as refused:
        judge(tied, {"hears": 4}, {})
    assert refused.value.missing == ("asks",)


@pytest.mark.parametrize(
    ("shown_by", "problem"),
    [({"nothing": 3}, "unknown competency nothing"), ({"asks": 2}, "contradict"), ({"asks": 1}, "greater than")],
)
def test_a_rubric_cannot_contradict_itself(shown_by: dict[str, int], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        scenario(shown_by=shown_by)
