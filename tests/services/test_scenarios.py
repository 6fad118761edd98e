"""Scenario answers: no word is lost, nothing is handed in twice, and nothing is written where nobody can help."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from mhfa_lms import db
from mhfa_lms.models import AnswerState, AuditEvent, Enrolment, Organisation, Role, ScenarioAnswer
from mhfa_lms.policy import SYSTEM, Forbidden
from mhfa_lms.services import accounts, scenarios
from mhfa_lms.services.enrolments import NotActiveError
from mhfa_lms.services.scenarios import (
    ClosedError,
    HandedInError,
    NewerDraftError,
    TooLongError,
    UnknownScenarioError,
    WordsError,
)
from tests import make
from tests.make import NOON
from tests.services.learner import Learner, learner

pytestmark = pytest.mark.usefixtures("database")


def newest(who: Learner) -> ScenarioAnswer:
    db.session().rollback()
    found = scenarios.newest(db.session(), who.enrolment_id, "sam")
    assert found is not None
    return found


def decide(who: Learner, state: AnswerState) -> None:
    """Decide the newest answer, as a marker does."""
    with db.transaction() as session:
        answer = scenarios.newest(session, who.enrolment_id, "sam")
        assert answer is not None
        answer.state, answer.decided_at = state, NOON


def test_a_page_saves_again_and_again_without_seeing_its_own_versions() -> None:
    who = learner()
    for text in ("One", "One two", "One two three"):
        who.write(text, version=0, page="mine")
    assert (newest(who).text, newest(who).version) == ("One two three", 4)


def test_the_same_text_is_not_a_new_version() -> None:
    who = learner()
    who.write("One\r\ntwo\r\n")
    who.write("One\ntwo", page="other")
    assert (newest(who).text, newest(who).version) == ("One\ntwo", 2)


def test_another_page_never_overwrites_what_it_has_not_seen() -> None:
    who = learner()
    who.write("From the first", version=0, page="first")
    with pytest.raises(NewerDraftError) as caught:
        who.write("From the second", version=0, page="second")
    assert (caught.value.text, caught.value.version) == ("From the first", 2)
    who.write("Both", version=2, page="second")
    with pytest.raises(NewerDraftError):
        who.write("First again", version=2, page="first")
    with pytest.raises(NewerDraftError):
        who.write("A page without a name", version=1, page="")
    assert newest(who).text == "Both"


def test_an_emptied_draft_is_still_a_version_others_have_not_seen() -> None:
    who = learner()
    who.write("Words", page="first")
    who.write("", page="first")
    with pytest.raises(NewerDraftError):
        who.write("Other words", version=0, page="second")


def test_drafts_are_not_audited_and_handing_in_is() -> None:
    who = learner()
    who.write("Only a draft")
    assert "scenario_answer" not in db.session().scalars(select(AuditEvent.subject)).all()
    who.write("I would ask Sam.", submit=True)
    assert "answer-submitted" in db.session().scalars(select(AuditEvent.verb)).all()


def test_an_answer_is_handed_in_once_whatever_the_clicks() -> None:
    who = learner()
    db.session().rollback()

    def click(_number: int) -> None:
        try:
            who.write("I would ask Sam.", submit=True)
        finally:
            db.sessions.remove()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(click, range(6)))
    assert db.session().scalar(select(func.count()).select_from(ScenarioAnswer)) == 1
    answer = newest(who)
    assert (answer.state, answer.submitted_at, answer.number) == (AnswerState.WAITING, NOON, 1)
    assert len(answer.alias) == 4


def test_after_handing_in_nothing_can_be_changed() -> None:
    who = learner()
    who.write("I would ask Sam.", submit=True)
    with pytest.raises(HandedInError):
        who.write("Something else here", version=2, page="page")
    with pytest.raises(HandedInError):
        who.write("Something else here", version=2, submit=True)
    assert newest(who).text == "I would ask Sam."


@pytest.mark.parametrize(("text", "count"), [("Two words", 2), ("word " * 101, 101), ("— … !", 0)])
def test_too_few_or_too_many_words_are_kept_but_not_handed_in(text: str, count: int) -> None:
    who = learner()
    with pytest.raises(WordsError) as caught:
        who.write(text, submit=True)
    assert caught.value.count == count
    assert (newest(who).state, newest(who).text) == (AnswerState.DRAFT, text)


def test_a_text_beyond_all_measure_is_refused() -> None:
    with pytest.raises(TooLongError):
        learner().write("x" * (scenarios.LONGEST + 1))


def test_a_lead_whose_account_is_closed_can_help_nobody() -> None:
    who = learner(safeguarding=False)
    place = db.session().get_one(Organisation, db.session().get_one(Enrolment, who.enrolment_id).organisation_id)
    lead = make.account()
    lead_id = lead.id
    make.member(place, Role.SAFEGUARDING, name="Lee Lead", holder=lead)
    who.write("Words that are long enough.")
    accounts.deactivate(lead_id, by=SYSTEM, now=NOON)
    with pytest.raises(ClosedError):
        who.write("More words.", version=2)


def test_free_text_is_closed_until_somebody_has_the_safeguarding_role() -> None:
    who = learner(safeguarding=False)
    for submit in (False, True):
        with pytest.raises(ClosedError):
            who.write("I would ask Sam.", submit=submit)
    assert db.session().scalar(select(func.count()).select_from(ScenarioAnswer)) == 0


def test_trying_again_opens_the_next_answer_with_the_old_words() -> None:
    who = learner()
    who.write("I would ask Sam.", submit=True)
    with pytest.raises(HandedInError):
        scenarios.try_again(who.enrolment_id, "sam", by=who.actor, now=NOON)
    decide(who, AnswerState.TRY_AGAIN)
    for _click in range(2):
        scenarios.try_again(who.enrolment_id, "sam", by=who.actor, now=NOON)
    first, second = db.session().scalars(select(ScenarioAnswer).order_by(ScenarioAnswer.number)).all()
    assert (first.state, first.result_seen_at) == (AnswerState.TRY_AGAIN, NOON)
    assert (second.number, second.text, second.state) == (2, "I would ask Sam.", AnswerState.DRAFT)
    with pytest.raises(NewerDraftError):
        who.write("A window left open on the first answer", version=first.version, page="page")
    who.write("I would ask Sam about suicide.", version=second.version, page="new", submit=True)
    assert newest(who).state is AnswerState.WAITING


def test_a_passed_answer_is_not_begun_again() -> None:
    who = learner()
    who.write("I would ask Sam.", submit=True)
    decide(who, AnswerState.PASSED)
    with pytest.raises(HandedInError):
        scenarios.try_again(who.enrolment_id, "sam", by=who.actor, now=NOON)


def test_a_result_is_new_until_it_was_read() -> None:
    who = learner()
    scenarios.see_result(who.enrolment_id, "sam", by=who.actor, now=NOON)
    who.write("I would ask Sam.", submit=True)
    scenarios.see_result(who.enrolment_id, "sam", by=who.actor, now=NOON)
    assert newest(who).result_seen_at is None
    decide(who, AnswerState.PASSED)
    scenarios.see_result(who.enrolment_id, "sam", by=who.actor, now=NOON)
    assert newest(who).result_seen_at == NOON


def test_unknown_scenarios_other_people_and_past_enrolments_are_refused() -> None:
    who, other = learner(), learner()
    with pytest.raises(UnknownScenarioError):
        scenarios.save_draft(who.enrolment_id, "x", "Text", version=0, page="p", by=who.actor, now=NOON)
    with pytest.raises(Forbidden):
        scenarios.save_draft(who.enrolment_id, "sam", "Text", version=0, page="p", by=other.actor, now=NOON)
    done = make.enrolment(make.member(), completed_at=NOON)
    actor = make.actor(done.membership)
    with pytest.raises(NotActiveError):
        scenarios.save_draft(done.id, "sam", "Text", version=0, page="p", by=actor, now=NOON)
