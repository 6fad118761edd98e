"""Badges: made once, kept as signed, listed when they count no more, forgotten with the person."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from mhfa_lms import db
from mhfa_lms.adapters.bitstrings import decoded
from mhfa_lms.adapters.keys import KeyKind
from mhfa_lms.jobs import badge_making
from mhfa_lms.jobs.badge_making import badge_of
from mhfa_lms.jobs.handlers import HANDLERS
from mhfa_lms.models import Badge, Certificate, Job, StatusList
from mhfa_lms.policy import SYSTEM, Forbidden
from mhfa_lms.services import badge_lists, badges, certificates, erasure, retention
from mhfa_lms.services.badge_lists import ROOM
from mhfa_lms.services.badges import NoBadge
from mhfa_lms.settings import Settings, read_settings
from tests import make
from tests.make import NOON

LATER = NOON + timedelta(days=1)


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """An installation that issues badges: it has https."""
    return installation(database, tmp_path, "https://learn.example.org")


def installation(database: str, folder: Path, address: str, **values: str) -> Settings:
    return read_settings(
        {
            "MHFA_DATA_DIR": str(folder / "data"),
            "MHFA_DATABASE_URL": database,
            "MHFA_BASE_URL": address,
            "MHFA_SECRET_KEY": "a-test-key-that-is-long-enough",
            **values,
        }
    )


def issued(**values: Any) -> tuple[int, str]:
    """Return a certificate's id and code."""
    made = make.certificate(**values)
    return made.id, made.code


def text_of(certificate_id: int, settings: Settings) -> dict[str, Any]:
    made = badge_of(certificate_id, settings=settings, now=NOON)
    assert made.data is not None
    found: dict[str, Any] = json.loads(made.data)
    return found


def row(certificate_id: int) -> Badge:
    db.session().rollback()
    return db.session().scalars(select(Badge).where(Badge.certificate_id == certificate_id)).one()


def withdrawn(number: int = 1) -> set[int]:
    """Return the places that the public list says count no more."""
    db.session().rollback()
    found = badge_lists.listed(number)
    assert found is not None
    return decoded(json.loads(found)["credentialSubject"]["encodedList"])


def work_off(settings: Settings) -> None:
    """Do the lists' jobs that wait, as the worker would."""
    db.session().rollback()
    for payload in db.session().scalars(select(Job.payload).where(Job.kind == badge_lists.PUBLISH)).all():
        HANDLERS[badge_lists.PUBLISH](settings, 0, payload, NOON)


def test_a_badge_says_what_the_certificate_says(settings: Settings) -> None:
    owner = make.organisation("harbour", timezone="Asia/Kolkata")
    number, code = issued(membership=make.member(owner, name="Pat Lee"), type_name="Helper", locale="en")
    badge = text_of(number, settings)
    assert (badge["id"], badge["name"]) == (f"https://learn.example.org/credentials/{code}", "Helper")
    assert (badge["issuer"]["id"], badge["issuer"]["name"]) == ("did:web:learn.example.org", "First Aid for Minds")
    # The first moment of the first day and the last of the last, in the organisation's zone.
    assert (badge["validFrom"], badge["validUntil"]) == ("2026-11-20T18:30:00Z", "2029-11-21T18:29:59Z")
    subject = badge["credentialSubject"]
    assert subject["identifier"][0]["identityHash"] == "Pat Lee"
    assert subject["source"]["name"] == "An organisation"
    assert set(subject["achievement"]) == {"id", "type", "name", "description", "criteria", "inLanguage"}
    place = row(number)
    assert badge["credentialStatus"]["statusListIndex"] == str(place.position)
    assert badge["credentialStatus"]["statusListCredential"] == "https://learn.example.org/status/1"
    assert "@" not in json.dumps({word: value for word, value in badge.items() if word != "@context"})


