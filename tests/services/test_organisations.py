"""Organisations: what they may be called, and who may make them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from mhfa_lms import db
from mhfa_lms.policy import SYSTEM, Forbidden
from mhfa_lms.services import organisations
from tests import make
from tests.make import NOON

pytestmark = pytest.mark.usefixtures("database")


def test_an_organisation_inside_another() -> None:
    district = organisations.create("district", "The District", by=SYSTEM, now=NOON, country="gb").id
    school = organisations.create("hill", "Hill School", by=SYSTEM, now=NOON, parent="district", open_to_join=True)
    assert school.parent_id == district
    found = organisations.by_slug(db.session(), "district")
    assert found
    assert found.country == "GB"
    assert [row.slug for row in organisations.open_ones()] == ["hill"]
    assert organisations.open_by_slug("district") is None
    assert organisations.open_by_slug("hill") is not None


@pytest.mark.parametrize(
    "values",
    [
        {"slug": "Two Words"},
        {"slug": "-x"},
        {"slug": "x" * 61},
        {"slug": "taken"},
        {"name": "  "},
        {"parent": "nobody"},
        {"timezone": "Mars/North"},
        {"timezone": "../etc/passwd"},
        {"country": "GBR"},
        {"locale": "xx"},
    ],
)
def test_values_it_cannot_have(values: dict[str, str]) -> None:
    organisations.create("taken", "Taken", by=SYSTEM, now=NOON)
    given = {"slug": "new", "name": "New", **values}
    with pytest.raises(organisations.OrganisationError):
        organisations.create(given.pop("slug"), given.pop("name"), by=SYSTEM, now=NOON, **given)  # type: ignore[arg-type]  # texts only


def test_only_administrators_make_them() -> None:
    with pytest.raises(Forbidden):
        organisations.create("x", "X", by=make.actor(make.member()), now=NOON)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Grün & Söhne", "grun-sohne"), ("  ", "organisation"), ("学校", "organisation"), ("A" * 80, "a" * 60)],
)
def test_the_name_in_the_address(name: str, slug: str) -> None:
    assert organisations.slug_of(name) == slug


def test_two_changes_at_once_close_no_circle() -> None:
    ids = {slug: make.organisation(slug).id for slug in ("one", "two")}
    refused: list[str] = []

    def put_inside(slug: str, parent: str) -> None:
        try:
            organisations.change(
                ids[slug],
                name=slug,
                parent=parent,
                timezone="UTC",
                country=None,
                open_to_join=False,
                by=SYSTEM,
                now=NOON,
            )
        except organisations.CircleError:
            refused.append(slug)
        finally:
            db.sessions.remove()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(put_inside, ids, reversed(ids)))
    assert len(refused) == 1


def test_only_administrators_change_them() -> None:
    row = make.organisation()
    with pytest.raises(Forbidden):
        organisations.change(
            row.id,
            name="X",
            parent=None,
            timezone="UTC",
            country=None,
            open_to_join=False,
            by=make.actor(make.member(row)),
            now=NOON,
        )
