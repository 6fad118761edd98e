"""The register: one query for screen and export, through the eyes of one organisation."""

import tracemalloc
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select

from mhfa_lms import db
from mhfa_lms.models import AuditEvent, Certificate, Membership, MembershipState, Organisation, Role
from mhfa_lms.policy import Actor, Forbidden
from mhfa_lms.services import register, register_words
from mhfa_lms.services.paging import Place, Total
from mhfa_lms.services.periods import Standing
from mhfa_lms.services.register import Filters
from tests import make
from tests.make import NOON
from tests.small_course import course

pytestmark = pytest.mark.usefixtures("database")
EVERYTHING = Filters()
# Dates that give each standing on 21 November 2026.
DATES = {
    Standing.VALID: (date(2029, 5, 21), date(2029, 11, 21), date(2030, 2, 21)),
    Standing.DUE: (date(2026, 11, 21), date(2027, 5, 21), date(2027, 8, 21)),
    Standing.GRACE: (date(2026, 5, 20), date(2026, 11, 20), date(2027, 2, 20)),
    Standing.LAPSED: (date(2026, 2, 20), date(2026, 8, 20), date(2026, 11, 20)),
}


@pytest.fixture
def here() -> Organisation:
    return make.organisation("here")


@pytest.fixture
def by(here: Organisation) -> Actor:
    return make.actor(make.member(here, Role.COORDINATOR, name="Coordinator"))


def certified(owner: Organisation, name: str, standing: Standing = Standing.VALID, **values: Any) -> Certificate:
    person = make.member(owner, name=name)
    opens, expires, closes = DATES[standing]
    return make.certificate(
        person,
        **{
            "starts_on": date(2023, 1, 1),
            "window_opens_on": opens,
            "expires_on": expires,
            "window_closes_on": closes,
            **values,
        },
    )


def wanted(by: Actor, filters: Filters = EVERYTHING, now: datetime = NOON) -> register.Query:
    return register.query(db.session(), filters, by=by, now=now)


def shown(by: Actor, **filters: object) -> list[str]:
    found = wanted(by, Filters(**filters))  # type: ignore[arg-type]  # a test's own values
    rows = [row.name for row in register.page(db.session(), found, Place()).rows]
    assert register.total(db.session(), found) == Total(len(rows))
    with closing(register.export(found, kind="csv", now=NOON)) as export:
        assert [row[1] for row in export.rows()] == rows, "the export is what the screen shows"
    return rows


def test_every_certificate_of_the_organisation_in_the_order_of_names(here: Organisation, by: Actor) -> None:
    certified(here, "Émile Zola")
    certified(here, "ada Lovelace")
    certified(here, "Emil Nolde", revoked_at=NOON, revoked_reason="A mistake")
    certified(make.organisation("there"), "Stranger")
    assert shown(by) == ["ada Lovelace", "Emil Nolde", "Émile Zola"]


@pytest.mark.parametrize("standing", list(DATES))
def test_filter_by_standing(here: Organisation, by: Actor, standing: Standing) -> None:
    for one in DATES:
        certified(here, one.value, one)
    assert shown(by, standings=frozenset({standing})) == [standing.value]


def test_the_day_is_the_organisations_own() -> None:
    far = make.organisation("far", timezone="Pacific/Auckland")
    certified(far, "Ends on the 21st", Standing.VALID, expires_on=date(2026, 11, 21), window_opens_on=date(2026, 11, 1))
    by = make.actor(make.member(far, Role.COORDINATOR))
    just_before, just_after = datetime(2026, 11, 21, 10, tzinfo=UTC), datetime(2026, 11, 21, 12, tzinfo=UTC)
    rows = [register.page(db.session(), wanted(by, now=now), Place()).rows for now in (just_before, just_after)]
    assert [found[0].standing for found in rows] == ["due", "grace"]


@pytest.mark.parametrize("text", ["yusuf", "AMINA", "yusuf amina", "Ámina", " mina "])
def test_filter_by_name(here: Organisation, by: Actor, text: str) -> None:
    certified(here, "Amina Yusuf")
    certified(here, "Amir Yusof")
    assert shown(by, text=text) == ["Amina Yusuf"]


