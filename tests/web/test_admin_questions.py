"""How a course's questions do, on the administrators' page."""

from flask.testing import FlaskClient

from mhfa_lms import db
from mhfa_lms.models import CourseRevision, Membership
from tests import make
from tests.services.test_question_statistics import submitted
from tests.small_course import course


def test_an_administrator_reads_what_is_odd_first_and_by_revision(client: FlaskClient) -> None:
    revision_id = make.published().id
    submitted(revision_id, 3, "a")
    submitted(revision_id, 9, "b")
    make.published(course(title="Another wording"))
    admin_id = make.member(holder=make.account(is_admin=True)).id
    make.signed_in(client, db.session().get_one(Membership, admin_id))
    assert 'href="/admin/courses/small/questions"' in client.get("/admin/courses").text
    page = client.get("/admin/courses/small/questions").text
    assert "Nearly everybody gets this wrong" in page
    assert "A wrong answer is chosen more often" in page
    assert page.index("Question 1?") < page.index("Too few people were asked so far")
    rows = page.split("<tbody")[1].split("</tbody")[0]
    assert rows.index("Wrong 1") < rows.index("Right 1")
    assert "25 %" in page
    assert "Nearly everybody" not in client.get("/admin/courses/small/questions?revision=2").text
    assert client.get("/admin/courses/small/questions?revision=3").status_code == 404
    assert client.get("/admin/courses/none/questions").status_code == 404
    assert db.session().get_one(CourseRevision, revision_id).number == 1
