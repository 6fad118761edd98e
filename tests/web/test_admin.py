"""The administrator's pages: what needs attention, organisations, courses, outbox, help lines."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from mhfa_lms import clock, db
from mhfa_lms.models import CourseProblem, CourseRevision, HelpCheck, Job, Message, Organisation, Role, WorkState
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import audit, backlog, outbox, work, workers
from tests import make

PAGES = [
    *("/admin", "/admin/organisations", "/admin/courses", "/admin/outbox", "/admin/help-lines"),
    *("/admin/system", "/admin/jobs", "/admin/settings", "/admin/audit"),
]

WHY = {"reason": "A psychologist has read it on paper."}


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    """A browser in which an administrator is signed in."""
    return make.signed_in(client, make.member(holder=make.account("admin@example.org", is_admin=True)))


def failed_mail(number: int = 1) -> int:
    """Post a mail that could not be sent; returns its id."""
    now = clock.now()
    with db.transaction() as session:
        posted = outbox.post(
            session, "invitation", key=f"invitation:{number}", due_at=now, now=now, to_address=f"a{number}@example.org"
        )
        assert posted is not None
        message = session.get_one(Message, posted)
        message.state, message.done_at, message.attempts, message.error = WorkState.FAILED, now, 8, "SMTP 550"
    return posted


@pytest.mark.parametrize("page", PAGES)
def test_only_an_administrator_sees_the_pages(client: FlaskClient, page: str) -> None:
    assert client.get(page).status_code == 303
    everything = [Role.COORDINATOR, Role.INSTRUCTOR, Role.SAFEGUARDING]
    assert make.signed_in(client, make.member(None, *everything)).get(page).status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_an_administrator_without_a_membership_sees_them_too(client: FlaskClient, page: str) -> None:
    make.signed_in_account(client, make.account(is_admin=True), now=clock.now())
    assert client.get(page).status_code == 200


def test_overview_names_what_needs_attention(admin: FlaskClient) -> None:
    before = admin.get("/admin").text
    assert "Mails could not be sent" not in before
    assert "Help lines to check" in before
    failed_mail()
    with db.transaction() as session:
        session.add(CourseProblem(slug="x", path="courses/x/course.yaml", line=3, text="No.", seen_at=clock.now()))
    after = admin.get("/admin").text
    assert "Mails could not be sent" in after
    assert "Problems in course files" in after


def test_overview_says_when_the_worker_seems_not_to_run(admin: FlaskClient) -> None:
    long_ago = clock.now() - timedelta(minutes=20)
    with db.transaction() as session:
        outbox.post(session, "invitation", key="i", due_at=long_ago, now=long_ago, to_address="a@example.org")
    assert "The worker seems not to run" in admin.get("/admin").text


def test_overview_counts_what_is_not_sealed(admin: FlaskClient) -> None:
    unsealed = backlog.measure(db.session(), now=clock.now()).unsealed_events
    db.session().rollback()
    assert f"<b>{unsealed}</b>" in admin.get("/admin").text


def test_an_organisation_is_made_once_and_what_was_typed_stays(admin: FlaskClient) -> None:
    typed = {"name": "Harbour Schools", "slug": "harbour", "timezone": "Europe/London", "country": "GB"}
    assert admin.post("/admin/organisations", data={**typed, "open_to_join": "y"}).status_code == 303
    row = db.session().scalars(select(Organisation).where(Organisation.slug == "harbour")).one()
    assert (row.country, row.open_to_join, row.timezone) == ("GB", True, "Europe/London")
    again = admin.post("/admin/organisations", data=typed)
    assert again.status_code == 422
    assert "Another organisation has this short name" in again.text
    assert 'value="Harbour Schools"' in again.text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": " "}, "Write the organisation’s name"),
        ({"slug": "Not Good"}, "small letters"),
        ({"timezone": "Mars/Base"}, "such as Europe/London"),
        ({"timezone": "../../etc/passwd"}, "such as Europe/London"),
        ({"parent": "nowhere"}, "no organisation with this short name"),
        ({"country": "XX"}, "field-error"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_made(admin: FlaskClient, wrong: dict[str, str], told: str) -> None:
    before = len(db.session().scalars(select(Organisation.id)).all())
    db.session().rollback()
    answer = admin.post("/admin/organisations", data={"name": "North", "timezone": "UTC", "country": "", **wrong})
    assert answer.status_code == 422
    assert told in answer.text
    assert "Error:" in answer.text
    assert len(db.session().scalars(select(Organisation.id)).all()) == before


def test_a_short_name_is_made_from_the_name(admin: FlaskClient) -> None:
    admin.post("/admin/organisations", data={"name": "Écoles du Nord", "timezone": "UTC", "country": ""})
    row = db.session().scalars(select(Organisation).where(Organisation.slug == "ecoles-du-nord")).one()
    assert row.name == "Écoles du Nord"


def test_a_failed_mail_can_be_tried_again(admin: FlaskClient) -> None:
    posted = failed_mail()
    page = admin.get("/admin/outbox").text
    assert "a1@example.org" in page
    assert "SMTP 550" in page
    assert admin.post(f"/admin/outbox/{posted}/retry").status_code == 303
    assert db.session().get_one(Message, posted).state is WorkState.WAITING
    db.session().rollback()
    assert "a1@example.org" not in admin.get("/admin/outbox").text
    assert "a1@example.org" in admin.get("/admin/outbox?state=waiting").text
    admin.post(f"/admin/outbox/{posted}/retry")
    assert "not among the failed ones any more" in admin.get("/admin").text


def test_the_outbox_shows_25_a_page(admin: FlaskClient) -> None:
    for number in range(1, 28):
        failed_mail(number)
    first = admin.get("/admin/outbox").text
    assert first.count("@example.org</span>") == 25
    href = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = admin.get(href).text
    assert second.count("@example.org</span>") == 2
    assert "a1@example.org" in second


def test_checked_lines_are_noted_with_who_and_when(admin: FlaskClient) -> None:
    assert admin.post("/admin/help-lines/GB/checked").status_code == 303
    row = db.session().scalars(select(HelpCheck)).one()
    assert row.country == "GB"
    assert clock.now() - row.checked_at < timedelta(minutes=1)
    db.session().rollback()
    assert "were checked today" in admin.get("/admin/help-lines").text
    assert admin.post("/admin/help-lines/XX/checked").status_code == 404


def test_lines_checked_long_ago_are_marked(admin: FlaskClient) -> None:
    who = make.account(is_admin=True)
    with db.transaction() as session:
        long_ago = clock.now() - timedelta(days=181)
        session.add(HelpCheck(country="US", checked_at=long_ago, checked_by_id=who.id))
    before = admin.get("/admin/help-lines").text.count("Check now")
    admin.post("/admin/help-lines/US/checked")
    assert admin.get("/admin/help-lines").text.count("Check now") == before - 1


@pytest.mark.parametrize("page", PAGES)
def test_each_page_asks_the_database_a_fixed_number_of_times(admin: FlaskClient, page: str) -> None:
    def count() -> int:
        asked: list[str] = []
        listener = lambda *args: asked.append(args[2])  # noqa: E731
        event.listen(db.engine(), "before_cursor_execute", listener)
        assert admin.get(page).status_code == 200
        event.remove(db.engine(), "before_cursor_execute", listener)
        return len([one for one in asked if one.lstrip().upper().startswith(("SELECT", "WITH"))])

    make.published()
    admin.get(page)  # documents of courses are read once a process
    few = count()
    for number in range(10, 16):
        failed_mail(number)
        make.organisation()
    with db.transaction() as session:
        for line in range(1, 9):
            session.add(CourseProblem(slug="x", path="x/course.yaml", line=line, text="No.", seen_at=clock.now()))
    assert count() == few <= 12


def test_the_outbox_is_searched_by_state_and_kind(admin: FlaskClient) -> None:
    posted, now = failed_mail(), clock.now()
    with db.transaction() as session:
        outbox.post(session, "reset-password", key="r", due_at=now, now=now, to_address="b@example.org")
    assert "b@example.org" not in admin.get("/admin/outbox").text
    assert "b@example.org" in admin.get("/admin/outbox?state=waiting&kind=RESET").text
    assert "No mail here is of such a kind" in admin.get("/admin/outbox?state=waiting&kind=invitation").text
    assert "a1@example.org" in admin.get(f"/admin/outbox?state=nonsense&after={posted}").text


def test_a_mail_can_be_cancelled_and_the_filters_stay(admin: FlaskClient) -> None:
    posted = failed_mail()
    answer = admin.post(f"/admin/outbox/{posted}/cancel", data={"state": "failed", "kind": "inv"})
    assert answer.headers["Location"].endswith("/admin/outbox?state=failed&kind=inv")
    row = db.session().get_one(Message, posted)
    assert (row.state, row.error) == (WorkState.CANCELLED, "an administrator cancelled it")
    db.session().rollback()
    assert "a1@example.org" in admin.get("/admin/outbox?state=cancelled").text
    admin.post(f"/admin/outbox/{posted}/cancel")
    assert "was sent or cancelled meanwhile" in admin.get("/admin").text


def failed_job() -> int:
    """A job that failed for good; returns its id."""
    now = clock.now()
    with db.transaction() as session:
        job_id = work.post(session, "certificate-pdf", key="j", now=now)
        assert job_id is not None
        job = session.get_one(Job, job_id)
        job.state, job.done_at, job.attempts, job.error = WorkState.FAILED, now, 8, "FileDamagedError"
    return job_id


def test_a_failed_job_can_be_tried_again(admin: FlaskClient) -> None:
    job_id = failed_job()
    page = admin.get("/admin/jobs").text
    assert "certificate-pdf" in page
    assert "FileDamagedError" in page
    assert admin.post(f"/admin/jobs/{job_id}/retry").status_code == 303
    row = db.session().get_one(Job, job_id)
    assert (row.state, row.attempts, row.error, row.done_at) == (WorkState.WAITING, 0, "", None)
    db.session().rollback()
    assert "No job has failed" in admin.get("/admin/jobs").text
    assert "certificate-pdf" in admin.get("/admin/jobs?state=waiting").text
    admin.post(f"/admin/jobs/{job_id}/retry")
    assert "not among the failed ones any more" in admin.get("/admin/jobs").text


def test_the_system_page_says_what_to_do_and_then_grows_calm(admin: FlaskClient) -> None:
    page = admin.get("/admin/system").text
    assert "Something needs you now" in page
    assert "Start one: mhfa-lms worker" in page
    now = clock.now()
    workers.beat("desk:1", version="1", started_at=now, ticked=True, now=now)
    page = admin.get("/admin/system").text
    assert "Something needs you now" not in page
    assert "1 at work: desk:1" in page


def test_every_page_says_whose_clock_its_times_are_by(admin: FlaskClient) -> None:
    for page in PAGES:
        assert 'by the clock of <bdi dir="ltr">UTC</bdi>' in admin.get(page).text


def test_the_first_steps_disappear_one_by_one(app: Flask, client: FlaskClient) -> None:
    holder = make.account("first@example.org", is_admin=True)
    admin = make.signed_in_account(client, holder, now=clock.now())
    asked = admin.get("/home")
    assert (asked.status_code, asked.headers["Location"]) == (303, "/admin")

    def left() -> list[str]:
        page = admin.get("/admin").text
        found = re.search(r'<h2 id="first">.*?</section>', page, re.DOTALL)
        return re.findall(r'<li><a href="[^"]*">([^<]*)</a>', found[0]) if found else []

    revision = make.published().id
    assert left() == [
        "Make the first organisation",
        "Set the mail server",
        "Invite a coordinator",
        "Have a safeguarding lead named",
        "Have an instructor authorised",
        "Have the course reviewed, or accept it as it is",
        "Check the help lines",
        "Make a backup",
    ]
    place = make.organisation(country="GB").id
    admin.post(f"/admin/organisations/{place}/coordinators", data={"name": "Pat", "email": "pat@example.org"})
    assert left()[:2] == ["Set the mail server", "Have a safeguarding lead named"]
    here = db.session().get_one(Organisation, place)
    make.member(here, Role.SAFEGUARDING)
    instructor = make.member(db.session().get_one(Organisation, place), Role.INSTRUCTOR)
    make.authorisation(instructor, db.session().get_one(CourseRevision, revision))
    chosen = app.extensions["mhfa_settings"]
    app.extensions["mhfa_settings"] = replace(chosen, mail_url="smtp://mail.example.org")
    assert admin.post(f"/admin/courses/{revision}/accept", data=WHY).status_code == 303
    assert admin.post("/admin/courses/999999/accept", data=WHY).status_code == 404
    admin.post("/admin/help-lines/US/checked")
    assert left() == ["Check the help lines", "Make a backup"]
    admin.post("/admin/help-lines/GB/checked")
    with db.transaction() as session:
        audit.record(session, "backup.made", by=SYSTEM, now=clock.now(), subject="installation", subject_id=0)
    assert left() == []
    assert "First steps" not in admin.get("/admin").text


def test_courses_say_which_revision_is_live_and_who_learns_on_it(admin: FlaskClient) -> None:
    first = make.published()
    make.enrolment(revision=first)
    second = make.published()
    done = make.enrolment(revision=second, completed_at=make.NOON)
    assert done.completed_at
    make.enrolment(revision=second)
    page = admin.get("/admin/courses").text
    numbers = re.findall(r'class="num"><div>(\d+)</div>', page)
    assert numbers == ["1", "2", "1", "1"]
    assert page.count(">Live<") == 1
    assert page.index(">Live<") < page.index(">1<")
    assert "sign it off under Review" in page
    assert "/accept" not in page
    assert "Its files were right when it was last published" in page
    admin.post(f"/admin/courses/{db.session().scalars(select(CourseRevision.id)).all()[-1]}/accept", data=WHY)
    assert "Accepted without a clinical review on" in admin.get("/admin/courses").text


def test_a_correction_of_an_accepted_revision_is_not_to_be_accepted_again(admin: FlaskClient) -> None:
    first = make.published().id
    admin.post(f"/admin/courses/{first}/accept", data=WHY)
    second = make.published(corrects_id=first).id
    make.published(corrects_id=second)
    page = admin.get("/admin/courses").text
    assert "Accepted without a clinical review on" in page
    assert "/accept" not in page


def test_a_course_without_an_open_revision_is_not_live(admin: FlaskClient) -> None:
    make.published(open=False)
    page = admin.get("/admin/courses").text
    assert "Closed for new learners" in page
    assert "nobody can begin this course" in page


def test_what_a_restore_held_back_can_be_sent_after_all(admin: FlaskClient) -> None:
    posted = failed_mail()
    cancelled = failed_mail(2)
    admin.post(f"/admin/outbox/{cancelled}/cancel")
    assert "Send all that were held back" not in admin.get("/admin/outbox?state=cancelled").text
    with db.transaction() as session:
        message = session.get_one(Message, posted)
        message.state, message.error = WorkState.CANCELLED, outbox.HELD
    assert "Send all that were held back" in admin.get("/admin/outbox?state=cancelled").text
    assert "1 mail goes out now" in admin.post("/admin/outbox/release", follow_redirects=True).text
    assert db.session().get_one(Message, posted).state is WorkState.WAITING
    assert db.session().get_one(Message, cancelled).state is WorkState.CANCELLED
