"""Names: what is one, and which letters can be printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.adapters import fonts
from mhfa_lms.services import names
from tests import hostile


@pytest.fixture(autouse=True)
def these_fonts() -> None:
    names.configure(fonts.coverage)


@pytest.mark.parametrize("name", hostile.NAMES.values(), ids=hostile.NAMES)
def test_a_name_in_any_script_is_one_that_can_be_printed(name: str) -> None:
    assert names.one_line(name)
    assert names.unprintable(name) == ""


@pytest.mark.parametrize("name", hostile.REFUSED_NAMES.values(), ids=hostile.REFUSED_NAMES)
def test_what_changes_its_surroundings_is_no_name(name: str) -> None:
    assert not names.one_line(name.strip()) or not name.strip()


@pytest.mark.parametrize("name", hostile.UNPRINTABLE_NAMES.values(), ids=hostile.UNPRINTABLE_NAMES)
def test_letters_that_cannot_be_printed_are_named(name: str) -> None:
    assert names.unprintable(name)
    assert "A" not in names.unprintable(name)


@pytest.mark.parametrize(
    ("text", "way"),
    [
        *(("Amina أمينة", "ltr"), ("أمينة Amina", "rtl"), ("(2) שרה A", "rtl"), ("山田 はなこ", "ltr"), ("ߒߞߏ", "rtl")),
        *(("2026 – 7.", ""), ("", "")),
    ],
)
def test_a_text_runs_as_its_first_letter_does(text: str, way: str) -> None:
    assert names.direction(text) == way


def test_without_fontconfig_every_letter_passes() -> None:
    names.configure(lambda: None)
    assert names.unprintable("Amina 🙂") == ""


@given(st.text())
def test_any_text_has_a_key_and_an_answer(text: str) -> None:
    assert isinstance(names.sort_key(text), str)
    assert "\0" not in names.sort_key(text.replace("\0", ""))
    missing = names.unprintable(text)
    assert missing.isascii() is (missing == "")