@pytest.mark.parametrize("text", ["%", "_", "\\", "Yusuf%"])
def test_signs_of_a_pattern_are_letters_like_others(here: Organisation, by: Actor, text: str) -> None:
    certified(here, "Amina Yusuf")
    assert shown(by, text=text) == []


@pytest.mark.parametrize("text", ["ABCD1234EFGH5678", "abcd-1234-efgh-5678", "ABCD 1234", "abcdi234"])
def test_filter_by_number(here: Organisation, by: Actor, text: str) -> None:
    certified(here, "Amina Yusuf", code="ABCD1234EFGH5678")
    certified(here, "Other")
    assert shown(by, text=text) == ["Amina Yusuf"]


def test_filter_by_site_and_listing(here: Organisation, by: Actor) -> None:
    north = make.site(here)
    make.certificate(make.member(here, name="At North", site_id=north.id, listed_since=NOON))
    make.certificate(make.member(here, name="Nowhere"))
    assert shown(by, site_id=north.id) == ["At North"]
    assert shown(by, site_id=register.NO_SITE) == ["Nowhere"]
    assert shown(by, listed=True) == ["At North"]
    assert shown(by, listed=False) == ["Nowhere"]


def test_filter_by_course_keeps_corrected_certificates(here: Organisation, by: Actor) -> None:
    small, other = make.published(), make.published(course("other"))
    make.certificate(make.member(here, name="Small"), small, enrolment_id=None)
    make.certificate(make.member(here, name="Other"), other)
    assert shown(by, course_id=small.course_id) == ["Small"]
    assert shown(by, course_id=other.course_id) == ["Other"]


def test_open_only_leaves_out_what_nobody_has_to_act_on(here: Organisation, by: Actor) -> None:
    new = certified(here, "Renewed")
    certified(here, "Renewed", Standing.DUE, renewed_by_id=new.id)
    make.certificate(make.member(here, name="Left", state=MembershipState.LEFT, left_at=NOON))
    assert len(shown(by)) == 3
    assert shown(by, open_only=True) == ["Renewed"]


def test_pages_follow_the_names_both_ways(here: Organisation, by: Actor) -> None:
    revision = make.published()
    everybody = [make.certificate(make.member(here, name=f"Same {number % 3}"), revision).id for number in range(60)]
    session, query = db.session(), wanted(by)
    pages = [register.page(session, query, Place())]
    while pages[-1].after is not None:
        pages.append(register.page(session, query, Place(after=pages[-1].after)))
    assert [len(page.rows) for page in pages] == [25, 25, 10]
    assert sorted(row.id for page in pages for row in page.rows) == sorted(everybody)
    names = [row.name for page in pages for row in page.rows]
    assert names == sorted(names)
    assert pages[0].before is None
    back = register.page(session, query, Place(before=pages[2].before))
    assert [row.id for row in back.rows] == [row.id for row in pages[1].rows]
    first = register.page(session, query, Place(before=back.before))
    assert [row.id for row in first.rows] == [row.id for row in pages[0].rows]
    assert first.before is None
    assert first.after is not None


def test_a_place_in_another_organisation_is_the_beginning(here: Organisation, by: Actor) -> None:
    stranger = certified(make.organisation("there"), "Middle")
    certified(here, "Ada")
    certified(here, "Zoe")
    found = register.page(db.session(), wanted(by), Place(after=stranger.id))
    assert [row.name for row in found.rows] == ["Ada", "Zoe"]
    assert (found.before, found.after) == (None, None)


def test_the_export_says_everything_in_order(here: Organisation, by: Actor) -> None:
    north = make.site(here)
    person = make.member(
        here,
        name="=Amina",
        site_id=north.id,
        languages="en, so",
        work_email="amina@here.example",
        listed_since=datetime(2026, 3, 1, tzinfo=UTC),
    )
    made = make.certificate(person, organisation_name="Here")
    with closing(register.export(wanted(by), kind="csv", now=NOON)) as export:
        assert list(export.rows()) == [
            (
                made.code,
                "=Amina",
                "Here",
                "North",
                made.course_title,
                "2026-11-21",
                "2029-11-21",
                "valid",
                "en, so",
                "amina@here.example",
                "2026-03-01",
            )
        ]
    assert len(register.COLUMNS) == 11


