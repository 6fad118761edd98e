"""Setting rules in the browser, and what would change before it is saved."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.models import AuditEvent, Organisation, Reminder, Role, RuleSetting
from mhfa_lms.policy import SYSTEM
from mhfa_lms.services import reminders, rules
from mhfa_lms.services.rules import Rule
from mhfa_lms.web import rule_words
from tests import make
from tests.make import NOON
from tests.services.test_reminders import held
from tests.small_course import course as small_course


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    """A browser in which an administrator is signed in."""
    return make.signed_in_account(client, make.account("admin@example.org", is_admin=True), now=NOON)


def stored() -> dict[tuple[str, str], Any]:
    """What is set, by rule and place."""
    db.session().rollback()
    return {(row.key, row.place): row.value["value"] for row in db.session().scalars(select(RuleSetting))}


@pytest.mark.parametrize("rule", list(Rule))
def test_every_rule_has_a_page_words_and_a_value_that_can_be_saved_again(admin: FlaskClient, rule: Rule) -> None:
    assert rule_words.rule(rule)
    assert rule_words.help_of(rule)
    page = admin.get(f"/admin/rules/{rule.value}").text
    assert rule_words.rule(rule) in page
    assert "The program’s default" in page
    from mhfa_lms.services.rule_values import read, written

    value = written(rules.DEFAULTS[rule])
    assert read(rule, value) == rules.DEFAULTS[rule]
    assert admin.post(f"/admin/rules/{rule.value}", data={"value": value}).status_code == 303
    assert stored() == {(rule.value, "*/*"): rules.DEFAULTS[rule]}
    bad = admin.post(f"/admin/rules/{rule.value}", data={"value": "ninety-nine bottles"})
    assert bad.status_code == 422
    assert "<title>Error:" in bad.text


def test_a_rule_is_set_and_taken_back_for_an_organisation(admin: FlaskClient) -> None:
    above = make.organisation("district", name="The District")
    below = make.organisation("harbour", parent_id=above.id).id
    rules.put(Rule.CLAIM_MINUTES, 45, by=SYSTEM, now=NOON, organisation_id=above.id)
    page = admin.get("/admin/rules/claim_minutes?organisation=harbour").text
    assert "The District, above it" in page
    for place, many in (("", 0), ("?organisation=district", 1), ("?organisation=harbour", 0)):
        page = admin.get(f"/admin/rules/claim_minutes{place}").text
        assert f"take their value from here</dt><dd>{many}</dd>" in page
    unset = admin.get("/admin/rules/minimum_age").text
    assert "take their value from here</dt><dd>2</dd>" in unset
    assert admin.post("/admin/rules/claim_minutes?organisation=harbour", data={"value": "20"}).status_code == 303
    assert stored()["claim_minutes", f"{below}/*"] == 20
    page = admin.get("/admin/rules/claim_minutes?organisation=harbour").text
    assert "Take the value back" in page
    assert "45 (The District, above it)" in page
    assert admin.post("/admin/rules/claim_minutes?organisation=harbour", data={"unset": "yes"}).status_code == 303
    assert ("claim_minutes", f"{below}/*") not in stored()
    verbs = db.session().scalars(select(AuditEvent.verb).order_by(AuditEvent.id)).all()
    assert verbs == ["rule-set", "rule-set", "rule-unset"]


@pytest.mark.parametrize(
    "address",
    [
        "/admin/rules/nothing",
        "/admin/rules/valid_months?organisation=nowhere",
        "/admin/rules/valid_months?course=nothing",
        "/admin/rules/claim_minutes/effects?value=30",
    ],
)
def test_what_is_not_there_is_not_found(admin: FlaskClient, address: str) -> None:
    assert admin.get(address).status_code == 404


def test_what_would_change_for_certificates(admin: FlaskClient) -> None:
    owner = make.organisation("harbour", name="Harbour")
    make.enrolment(make.member(owner), make.published(small_course()))
    page = admin.get("/admin/rules/valid_months/effects?organisation=harbour&value=24").text
    assert "Nothing is saved yet" in page
    assert "Nov 21, 2028" in page or "21 Nov 2028" in page
    assert "Certificates already issued keep" in page
    assert stored() == {}
    bad = admin.get("/admin/rules/valid_months/effects?organisation=harbour&value=500")
    assert bad.status_code == 422
    assert 'value="500"' in bad.text
    assert 'value="24"' in admin.get("/admin/rules/valid_months?organisation=harbour&value=24").text


def some_people(count: int) -> Organisation:
    """An organisation whose people's certificates end in 100 days and more, one a day; two sent what was due."""
    owner, revision = make.organisation("harbour", name="Harbour"), make.published()
    for number in range(count):
        held(100 + number, make.member(owner, name=f"=Person {number:02}"), revision)
    reminders.post_due(now=NOON - timedelta(days=1))
    return owner


