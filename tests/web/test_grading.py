"""The instructors' pages in a browser without JavaScript."""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from mhfa_lms import clock, db
from mhfa_lms.models import (
    AnswerState,
    Attempt,
    AttemptRelease,
    AttemptState,
    CourseRevision,
    Enrolment,
    Mark,
    MarkDraft,
    Membership,
    Organisation,
    Role,
    ScenarioAnswer,
)
from mhfa_lms.services import grading
from mhfa_lms.services.marks import Judgement
from tests import make
from tests.counting import queries
from tests.small_course import course, document

GOOD = {"level-asks": "4", "level-hears": "3", "action-asked": "yes", "feedback": "You asked plainly."}
MOST_QUERIES = 12


@dataclass
class Desk:
    """An instructor's browser, and what they mark. Rows are read anew: each request lets the session go."""

    client: FlaskClient
    organisation_id: int
    revision_id: int
    me_id: int
    colleague_id: int

    @property
    def organisation(self) -> Organisation:
        return db.session().get_one(Organisation, self.organisation_id)

    @property
    def revision(self) -> CourseRevision:
        return db.session().get_one(CourseRevision, self.revision_id)

    @property
    def me(self) -> Membership:
        return db.session().get_one(Membership, self.me_id)

    @property
    def colleague(self) -> Membership:
        return db.session().get_one(Membership, self.colleague_id)

    def learner(self, name: str = "Lea Learner") -> Enrolment:
        return make.enrolment(make.member(self.organisation, name=name), self.revision)

    def waiting(self, name: str = "Lea Learner", **values: object) -> int:
        """Return a new answer's number."""
        return make.answer(self.learner(name), **values).id

    def take(self) -> TestResponse:
        return self.client.post("/mark/next")


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    owner, revision = make.organisation(), make.published()
    first, second = (make.member(owner, Role.INSTRUCTOR, name=name) for name in ("Ines Marker", "Ben Okafor"))
    for person in (first, second):
        make.authorisation(person, revision)
    ids = owner.id, revision.id, first.id, second.id
    return Desk(make.signed_in(client, first), *ids)


