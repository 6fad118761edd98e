"""The help lines we ship, and what is refused of a file that is wrong."""

import subprocess
import sys
from dataclasses import FrozenInstanceError
from datetime import date
from itertools import chain
from pathlib import Path

import pytest

from mhfa_lms import clock
from mhfa_lms.help import lines
from mhfa_lms.help.lines import Country, Directory, Line, MalformedLines, dialled, load

EMERGENCY = {
    "US": ("911",),
    "CA": ("911",),
    "GB": ("999",),
    "IE": ("112", "999"),
    "AU": ("000",),
    "NZ": ("111",),
    "IN": ("112",),
    "ZA": ("112", "10111"),
    "DE": ("112",),
    "FR": ("112",),
    "ES": ("112",),
    "EU": ("112",),
}
REACHED_BY = {
    "US": {"988"},
    "CA": {"988"},
    "GB": {"116123", "85258"},
    "IE": {"116123", "50808"},
    "AU": {"131114", "0477131114", "1300224636"},
    "NZ": {"1737"},
    "IN": {"14416", "18008914416"},
    "ZA": {"0800567567"},
    "DE": {"08001110111", "08001110222", "116123"},
    "FR": {"3114"},
    "ES": {"024"},
    "EU": set(),
}
GOOD = """
international:
  country: international
  name: Elsewhere
  emergency: []
  advice: Call the emergency number where you are.
  lines: [{name: D, web: "https://a.example", source: D, source_url: "https://a.example", source_date: "2026-11"}]
countries:
  - country: AU
    name: Australia
    emergency: ["000"]
    lines: [{name: L, call: ["13 11 14"], source: L, source_url: "https://a.example", source_date: "2026-11"}]
"""


def every_entry() -> list[Country]:
    return [load().international, *load().countries]


def every_line() -> list[Line]:
    return list(chain.from_iterable(entry.lines for entry in every_entry()))


def numbers(country: Country) -> set[str]:
    return {dialled(number) for line in country.lines for number in (*line.call, line.text) if number}


def test_each_country_has_its_emergency_numbers() -> None:
    assert {country.country: country.emergency for country in load().countries} == EMERGENCY


def test_each_country_has_its_help_lines() -> None:
    assert {country.country: numbers(country) for country in load().countries} == REACHED_BY


def test_every_line_names_its_source_and_a_month_that_has_begun() -> None:
    for line in every_line():
        assert line.source, line.name
        assert line.source_url.startswith("https://"), line.name
        assert date.fromisoformat(f"{line.source_date}-01") <= clock.now().date(), line.name


def test_every_line_that_a_person_answers_says_when() -> None:
    assert [line.name for line in every_line() if (line.call or line.text or line.chat) and not line.hours] == []


def test_samaritans_has_no_text_number() -> None:
    found = [line for line in every_line() if line.name == "Samaritans"]
    assert len(found) == 2
    assert all(line.text is None for line in found)


def test_retired_services_are_gone() -> None:
    shipped = lines.SHIPPED.read_text(encoding="utf-8").lower()
    assert "988" in shipped
    for retired in ("national suicide prevention lifeline", "273-8255", "press 3", "lgbt"):
        assert retired not in shipped


def test_unknown_country_gets_the_international_directory() -> None:
    assert load().country("BR") is None
    assert load().country("") is None
    world = load().international
    assert world.lines[0].web == "https://findahelpline.com"
    assert world.advice is not None
    assert "emergency number" in world.advice


@pytest.mark.parametrize(("code", "found"), [("gb", "GB"), (" IE ", "IE"), ("DE", "DE"), ("IT", "EU"), ("EU", "EU")])
def test_a_country_is_found_by_its_own_entry_before_a_wider_one(code: str, found: str) -> None:
    country = load().country(code)
    assert country is not None
    assert country.country == found


def test_the_european_entry_covers_the_27_members() -> None:
    europe = load().country("EU")
    assert europe is not None
    assert len(europe.covers) == 27
    assert "GB" not in europe.covers


def test_the_file_is_read_once_and_cannot_be_changed() -> None:
    assert load() is load()
    with pytest.raises(FrozenInstanceError):
        load().international.name = "Nowhere"  # type: ignore[misc]  # the point is that this is refused


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "lines.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert [country.name for country in load(path).countries] == ["Australia"]


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('["000"]', "[000]", "countries.0.emergency.0: Input should be a valid string"),
        ('["000"]', "[]", "AU has neither an emergency number nor advice"),
        ('"13 11 14"', '"13 11 I4"', "countries.0.lines.0.call.0: String should match"),
        ('call: ["13 11 14"], ', "", "L has no way to be reached"),
        ("name: L,", "name: L, fax: x,", "countries.0.lines.0.fax"),
        ('source_date: "2026-11"}', 'source_date: "2026-13"}', "source_date: String should match"),
        ("source: L, ", "", "countries.0.lines.0.source: Field required"),
        ('web: "https:', 'web: "http:', "international.lines.0.web: String should match"),
        ("country: AU", "country: Australia", "countries.0.country: String should match"),
        ("countries:", "countries: [", "not readable as YAML"),
        (GOOD, "", "the file: "),
    ],
)
def test_a_bad_file_is_refused_and_the_place_named(right: str, wrong: str, said: str) -> None:
    assert right in GOOD
    with pytest.raises(MalformedLines) as refusal:
        Directory.parse(GOOD.replace(right, wrong), name="lines.yaml")
    assert str(refusal.value).startswith("lines.yaml: ")
    assert said in str(refusal.value)


def test_a_country_given_twice_is_refused() -> None:
    twice = GOOD + GOOD[GOOD.index("  - country: AU") :]
    with pytest.raises(MalformedLines, match="more than one entry for AU"):
        Directory.parse(twice, name="lines.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MalformedLines, match=r"absent\.yaml: cannot be read"):
        load(tmp_path / "absent.yaml")


def test_it_loads_without_the_web_framework() -> None:
    script = "import sys, mhfa_lms.help.lines as h; h.load(); sys.exit('flask' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=300).returncode == 0
