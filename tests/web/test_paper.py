"""A course on paper: everything to read, room to write, no question of the assessment, and nobody else's."""

from flask.testing import FlaskClient

from mhfa_lms import db
from mhfa_lms.content.schema import Course
from mhfa_lms.models import CourseSignOff, Enrolment, Membership, Organisation, ReviewerKind, Role
from tests import make, markup, small_course, talk
from tests.services.learner import Learner, learner

KINDS = [
    {"id": "p-match", "kind": "matching", "prompt": "What goes together?",
     "explanation": "Waiting gives time.",
     "items": [{"id": "x", "text": "Wait", "target": "t"}, {"id": "y", "text": "Echo", "target": "h"}],
     "targets": [{"id": "t", "text": "time"}, {"id": "h", "text": "heard"}]},
    {"id": "p-text", "kind": "text", "prompt": "In your words?", "explanation": "Any words will do."},
]  # fmt: skip


def enter(client: FlaskClient, who: Learner) -> str:
    make.signed_in(client, db.session().get_one(Membership, who.membership_id))
    return f"/learn/{who.enrolment_id}"


def test_the_file_holds_every_step_and_nothing_of_the_assessment(client: FlaskClient) -> None:
    base = enter(client, learner())
    page = client.get(f"{base}/paper").text
    assert markup.problems(page) == []
    for words in ("Body of <strong>one-a</strong>", "Body of <strong>two-a</strong>", "The gentler summary."):
        assert words in page
    assert "Body of <strong>two-b</strong>" not in page
    assert "Question 1" not in page
    assert "Right 1" not in page
    assert client.get(f"{base}/paper").headers["Cache-Control"] == "no-store"
    whole = client.get(f"{base}/paper?whole=1&module=two").text
    assert "Body of <strong>two-b</strong>" in whole
    assert "one-a" not in whole
    assert client.get(f"{base}/paper?module=three").status_code == 404


def test_the_workbook_has_room_to_write_and_the_answers_at_its_end(client: FlaskClient) -> None:
    base = enter(client, learner())
    page = client.get(f"{base}/workbook").text
    assert markup.problems(page) == []
    asked, _line, answers = page.partition('<h2 id="answers">')
    assert "What helps?" in asked
    assert "Yes." not in asked
    assert "Yes." in answers
    assert "My plan on one page" in asked
    assert "Question 1" not in page


def test_questions_of_other_kinds_can_be_answered_with_a_pen(client: FlaskClient) -> None:
    document = small_course.document("kinds")
    for step, question in zip(document["modules"][0]["steps"], KINDS, strict=True):
        step["question"] = question
    member = make.member()
    enrolment_id = make.enrolment(member, make.published(Course.model_validate(document))).id
    make.signed_in(client, member)
    for path in ("workbook", "paper", "step/one-a?kept=1", "step/one-b?kept=1"):
        page = client.get(f"/learn/{enrolment_id}/{path}").text
        assert markup.problems(page) == [], path
    asked, _line, answers = client.get(f"/learn/{enrolment_id}/workbook").text.partition('<h2 id="answers">')
    assert "Wait: <span" in asked
    assert "Wait: <b>time</b>" in answers


def test_it_is_for_learners_themselves_and_for_coordinators_to_hand_out(client: FlaskClient) -> None:
    who, other = learner(), learner()
    enter(client, other)
    assert client.get(f"/learn/{who.enrolment_id}/paper").status_code == 404
    for kind in ("paper", "workbook"):
        assert client.get(f"/coordinate/courses/small/{kind}").status_code == 403
    place = db.session().get_one(Membership, who.membership_id).organisation_id
    lead = make.member(db.session().get_one(Organisation, place), Role.COORDINATOR)
    make.signed_in(client, lead)
    for kind in ("paper", "workbook"):
        page = client.get(f"/coordinate/courses/small/{kind}")
        assert page.status_code == 200
        assert "Question 1" not in page.text
        assert client.get(f"/coordinate/courses/nowhere/{kind}").status_code == 404


def test_paper_says_what_to_do_and_what_belongs_to_it_but_needs_a_device(client: FlaskClient) -> None:
    document = small_course.document("whole")
    first, second = document["modules"][0]["steps"]
    first["activity"] = {"instructions": "Ask **somebody** how they are."}
    second["conversation"] = "talk"
    member = make.member()
    course = Course.model_validate({**document, "conversations": [talk.document()]})
    enrolment_id = make.enrolment(member, make.published(course)).id
    make.signed_in(client, member)
    for kind in ("paper", "workbook"):
        page = client.get(f"/learn/{enrolment_id}/{kind}").text
        assert markup.problems(page) == []
        told, talked = page.index("Ask <strong>somebody</strong>"), page.index("A conversation to practise")
        assert told < page.index("Step one-b") < talked
        assert page.count("A conversation to practise") == 1
        assert "The assessment, and writing what you would do in a scenario" in page


def test_the_paper_tells_of_a_review_that_was_signed(client: FlaskClient) -> None:
    who = learner()
    base = enter(client, who)
    assert "not yet been clinically reviewed" in client.get(f"{base}/paper").text
    session = db.session()
    signer = {"account_id": make.account().id, "kind": ReviewerKind.CLINICAL, "name": "Dr Vale", "profession": "GP"}
    revision_id = session.get_one(Enrolment, who.enrolment_id).revision_id
    session.add(CourseSignOff(revision_id=revision_id, signed_at=make.NOON, **signer))
    session.commit()
    page = client.get(f"{base}/paper").text
    assert "Clinically reviewed by <bdi>Dr Vale</bdi>" in page
    assert "not yet been clinically reviewed" not in page


def test_the_paper_holds_the_numbers_of_the_reader_s_country_and_organisation(client: FlaskClient) -> None:
    place = make.organisation("quay", country="GB")
    make.help_line(place, name="Night desk", phone="020 7946 0999", hours="Day and night.")
    member = make.member(place)
    enrolment_id = make.enrolment(member).id
    make.signed_in(client, member)
    page = client.get(f"/learn/{enrolment_id}/paper").text
    assert markup.problems(page) == []
    for words in ("<b>999</b>", "<b>020 7946 0999</b>", "<b>116 123</b>", "Last tried", "These are the numbers as of"):
        assert words in page
    assert "Day and night</bdi>. " in page
    assert page.index("<b>999</b>") < page.index("Night desk") < page.index("<b>116 123</b>") < page.index("Module one")


def test_without_a_country_the_paper_names_the_international_directory(client: FlaskClient) -> None:
    page = client.get(f"{enter(client, learner())}/paper").text
    assert "Somebody to talk to, in any country" in page
    assert "findahelpline.com" in page
