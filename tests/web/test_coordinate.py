"""The coordinator's overview, people, invitations, sites and courses."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from mhfa_lms import clock, db
from mhfa_lms.models import (
    AnswerState,
    Attempt,
    AttemptState,
    Authorisation,
    Certificate,
    CertificationType,
    CourseRevision,
    Enrolment,
    Invitation,
    LoginSession,
    Membership,
    MembershipRole,
    MembershipState,
    Message,
    Organisation,
    PracticeAnswer,
    Role,
    Site,
    StepProgress,
    Way,
    WorkState,
)
from tests import kept as make
from tests.counting import queries
from tests.crowd import crowd, invited
from tests.small_course import course

OK, SEE, BAD = 200, 303, 422


@pytest.fixture
def here(client: FlaskClient) -> Organisation:
    return make.organisation("here")


@pytest.fixture
def revision(client: FlaskClient) -> CourseRevision:
    return make.published()


@pytest.fixture
def self(here: Organisation) -> Membership:
    return make.member(here, Role.COORDINATOR, name="Coordinator")


@pytest.fixture
def coordinator(client: FlaskClient, self: Membership) -> FlaskClient:
    return make.signed_in(client, self)


def fresh(model: Any, row: Any) -> Any:
    db.session().rollback()
    return db.session().get_one(model, row.id)


def roles_of(member: Membership) -> set[Role]:
    db.session().rollback()
    return set(db.session().scalars(select(MembershipRole.role).where(MembershipRole.membership_id == member.id)))


# ------------------------------------------------------------------ overview


def certificate_until(
    owner: Organisation, revision: CourseRevision, name: str, days: int, **values: Any
) -> Certificate:
    """A certificate whose last day is so many days from today, with a window of 60 days before and after."""
    today = clock.now().date()
    last = today + timedelta(days=days)
    return make.certificate(
        make.member(owner, name=name),
        revision,
        starts_on=last - timedelta(days=1000),
        expires_on=last,
        window_opens_on=last - timedelta(days=60),
        window_closes_on=last + timedelta(days=60),
        **values,
    )


def test_the_overview_counts_what_stands_and_what_waits(
    coordinator: FlaskClient, here: Organisation, revision: CourseRevision
) -> None:
    for name, days in {"Valid one": 400, "Due one": 20, "Due two": 10, "Grace one": -10, "Long ago": -2000}.items():
        certificate_until(here, revision, name, days)
    learner = make.enrolment(make.member(here, name="Learner"), revision)
    make.answer(learner)
    certificate_until(make.organisation("there"), revision, "Stranger", 20)
    text = coordinator.get("/coordinate").text
    assert "<b>3</b>" in text.replace("\n", "")
    assert "2 certificates can be renewed now" in text
    assert "1 certificate has expired and can still be renewed" in text
    assert "1 answer waits for an instructor" in text
    assert "Name a safeguarding lead" in text
    # The number and the list behind its link are the same.
    assert coordinator.get("/coordinate/register?standing=due&open=yes").text.count('data-label="Standing"') == 2


def test_nothing_to_do(coordinator: FlaskClient, here: Organisation, revision: CourseRevision) -> None:
    make.authorisation(make.member(here, Role.SAFEGUARDING, Role.INSTRUCTOR), revision)
    assert "Nothing waits for you today." in coordinator.get("/coordinate").text


def test_a_renewed_certificate_asks_nobody_to_act(
    coordinator: FlaskClient, here: Organisation, revision: CourseRevision
) -> None:
    old = certificate_until(here, revision, "Due one", 20)
    make.certificate(db.session().get_one(Membership, old.membership_id), revision)
    assert "can be renewed now" not in coordinator.get("/coordinate").text


def test_figures_by_site(coordinator: FlaskClient, here: Organisation, revision: CourseRevision) -> None:
    north = make.site(here)
    make.site(here, "Empty")
    make.certificate(make.member(here, site_id=north.id), revision)
    make.enrolment(make.member(here, name="Nowhere"), revision)
    text = coordinator.get("/coordinate").text
    assert [name in text for name in ("North", "Empty", "No site")] == [True] * 3


# ------------------------------------------------------------------ people


def test_people_can_be_found(coordinator: FlaskClient, here: Organisation, revision: CourseRevision) -> None:
    north = make.site(here)
    amina = make.member(here, name="Amina Yusuf", site_id=north.id)
    make.enrolment(amina, revision)
    make.certificate(make.member(here, Role.INSTRUCTOR, name="Bo Chen"), revision)
    make.member(here, name="Cy Left", state=MembershipState.LEFT, left_at=make.NOON)
    make.member(make.organisation("there"), name="Stranger")

    def found(query: str) -> list[str]:
        text = coordinator.get(f"/coordinate/people?{query}").text
        return [name for name in ("Amina Yusuf", "Bo Chen", "Cy Left", "Stranger") if f"<bdi>{name}" in text]

    assert found("") == ["Amina Yusuf", "Bo Chen"]
    assert found("q=yusuf") == ["Amina Yusuf"]
    assert found(f"site={north.id}") == ["Amina Yusuf"]
    assert found("site=none") == ["Bo Chen"]
    assert found("role=instructor") == ["Bo Chen"]
    assert found("training=certified") == ["Bo Chen"]
    assert found("training=training") == ["Amina Yusuf"]
    assert found("training=neither") == []
    assert found("training=left") == ["Cy Left"]


def test_a_persons_page_says_what_was_done_and_not_how(
    coordinator: FlaskClient, here: Organisation, revision: CourseRevision
) -> None:
    person = make.member(here, name="Amina Yusuf")
    enrolment = make.enrolment(person, revision)
    with db.transaction() as session:
        for step, way in (("one-a", Way.SKIPPED), ("one-b", Way.SUMMARY)):
            session.add(StepProgress(enrolment_id=enrolment.id, step=step, way=way, done_at=make.NOON))
        session.add(
            PracticeAnswer(
                enrolment_id=enrolment.id, question="practice-one", chosen=["b"], correct=False, answered_at=make.NOON
            )
        )
        session.add(
            Attempt(
                enrolment_id=enrolment.id,
                assessment="final",
                number=1,
                drawn=[],
                pass_percent=80,
                max_points=3,
                state=AttemptState.SUBMITTED,
                points=1,
                passed=False,
                started_at=make.NOON,
                submitted_at=make.NOON,
            )
        )
    make.answer(enrolment, state=AnswerState.WAITING)
    text = coordinator.get(f"/coordinate/people/{person.id}").text
    assert "2 of 4 finished" in text
    assert "Not passed yet" in text
    assert "1 try so far" in text
    assert "Waiting for a mark" in text
    for hidden in ("practice", "advice", "i sit down with sam", "1 of 3", "example.org"):
        assert hidden not in text.split("<main")[1].lower(), hidden
    with db.transaction() as session:
        session.execute(update(StepProgress).values(way=Way.READ))
    again = coordinator.get(f"/coordinate/people/{person.id}").text
    assert without_tokens(again) == without_tokens(text), "the way of a step leaves no trace"


def without_tokens(text: str) -> str:
    return re.sub(r'(value|content)="[^"]{60,}"', "", text)


def test_another_organisations_training_of_the_same_person_stays_there(
    coordinator: FlaskClient, here: Organisation, revision: CourseRevision
) -> None:
    holder = make.account()
    person = make.member(here, name="Amina Yusuf", holder=holder)
    elsewhere = make.member(make.organisation("there"), name="Amina Elsewhere", holder=holder)
    make.certificate(elsewhere, make.published(course("other")))
    text = coordinator.get(f"/coordinate/people/{person.id}").text
    assert "On no course yet." in text
    assert "No certificate yet." in text
    assert holder.email not in text
    assert coordinator.get(f"/coordinate/people/{elsewhere.id}").status_code == 404


def test_details(coordinator: FlaskClient, here: Organisation) -> None:
    north, person = make.site(here), make.member(here, name="Amina Yusuf")
    path = f"/coordinate/people/{person.id}/details"
    assert 'value="Amina Yusuf"' in coordinator.get(path).text
    sent = {"name": " Émile  ", "site_id": north.id, "audience": "educator", "languages": "en, fr",
            "work_email": "emile@here.example"}  # fmt: skip
    assert coordinator.post(path, data=sent).status_code == SEE
    row = fresh(Membership, person)
    assert (row.name, row.sort_key, row.site_id, row.audience) == ("Émile", "emile", north.id, "educator")
    assert (row.languages, row.work_email) == ("en, fr", "emile@here.example")
    assert coordinator.post(path, data={**sent, "site_id": "", "work_email": ""}).status_code == SEE
    assert fresh(Membership, person).site_id is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "   "}, "Enter the person’s name"),
        ({"name": "a\nb"}, "Leave out what cannot be seen"),
        ({"work_email": "nobody"}, "Enter an e-mail address in the form"),
        ({"languages": "x" * 201}, "Use at most 200 characters"),
    ],
)
def test_details_that_cannot_be(
    coordinator: FlaskClient, here: Organisation, change: dict[str, str], says: str
) -> None:
    person = make.member(here, name="Amina Yusuf")
    sent = {"name": "New", "site_id": "", "audience": "educator", "languages": "kept", "work_email": "", **change}
    found = coordinator.post(f"/coordinate/people/{person.id}/details", data=sent)
    assert found.status_code == BAD
    assert says in found.text
    assert "<title>Error:" in found.text
    assert fresh(Membership, person).name == "Amina Yusuf"


def test_a_site_of_another_organisation_is_refused(coordinator: FlaskClient, here: Organisation) -> None:
    person, theirs = make.member(here), make.site(make.organisation("there"))
    sent = {"name": "New", "site_id": theirs.id, "audience": "educator", "languages": "", "work_email": ""}
    assert coordinator.post(f"/coordinate/people/{person.id}/details", data=sent).status_code == BAD


def test_roles_change_and_end_sessions(coordinator: FlaskClient, here: Organisation) -> None:
    person = make.member(here)
    make.actor(person)
    sent = {"roles": ["learner", "instructor"]}
    assert coordinator.post(f"/coordinate/people/{person.id}/roles", data=sent).status_code == SEE
    assert roles_of(person) == {Role.LEARNER, Role.INSTRUCTOR}
    sessions = db.session().scalars(select(LoginSession).where(LoginSession.account_id == person.account_id)).all()
    assert [one.ended_at is not None for one in sessions] == [True]
    nothing = coordinator.post(f"/coordinate/people/{person.id}/roles", data={})
    assert nothing.status_code == BAD
    assert "Choose at least one role" in nothing.text


def test_coordinators_do_not_lock_themselves_out(coordinator: FlaskClient, self: Membership) -> None:
    found = coordinator.post(f"/coordinate/people/{self.id}/roles", data={"roles": ["learner"]})
    assert found.status_code == BAD
    assert "You cannot take the coordinator role from yourself" in found.text
    assert Role.COORDINATOR in roles_of(self)
    assert coordinator.post(f"/coordinate/people/{self.id}/leave").status_code == SEE
    assert fresh(Membership, self).state is MembershipState.ACTIVE


def test_authorising_an_instructor(coordinator: FlaskClient, here: Organisation, revision: CourseRevision) -> None:
    person = make.member(here, Role.INSTRUCTOR)
    path = f"/coordinate/people/{person.id}"
    assert "An instructor marks answers only" in coordinator.get(path).text
    [type_id] = db.session().scalars(select(CertificationType.id))
    later, sooner = clock.now().date() + timedelta(days=400), clock.now().date() + timedelta(days=30)
    sent = {"type_id": type_id, "until": later.isoformat()}
    assert coordinator.post(f"{path}/authorise", data=sent).status_code == SEE
    assert make.actor(person, now=clock.now()).authorised_types == {type_id}
    assert coordinator.post(f"{path}/authorise", data={**sent, "until": sooner.isoformat()}).status_code == SEE
    db.session().rollback()
    assert db.session().scalars(select(Authorisation.expires_on)).all() == [sooner]
    for wrong in ({"until": ""}, {"until": "soon"}, {"until": "2020-01-01"}, {"until": "2099-01-01"}, {"type_id": ""}):
        found = coordinator.post(f"{path}/authorise", data={**sent, **wrong})
        assert found.status_code == BAD, wrong
        assert "There is a problem" in found.text
        assert "Not a valid" not in found.text
    assert "What they may mark" not in coordinator.get(f"/coordinate/people/{make.member(here).id}").text


def test_what_an_instructor_owes_stands_on_their_page_and_among_their_reminders(
    coordinator: FlaskClient, here: Organisation, revision: CourseRevision
) -> None:
    person = make.member(here, Role.INSTRUCTOR, name="Ben Ito")
    path, today = f"/coordinate/people/{person.id}", clock.now().date()
    assert "None on record" in coordinator.get(path).text
    make.authorisation(person, revision, valid_from=today, expires_on=today + timedelta(days=800))
    until = today + timedelta(days=60)
    assert coordinator.post(f"{path}/check", data={"until": until.isoformat()}).status_code == SEE
    page = re.sub(r"<[^>]+>", "", coordinator.get(path).text)
    assert "Background check counts until" in page
    assert re.search(r"Courses taught or planned in the year until \S+ \S+ \d{4}: 0", page)
    page = coordinator.get(f"{path}/reminders").text
    for words in ("Leave to teach and mark", "<bdi>Background check</bdi>", "Courses to teach in the year, until"):
        assert words in page
    assert "Courses taught or planned: 0 of 2." in page


def test_enrolling(coordinator: FlaskClient, here: Organisation, revision: CourseRevision) -> None:
    person = make.member(here)
    path = f"/coordinate/people/{person.id}/enrol"
    assert coordinator.post(path, data={"course_id": revision.course_id}).status_code == SEE
    assert coordinator.post(path, data={"course_id": revision.course_id}).status_code == SEE
    db.session().rollback()
    assert [one.course_id for one in db.session().scalars(select(Enrolment))] == [revision.course_id]
    for wrong in ({}, {"course_id": ""}, {"course_id": "x"}, {"course_id": "999"}):
        assert coordinator.post(path, data=wrong).status_code == BAD


def test_leaving(coordinator: FlaskClient, here: Organisation, revision: CourseRevision) -> None:
    person = make.member(here, name="Amina Yusuf", listed_since=make.NOON)
    make.certificate(person, revision)
    path = f"/coordinate/people/{person.id}"
    assert "Is <bdi>Amina Yusuf</bdi> leaving?" in coordinator.get(f"{path}/leave").text
    assert coordinator.post(f"{path}/leave").status_code == SEE
    row = fresh(Membership, person)
    assert row.state is MembershipState.LEFT
    assert row.listed_since is None
    assert "This person has left" in coordinator.get(path).text
    assert "Has left" in coordinator.get("/coordinate/register").text
    assert coordinator.post(f"{path}/enrol", data={"course_id": revision.course_id}).status_code == 403


def test_withdrawing_a_certificate(coordinator: FlaskClient, here: Organisation, revision: CourseRevision) -> None:
    certificate = make.certificate(make.member(here, name="Amina Yusuf"), revision)
    path = f"/coordinate/certificates/{certificate.code}/revoke"
    assert "Amina Yusuf" in coordinator.get(path).text
    for reason in ("", "   ", "x" * 501):
        assert coordinator.post(path, data={"reason": reason}).status_code == BAD
    assert fresh(Certificate, certificate).revoked_at is None
    assert coordinator.post(path, data={"reason": "Issued by mistake"}).status_code == SEE
    row = fresh(Certificate, certificate)
    assert row.revoked_reason == "Issued by mistake"
    assert "Issued by mistake" in coordinator.get(f"/coordinate/people/{row.membership_id}").text
    assert coordinator.get(path).status_code == SEE
    theirs = make.certificate(make.member(make.organisation("there")), revision)
    assert coordinator.get(f"/coordinate/certificates/{theirs.code}/revoke").status_code == 404


def test_correcting_a_name(coordinator: FlaskClient, here: Organisation, revision: CourseRevision) -> None:
    member = make.member(here, name="Amina Yusuff")
    certificate = make.certificate(member, revision)
    path = f"/coordinate/certificates/{certificate.code}/correct"
    assert "Amina Yusuff" in coordinator.get(path).text
    good = {"name": "Amina Yusuf", "in_record": "y", "because": "misspelt"}
    for wrong in ({"name": ""}, {"name": "x" * 121}, {"because": "other"}, {"name": "Amina Yusuff"}):
        assert coordinator.post(path, data={**good, **wrong}).status_code == BAD
    assert fresh(Certificate, certificate).replaced_by_id is None
    assert coordinator.post(path, data=good).status_code == SEE
    assert fresh(Certificate, certificate).replaced_by_id is not None
    assert fresh(Membership, member).name == "Amina Yusuf"
    assert coordinator.get(path).status_code == SEE
    theirs = make.certificate(make.member(make.organisation("there")), revision)
    assert coordinator.get(f"/coordinate/certificates/{theirs.code}/correct").status_code == 404


# ------------------------------------------------------------------ invitations


def invitation(**values: Any) -> dict[str, Any]:
    return {"name": "New Person", "email": "new@example.org", "audience": "educator", "site_id": "", "course_id": "",
            "roles": ["learner"], **values}  # fmt: skip


def test_inviting(coordinator: FlaskClient, here: Organisation, revision: CourseRevision) -> None:
    north = make.site(here)
    sent = invitation(site_id=north.id, course_id=revision.course_id, roles=["learner", "instructor"])
    found = coordinator.post("/coordinate/people/invite", data=sent)
    assert found.status_code == SEE
    assert found.headers["Location"] == "/coordinate/people/invitations"
    db.session().rollback()
    row = db.session().scalars(select(Invitation)).one()
    assert (row.email, row.name, row.site_id, row.course_id) == (
        "new@example.org",
        "New Person",
        north.id,
        revision.course_id,
    )
    assert set(row.roles) == {"learner", "instructor"}
    assert db.session().scalars(select(Message.kind)).all() == ["invitation"]
    text = coordinator.get("/coordinate/people/invitations").text
    assert "new@example.org" in text
    assert revision.title in text
    assert "1 invitation is open" in text
    assert "Could not be delivered" not in text
    with db.transaction() as session:
        session.execute(update(Message).values(state=WorkState.FAILED, done_at=clock.now()))
        session.execute(update(Invitation).values(expires_at=clock.now()))
    text = coordinator.get("/coordinate/people/invitations").text
    assert "Could not be delivered" in text
    assert "Expired" in text
    assert "0 invitations are open" in text


def test_inviting_answers_alike_whoever_has_an_account(coordinator: FlaskClient, here: Organisation) -> None:
    make.member(make.organisation("there"), holder=make.account("known@example.org"))
    answers = [
        coordinator.post("/coordinate/people/invite", data=invitation(email=email), follow_redirects=True).text
        for email in ("known@example.org", "other@example.org")
    ]
    assert "on its way to known@example.org" in answers[0]
    assert "on its way to other@example.org" in answers[1]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": " "}, "Enter the person’s name"),
        ({"email": ""}, "Enter the person’s e-mail address"),
        ({"email": "nobody"}, "Enter an e-mail address in the form"),
        ({"audience": "martian"}, "There is a problem"),
        ({"course_id": "77"}, "There is a problem"),
        ({"roles": ["king"]}, "There is a problem"),
    ],
)
def test_invitations_that_cannot_be(
    coordinator: FlaskClient, here: Organisation, change: dict[str, Any], says: str
) -> None:
    found = coordinator.post("/coordinate/people/invite", data={**invitation(name="Kept Name"), **change})
    assert found.status_code == BAD
    assert says in found.text
    if "name" not in change:
        assert 'value="Kept Name"' in found.text
    db.session().rollback()
    assert db.session().scalars(select(Invitation)).all() == []


def test_a_member_is_not_invited_again(coordinator: FlaskClient, here: Organisation) -> None:
    make.member(here, holder=make.account("mine@example.org"))
    found = coordinator.post("/coordinate/people/invite", data=invitation(email="Mine@Example.org"))
    assert found.status_code == BAD
    assert "This person is a member of the organisation already" in found.text


def test_withdrawing_an_invitation(coordinator: FlaskClient, self: Membership, here: Organisation) -> None:
    there = make.organisation("there")
    invited(here, self.account_id, 1)
    mine = db.session().scalars(select(Invitation.id)).one()
    assert coordinator.post(f"/coordinate/people/invitations/{mine}/withdraw").status_code == SEE
    db.session().rollback()
    assert db.session().scalars(select(Invitation.withdrawn_at)).one() is not None
    assert coordinator.post(f"/coordinate/people/invitations/{mine}/withdraw").status_code == 404
    with db.transaction() as session:
        session.add(
            Invitation(organisation_id=there.id, email="a@b.example", email_key="a@b.example", name="A", roles=[],
                       secret_hash="x", invited_by_id=self.account_id, created_at=make.NOON,
                       expires_at=datetime(2099, 1, 1, tzinfo=UTC))
        )  # fmt: skip
    theirs = db.session().scalars(select(Invitation.id).where(Invitation.organisation_id == there.id)).one()
    assert coordinator.post(f"/coordinate/people/invitations/{theirs}/withdraw").status_code == 404


# ------------------------------------------------------------------ sites and courses


def test_sites(coordinator: FlaskClient, here: Organisation) -> None:
    assert "There is no site yet" in coordinator.get("/coordinate/sites").text
    assert coordinator.post("/coordinate/sites", data={"name": " North  School "}).status_code == SEE
    db.session().rollback()
    assert db.session().scalars(select(Site.name)).all() == ["North School"]
    for name, says in {"north school": "There is a site of this name", " ": "Enter the name of the site"}.items():
        found = coordinator.post("/coordinate/sites", data={"name": name})
        assert found.status_code == BAD
        assert says in found.text
    make.site(make.organisation("there"), "Theirs")
    assert "Theirs" not in coordinator.get("/coordinate/sites").text
    assert coordinator.post("/coordinate/sites", data={"name": "Theirs"}).status_code == SEE


def test_courses_say_whether_they_were_reviewed(coordinator: FlaskClient) -> None:
    assert "No course is published yet" in coordinator.get("/coordinate/courses").text
    make.published()
    review = {"status": "reviewed", "by": "Dr Example", "date": "2026-01-31"}
    make.published(course("seen", review=review))
    text = coordinator.get("/coordinate/courses").text
    assert "Not yet reviewed" in text
    assert re.search(r"by <bdi>Dr Example</bdi> on (<bdi>)?31 Jan", text)


# ------------------------------------------------------------------ everybody else, and size


PAGES = ["/coordinate", "/coordinate/people", "/coordinate/people/invite", "/coordinate/people/invitations",
         "/coordinate/sites", "/coordinate/courses"]  # fmt: skip


@pytest.mark.parametrize("role", [Role.LEARNER, Role.INSTRUCTOR, Role.SAFEGUARDING])
def test_only_coordinators(client: FlaskClient, here: Organisation, role: Role) -> None:
    person = make.member(here, role)
    make.signed_in(client, person)
    assert {client.get(path).status_code for path in PAGES} == {403}
    for path in ("", "/details", "/leave"):
        assert client.get(f"/coordinate/people/{person.id}{path}").status_code == 403
    assert client.post(f"/coordinate/people/{person.id}/roles", data={"roles": ["coordinator"]}).status_code == 403


def test_queries_do_not_grow(
    coordinator: FlaskClient, here: Organisation, self: Membership, revision: CourseRevision
) -> None:
    north = make.site(here)
    person = make.member(here, name="Watched", site_id=north.id)
    make.enrolment(person, revision)
    crowd(here, revision, 5, site_id=north.id)
    invited(here, self.account_id, 5)
    paths = [*PAGES, f"/coordinate/people/{person.id}", f"/coordinate/people/{person.id}/details",
             f"/coordinate/people?site={north.id}&q=person&training=certified"]  # fmt: skip
    few = count(coordinator, paths)
    crowd(here, revision, 500, site_id=make.site(here, "South").id)
    many = count(coordinator, paths)
    assert few == many
    assert max(many.values()) <= 12, many


def count(browser: FlaskClient, paths: list[str]) -> dict[str, int]:
    found = {}
    for path in paths:
        assert browser.get(path).status_code == OK
        with queries() as counted:
            browser.get(path)
        found[path] = len(counted)
    return found
