"""The audit trail as administrators read it: filters, pages, names that go with people, the same rows as a file."""

import csv
import io
import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from mhfa_lms import db
from mhfa_lms.models import AuditEvent, Role
from mhfa_lms.policy import SYSTEM, Actor
from mhfa_lms.services import audit, audit_trail, erasure, sealing
from tests import make
from tests.counting import queries
from tests.make import NOON


@pytest.fixture
def admin(client: FlaskClient) -> FlaskClient:
    """A browser in which an administrator without any membership is signed in."""
    return make.signed_in_account(client, make.account("admin@example.org", is_admin=True), now=NOON)


def event(verb: str = "enrolled", *, minutes: int = 0, by: Actor = SYSTEM, **values: object) -> None:
    """Something that was done so many minutes after noon."""
    filled = {"subject": "enrolment", "subject_id": 7, **values}
    with db.transaction() as session:
        audit.record(session, verb, by=by, now=NOON + timedelta(minutes=minutes), **filled)  # type: ignore[arg-type]


def shown(page: str) -> list[str]:
    """The verbs in the page's table, in order."""
    return re.findall(r'<span class="sub"><code dir="ltr">([a-z.-]+)</code>', page)


def exported(client: FlaskClient, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_coordinators_do_not_see_it(client: FlaskClient) -> None:
    browser = make.signed_in(client, make.member(None, Role.COORDINATOR))
    assert browser.get("/admin/audit").status_code == 403
    assert browser.get("/admin/audit.csv").status_code == 403


def test_the_newest_stands_first_25_a_page_and_the_way_back_is_the_same(admin: FlaskClient) -> None:
    for number in range(30):
        # Several in one minute, and numbers that do not follow the clock.
        event("enrolled" if number % 2 else "invited", minutes=-(number // 3), number=number)
    first = admin.get("/admin/audit").text
    ordered = sorted(range(30), key=lambda number: (number // 3, -number))
    assert [int(one) for one in re.findall(r"number=(\d+)", first)] == ordered[:25]
    href = re.search(r'href="([^"]*after=\d+)" rel="next"', first)
    assert href
    second = admin.get(href[1]).text
    assert len(shown(second)) == 5
    back = re.search(r'href="([^"]*before=\d+)" rel="prev"', second)
    assert back
    assert shown(admin.get(back[1]).text) == shown(first)


def test_each_filter_lets_only_its_own_through(admin: FlaskClient) -> None:
    here = make.organisation("harbour", name="Harbour Schools")
    person = make.member(here, name="Cora Reid", holder=make.account("cora@example.org"))
    number, place = person.id, here.id
    code = make.certificate(person).code
    cora = make.actor(person)
    event("invited", by=cora, organisation_id=place, subject="membership", subject_id=number)
    event("certificate-issued", minutes=-24 * 60, subject="certificate", subject_id=1)
    event("rule-set", minutes=24 * 60)
    for question, found in {
        "verb=invited": ["invited"],
        "who=CORA@example.org": ["invited"],
        f"who={cora.account_id}": ["invited"],
        "who=nobody@example.org": [],
        "who=installation": ["rule-set", "certificate-issued"],
        "organisation=Harbour": ["invited"],
        "organisation=nowhere": [],
        "kind=certificate": ["certificate-issued"],
        f"kind=membership&subject={number}": ["invited"],
        f"subject={code[:4]}-{code[4:].lower()}": ["certificate-issued"],
        "subject=ZZZZ-ZZZZ-ZZZZ-ZZZZ": [],
        "since=2026-11-21": ["rule-set", "invited"],
        "until=2026-11-21": ["invited", "certificate-issued"],
        "since=2026-11-21&until=2026-11-21": ["invited"],
        "since=rubbish&until=9999-12-31": ["rule-set", "invited", "certificate-issued"],
    }.items():
        page = admin.get(f"/admin/audit?{question}").text
        assert shown(page) == found, question
        assert ("No event matches" in page) == (not found), question


def test_days_are_those_of_the_reader(client: FlaskClient) -> None:
    where = make.organisation(timezone="Pacific/Auckland")
    admin = make.signed_in(client, make.member(where, holder=make.account(is_admin=True)), now=NOON)
    event("rule-set")  # noon in UTC is the 22nd in Auckland
    page = admin.get("/admin/audit?verb=rule-set&since=2026-11-22").text
    assert shown(page) == ["rule-set"]
    assert "Pacific/Auckland" in page
    assert "22 November 2026, 01:00" in page
    assert shown(admin.get("/admin/audit?verb=rule-set&until=2026-11-21").text) == []


def test_names_are_shown_while_people_are_there(admin: FlaskClient) -> None:
    here = make.organisation(name="Harbour Schools")
    person = make.member(here, name="Cora Reid", holder=make.account("cora@example.org"))
    event("invited", by=make.actor(person), organisation_id=here.id, subject="membership", subject_id=person.id)
    page = admin.get("/admin/audit?verb=invited").text
    assert page.count("Cora Reid") == 2
    assert "Harbour Schools" in page
    erasure.erase("cora@example.org", by=SYSTEM, now=NOON)
    page = admin.get("/admin/audit?verb=invited").text
    assert "Cora Reid" not in page
    assert page.count("Erased person") == 2


def test_the_file_holds_the_same_rows_in_numbers(admin: FlaskClient) -> None:
    cora = make.actor(make.member(name="Cora Reid"))
    for minute in range(3):
        event("invited", minutes=minute, by=cora, fact="x", number=minute)
    event("rule-set")
    page = admin.get("/admin/audit?verb=invited").text
    assert "Export these 3 as CSV" in page
    rows = exported(admin, "/admin/audit.csv?verb=invited")
    assert [row["at"] for row in rows] == [f"2026-11-21T12:0{minute}:00+00:00" for minute in (2, 1, 0)]
    assert rows[0]["facts"] == '{"fact": "x", "number": 2}'
    assert rows[0]["account"] == str(cora.account_id)
    assert "Cora" not in str(rows)
    last = db.session().query(AuditEvent).order_by(AuditEvent.id.desc()).first()
    assert last
    assert (last.verb, last.data) == ("audit-exported", {"rows": 3})
    assert exported(admin, "/admin/audit.csv?verb=nothing") == []


def test_the_top_says_how_far_the_trail_is_sealed(admin: FlaskClient) -> None:
    assert "Nothing is sealed yet" in admin.get("/admin/audit").text
    event()
    sealing.seal(now=NOON)
    event()
    page = admin.get("/admin/audit").text
    assert "Sealed up to event" in page
    assert "1 event waits for its seal" in page
    assert "mhfa-lms audit verify" in page


def test_a_full_page_costs_no_more_queries_than_a_budget(admin: FlaskClient) -> None:
    for number in range(40):
        person = make.member(name=f"Person {number}")
        kinds = [("membership", person.id), ("certificate", number + 1), ("account", person.account_id)]
        kind, subject_id = kinds[number % 3]
        event(minutes=number, by=make.actor(person), subject=kind, subject_id=subject_id)
    page = admin.get("/admin/audit").text
    href = re.search(r'href="([^"]*after=\d+)" rel="next"', page)
    assert href
    with queries() as many:
        address = f"{href[1]}&who=1&organisation=x&subject=ZZZZ-ZZZZ-ZZZZ-ZZZZ"
        assert admin.get(address).status_code == 200
    assert len(many) <= 12
    with queries() as many:
        assert len(shown(admin.get(href[1]).text)) >= 15
    assert len(many) <= 12


def test_nobody_else_may_ask_the_service(database: str) -> None:
    from mhfa_lms.policy import Forbidden

    with pytest.raises(Forbidden):
        audit_trail.query(db.session(), audit_trail.Filters(), by=make.actor(make.member(None, Role.COORDINATOR)))