def words(response: TestResponse) -> str:
    """Return a page's text without markup, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.get_data(as_text=True)).split())


def test_the_queue_says_how_many_wait_and_since_when(desk: Desk) -> None:
    now = clock.now()
    desk.waiting(submitted_at=now - timedelta(days=3, hours=2))
    desk.waiting("Second Learner", submitted_at=now - timedelta(minutes=5), alias="7QXM")
    text = words(desk.client.get("/mark"))
    assert "2 answers wait for you" in text
    assert "3 days since the oldest was sent" in text
    assert "Mark the next answer" in text
    assert "Learner 4F2K" in text
    assert "Learner 7QXM" in text
    assert "Lea Learner" not in text


def test_an_empty_queue_says_so(desk: Desk) -> None:
    assert "Nothing waits to be marked" in words(desk.client.get("/mark"))
    response = desk.take()
    assert (response.status_code, response.location) == (303, "/mark")
    assert "Nothing else is free to mark" in words(desk.client.get("/mark"))


def test_who_is_not_authorised_reads_why_and_whom_to_ask(client: FlaskClient) -> None:
    owner = make.organisation()
    make.member(owner, Role.COORDINATOR, name="Cora Dinator", work_email="cora@example.org")
    make.signed_in(client, make.member(owner, Role.INSTRUCTOR))
    for path in ("/mark", "/mark/attempts"):
        text = words(client.get(path))
        assert "You cannot mark answers yet" in text
        assert "Cora Dinator , cora@example.org" in text


def test_learners_have_no_queue(client: FlaskClient) -> None:
    make.signed_in(client, make.member())
    assert client.get("/mark").status_code == 403
    assert client.post("/mark/next").status_code == 403


def test_marking_hides_the_name_until_the_mark_is_final(desk: Desk) -> None:
    answer = desk.waiting()
    assert desk.take().location == f"/mark/{answer}"
    page = desk.client.get(f"/mark/{answer}")
    text = words(page)
    assert "Lea Learner" not in page.get_data(as_text=True)
    assert "Answer of learner 4F2K" in text
    assert "I ask: are you thinking of suicide?" in text
    assert "12 words. First answer. Sent on 21 November 2026, 12:00." in text
    assert "You have this one until" in text
    sent = desk.client.post(f"/mark/{answer}", data={**GOOD, "then": "stop"})
    assert (sent.status_code, sent.location) == (303, f"/mark/{answer}")
    text = words(desk.client.get(f"/mark/{answer}"))
    assert "Lea Learner : Sam" in text
    assert "7 of 8 points; 6 were needed." in text
    assert "Marked by Ines Marker" in text
    assert "You asked plainly." in text
    assert "Lea Learner : Sam" in words(desk.client.get("/mark"))


def test_the_desk_holds_all_that_a_marker_needs(desk: Desk) -> None:
    make.member(desk.organisation, Role.SAFEGUARDING, name="Sol Safe", work_email="sol@example.org")
    answer = desk.waiting(number=2, text="<b>One</b>\r\nline\r\n\r\nTwo")
    desk.take()
    page = desk.client.get(f"/mark/{answer}")
    html, text = page.get_data(as_text=True), words(page)
    assert "<p>&lt;b&gt;One&lt;/b&gt;\nline</p><p>Two</p>" in html
    assert "Answer number 2." in text
    assert "The question learners saw Sam is quiet. What would you say?" in text
    assert "Exemplar 1" in text
    assert "Sol Safe , sol@example.org" in text
    assert f"Say this code, so that they can find the writer: 4F2K-{answer}" in text
    assert text.index("Asked about suicide") < text.index("Feedback to the learner") < text.index("Save and next")
    for name in ("level-asks", "level-hears", "action-asked", "feedback"):
        assert f'name="{name}"' in html


def test_examples_stand_open_for_the_first_answer_only(desk: Desk) -> None:
    first, second = desk.waiting(), desk.waiting("Second Learner")
    opened = "<details open><summary>Read these first"
    desk.take()
    assert opened in desk.client.get(f"/mark/{first}").get_data(as_text=True)
    desk.client.post(f"/mark/{first}", data=GOOD)
    page = desk.client.get(f"/mark/{second}").get_data(as_text=True)
    assert opened not in page
    assert "<details><summary>Read these first" in page


def test_without_a_safeguarding_lead_the_coordinators_are_named(desk: Desk) -> None:
    make.member(desk.organisation, Role.COORDINATOR, name="Cora Dinator")
    answer = desk.waiting()
    desk.take()
    text = words(desk.client.get(f"/mark/{answer}"))
    assert "Cora Dinator" in text
    assert "has not named a safeguarding lead yet" in text


def test_save_and_next_lands_on_the_next_answer(desk: Desk) -> None:
    first, second = desk.waiting(), desk.waiting("Second Learner")
    desk.take()
    sent = desk.client.post(f"/mark/{first}", data=GOOD)
    assert (sent.status_code, sent.location) == (303, f"/mark/{second}")
    assert "Saved: learner 4F2K passed." in words(desk.client.get(f"/mark/{second}"))


def test_wrong_input_keeps_what_was_typed(desk: Desk) -> None:
    answer = desk.waiting()
    desk.take()
    sent = desk.client.post(f"/mark/{answer}", data={"level-asks": "3", "level-hears": "9", "feedback": "So <far>"})
    html, text = sent.get_data(as_text=True), words(sent)
    assert sent.status_code == 422
    assert "<title>Error: " in html
    assert "There is a problem Choose a level for “Hears” Say yes or no for “Asked about suicide”" in text
    assert 'href="#level-hears"' in html
    assert re.search(r'name="level-asks" value="3" checked', html)
    assert "So &lt;far&gt;</textarea>" in html
    long = desk.client.post(f"/mark/{answer}", data={**GOOD, "feedback": "x" * 4001})
    assert long.status_code == 422
    assert "x" * 4001 in long.get_data(as_text=True)
    assert db.session().scalars(select(Mark)).all() == []


def test_an_action_that_the_levels_show_may_be_left_open(desk: Desk) -> None:
    changed = document("tied")
    changed["scenarios"][0]["required_actions"][0]["shown_by"] = {"asks": 3}
    revision = make.published(type(course()).model_validate(changed))
    make.authorisation(desk.me, revision)
    answer = make.answer(make.enrolment(make.member(desk.organisation), revision)).id
    sent = desk.client.post(f"/mark/{answer}", data={"level-asks": "3", "level-hears": "3"})
    assert sent.status_code == 303
    assert db.session().scalars(select(Mark.required)).one() == {"asked": True}


def test_a_draft_survives_a_reload_and_keeps_the_answer(desk: Desk) -> None:
    answer = desk.waiting()
    desk.take()
    saved = desk.client.post(f"/mark/{answer}/draft", json={"level-asks": "2", "feedback": "You sat", "name": "x"})
    assert saved.get_json() == {"held": True}
    assert db.session().scalars(select(MarkDraft.values)).one() == {"level-asks": "2", "feedback": "You sat"}
    html = desk.client.get(f"/mark/{answer}").get_data(as_text=True)
    assert re.search(r'name="level-asks" value="2" checked', html)
    assert "You sat</textarea>" in html
    assert desk.client.post(f"/mark/{answer}/draft", json=["no"]).status_code == 422


def test_skip_passes_over_and_comes_round_again(desk: Desk) -> None:
    now = clock.now()
    answers = [desk.waiting(f"Learner {n}", submitted_at=now - timedelta(hours=n)) for n in (3, 2, 1)]
    assert desk.take().location == f"/mark/{answers[0]}"
    for left, found in zip(answers, [*answers[1:], answers[0]], strict=True):
        assert desk.client.post(f"/mark/next?skip={left}").location == f"/mark/{found}"


def test_skipping_the_only_answer_leads_to_the_list(desk: Desk) -> None:
    answer = desk.waiting()
    desk.take()
    assert desk.client.post(f"/mark/next?skip={answer}").location == "/mark"
    assert "The answer you skipped is still in the list" in words(desk.client.get("/mark"))
    assert desk.take().location == f"/mark/{answer}"


def test_giving_back_lets_somebody_else_take_it(desk: Desk) -> None:
    answer = desk.waiting()
    desk.take()
    assert desk.client.post(f"/mark/{answer}/let-go").location == "/mark"
    page = words(desk.client.get(f"/mark/{answer}"))
    assert "Nobody is marking this answer now" in page
    assert "thinking of suicide" not in page
    assert desk.client.post(f"/mark/{answer}/hold").location == f"/mark/{answer}"
    assert "You have this answer until" in words(desk.client.get(f"/mark/{answer}"))


def test_what_a_colleague_holds_is_not_shown(desk: Desk) -> None:
    answer = desk.waiting()
    grading.claim_next(by=make.actor(desk.colleague, now=clock.now()), now=clock.now())
    assert "With Ben Okafor until" in words(desk.client.get("/mark"))
    text = words(desk.client.get(f"/mark/{answer}"))
    assert "Ben Okafor has this answer until" in text
    assert "thinking of suicide" not in text
    assert desk.client.post(f"/mark/{answer}/hold").location == f"/mark/{answer}"
    assert db.session().get_one(ScenarioAnswer, answer).claimed_by_id == desk.colleague.id


def test_after_a_lost_claim_the_typed_mark_is_kept(desk: Desk) -> None:
    answer, now = desk.waiting(), clock.now()
    grading.claim_next(by=make.actor(desk.me, now=now), now=now - timedelta(hours=1))
    grading.claim_next(by=make.actor(desk.colleague, now=now), now=now)
    sent = desk.client.post(f"/mark/{answer}", data=GOOD)
    assert sent.status_code == 409
    assert "Ben Okafor took this answer after your time was over" in words(sent)
    assert "You asked plainly.</textarea>" in sent.get_data(as_text=True)
    assert db.session().scalars(select(Mark)).all() == []
    assert "What you typed for it is kept" in words(desk.client.get(f"/mark/{answer}"))
    grading.let_go(answer, by=make.actor(desk.colleague, now=now), now=now)
    desk.client.post(f"/mark/{answer}/hold")
    assert "You asked plainly.</textarea>" in desk.client.get(f"/mark/{answer}").get_data(as_text=True)


def test_when_a_colleague_was_quicker_the_typed_mark_is_shown(desk: Desk) -> None:
    answer, now = desk.waiting(), clock.now()
    scenario = course().scenarios[0]
    other = Judgement({one.id: 2 for one in scenario.competencies}, {"asked": False})
    grading.mark(answer, other, "Ask plainly.", by=make.actor(desk.colleague, now=now), now=now)
    sent = desk.client.post(f"/mark/{answer}", data=GOOD)
    assert sent.status_code == 409
    for text in (words(sent), words(desk.client.get(f"/mark/{answer}"))):
        assert "What you had typed Only you see this. It does not count. Asks 4" in text
        assert "You asked plainly." in text
        assert "but a required action is missing" in text
    assert "Ben Okafor marked this answer before you" in words(sent)


def test_own_foreign_and_unsent_answers_are_refused(desk: Desk) -> None:
    own = make.answer(make.enrolment(desk.me, desk.revision)).id
    foreign = make.answer(make.enrolment(make.member(), desk.revision)).id
    draft = desk.waiting(state=AnswerState.DRAFT)
    for answer, status in ((own, 403), (foreign, 404), (draft, 404), (draft + 99, 404)):
        assert desk.client.get(f"/mark/{answer}").status_code == status
        assert desk.client.post(f"/mark/{answer}", data=GOOD).status_code == status
        for action in ("hold", "let-go", "draft"):
            assert desk.client.post(f"/mark/{answer}/{action}", json={}).status_code == status
    assert desk.client.post(f"/mark/next?skip={foreign}").location == "/mark"


def test_the_list_has_pages_of_25(desk: Desk) -> None:
    now = clock.now()
    for number in range(27):
        desk.waiting(f"Learner {number}", submitted_at=now - timedelta(minutes=number), alias=f"A{number:03}")
    first = desk.client.get("/mark").get_data(as_text=True)
    assert len(re.findall(r"Learner A\d{3}", first)) == 25
    [after] = re.findall(r'href="(/mark\?after=\d+)"', first)
    assert re.findall(r"Learner (A\d{3})", desk.client.get(after).get_data(as_text=True)) == ["A001", "A000"]


@pytest.mark.parametrize("size", [1, 26])
def test_pages_need_few_queries_whatever_the_size(desk: Desk, size: int) -> None:
    now = clock.now()
    answers = [desk.waiting(f"Learner {n}", submitted_at=now - timedelta(minutes=n)) for n in range(size)]
    done = desk.waiting("Done", submitted_at=now - timedelta(days=1))
    desk.take()
    desk.client.post(f"/mark/{done}", data=GOOD)
    mine = answers[-1]
    pages = {"/mark": 7, f"/mark/{mine}": 8, f"/mark/{done}": 8}
    for path, most in pages.items():
        with queries() as found:
            assert desk.client.get(path).status_code == 200
        assert len(found) <= min(most, MOST_QUERIES), (path, found.statements)


def out_of_attempts(desk: Desk) -> int:
    enrolment_id = desk.learner("Otto Attempts").id
    with db.transaction() as session:
        for number in (1, 2):
            session.add(
                Attempt(
                    enrolment_id=enrolment_id,
                    assessment="final",
                    number=number,
                    drawn=[],
                    pass_percent=80,
                    max_points=3,
                    points=number,
                    passed=False,
                    state=AttemptState.SUBMITTED,
                    started_at=make.NOON,
                    submitted_at=make.NOON,
                )
            )
    return enrolment_id


def test_one_who_is_out_of_attempts_is_let_try_again(desk: Desk) -> None:
    enrolment_id = out_of_attempts(desk)
    listed = words(desk.client.get("/mark/attempts"))
    assert "Otto Attempts" in listed
    assert "2 of 3" in listed
    path = f"/mark/attempts/{enrolment_id}"
    assert "Let Otto Attempts try again" in words(desk.client.get(path))
    refused = desk.client.post(path, data={"reason": "  "})
    assert refused.status_code == 422
    assert "Write a reason" in words(refused)
    sent = desk.client.post(path, data={"reason": "We went through it together."})
    assert (sent.status_code, sent.location) == (303, "/mark/attempts")
    release = db.session().scalars(select(AttemptRelease)).one()
    assert (release.reason, release.for_number) == ("We went through it together.", 3)
    text = words(desk.client.get("/mark/attempts"))
    assert "Otto Attempts can try again." in text
    assert "Nobody is out of attempts." in text


def test_a_release_that_is_not_needed_says_so(desk: Desk) -> None:
    enrolled = desk.learner("Nina New")
    sent = desk.client.post(f"/mark/attempts/{enrolled.id}", data={"reason": "Because."}, follow_redirects=True)
    assert "Nina New does not need another attempt now." in words(sent)
    assert desk.client.get(f"/mark/attempts/{make.enrolment().id}").status_code == 404
