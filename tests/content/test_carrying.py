"""Carrying a correction into an older text: where that says the same, and then nothing but words changes in it."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.content import carrying
from mhfa_lms.content.carrying import OtherWordsError
from mhfa_lms.content.corrections import Why, too_large
from tests.content.test_corrections import DOCUMENT, IS_WORDS, at, changed, skeleton

Edits = dict[tuple[Any, ...], str]
WORDS = st.text(st.characters(exclude_characters="{"), min_size=1, max_size=8)
EDITS = st.dictionaries(st.sampled_from(IS_WORDS), WORDS, min_size=1, max_size=6)


def edited(*some: Edits) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    for edits in some:
        for path, text in edits.items():
            at(document, path[:-1])[path[-1]] = text
    return document


@given(EDITS, EDITS)
def test_what_is_carried_changes_the_corrected_words_alone(correction: Edits, older: Edits) -> None:
    before, after, theirs = DOCUMENT, edited(correction), edited(older)
    other = [path for path in correction if at(theirs, path) not in (at(before, path), at(after, path))]
    if any(at(before, path) != at(after, path) for path in other):
        with pytest.raises(OtherWordsError):
            carrying.carried(before, after, theirs)
        return
    found = carrying.carried(before, after, theirs)
    assert found == edited(older, {path: text for path, text in correction.items() if path not in other})
    assert skeleton(found) == skeleton(DOCUMENT)
    # Words alone can be too large only where they make one answer say what another says in the older text.
    large = too_large(theirs, found)
    assert {one.why for one in large} <= {Why.SWAPPED}
    assert carrying.fits(before, after, theirs) == (None if large or found == theirs else found)
    # Carried again, it changes nothing.
    assert carrying.carried(before, after, found) == found
    assert carrying.fits(before, after, found) is None


def test_a_part_that_the_older_text_does_not_have_needs_no_correction_there() -> None:
    older = copy.deepcopy(DOCUMENT)
    del older["modules"][0]["steps"][0]
    after = edited({("modules", 0, "steps", 0, "body"): "Mended.", ("modules", 0, "steps", 1, "body"): "Mended too."})
    found = carrying.fits(DOCUMENT, after, older)
    assert found
    assert [one["body"] for one in found["modules"][0]["steps"]] == ["Mended too."]
    only = edited({("modules", 0, "steps", 0, "body"): "Mended."})
    assert carrying.fits(DOCUMENT, only, older) is None


def test_what_is_said_of_a_review_is_said_of_one_text_alone() -> None:
    after = changed(("review",), {"status": "reviewed", "by": "Dr", "date": "2026-01-01"})
    assert carrying.fits(DOCUMENT, after, changed(("about",), "Older.")) is None
