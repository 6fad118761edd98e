"""The overview's counts, which the database makes, beside the same counts made one certificate at a time."""

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from mhfa_lms import db
from mhfa_lms.models import Certificate, Membership, MembershipState, Organisation, Role
from mhfa_lms.services import overview, overview_counts, periods
from mhfa_lms.services.overview_counts import Figures
from mhfa_lms.services.periods import CERTIFIED, Standing
from tests import make
from tests.make import NOON
from tests.small_course import course

pytestmark = pytest.mark.usefixtures("database")
TODAY = date(2026, 11, 21)
PEOPLE = 30


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_a_slow_count(seed: int) -> None:
    dice, here = random.Random(seed), make.organisation("here")
    by = make.actor(make.member(here, Role.COORDINATOR))
    crowd = _crowd(dice, here)
    _crowd(dice, make.organisation("there"))
    found = overview.of(db.session(), by=by, today=TODAY, now=NOON)
    slow = {one.id: _slowly(crowd, one.id) for one in found.sites}
    assert {one.id: one.figures for one in found.sites} == slow
    assert found.figures == sum(slow.values(), Figures())
    assert 0 < found.figures.certified < PEOPLE


def test_a_large_organisation_is_counted_every_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview_counts, "LARGE", 4)
    here, revision = make.organisation("here"), make.published()
    by = make.actor(make.member(here, Role.COORDINATOR))
    for _one in range(3):
        make.certificate(make.member(here), revision)
    make.certificate(make.member(make.organisation("there")), revision)

    def seen(now: datetime, today: date = TODAY) -> tuple[int, datetime | None]:
        db.session().rollback()
        found = overview.of(db.session(), by=by, today=today, now=now)
        return found.figures.certified, found.counted_at

    assert seen(NOON) == (3, None)
    assert overview_counts.refresh(now=NOON, look=False) == 0
    assert overview_counts.refresh(now=NOON) == 1
    make.certificate(make.member(here), revision)
    assert seen(NOON) == (3, NOON)
    later = NOON + overview_counts.KEPT_FOR
    assert overview_counts.refresh(now=later - timedelta(seconds=1)) == 0
    # On the next day, at this visit: what was counted on another day says nothing.
    assert seen(later, TODAY + timedelta(days=1)) == (4, None)
    assert overview_counts.refresh(now=later, look=False) == 1
    assert seen(later) == (4, later)
    monkeypatch.setattr(overview_counts, "LARGE", 6)
    assert overview_counts.refresh(now=later) == 0
    assert seen(later) == (4, None)


Crowd = list[tuple[Membership, list[tuple[int, Certificate]]]]


def _crowd(dice: random.Random, here: Organisation) -> Crowd:
    """People of two sites or none, some of whom left, each with up to three certificates of two types."""
    sites = [None, make.site(here, "North").id, make.site(here, "South").id]
    revisions = [make.published(), make.published(course("another"))]
    crowd: Crowd = []
    for _number in range(PEOPLE):
        left = dice.random() < 0.2
        gone: Any = {"state": MembershipState.LEFT, "left_at": NOON} if left else {}
        person = make.member(here, site_id=dice.choice(sites), **gone)
        held = []
        for _one in range(dice.randrange(4)):
            kind = dice.randrange(2)
            held.append((kind, make.certificate(person, revisions[kind], **_dates(dice))))
        crowd.append((person, held))
    return crowd


def _dates(dice: random.Random) -> dict[str, object]:
    """Return dates on and around the edges of every standing, sometimes of a certificate that was withdrawn."""
    expires = TODAY + timedelta(days=dice.choice([-800, -325, -90, -40, -1, 0, 1, 60, 179, 180, 181, 900]))
    dates: dict[str, object] = {
        "starts_on": expires - timedelta(days=1_000),
        "expires_on": expires,
        "window_opens_on": expires - timedelta(days=180),
        "window_closes_on": expires + timedelta(days=90),
    }
    return dates | ({"revoked_at": NOON, "revoked_reason": "a test"} if dice.random() < 0.15 else {})


def _slowly(crowd: Crowd, site_id: int | None) -> Figures:
    figures = Figures()
    for person, held in crowd:
        if person.site_id == site_id and person.state is MembershipState.ACTIVE:
            certified = any(periods.standing(one, TODAY) in CERTIFIED for _kind, one in held)
            figures += Figures(certified=int(certified))
            for kind in range(2):
                figures += _newest([one for of, one in held if of == kind and one.revoked_at is None])
    return figures


def _newest(counting: list[Certificate]) -> Figures:
    """Return the figures of the one certificate among several of a type that has to be acted on."""
    if not counting:
        return Figures()
    newest = max(counting, key=lambda one: (one.expires_on, one.id))
    standing = periods.standing(newest, TODAY)
    this_year = newest.window_closes_on >= date(TODAY.year - 1, 12, 31)
    return Figures(
        due=int(standing is Standing.DUE),
        grace=int(standing is Standing.GRACE),
        lapsed=int(standing is Standing.LAPSED and this_year),
    )
