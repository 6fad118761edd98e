"""Names: what is one, and which letters can be printed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.adapters import fonts
from mhfa_lms.services import name_letters, names
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


# Names that people bear, and letters of theirs that look odd to a program.
BORNE = (
    *("Rajan s/o Muthu", "Ali @ Ahmad bin Omar", "Martin King, Jr.", "Marie-José d’Été", "Gal·la Ferrer", "ʻAkilisi"),
    *(
        "山田・太郎",
        "ג׳ורג׳ שמואל",
        "བཀྲ་ཤིས",
        "Ⅲ世",
        "François “Frank” Noël",
        "𞤀𞤤𞤵",
        "𠮷野",
        "ޢަލީ",
        "ᱥᱟᱱᱛᱟᱲ",
        "ⴰⵎⴰⵣⵉⵖ",
        "ᏣᎳᎩ",
        "வை.மு.",
        "𖼀",
        "Ṉ",
    ),
)
NO_NAMES = ("Amina 🙂", "★Amina★", "𓀀𓁐", "𝓐𝓶𝓲𝓷𝓪", "Ⓐmina", "Amina ㈱", "Amina™", "𒀀𒀁")


@pytest.mark.parametrize("name", [*BORNE, *hostile.NAMES.values()])
def test_what_people_are_called_is_letters(name: str) -> None:
    assert name_letters.no_letters(name) == ""


@pytest.mark.parametrize("name", NO_NAMES)
def test_signs_and_dead_scripts_are_no_name_even_where_a_font_has_them(name: str) -> None:
    names.configure(lambda: None)
    said = name_letters.fault(name)
    assert "A name is written in letters" in said
    assert "(U+" in said
    assert name_letters.fault(name, is_name=False) == ""


def test_what_cannot_be_taken_is_named_with_its_number() -> None:
    assert "U+202E" in name_letters.fault("Amina \u202efusuY")
    assert "U+E000" in name_letters.fault("Amina \ue000")
    # Younger than this Python: whoever has a font for it may be called so.
    assert "U+1FBFF" in name_letters.fault("Amina \U0001fbff")
    names.configure(lambda: lambda _letter: True)
    assert name_letters.fault("Amina \U0001fbff") == ""
    assert name_letters.fault("Amina \U0001ffff") != ""


@given(st.text(st.characters(categories=("Lu", "Ll", "Lo", "Lm", "Mn", "Mc", "Nd")), min_size=1))
def test_no_letter_of_a_living_script_is_refused(text: str) -> None:
    for letter in name_letters.no_letters(text):
        assert unicodedata.name(letter).startswith(name_letters.OF_NOBODY)


def test_without_fontconfig_every_letter_passes() -> None:
    names.configure(lambda: None)
    assert names.unprintable("Amina 🙂") == ""


@given(st.text())
def test_any_text_has_a_key_and_an_answer(text: str) -> None:
    assert isinstance(names.sort_key(text), str)
    assert "\0" not in names.sort_key(text.replace("\0", ""))
    missing = names.unprintable(text)
    assert missing.isascii() is (missing == "")
