"""One organisation as administrators see it: its state, its details, and inviting who coordinates it."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import Invitation, Membership, MembershipState, Message, Organisation, Role
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import rules
from tests import make
from tests.counting import queries

PAT = {"name": "Pat Lee", "email": "pat@example.org"}


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    """A browser in which an administrator without any membership is signed in."""
    return make.signed_in_account(client, make.account("admin@example.org", is_admin=True), now=make.NOON)


@pytest.fixture
def harbour(app: object) -> int:
    """The id of an organisation with nobody in it."""
    return make.organisation("harbour", name="Harbour Schools").id


def fresh(organisation_id: int) -> Organisation:
    db.session().rollback()
    return db.session().get_one(Organisation, organisation_id)


def test_a_new_organisation_leads_to_inviting_its_first_coordinator(admin: FlaskClient) -> None:
    answer = admin.post("/admin/organisations", data={"name": "North", "timezone": "UTC", "country": ""})
    page = admin.get(answer.headers["Location"]).text
    assert "Now invite its first coordinator" in page
    assert "Nobody coordinates this organisation yet" in page


def test_the_first_coordinator_comes_in_by_mail_alone(admin: FlaskClient, app: object, harbour: int) -> None:
    path = f"/admin/organisations/{harbour}"
    assert admin.post(f"{path}/coordinators", data=PAT).status_code == 303
    mail = db.session().scalars(select(Message)).one()
    assert (mail.to_address, mail.facts["coordinator"], mail.facts["inviter"]) == ("pat@example.org", True, "")
    link = str(mail.facts["path"])
    db.session().rollback()
    page = admin.get(path).text
    assert "pat@example.org" in page
    assert "Nobody has accepted yet" in page
    person = app.test_client()  # type: ignore[attr-defined]
    sent = {"name": "Pat Lee", "password": make.PASSWORD, "of_age": "y"}
    assert person.post(link, data=sent).status_code == 303
    assert person.get("/coordinate/people").status_code == 200
    page = admin.get(path).text
    assert "Pat Lee" in page
    assert "Coordinators who were invited" not in page


def test_a_coordinator_s_invitation_can_be_withdrawn_but_not_a_learners(admin: FlaskClient, harbour: int) -> None:
    path = f"/admin/organisations/{harbour}/coordinators"
    admin.post(path, data=PAT)
    mine = db.session().scalars(select(Invitation)).one().id
    elsewhere = make.organisation("elsewhere").id
    assert admin.post(f"/admin/organisations/{elsewhere}/coordinators/{mine}/withdraw").status_code == 404
    assert admin.post(f"{path}/{mine}/withdraw").status_code == 303
    with db.transaction() as session:
        row = session.get_one(Invitation, mine)
        assert row.withdrawn_at is not None
        row.withdrawn_at, row.roles = None, [Role.LEARNER.value]
    assert admin.post(f"{path}/{mine}/withdraw").status_code == 404


def test_a_member_becomes_a_coordinator_at_once_and_keeps_other_roles(admin: FlaskClient, harbour: int) -> None:
    make.member(db.session().get_one(Organisation, harbour), Role.INSTRUCTOR, holder=make.account("pat@example.org"))
    for _time in range(2):
        assert admin.post(f"/admin/organisations/{harbour}/coordinators", data=PAT).status_code == 303
        row = db.session().scalars(select(Membership)).one()
        assert {held.role for held in row.roles} == {Role.LEARNER, Role.INSTRUCTOR, Role.COORDINATOR}
        db.session().rollback()
    assert "is a coordinator now" in admin.get(f"/admin/organisations/{harbour}").text
    assert db.session().scalars(select(Invitation)).first() is None


def test_somebody_who_left_or_belongs_elsewhere_is_invited(admin: FlaskClient, harbour: int) -> None:
    holder = make.account("pat@example.org")
    make.member(make.organisation("elsewhere"), holder=holder)
    left = db.session().get_one(Organisation, harbour)
    make.member(left, holder=holder, state=MembershipState.LEFT, left_at=make.NOON)
    assert admin.post(f"/admin/organisations/{harbour}/coordinators", data=PAT).status_code == 303
    assert db.session().scalars(select(Invitation.email)).one() == "pat@example.org"
    roles = [held.role for row in db.session().scalars(select(Membership)) for held in row.roles]
    assert Role.COORDINATOR not in roles


@pytest.mark.parametrize(
    ("wrong", "told"), [({"name": " "}, "Enter the person’s name"), ({"email": "pat"}, "name@example.org")]
)
def test_a_wrong_value_is_named(admin: FlaskClient, harbour: int, wrong: dict[str, str], told: str) -> None:
    answer = admin.post(f"/admin/organisations/{harbour}/coordinators", data={**PAT, **wrong})
    assert answer.status_code == 422
    assert told in answer.text
    assert db.session().scalars(select(Invitation)).first() is None


def test_nobody_but_an_administrator_invites_coordinators_here(client: FlaskClient, harbour: int) -> None:
    coordinator = make.member(db.session().get_one(Organisation, harbour), Role.COORDINATOR)
    browser = make.signed_in(client, coordinator)
    assert browser.post(f"/admin/organisations/{harbour}/coordinators", data=PAT).status_code == 403


def test_details_change_and_the_short_name_stays(admin: FlaskClient, harbour: int) -> None:
    make.organisation("district")
    path = f"/admin/organisations/{harbour}/edit"
    assert 'value="Harbour Schools"' in admin.get(path).text
    typed = {"name": "Harbour", "parent": "district", "timezone": "Europe/London", "country": "GB", "slug": "other"}
    assert admin.post(path, data=typed).status_code == 303
    row = fresh(harbour)
    assert (row.name, row.slug, row.timezone, row.country) == ("Harbour", "harbour", "Europe/London", "GB")
    assert 'value="district"' in admin.get(path).text
    assert admin.post(path, data={**typed, "parent": ""}).status_code == 303
    assert fresh(harbour).parent_id is None


def test_a_country_without_lines_of_its_own_is_kept(admin: FlaskClient) -> None:
    place = make.organisation(country="NO").id
    path = f"/admin/organisations/{place}/edit"
    assert 'selected value="NO"' in admin.get(path).text
    assert admin.post(path, data={"name": "Fjord", "timezone": "UTC", "country": "NO"}).status_code == 303
    assert fresh(place).country == "NO"


def test_an_organisation_cannot_stand_inside_itself(admin: FlaskClient, harbour: int) -> None:
    below = make.organisation("below", parent_id=harbour).id
    make.organisation("lowest", parent_id=below)
    for above in ("harbour", "below", "lowest"):
        typed = {"name": "Harbour", "parent": above, "timezone": "UTC", "country": ""}
        answer = admin.post(f"/admin/organisations/{harbour}/edit", data=typed)
        assert answer.status_code == 422
        assert "cannot stand inside itself" in answer.text
    assert fresh(harbour).parent_id is None


def test_the_page_shows_the_state(admin: FlaskClient, harbour: int) -> None:
    row = db.session().get_one(Organisation, harbour)
    make.member(row, Role.COORDINATOR, name="Cora Reid")
    make.member(row, name="Lena Ray")
    before = admin.get(f"/admin/organisations/{harbour}").text
    assert "Cora Reid" in before
    assert "Lena Ray" not in before
    assert "Not named yet" in before
    assert "None. Pass mark" in before
    make.member(fresh(harbour), Role.SAFEGUARDING, name="Sam Guard")
    rules.put(rules.Rule.PASS_PERCENT, 90, by=SYSTEM, now=make.NOON, organisation_id=harbour)
    after = admin.get(f"/admin/organisations/{harbour}").text
    assert "Not named yet" not in after
    assert "Sam Guard" not in after
    assert "Pass mark of the assessment" in after


def test_the_page_costs_the_same_with_many_people(admin: FlaskClient, harbour: int) -> None:
    path = f"/admin/organisations/{harbour}"
    rules.put(rules.Rule.PASS_PERCENT, 90, by=SYSTEM, now=make.NOON, organisation_id=harbour)
    make.member(fresh(harbour), Role.COORDINATOR)
    with queries() as few:
        assert admin.get(path).status_code == 200
    for number in range(30):
        make.member(fresh(harbour), Role.COORDINATOR, name=f"Person {number}")
        rules.put(list(rules.Rule)[number % 5], 3, by=SYSTEM, now=make.NOON, organisation_id=make.organisation().id)
    with queries() as many:
        assert admin.get(path).text.count("Person ") == 24
    assert len(many) == len(few) <= 12


def test_membership_of_a_coordinator_includes_learning(admin: FlaskClient, app: object, harbour: int) -> None:
    admin.post(f"/admin/organisations/{harbour}/coordinators", data=PAT)
    link = str(db.session().scalars(select(Message)).one().facts["path"])
    db.session().rollback()
    sent = {"name": "Pat Lee", "password": make.PASSWORD, "of_age": "y"}
    app.test_client().post(link, data=sent)  # type: ignore[attr-defined]
    row = db.session().scalars(select(Membership)).one()
    assert {held.role for held in row.roles} == {Role.LEARNER, Role.COORDINATOR}
