"""`mhfa-lms rules`: seeing where a value comes from, setting one and taking it back."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import AuditEvent, RuleSetting
from mhfa_lms.services import catalogue
from mhfa_lms.services import rules as service
from tests import make
from tests.cli.conftest import Run


@pytest.fixture
def tree(run: Run) -> Run:
    """A district, a school under it, and a published course."""
    district = make.organisation("district").id
    make.organisation("school", parent_id=district)
    make.published()
    return run


def listed(run: Run, *words: str) -> dict[str, tuple[Any, str]]:
    found = run("rules", "list", "--json", *words)
    assert found.exit_code == 0, found.stderr
    return {row["rule"]: (row["value"], row["source"]) for row in json.loads(found.stdout)}


def test_every_rule_is_listed_with_its_default(tree: Run) -> None:
    told = listed(tree)
    assert told == {rule.value: (value, "default") for rule, value in service.DEFAULTS.items()}
    assert "180,90,30,0" in tree("rules", "list").stdout


def test_a_value_comes_from_the_nearest_place(tree: Run) -> None:
    assert tree("rules", "set", "pass_percent", "70").exit_code == 0
    assert tree("rules", "set", "reminder_days", "60, 30", "--organisation", "district").exit_code == 0
    assert tree("rules", "set", "pass_percent", "90", "--organisation", "school", "--course", "small").exit_code == 0
    school = listed(tree, "--organisation", "school")
    assert school["pass_percent"] == (70, "installation")
    assert school["reminder_days"] == ([60, 30], "organisation district")
    assert listed(tree, "--organisation", "school", "--course", "small")["pass_percent"] == (90, "organisation school")


def test_a_courses_own_value_comes_before_the_installations(tree: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = catalogue.course

    def with_a_pass_mark(revision: Any) -> Any:
        course = found(revision)
        return course.model_copy(update={"defaults": course.defaults.model_copy(update={"pass_percent": 85})})

    monkeypatch.setattr(catalogue, "course", with_a_pass_mark)
    tree("rules", "set", "pass_percent", "70")
    assert listed(tree, "--course", "small")["pass_percent"] == (85, "course")


def test_taking_back_lets_the_next_place_decide_and_both_are_on_record(tree: Run) -> None:
    words = ("keep_last_reminder", "--organisation", "school")
    assert tree("rules", "set", *words, "true").exit_code == 0
    assert listed(tree, "--organisation", "school")["keep_last_reminder"] == (True, "organisation school")
    assert tree("rules", "unset", *words).exit_code == 0
    assert listed(tree, "--organisation", "school")["keep_last_reminder"] == (False, "default")
    again = tree("rules", "unset", *words)
    assert (again.exit_code, again.stderr) == (1, "keep_last_reminder is not set for school.\n")
    verbs = db.session().scalars(select(AuditEvent.verb).where(AuditEvent.subject == "rule_setting")).all()
    assert verbs == ["rule-set", "rule-unset"]


def test_no_reminders_before_expiry(tree: Run) -> None:
    assert tree("rules", "set", "reminder_days", "none").exit_code == 0
    assert listed(tree)["reminder_days"] == ([], "installation")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("pass_percent", "101"), 1, "pass_percent must be a whole number from 1 to 100."),
        (("pass_percent", "most"), 1, "a whole number from 1 to 100"),
        (("pass_percent", "8" * 5000), 1, "a whole number from 1 to 100"),
        (("reminder_days", "30,soon"), 1, "a list of days"),
        (("keep_last_reminder", "1"), 1, "true or false"),
        (("renewal_basis", "whenever"), 1, "completion or old-expiry"),
        (("minimum_age", "16", "--course", "small"), 1, "holds for all courses"),
        (("pass_percent", "80", "--organisation", "nowhere"), 1, "There is no organisation nowhere."),
        (("pass_percent", "80", "--course", "nothing"), 1, "There is no published course nothing."),
        (("colour", "blue"), 2, "is not one of"),
    ],
)
def test_what_cannot_be_set_is_refused_and_nothing_is_written(
    tree: Run, words: tuple[str, ...], code: int, told: str
) -> None:
    result = tree("rules", "set", *words)
    assert result.exit_code == code
    assert told in result.stderr
    assert db.session().scalars(select(RuleSetting)).all() == []


def test_a_dry_run_says_what_would_change_and_saves_nothing(tree: Run) -> None:
    told = tree("rules", "set", "valid_months", "24", "--organisation", "district", "--dry-run")
    assert told.exit_code == 0, told.stderr
    assert "Nothing is saved." in told.stdout
    assert "organisations in which it counts: 2" in told.stdout
    data = json.loads(tree("rules", "set", "reminder_days", "60", "--dry-run", "--json").stdout)
    assert data["reminders"] == {"days": 366, "new": 0, "gone": 0, "people": 0, "at_once": 0}
    assert tree("rules", "set", "valid_months", "500", "--dry-run").exit_code == 1
    assert db.session().scalars(select(RuleSetting)).all() == []
    assert db.session().scalars(select(AuditEvent)).all() == []
