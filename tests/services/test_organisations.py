"""Organisations: what they may be called, and who may make them."""

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