def test_a_port_is_part_of_the_issuer(database: str, tmp_path: Path) -> None:
    here = installation(database, tmp_path, "https://learn.example.org:8443", MHFA_ISSUER_NAME="Harbour Trust")
    issuer = badge_making.issuer_of(here)
    assert (issuer.did, issuer.name) == ("did:web:learn.example.org%3A8443", "Harbour Trust")


def test_a_badge_is_made_once(settings: Settings) -> None:
    number, _code = issued()
    first = badge_of(number, settings=settings, now=NOON).data
    badge_making.keys_of(settings).rotate(KeyKind.BADGE, now=LATER)
    HANDLERS[badges.MAKE](settings, 0, {"certificate_id": number}, LATER)
    assert badge_of(number, settings=settings, now=LATER).data == first
    assert row(number).made_at == NOON


def test_a_crash_between_place_and_text_is_made_good_and_the_first_text_stays(settings: Settings) -> None:
    number, _code = issued()
    placed = badges.place(number)
    assert isinstance(placed, badges.Placed)
    assert badges.place(number) == placed
    assert badges.keep(number, "the first", key_name="k", now=NOON) == "the first"
    assert badges.keep(number, "the second", key_name="k", now=NOON) == "the first"
    assert badge_of(number, settings=settings, now=NOON).data == b"the first"


def test_without_https_there_is_none_and_no_place_is_taken(database: str, tmp_path: Path) -> None:
    here = installation(database, tmp_path, "http://learn.example.org")
    assert badge_of(issued()[0], settings=here, now=NOON) == badge_making.Made(None, NoBadge.NO_HTTPS)
    assert db.session().scalar(select(func.count(Badge.id))) == 0


def test_a_certificate_from_earlier_records_gets_none(settings: Settings) -> None:
    """A badge names the criteria of this site, and its holder met others."""
    held = make.certificate(is_imported=True)
    assert badge_of(held.id, settings=settings, now=NOON) == badge_making.Made(None, NoBadge.EARLIER)
    assert badges.own(db.session().get_one(Certificate, held.id), secure=True) is badges.OwnBadge.EARLIER
    assert db.session().scalar(select(func.count(Badge.id))) == 0


def test_what_no_longer_counts_gets_none(settings: Settings) -> None:
    revoked, replaced, late = issued(), issued(), issued()
    certificates.revoke(revoked[1], "A mistake", by=SYSTEM, now=NOON)
    certificates.replace(replaced[1], "Amina Y", by=SYSTEM, now=NOON)
    for number, _code in (revoked, replaced):
        assert badge_of(number, settings=settings, now=NOON).reason is NoBadge.NOT_COUNTING
    # Withdrawn while it was being signed: the text is not kept.
    badges.place(late[0])
    certificates.revoke(late[1], "A mistake", by=SYSTEM, now=NOON)
    assert badges.keep(late[0], "signed meanwhile", key_name="k", now=NOON) is NoBadge.NOT_COUNTING
    assert row(late[0]).credential is None


def test_withdrawing_and_replacing_are_public_once_the_worker_has_signed_the_list(settings: Settings) -> None:
    held = [issued() for _ in range(3)]
    for number, _code in held:
        text_of(number, settings)
    assert withdrawn() == set()
    certificates.revoke(held[0][1], "A mistake", by=SYSTEM, now=NOON)
    work_off(settings)
    assert withdrawn() == {row(held[0][0]).position}
    new = certificates.replace(held[1][1], "Amina Y", by=SYSTEM, now=NOON).id
    work_off(settings)
    assert withdrawn() == {row(held[0][0]).position, row(held[1][0]).position}
    text_of(new, settings)
    assert row(new).position not in withdrawn()
    before = badge_lists.listed(1)
    work_off(settings)
    assert badge_lists.listed(1) == before, "what has not changed is not signed again"


def test_an_older_state_of_a_list_never_takes_the_place_of_a_newer_one(settings: Settings) -> None:
    number, code = issued()
    text_of(number, settings)
    old = badge_lists.listed(1) or ""
    certificates.revoke(code, "A mistake", by=SYSTEM, now=NOON)
    work_off(settings)
    badge_lists.publish(1, 0, old)
    assert withdrawn() == {row(number).position}


