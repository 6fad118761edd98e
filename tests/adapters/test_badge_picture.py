"""Pictures of badges: their words fit, in every script, and the picture stays a picture with a badge inside."""

import io
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mhfa_lms.adapters import badge_picture, baking

NAMES = (
    "First aider",
    "Ersthelferin für psychische Gesundheit am Arbeitsplatz und in der Schule, Stufe 2",
    "مسعف أولي للصحة النفسية",
    "心理健康急救員（社區志工）",
    "मानसिक स्वास्थ्य प्राथमिक सहायक",
    'A <b>&amp; ]]> " name',
    "Donaudampfschifffahrtsgesellschaftskapitänsersthelferin",
)


def read(drawing: str) -> Element:
    return fromstring(drawing)  # noqa: S314  # our own drawing


@pytest.mark.parametrize("name", NAMES)
def test_the_words_stand_inside_the_frame(name: str) -> None:
    image = Image.open(io.BytesIO(badge_picture.png(name))).convert("RGB")
    assert image.size == (512, 512)
    blank = Image.open(io.BytesIO(badge_picture.png("\U0010fffd"))).convert("RGB")
    changed = {(x, y) for x in range(512) for y in range(512) if _far(image.getpixel((x, y)), blank.getpixel((x, y)))}
    assert changed, "there are words"
    assert all(24 <= x < 488 and 290 <= y < 490 for x, y in changed)
    drawing = read(badge_picture.svg(name, "en"))
    _size, lines = badge_picture.laid_out(name)
    assert [one.text for one in drawing.iter("{http://www.w3.org/2000/svg}text")] == lines


def _far(one: object, other: object) -> bool:
    assert isinstance(one, tuple)
    assert isinstance(other, tuple)
    return any(abs(a - b) > 60 for a, b in zip(one, other, strict=True))


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=300).filter(str.strip))
def test_no_letter_is_lost_between_lines_unless_there_is_no_room(name: str) -> None:
    _size, lines = badge_picture.laid_out(name)
    shown = "".join(lines)
    assert lines[-1] == "…" or "".join(shown.split()) == "".join(name.split())


def test_a_credential_that_looks_like_the_end_of_its_section_stays_whole() -> None:
    baked = baking.svg(badge_picture.svg("Helper", "en"), '{"name":"]]> <x>"}')
    assert read(baked)[0].text == '{"name":"]]\\u003e <x>"}'
    with pytest.raises(ValueError, match="no PNG"):
        baking.png(b"GIF89a", "{}")