def test_what_would_change_for_reminders_with_the_list_in_pages_and_as_a_file(admin: FlaskClient) -> None:
    some_people(30)
    before = db.session().scalars(select(Reminder.id)).all()
    address = "/admin/rules/reminder_days/effects?organisation=harbour&value=180,120,90,30,0"
    page = admin.get(address).text
    assert "30 reminders" in page
    assert "21 mails go out within minutes of saving" in page
    assert page.count("=Person") == 25
    assert admin.get(address + "&from=25").text.count("=Person") == 5
    assert "Nobody matches" in admin.get(address + "&effect=gone").text
    assert admin.get(address + "&q=person+07").text.count("=Person") == 1
    file = admin.post(address.replace("effects", "effects.csv"))
    assert file.status_code == 200
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert len(rows) == 30
    assert rows[0]["effect"] == "new"
    assert rows[0]["name"].startswith("'=Person")
    db.session().rollback()
    assert db.session().scalars(select(Reminder.id)).all() == before
    assert "rule-effects-exported" in db.session().scalars(select(AuditEvent.verb)).all()
    assert stored() == {}


def test_the_list_and_its_file_can_be_narrowed_to_organisations(admin: FlaskClient) -> None:
    some_people(3)
    held(100, make.member(make.organisation("lower", name="Lower Valley"), name="Ann Lower"), None)
    address = "/admin/rules/reminder_days/effects?value=180,120,90,30,0"
    assert "Ann Lower" in admin.get(address).text
    page = admin.get(address + "&where=valley+LOWER").text
    assert ("Ann Lower" in page, "=Person" in page) == (True, False)
    assert "Nobody matches" in admin.get(address + "&where=valley+harbour").text
    file = admin.post(address.replace("effects", "effects.csv") + "&where=harb")
    organisations = {row["organisation"] for row in csv.DictReader(io.StringIO(file.text))}
    assert organisations == {"Harbour"}


def test_saving_from_there_posts_what_was_foreseen(admin: FlaskClient) -> None:
    some_people(30)
    address = "/admin/rules/reminder_days?organisation=harbour"
    assert admin.post(address, data={"value": "180,120,90,30,0"}).status_code == 303
    assert reminders.post_due(now=NOON) == 21


def test_coordinators_read_their_rules_and_set_none(client: FlaskClient) -> None:
    coordinator = make.member(None, Role.COORDINATOR)
    rules.put(Rule.VALID_MONTHS, 24, by=SYSTEM, now=NOON, organisation_id=coordinator.organisation_id)
    make.signed_in(client, coordinator, now=NOON)
    page = client.get("/coordinate/rules").text
    assert "This organisation" in page
    assert rule_words.rule(Rule.VALID_MONTHS) in page
    for address in ("/admin/rules/valid_months", "/admin/rules/valid_months/effects?value=12"):
        assert client.get(address).status_code == 403
    assert client.post("/admin/rules/valid_months", data={"value": "12"}).status_code == 403
    assert client.post("/admin/rules/valid_months/effects.csv?value=12").status_code == 403


def test_whose_future_certificates_a_change_concerns_is_listed_and_can_be_taken_along(admin: FlaskClient) -> None:
    here, there = make.organisation("alder"), make.organisation("birch")
    revision = make.published()
    learner, other = make.member(here, name="Amina Yusuf"), make.member(there, name="Bram Bakker")
    for one in (learner, other):
        make.enrolment(one, revision)
    make.enrolment(make.member(here, name="Zoë Done"), revision, completed_at=NOON)
    query = {"value": "12"}
    page = admin.get("/admin/rules/valid_months/effects", query_string=query).text
    assert "2 people on courses" in page
    for word in ("Amina Yusuf", "Bram Bakker", "21 Nov 2027", "21 Nov 2029"):
        assert word in page
    assert "Zoë Done" not in page
    for narrowed in ({"q": "amina"}, {"where": "alder"}):
        page = admin.get("/admin/rules/valid_months/effects", query_string=query | narrowed).text
        assert "1 person on a course" in page
        assert "Bram Bakker" not in page
    answer = admin.post("/admin/rules/valid_months/effects.csv", query_string=query | {"q": "bram"})
    [row] = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert (row["name"], row["organisation"]) == ("Bram Bakker", "Birch")
    assert (row["valid_until_now"], row["valid_until_then"]) == ("2029-11-21", "2027-11-21")
    nobody = admin.get("/admin/rules/valid_months/effects", query_string=query | {"q": "nobody"}).text
    assert "Nobody matches these filters." in nobody