def test_the_database_gives_no_place_twice(settings: Settings) -> None:
    first, second = issued()[0], issued()[0]
    text_of(first, settings)
    taken = row(first)
    copy = Badge(certificate_id=second, status_list_id=taken.status_list_id, position=taken.position)
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.add(copy)
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.execute(update(StatusList).values(used=ROOM + 1))


def test_a_taken_place_is_left_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    thrown = iter([5, 5, 5, 9])
    monkeypatch.setattr("mhfa_lms.services.badges.secrets.randbelow", lambda _most: next(thrown))
    places = [issued()[0] for _ in range(2)]
    for number in places:
        badges.place(number)
    assert [row(number).position for number in places] == [5, 9]


def test_when_a_list_is_full_another_one_begins(settings: Settings) -> None:
    early = issued()
    text_of(early[0], settings)
    with db.transaction() as session:
        session.execute(update(StatusList).values(used=ROOM))
    late = issued()
    badge = text_of(late[0], settings)
    assert badge["credentialStatus"]["statusListCredential"] == "https://learn.example.org/status/2"
    certificates.revoke(late[1], "A mistake", by=SYSTEM, now=NOON)
    work_off(settings)
    assert (withdrawn(1), withdrawn(2)) == (set(), {row(late[0]).position})


def test_many_at_once_get_places_of_their_own(settings: Settings) -> None:
    numbers = [issued()[0] for _ in range(6)]

    def place(number: int) -> None:
        badges.place(number)
        db.sessions.remove()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(place, numbers * 2))
    db.session().rollback()
    places = db.session().execute(select(Badge.status_list_id, Badge.position)).all()
    assert len(places) == len({tuple(one) for one in places}) == len(numbers)
    assert db.session().scalars(select(StatusList.used)).all() == [len(numbers)]


@pytest.mark.parametrize("keep_records", [False, True])
def test_the_text_goes_with_the_person_and_the_place_stays(settings: Settings, keep_records: bool) -> None:
    holder = make.account("pat@example.org")
    member = make.member(holder=holder)
    good, bad = issued(membership=member), issued(membership=member)
    for number, _code in (good, bad):
        text_of(number, settings)
    certificates.revoke(bad[1], "A mistake", by=SYSTEM, now=NOON)
    if keep_records:
        with db.transaction() as session:
            erasure.erase_account(session, session.merge(holder), by=SYSTEM, now=NOON, keep_records=True)
    else:
        erasure.erase("pat@example.org", by=SYSTEM, now=NOON)
    work_off(settings)
    assert {row(number).credential for number, _code in (good, bad)} == {None}
    assert withdrawn() == {row(bad[0]).position}
    assert badges.public(good[1]) is None
    assert badge_of(good[0], settings=settings, now=NOON).reason is NoBadge.GONE


def test_the_text_goes_at_the_end_of_its_time(settings: Settings) -> None:
    old = {"starts_on": date(2019, 1, 1), "window_opens_on": date(2021, 7, 1), "expires_on": date(2022, 1, 1)}
    number, _code = issued(**old, window_closes_on=date(2022, 4, 1))
    text_of(number, settings)
    [duty] = [duty for duty in retention.DUTIES if duty.name == "certificates"]
    retention.run(duty, by=SYSTEM, now=NOON)
    db.session().rollback()
    assert db.session().get_one(Certificate, number).erased_at is not None
    assert row(number).credential is None


def test_asking_posts_one_job_for_the_holder(settings: Settings) -> None:
    member = make.member()
    number, code = issued(membership=member)
    for _press in range(2):
        badges.ask(code, by=make.actor(member), now=NOON)
    jobs = db.session().scalars(select(Job.payload).where(Job.kind == badges.MAKE)).all()
    assert jobs == [{"certificate_id": number}]
    with pytest.raises(Forbidden):
        badges.ask(code, by=make.actor(make.member()), now=NOON)
