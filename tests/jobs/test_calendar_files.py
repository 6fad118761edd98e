"""Calendar files, read back by a reader of their own and by the library's."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as search
from hypothesis import strategies as st
from icalendar import Calendar

from mhfa_lms.jobs import calendar_files
from mhfa_lms.jobs.letter import Letter
from mhfa_lms.settings import Settings, read_settings

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
FACTS = {
    "name": "Amina Yusuf",
    "type": "First aider",
    "organisation": "North",
    "expires_on": "2027-02-28",
    "offset_days": 90,
    "window_opens_on": "2026-08-28",
    "window_closes_on": "2027-05-28",
    "path": "/certificates/ABCD",
    "event": "certificate:ABCD",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("data")
    return read_settings(
        {"MHFA_DATA_DIR": str(folder), "MHFA_BASE_URL": "https://learn.example.org", "MHFA_SECRET_KEY": "k" * 20}
    )


def made(settings: Settings, locale: str = "en", **changes: Any) -> bytes:
    found = calendar_files.of(
        Letter("reminder", "amina@example.org", locale, {**FACTS, **changes}, "<x@y>"), settings, now=NOW
    )
    assert found is not None
    return found


def parsed(file: bytes) -> list[dict[str, str]]:
    """Read a file as RFC 5545 describes it, by hand: each event's properties, its alarm's beginning with ALARM-."""
    assert file.endswith(b"\r\n")
    assert all(len(line) <= 75 for line in file.split(b"\r\n"))
    events: list[dict[str, str]] = []
    depth: list[str] = []
    for line in file.decode().replace("\r\n ", "").split("\r\n")[:-1]:
        assert line.isprintable(), line
        name, value = re.fullmatch(r'([A-Z-]+)(?:;[^:"]+)?:(.*)', line).groups()  # type: ignore[union-attr]  # a miss fails the test
        if name == "BEGIN":
            depth.append(value)
            if value == "VEVENT":
                events.append({})
        elif name == "END":
            assert depth.pop() == value
        elif "VEVENT" in depth:
            read = re.sub(r"\\(.)", lambda found: {"n": "\n", "N": "\n"}.get(found[1], found[1]), value)
            events[-1]["ALARM-" * (depth[-1] == "VALARM") + name] = read
    assert depth == []
    return events


def test_the_last_day_and_the_last_day_to_renew(settings: Settings) -> None:
    file = made(settings)
    last, closes = parsed(file)
    assert b"\r\nMETHOD:PUBLISH\r\n" in file
    assert (last["DTSTART"], last["DTEND"]) == ("20270228", "20270301")
    assert last["SUMMARY"] == "Last day of your certificate “First aider”"
    assert last["DESCRIPTION"] == "You can renew it at North from 28 August 2026 to 28 May 2027, both days included."
    assert last["URL"] == "https://learn.example.org/certificates/ABCD"
    assert (last["CLASS"], last["TRANSP"], last["ALARM-TRIGGER"]) == ("PRIVATE", "TRANSPARENT", "-P6DT15H")
    assert (closes["DTSTART"], closes["SUMMARY"]) == ("20270528", "Last day to renew your certificate “First aider”")
    assert b"DTSTART;VALUE=DATE:" in file
    assert not re.search(rb"ATTENDEE|ORGANIZER|amina|Amina", file)


def test_a_later_reminder_takes_the_place_of_an_earlier_one(settings: Settings) -> None:
    files = [parsed(made(settings, offset_days=offset)) for offset in (730, 180, 90, 30, 0, -1)]
    assert len({tuple(event["UID"] for event in file) for file in files}) == 1
    numbers = [int(file[0]["SEQUENCE"]) for file in files]
    assert numbers == sorted(set(numbers))
    assert numbers[0] >= 0
    assert parsed(made(settings, event="certificate:EFGH"))[0]["UID"] != files[0][0]["UID"]


def test_without_a_grace_there_is_one_day_and_an_authorisation_has_its_own_words(settings: Settings) -> None:
    assert len(parsed(made(settings, window_closes_on="2027-02-28"))) == 1
    rest = {name: value for name, value in FACTS.items() if not name.startswith("window")}
    file = calendar_files.of(Letter("authorisation-reminder", "a@b.cd", "en", rest, "<x@y>"), settings, now=NOW)
    assert file is not None
    (only,) = parsed(file)
    assert only["SUMMARY"] == "Last day of your authorisation “First aider”"
    check = {name: rest[name] for name in ("organisation", "expires_on", "offset_days", "event")}
    for kind, facts, title in (
        ("check-reminder", check, "Last day of your background check"),
        ("delivery-reminder", rest | {"taught": 1, "needed": 2}, "Last day to teach courses of “First aider” that"),
    ):
        made_for = calendar_files.of(Letter(kind, "a@b.cd", "en", facts, "<x@y>"), settings, now=NOW)
        assert made_for is not None
        (only,) = parsed(made_for)
        assert only["DTSTART"] == "20270228"
        assert only["SUMMARY"].startswith(title)
        assert "at North" in only["DESCRIPTION"]
    assert calendar_files.of(Letter("invitation", "a@b.cd", "en", {}, "<x@y>"), settings, now=NOW) is None


def test_it_is_written_in_the_reader_s_language(settings: Settings) -> None:
    assert parsed(made(settings, "en-XA"))[0]["SUMMARY"].startswith("[")
    assert b"SUMMARY;LANGUAGE=ar-XB:" in made(settings, "ar-XB")


hostile = st.text(max_size=200) | st.sampled_from(
    [
        "A\r\nBEGIN:VALARM\r\nACTION:EMAIL\r\nATTENDEE:mailto:x@y.z",
        'semi;colon,comma\\n"quote":and\\',
        "\u2028line\u2029para\x85\x00\x1b",
        "😀" * 80,
        "\u202eright to left",
    ]
)


@search(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(hostile, hostile)
def test_no_name_breaks_out_of_its_place(settings: Settings, kind: str, organisation: str) -> None:
    kind, organisation = (text.encode("utf-8", "replace").decode() for text in (kind, organisation))
    file = made(settings, type=kind, organisation=organisation)
    events = parsed(file)
    assert [event["DTSTART"] for event in events] == ["20270228", "20270528"]
    assert "ATTENDEE" not in {name for event in events for name in event}
    wanted = "".join(letter if letter.isprintable() else " " for letter in kind)
    assert events[0]["SUMMARY"] == f"Last day of your certificate “{wanted}”"
    (again, *_rest) = Calendar.from_ical(file).walk("VEVENT")
    assert again.decoded("dtstart") == date(2027, 2, 28)
    assert str(again["summary"]) == events[0]["SUMMARY"]
