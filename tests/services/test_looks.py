"""How certificates look: chosen by coordinators, frozen at issue."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from mhfa_lms import db
from mhfa_lms.jobs.certificate_colours import COLOURS, in_artwork, in_style
from mhfa_lms.models import Accent, CertificateLook, Organisation, PaperSize, Role
from mhfa_lms.paths import templates_dir
from mhfa_lms.policy import SYSTEM, Actor, Forbidden
from mhfa_lms.services import certificates, looks, retention
from mhfa_lms.services.looks import Look, LookError, Signatory
from tests import make
from tests.make import NOON
from tests.services.test_certification import complete, ready, the_certificate

OURS = Look(Accent.PLUM, "Recognised by the county.", (Signatory("Ada Okafor", "Head of training"),), b"png")


@pytest.fixture
def owner(database: str) -> Organisation:
    """Whose certificates they are."""
    return make.organisation(country="US")


@pytest.fixture
def coordinator(owner: Organisation) -> Actor:
    """Who chooses."""
    return make.actor(make.member(owner, Role.COORDINATOR))


def test_a_certificate_keeps_the_look_of_its_day(owner: Organisation, coordinator: Actor) -> None:
    first = looks.save(replace(OURS, paper=PaperSize.A4), by=coordinator, now=NOON)
    complete(ready(membership=make.member(owner)).id)
    looks.save(Look(), by=coordinator, now=NOON)
    found = the_certificate()
    assert (found.look_id, found.paper) == (first, PaperSize.A4)
    assert certificates.replace(found.code, "Amina Y", by=SYSTEM, now=NOON).look_id == first


def test_without_a_look_the_paper_is_the_countrys(owner: Organisation) -> None:
    complete(ready(membership=make.member(owner)).id)
    assert (the_certificate().look_id, the_certificate().paper) == (None, PaperSize.LETTER)


def test_a_look_holds_for_the_organisations_below_until_they_have_their_own(
    owner: Organisation, coordinator: Actor
) -> None:
    below = make.organisation(parent_id=owner.id)
    above = looks.save(OURS, by=coordinator, now=NOON)
    found = looks.current(db.session(), below.id)
    assert found is not None
    assert found.id == above
    own = looks.save(Look(), by=make.actor(make.member(below, Role.COORDINATOR)), now=NOON)
    looks.save(OURS, by=coordinator, now=NOON)
    found = looks.current(db.session(), below.id)
    assert found is not None
    assert found.id == own
    assert looks.current(db.session(), make.organisation().id) is None


def gone(now: datetime) -> int:
    """How many looks retention removes."""
    duty = next(one for one in retention.DUTIES if one.name == "looks")
    found = retention.run(duty, by=SYSTEM, now=now)
    db.session().rollback()
    return found


def test_a_look_goes_when_another_took_its_place_and_no_certificate_has_it(
    owner: Organisation, coordinator: Actor
) -> None:
    shown = looks.save(OURS, by=coordinator, now=NOON)
    complete(ready(membership=make.member(owner)).id)
    looks.save(OURS, by=coordinator, now=NOON)
    last = looks.save(Look(), by=coordinator, now=NOON)
    alone = looks.save(Look(), by=make.actor(make.member(make.organisation(), Role.COORDINATOR)), now=NOON)
    assert gone(NOON + timedelta(days=29)) == 0
    assert gone(NOON + timedelta(days=31)) == 1
    assert set(db.session().scalars(select(CertificateLook.id))) == {shown, last, alone}
    db.session().rollback()
    later = NOON + timedelta(days=3000)
    retention.run(next(one for one in retention.DUTIES if one.name == "certificates"), by=SYSTEM, now=later)
    assert gone(later) == 1
    assert db.session().get(CertificateLook, shown) is None


def test_only_coordinators_choose(owner: Organisation) -> None:
    with pytest.raises(Forbidden):
        looks.save(OURS, by=make.actor(make.member(owner, Role.INSTRUCTOR)), now=NOON)


@pytest.mark.parametrize(
    "wrong",
    [
        Look(wording="x" * 201),
        Look(wording="two\nlines"),
        Look(signatories=(Signatory("A"),) * 4),
        Look(signatories=(Signatory("", "Head"),)),
        Look(signatories=(Signatory("A", "t" * 81),)),
    ],
)
def test_what_would_not_fit_is_refused(coordinator: Actor, wrong: Look) -> None:
    with pytest.raises(LookError):
        looks.save(wrong, by=coordinator, now=NOON)


def luminance(colour: str) -> float:
    """Of WCAG."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("accent", Accent)
def test_each_colour_can_be_read_on_white_and_takes_the_place_of_every_green(accent: Accent) -> None:
    assert 1.05 / (luminance(COLOURS[accent]) + 0.05) >= 7
    folder = templates_dir() / "certificate"
    style = in_style((folder / "certificate.css").read_text(encoding="utf-8"), accent)
    rings = in_artwork((folder / "ripples.svg").read_bytes(), accent)
    assert COLOURS[accent] in style
    if accent is not Accent.PINE:
        assert "#17584D" not in style
        assert b"#9FC6BB" not in rings
    assert b"#F0D08E" in rings