def test_the_audit_trail_notes_the_export_in_numbers(here: Organisation, by: Actor) -> None:
    certified(here, "Amina Yusuf")
    register.export(wanted(by, Filters(text="amina")), kind="xlsx", now=NOON).close()
    event = db.session().scalars(select(AuditEvent).where(AuditEvent.verb == "register-exported")).one()
    assert (event.account_id, event.organisation_id, event.subject_id) == (by.account_id, here.id, here.id)
    assert event.data == {"rows": 1, "format": "xlsx"}


def test_only_coordinators(here: Organisation) -> None:
    learner, marker = make.actor(make.member(here)), make.actor(make.member(here, Role.INSTRUCTOR))
    for who in (learner, marker):
        with pytest.raises(Forbidden):
            wanted(who)


def many(owner: Organisation, count: int) -> None:
    """Add certificates in bulk, all of one person."""
    made = certified(owner, "First")
    db.session().rollback()
    columns = [column.key for column in Certificate.__table__.columns if column.key != "id"]
    values = {column: getattr(made, column) for column in columns}
    with db.transaction() as session:
        session.execute(
            insert(Certificate),
            [{**values, "code": f"{number:016d}", "sort_key": f"name {number:06d}"} for number in range(count - 1)],
        )


def test_the_export_holds_one_state_and_little_memory(here: Organisation, by: Actor) -> None:
    many(here, 12_000)
    export = register.export(wanted(by), kind="csv", now=NOON)
    rows = export.rows()
    next(rows)
    # Somebody else writes while the file is on its way.
    with db.transaction() as session:
        session.execute(insert(Organisation).values(slug="new", name="New", created_at=NOON, timezone="UTC",
                                                    locale="en", open_to_join=False))  # fmt: skip
        session.query(Certificate).update({Certificate.name: "Changed"})
    tracemalloc.start()
    names = {row[1] for row in rows}
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    export.close()
    assert names == {"First"}
    assert peak < 8_000_000
    assert str(register.total(db.session(), wanted(by))) == "10,000+"
    assert register.exceeds(db.session(), wanted(by), 11_999)
    assert not register.exceeds(db.session(), wanted(by), 12_000)


def test_words_become_filters(here: Organisation) -> None:
    north = make.site(here)
    revision = make.published()
    session = db.session()
    by = register_words.acting_for(session, "here")
    found = register_words.read_filters(session, by, site="NORTH", course="small", standings="due, grace", listed=True)
    assert found == Filters(
        site_id=north.id,
        course_id=revision.course_id,
        standings=frozenset({Standing.DUE, Standing.GRACE}),
        listed=True,
    )
    by_type = register_words.read_filters(session, by, site=None, course="small-type", standings=None, listed=None)
    assert by_type.type_id is not None
    assert by_type.course_id is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"site": "North"}, "no site 'North'"),
        ({"course": "none"}, "no course or certification type 'none'"),
        ({"standings": "due,late"}, "no standing 'late'"),
    ],
)
def test_unknown_words_are_named(here: Organisation, words: dict[str, str], says: str) -> None:
    make.site(make.organisation("there"))
    session = db.session()
    by = register_words.acting_for(session, "here")
    with pytest.raises(register_words.UnknownFilterError, match=says):
        register_words.read_filters(
            session, by, **{"site": None, "course": None, "standings": None, "listed": None, **words}  # type: ignore[arg-type]  # texts or None
        )  # fmt: skip


def test_an_unknown_organisation_is_named() -> None:
    with pytest.raises(register_words.UnknownFilterError, match="no organisation 'nowhere'"):
        register_words.acting_for(db.session(), "nowhere")


def test_the_command_line_acts_in_one_organisation_only(here: Organisation) -> None:
    certified(here, "Here")
    certified(make.organisation("there"), "There")
    assert shown(register_words.acting_for(db.session(), "here")) == ["Here"]
    assert db.session().scalars(select(Membership.name)).all() == ["Here", "There"]
